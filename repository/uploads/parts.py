"""One part on its way to the disk. What is acknowledged is durable; what was cut off is kept as far as it may be.

It is sealed as it comes: no byte of it reaches the disk in the clear.

A part is at least one segment, which is a file. An upload may have `MOST_SMALL` parts below `SMALL` bytes, and any
number of larger ones: enough for a small package in whatever parts, for a line that breaks often, and for the rest at
the end; and a package of N bytes is never more than `MOST_SMALL` + N / `SMALL` files and the last. What is beyond that
is not acknowledged.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

from repository.uploads.errors import NoRoom, PartDiffers, PartTooSmall, UploadTooLarge
from storage.sealing.segments import Segment, cut

SMALL = 1 << 20  # bytes
MOST_SMALL = 1000
NOTED_EVERY = 64 << 20  # bytes of a segment, after which what has come is durable while more is coming


class Part:
    """Bytes from `offset` on. `expect` names a digest: then all of the part counts, or nothing of it."""

    def __init__(
        self,
        folder: Path,
        *,
        key: bytes,
        whole: UUID,
        offset: int,
        size: int,
        small: int,
        note: Callable[[int, int], None],
    ) -> None:
        """`small`: how many small parts there were before; `note` is told the new offset, and how many there are."""
        self._folder, self._key, self._whole, self._size, self._note = folder, key, whole, size, note
        self._begun = self._noted = self._reached = offset
        self._small = small
        self._digest: hashlib._Hash | None = None
        self._wanted = b""
        self._segment: Segment | None = None

    def __enter__(self) -> Self:
        self._cut()  # what a crash left unacknowledged
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cut off, a part without digest is kept as far as it came; one with a digest, or one small part too many, is
        not."""
        if self._digest is None and not isinstance(error, NoRoom) and not self._one_too_many:
            self._settle()
        elif self._reached != self._noted:
            self._discard()
            self._cut()

    @property
    def offset(self) -> int:
        """Up to where the upload is durable."""
        return self._noted

    def expect(self, algorithm: str, digest: bytes) -> None:
        """The part has to have this digest. To be said before the first byte."""
        self._digest, self._wanted = hashlib.new(algorithm), digest

    def add(self, piece: bytes) -> None:
        """Raises `UploadTooLarge` for what goes beyond the size that was told, and `NoRoom`."""
        if self._reached + len(piece) > self._size:
            raise UploadTooLarge(most=self._size)
        if not piece:
            return
        try:
            if self._segment is None:
                self._segment = Segment(self._folder, self._reached, key=self._key, whole=self._whole)
            self._reached += len(piece)
            self._segment.write(piece)
        except OSError as error:
            raise NoRoom from error
        if self._digest is not None:
            self._digest.update(piece)
        if self._segment.size >= NOTED_EVERY:
            self._close_segment()
            if self._digest is None:
                self._acknowledge()

    def finish(self) -> int:
        """All of it is durable; the offset after it. Raises `PartDiffers` and `PartTooSmall`, and then nothing of it is
        kept."""
        if self._digest is not None and self._digest.digest() != self._wanted:
            raise PartDiffers
        if self._one_too_many:
            raise PartTooSmall(most=MOST_SMALL, bytes=SMALL)
        self._settle()
        return self._noted

    @property
    def _is_small(self) -> bool:
        return self._reached - self._begun < SMALL

    @property
    def _one_too_many(self) -> bool:
        waits, last = self._reached != self._noted, self._reached == self._size
        return waits and not last and self._is_small and self._small >= MOST_SMALL

    def _settle(self) -> None:
        self._close_segment()
        self._acknowledge()

    def _close_segment(self) -> None:
        segment, self._segment = self._segment, None
        if segment is not None:
            try:
                segment.finish()
            except OSError as error:
                raise NoRoom from error

    def _acknowledge(self) -> None:
        if self._reached == self._noted:
            return
        try:
            self._note(self._reached, self._small + self._is_small)
        except OSError as error:
            raise NoRoom from error
        self._noted = self._reached

    def _discard(self) -> None:
        segment, self._segment = self._segment, None
        if segment is not None:
            segment.discard()

    def _cut(self) -> None:
        try:
            cut(self._folder, self._noted)
        except OSError as error:
            raise NoRoom from error
