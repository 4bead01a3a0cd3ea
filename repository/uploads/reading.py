"""A sealed upload, read as the archive file that it is: by ranges, and never as a file in the clear."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from repository.packages.errors import ItemUnreadable, PackageChanged, PackageUnreadable
from repository.uploads.errors import UploadDamaged
from storage.errors import SealBroken, reason_of
from storage.sealing.segments import Segments


class SealedFile:
    """A `PackedFile` whose bytes lie sealed in the folder `path`.

    Raises `UploadDamaged` where they are not what was received, at whatever byte that is read: the producer's package
    is not to blame, and its takeover stops instead of counting items as unreadable.
    """

    def __init__(self, path: Path, *, size: int, key: bytes, whole: UUID) -> None:
        self.path, self.size, self._closed = path, size, False
        try:
            self._stamp = _stamp(path)
            self._segments = Segments(path, size, key=key, whole=whole)
        except SealBroken:
            raise UploadDamaged from None
        except OSError as error:
            raise PackageUnreadable(path=str(path), reason=reason_of(error)) from None

    def read_at(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes; fewer only at the end."""
        if self._closed:
            raise PackageUnreadable(path=str(self.path), reason="EBADF")
        try:
            return self._segments.read_at(offset, length)
        except SealBroken:
            raise UploadDamaged from None
        except FileNotFoundError:
            raise PackageChanged(path=str(self.path)) from None
        except OSError as error:
            raise PackageUnreadable(path=str(self.path), reason=reason_of(error)) from None

    def stream(self) -> Iterator[bytes]:
        """All bytes from the first to the last. Raises `UploadDamaged`, `PackageUnreadable`."""
        try:
            yield from self._segments.stream()
        except SealBroken:
            raise UploadDamaged from None
        except OSError as error:
            raise PackageUnreadable(path=str(self.path), reason=reason_of(error)) from None

    def check_unchanged(self) -> None:
        """Raises `PackageChanged` if segments came or went. What is in them cannot change unnoticed."""
        try:
            same = _stamp(self.path) == self._stamp
        except OSError:
            same = False
        if not same:
            raise PackageChanged(path=str(self.path))

    def damage(self) -> ItemUnreadable:
        self.check_unchanged()
        return ItemUnreadable("PKG-DAMAGED")

    def close(self) -> None:
        self._closed = True


def _stamp(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_ino, status.st_mtime_ns
