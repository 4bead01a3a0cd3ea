"""One byte form for one value: the part of RFC 8785 (JSON Canonicalization Scheme) that the archive needs.

What is hashed or signed must not depend on who wrote it down. Texts, whole numbers, truth values, null, lists and
objects with ASCII keys have exactly one form here; everything else is refused rather than approximated:

* fractions, because RFC 8785 §3.2.2.3 would make their form depend on a number printer;
* whole numbers beyond ±(2^53 - 1), which other readers of JSON round (RFC 7493 §2.2);
* keys outside ASCII, whose order by UTF-16 units (RFC 8785 §3.2.3) differs from their order by bytes;
* text that is not Unicode (lone surrogates).
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import orjson

from storage.errors import ArchiveError, Text

Value: TypeAlias = "bool | int | str | Sequence[Value] | Mapping[str, Value] | None"

GREATEST = 2**53 - 1

_PLAIN = frozenset({str, int, bool, type(None)})
_FORM = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER


class NotCanonical(ArchiveError):
    """Bytes that are not the canonical form of a value, or a value that has none."""

    code = "CAN-001"
    exit_code = 5
    what = Text(
        en="This is not canonical JSON: {reason}.",
        pl="To nie jest kanoniczny JSON: {reason}.",
    )
    todo = Text(
        en="Take the data from its source again: it was changed on its way, or written by another program.",
        pl="Pobierz dane ponownie ze źródła: zmieniono je po drodze albo zapisał je inny program.",
    )


def canonical(value: Value) -> bytes:
    """The one form of `value`, in UTF-8. A tuple is written as a list. Raises `NotCanonical`."""
    if type(value) not in _PLAIN:
        _refuse_foreign(value)
    try:
        return orjson.dumps(value, option=_FORM)  # which refuses a number beyond 2^53 - 1 as well
    except orjson.JSONEncodeError:
        raise NotCanonical(reason="a text that is not Unicode, a number beyond 2^53 - 1, or too many levels") from None


def parse(data: bytes) -> Any:
    """The value whose canonical form is `data`: `canonical(parse(data)) == data`. Raises `NotCanonical`."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise NotCanonical(reason="not JSON") from None
    if canonical(value) != data:
        raise NotCanonical(reason="another form of the same value is the canonical one")
    return value


def _refuse_foreign(value: Any) -> None:
    """Walk without recursion: hostile input nests deeper than the interpreter's stack."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        kind = type(one)
        if kind in _PLAIN:
            continue
        if kind is dict:
            if not _ascii_keys(one):
                raise NotCanonical(reason="a key that is not ASCII text")
            if not _PLAIN.issuperset(map(type, one.values())):  # a record and the attributes of an image are flat
                waiting += one.values()
        elif kind is list or kind is tuple:
            waiting += one
        else:
            raise NotCanonical(reason=f"a value of type {kind.__name__}")


def _ascii_keys(one: dict[Any, Any]) -> bool:
    try:
        return "".join(one).isascii()
    except TypeError:
        return False
