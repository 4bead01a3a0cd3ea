"""JSON elements read strictly: whatever is not expected is refused by its path, and no value is ever repeated."""

import re
from collections.abc import Iterator
from typing import Any

from repository.consents.errors import ConsentNotUnderstood

_NAME = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,39}")


class Element:
    """One JSON value with its path."""

    def __init__(self, value: Any, path: str = "Consent") -> None:
        self.value, self.path = value, path

    def refused(self, reason: str, name: str = "") -> ConsentNotUnderstood:
        return ConsentNotUnderstood(element=f"{self.path}.{name}" if name else self.path, reason=reason)

    def only(self, *names: str) -> "Element":
        """Itself. Refuses an object that has another member than `names`."""
        if not isinstance(self.value, dict):
            raise self.refused("is not an object")
        for name in self.value:
            if name not in names:
                raise self.refused("is not understood", name if _NAME.fullmatch(str(name)) else "(a member)")
        return self

    def has(self, name: str) -> bool:
        return name in self.value

    def part(self, name: str) -> "Element":
        if name not in self.value:
            raise self.refused("is missing", name)
        return Element(self.value[name], f"{self.path}.{name}")

    def parts(self, name: str) -> list["Element"]:
        """The members of a list; none where it is absent. An empty list is ill-formed (FHIR R4 2.6.2.1)."""
        if name not in self.value:
            return []
        found = self.value[name]
        if not isinstance(found, list) or not found:
            raise self.refused("is not a list with members", name)
        return [Element(each, f"{self.path}.{name}[{place}]") for place, each in enumerate(found)]

    def the_one(self, name: str) -> "Element":
        """The only member of a list."""
        found = self.parts(name)
        if len(found) != 1:
            raise self.refused("is missing" if not found else "has more than one member", name)
        return found[0]

    def text(self, name: str, default: str | None = None) -> str:
        """A text with something in it."""
        if name not in self.value and default is not None:
            return default
        found = self.part(name).value
        if not isinstance(found, str) or not found.strip() or any("\ud800" <= each <= "\udfff" for each in found):
            raise self.refused("is not a text", name)
        return found

    def codings(self) -> Iterator["Element"]:
        """Of a CodeableConcept, each coding."""
        self.only("coding", "text", "id")
        yield from self.parts("coding")

    def is_coded(self, system: str, code: str) -> bool:
        self.only("system", "code", "display", "version", "userSelected", "id")
        return (self.value.get("system"), self.value.get("code")) == (system, code)
