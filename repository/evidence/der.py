"""As much of DER (X.690) as detached signatures need: values one after the other, definite lengths only.

Bytes come from outside: whatever is not exactly well-formed raises `ValueError`, and nothing nests by recursion here.
"""

from collections.abc import Iterator
from dataclasses import dataclass

INTEGER, OCTETS, OID, SEQUENCE, SET = 0x02, 0x04, 0x06, 0x30, 0x31
_LONG = 0x80


def context(number: int) -> int:
    """The tag [number] of a constructed value."""
    return 0xA0 | number


@dataclass(frozen=True, slots=True)
class Value:
    """One value: `content` without, `whole` with its tag and length."""

    tag: int
    content: bytes
    whole: bytes


def values(data: bytes) -> Iterator[Value]:
    """The values that `data` consists of."""
    place = 0
    while place < len(data):
        one = _value(data, place)
        yield one
        place += len(one.whole)


def only(data: bytes, tag: int) -> Value:
    """The one value that `data` is."""
    one = _value(data, 0)
    if one.tag != tag or len(one.whole) != len(data):
        raise ValueError("not the one value that is expected")
    return one


def inside(value: Value, tag: int) -> list[Value]:
    """The values inside of a constructed value with that tag."""
    if value.tag != tag:
        raise ValueError("another tag")
    return list(values(value.content))


def dotted(value: Value) -> str:
    """An object identifier in figures (X.690 8.19)."""
    if value.tag != OID or not value.content or value.content[-1] & _LONG:
        raise ValueError("not an object identifier")
    arcs, arc = list[int](), 0
    for octet in value.content:
        arc = arc << 7 | octet & 0x7F
        if not octet & _LONG:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def _value(data: bytes, place: int) -> Value:
    if place + 2 > len(data) or data[place] & 0x1F == 0x1F:
        raise ValueError("cut off, or a tag of several octets")
    length, start = data[place + 1], place + 2
    if length & _LONG:
        octets = length & 0x7F
        if not 1 <= octets <= 4 or start + octets > len(data):
            raise ValueError("an indefinite or impossible length")
        length, start = int.from_bytes(data[start : start + octets]), start + octets
    if start + length > len(data):
        raise ValueError("cut off")
    return Value(data[place], data[start : start + length], data[place : start + length])
