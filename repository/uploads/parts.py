"""One part on its way to the disk. What is acknowledged is durable; what was cut off is kept as far as it may be."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from repository.uploads.errors import NoRoom, PartDiffers, UploadTooLarge

NOTED_EVERY = 64 << 20  # bytes after which what has come is durable, while more is coming


class Part:
    """Bytes from `offset` on. `expect` names a digest: then all of the part counts, or nothing of it."""

    def __init__(self, path: Path, *, offset: int, size: int, note: Callable[[int], None]) -> None:
        self._path, self._size, self._note = path, size, note
        self._noted = self._reached = offset
        self._digest: hashlib._Hash | None = None
        self._wanted = b""
        self._handle = -1

    def __enter__(self) -> Self:
        self._handle = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.ftruncate(self._handle, self._noted)  # what a crash left unacknowledged
            os.lseek(self._handle, self._noted, os.SEEK_SET)
        except OSError as error:
            os.close(self._handle)
            raise NoRoom from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cut off, a part without digest is kept as far as it came; one with a digest is not."""
        try:
            if self._digest is None and not isinstance(error, NoRoom):
                self._settle()
            elif self._reached != self._noted:
                os.ftruncate(self._handle, self._noted)
        finally:
            os.close(self._handle)

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
        view = memoryview(piece)
        try:
            while view:
                view = view[os.write(self._handle, view) :]
        except OSError as error:
            raise NoRoom from error
        self._reached += len(piece)
        if self._digest is not None:
            self._digest.update(piece)
        elif self._reached - self._noted >= NOTED_EVERY:
            self._settle()

    def finish(self) -> int:
        """All of it is durable; the offset after it. Raises `PartDiffers`, and then nothing of it is kept."""
        if self._digest is not None and self._digest.digest() != self._wanted:
            raise PartDiffers
        self._settle()
        return self._noted

    def _settle(self) -> None:
        if self._reached == self._noted:
            return
        try:
            os.fsync(self._handle)
            self._note(self._reached)
        except OSError as error:
            raise NoRoom from error
        self._noted = self._reached
