"""Readers that give exactly what was asked for, or raise."""

import io
from collections.abc import Callable
from typing import BinaryIO

from storage.errors import SealBroken

# A reader's own buffer: large enough that small reads (a header, a length) cost no system call or lock of their own,
# small enough to be free; reads of more than this go past it, straight into the caller's memory.
BUFFER = 64 * 1024


class ExactReader(io.RawIOBase):
    """`length` bytes of an object, taken from `fill`; what `fill` raises is what the reader raises.

    `fill(view)` puts at least one byte into `view` and returns how many; it is never asked for more than the range
    has left, so that "no more bytes" is always the fault of the store, for `fill` to name.
    """

    def __init__(self, length: int, *, fill: Callable[[memoryview], int], done: Callable[[bool], None]) -> None:
        self._left = length
        self._fill = fill
        self._done = done

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # typeshed: any Buffer
        if not self._left or not len(buffer):
            return 0
        count = self._fill(memoryview(buffer)[: self._left])
        self._left -= count
        return count

    def close(self) -> None:
        """Lets go of the source once, telling it whether every byte of the range was read."""
        if not self.closed:
            super().close()
            self._done(self._left == 0)


def buffered(raw: io.RawIOBase) -> BinaryIO:
    """`raw` behind a small buffer; `read(n)` then gives n bytes unless the range ends."""
    return io.BufferedReader(raw, BUFFER)


def within(size: int, *, key: str, offset: int, length: int | None) -> int:
    """How many bytes the range has in an object of `size` bytes; `SealBroken` if it reaches past the end."""
    checked_range(offset=offset, length=length)
    end = size if length is None else offset + length
    if offset > size or end > size:
        raise SealBroken(key=key, reason=f"the object ends at byte {size}, before what was recorded of it")
    return end - offset


def checked_range(*, offset: int, length: int | None) -> None:
    """ValueError for a range that no object can have: a bug in the caller."""
    if offset < 0 or (length is not None and length < 0):
        raise ValueError(f"not a range: offset {offset}, length {length}")
