"""Byte ranges (RFC 9110 §14): which part of a representation is asked for.

One range is given; several in one request are answered with the whole, as §14.2 allows. A range that is not understood
is as if it were not there; one that lies outside is an error that says how large the whole is.
"""

import re
from dataclasses import dataclass

from api.errors import RangeNotSatisfiable

_ONE = re.compile(r"bytes=[ \t]*([0-9]{0,19})-([0-9]{0,19})[ \t]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Range:
    """`length` bytes from `offset`, within `size`; `length` is at least 1."""

    offset: int
    length: int
    size: int

    @property
    def content_range(self) -> str:
        return f"bytes {self.offset}-{self.offset + self.length - 1}/{self.size}"


def range_of(asked: str, *, size: int, if_range: str = "", etag: str = "") -> Range | None:
    """The part that `Range: asked` names of `size` bytes, or None for the whole. With `if_range`, only if it is this
    `etag`, compared strongly (§13.1.5); a date never is. Raises `RangeNotSatisfiable`."""
    found = _ONE.fullmatch(asked.strip())
    if found is None or (if_range and if_range.strip() != etag):
        return None
    first, last = found[1], found[2]
    if not first:
        return _suffix(last, size)
    offset = int(first)
    if last and int(last) < offset:
        return None  # not valid, and so not there (§14.1.1)
    if offset >= size:
        raise RangeNotSatisfiable(size=size)
    stop = min(int(last) + 1, size) if last else size
    return Range(offset, stop - offset, size)


def _suffix(last: str, size: int) -> Range | None:
    if not last:
        return None
    if int(last) == 0 or size == 0:
        raise RangeNotSatisfiable(size=size)
    length = min(int(last), size)
    return Range(size - length, length, size)
