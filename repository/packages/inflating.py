"""Reading gzip from any place: a cursor that can be copied, and an index of copies along the way.

A compressed tar has no directory: to reach a member, everything before it is inflated. The index keeps copies of the
inflating state at growing distances, and the cursors of streams that were closed. Reading members in the order of the
listing therefore inflates the file once for each thread, and reading them in any order still ends.
"""

import threading
import zlib

from repository.packages.errors import PackageUnreadable
from repository.packages.source import Forwards, PackedFile

STEP = 1 << 16
SPACING = 64 << 20  # bytes of output between copies at first
MOST_COPIES = 256  # some 50 KB each; then every other one is dropped and the spacing doubles
MOST_PARKED = 8


class Damaged(Exception):  # becomes a finding in `tarball.py`, never leaves this folder
    """The compressed bytes end early or do not inflate, at `position` bytes of output."""


class GzipCursor:
    """A place in the output of a gzip file (RFC 1952, also of several members): reads on from `position`."""

    def __init__(self, file: PackedFile) -> None:
        self.position = 0
        self._file = file
        self._at = 0
        self._tail = b""
        self._inflater = zlib.decompressobj(wbits=31)
        self._begun = False

    def copy(self) -> "GzipCursor":
        twin = GzipCursor(self._file)
        twin.position, twin._at, twin._tail, twin._begun = self.position, self._at, self._tail, self._begun
        twin._inflater = self._inflater.copy()
        return twin

    def read(self, length: int) -> bytes:
        """Up to `length` bytes; fewer only at the true end of the output. Raises `Damaged`."""
        parts = []
        while length > 0:
            part = self._inflate(min(length, 1 << 20))
            if not part:
                break
            parts.append(part)
            self.position += len(part)
            length -= len(part)
        return b"".join(parts)

    def skip(self, length: int) -> None:
        """Raises `Damaged` where the output ends before."""
        while length > 0:
            part = self.read(min(length, 1 << 20))
            if not part:
                raise Damaged
            length -= len(part)

    def _inflate(self, length: int) -> bytes:
        while True:
            if self._inflater.eof and not self._next_member():
                return b""
            if not self._tail:
                self._tail = self._file.read_at(self._at, STEP)
                self._at += len(self._tail)
            if not self._tail and self._begun:
                raise Damaged  # the file ends inside of a member
            try:
                part = self._inflater.decompress(self._tail, length)
            except zlib.error:
                raise Damaged from None
            exhausted = not self._tail
            self._begun = True
            self._tail = self._inflater.unused_data if self._inflater.eof else self._inflater.unconsumed_tail
            if part:
                return part
            if exhausted and not self._inflater.eof:
                raise Damaged

    def _next_member(self) -> bool:
        """Whether another member follows; zero padding after the last one is none (RFC 1952 2.2, as gzip(1))."""
        while True:
            if not self._tail:
                self._tail = self._file.read_at(self._at, STEP)
                self._at += len(self._tail)
                if not self._tail:
                    return False
            self._tail = self._tail.lstrip(b"\0")
            if self._tail:
                self._inflater = zlib.decompressobj(wbits=31)
                return True


class GzipIndex:
    """Finds a cursor at or before a position of the output. Safe for many threads."""

    def __init__(self, file: PackedFile, *, spacing: int = SPACING) -> None:
        self._start = GzipCursor(file)
        self._spacing = spacing
        self._copies: list[GzipCursor] = []
        self._parked: list[GzipCursor] = []
        self._lock = threading.Lock()

    def passing(self, cursor: GzipCursor) -> None:
        """Called on the first way through: keeps a copy when one is due."""
        last = self._copies[-1].position if self._copies else 0
        if cursor.position - last >= self._spacing:
            self._copies.append(cursor.copy())
            if len(self._copies) > MOST_COPIES:
                self._copies = self._copies[1::2]
                self._spacing *= 2

    def take(self, position: int) -> GzipCursor:
        """A cursor of the caller's own, standing at `position`. Raises `Damaged`."""
        with self._lock:
            fitting = [cursor for cursor in (self._start, *self._copies, *self._parked) if cursor.position <= position]
            best = max(fitting, key=lambda cursor: cursor.position)
            if best in self._parked:
                self._parked.remove(best)
                cursor = best
            else:
                cursor = best.copy()
        cursor.skip(position - cursor.position)
        return cursor

    def park(self, cursor: GzipCursor) -> None:
        """Gives a cursor back for whoever reads on from there."""
        with self._lock:
            self._parked.append(cursor)
            del self._parked[:-MOST_PARKED]


class GzipSlice(Forwards):
    """`length` bytes of the output from `offset`."""

    def __init__(self, file: PackedFile, index: GzipIndex, *, offset: int, length: int) -> None:
        super().__init__(file, length=length)
        self._index = index
        try:
            self._cursor = index.take(offset)
        except Damaged:
            raise file.damage() from None
        except PackageUnreadable as error:
            raise error.of_item() from None

    def _piece(self, most: int) -> bytes:
        try:
            return self._cursor.read(most)
        except Damaged:
            raise self._file.damage() from None

    def close(self) -> None:
        if not self.closed:
            cursor = getattr(self, "_cursor", None)
            if cursor is not None:
                self._index.park(cursor)
        super().close()
