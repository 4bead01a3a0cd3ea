"""Elements of a resource that was sent: looked at one by one, and what is wrong with them gathered, not raised at once.

FHIR JSON and what `fhir_xml.from_xml` reads are taken alike: one value for a list of one, a number as its digits.
"""

from collections.abc import Iterator
from typing import Any

from repository.mhd.errors import Fault

MOST_FAULTS = 50  # more help nobody
LONGEST = 4096  # characters of a text that is no content


class Element:
    """One object with its place; whatever it is asked for that is not there is empty."""

    def __init__(self, value: Any, place: str, faults: list[Fault]) -> None:
        self.value: dict[str, Any] = value if isinstance(value, dict) else {}
        self.place, self.faults = place, faults
        if not isinstance(value, dict):
            self.wrong("is not an object")

    def __bool__(self) -> bool:
        return bool(self.value)

    def wrong(self, reason: str, name: str = "") -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(f"{self.place}.{name}" if name else self.place, reason))

    def parts(self, name: str) -> list["Element"]:
        found = self.value.get(name)
        if found is None:
            return []
        if not isinstance(found, list):
            return [Element(found, f"{self.place}.{name}", self.faults)]
        return [Element(each, f"{self.place}.{name}[{at}]", self.faults) for at, each in enumerate(found)]

    def part(self, name: str) -> "Element":
        """The only one of that name; several are told as wrong."""
        found = self.parts(name)
        if len(found) > 1:
            self.wrong("is there more than once", name)
        return found[0] if found else Element({}, f"{self.place}.{name}", self.faults)

    def text(self, name: str, *, longest: int = LONGEST) -> str:
        """Without spaces at its ends; of a text that cannot be kept nothing, and it is told as wrong."""
        found = self.value.get(name, "")
        if isinstance(found, list) and len(found) == 1:
            (found,) = found
        if isinstance(found, int) and not isinstance(found, bool):
            return str(found)
        if not isinstance(found, str):
            self.wrong("is not one text", name)
            return ""
        if len(found) > longest:
            self.wrong(f"is longer than {longest} characters", name)
            return ""
        return found.strip()

    def texts(self, name: str) -> list[str]:
        found = self.value.get(name, [])
        return [each.strip() for each in (found if isinstance(found, list) else [found]) if isinstance(each, str)]

    def needed(self, name: str) -> str:
        """As `text`; told as wrong where it is missing."""
        found = self.text(name)
        if not found:
            self.wrong("is missing", name)
        return found

    def absent(self, *names: str) -> None:
        """What the profile does not allow, or nobody here understands, is told as wrong."""
        for name in names:
            if name in self.value:
                self.wrong("is not taken here", name)

    def codes(self, name: str) -> Iterator[tuple[str, str]]:
        """(system, code) of each coding of each concept."""
        for concept in self.parts(name):
            for coding in concept.parts("coding"):
                if code := coding.text("code"):
                    yield coding.text("system"), code
