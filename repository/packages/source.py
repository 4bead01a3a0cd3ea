"""The port to what arrived: an ordered list of entries, and the bytes of each, from a folder or an archive file.

Promises of every source, checked by one suite (`tests/suites/package_source.py`):

* **Order.** `entries` is the same list in the same order each time the unchanged package is opened.
* **Labels.** `Entry.path` is a label (`labels.py`). Two entries may share one in an archive; `guard.py` refuses those.
* **Nothing is followed.** Links and devices are listed as what they are, and never opened.
* **Bytes.** `open` gives exactly the listed number of bytes or raises while reading: `PackageChanged` where the package
  is not what it was, `ItemUnreadable` where the entry lies about itself or is damaged. Memory is constant.
* **Threads.** `open` may be called from many threads, and the streams read at the same time, each by one thread.
* A damaged archive is listed as far as it can be read, and `findings` says where that ended.
"""

import hashlib
import io
import os
import stat
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Protocol

from repository.findings import Finding
from repository.packages.errors import ItemUnreadable, PackageChanged, PackageUnreadable
from storage.errors import reason_of


class EntryKind(StrEnum):
    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"  # symbolic or hard
    SPECIAL = "special"  # device, fifo, socket, what an archive has beyond these


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a package. `size` in bytes, unpacked; `packed` is the size in the archive, -1 where not compressed.

    `modified_ns` is the time of change as the package has it. `place` is the source's own: inode or offset.
    `obstacle` is the code of a finding where the source knows already that the entry cannot be taken.
    """

    path: str
    size: int
    modified_ns: int
    kind: EntryKind
    place: int = 0
    packed: int = -1
    obstacle: str = ""


class PackageSource(Protocol):
    @property
    def form(self) -> str:
        """`folder`, `tar`, `tar.gz` or `zip`."""

    @property
    def findings(self) -> tuple[Finding, ...]: ...

    @property
    def entries(self) -> Sequence[Entry]: ...

    def open(self, path: str) -> BinaryIO:
        """The bytes of a file by its label; of several with one label, the first. `KeyError` if there is none."""

    def fingerprint(self) -> str:
        """SHA-256 (hex) of the listing: equal for the same package whenever it is read."""

    def check_unchanged(self) -> None:
        """Raises `PackageChanged` if what is there now is not what was listed."""

    def close(self) -> None:
        """Streams that are still open give no more bytes."""


def seal_of_listing(entries: Iterable[Entry]) -> str:
    """SHA-256 (hex) over path, kind, size and time of change of each entry, in order of paths."""
    digest = hashlib.sha256(b"edm-archive listing 1\n")
    for entry in sorted(entries, key=lambda entry: (entry.path, entry.place)):
        digest.update(f"{entry.kind}\t{entry.size}\t{entry.modified_ns}\t{entry.path}\n".encode())
    return digest.hexdigest()


class PackedFile(Protocol):
    """The bytes of an archive file, read by position from many threads, wherever and however they are kept."""

    @property
    def path(self) -> Path:
        """What errors call it."""

    @property
    def size(self) -> int: ...

    def read_at(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes; fewer only at the end of the file. Raises `PackageUnreadable`, also once closed."""

    def check_unchanged(self) -> None:
        """Raises `PackageChanged` if it is not what it was when it was opened. Works when closed."""

    def damage(self) -> ItemUnreadable:
        """The error of an item whose bytes are not what they should be; raises `PackageChanged` if that is why."""

    def close(self) -> None: ...


Kept = Callable[[Path], PackedFile | None]


def nothing_kept(_path: Path) -> PackedFile | None:
    """Every path is what lies there."""
    return None


class ArchiveFile:
    """A `PackedFile` on disk as it is, that notices when it is changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise PackageUnreadable(path=str(path), reason=reason_of(error)) from None
        self._stamp = _stamp(os.fstat(self.fd))
        self.size = os.fstat(self.fd).st_size

    def read_at(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes; fewer only at the end of the file."""
        parts = []
        while length > 0:
            try:
                part = os.pread(self.fd, min(length, 1 << 20), offset)
            except OSError as error:
                raise PackageUnreadable(path=str(self.path), reason=reason_of(error)) from None
            if not part:
                break
            parts.append(part)
            offset += len(part)
            length -= len(part)
        return b"".join(parts)

    def check_unchanged(self) -> None:
        """Raises `PackageChanged` if the file was written to, or another stands in its place. Works when closed."""
        try:
            there = self.path.stat()
        except OSError:
            raise PackageChanged(path=str(self.path)) from None
        if _stamp(there) != self._stamp:
            raise PackageChanged(path=str(self.path))

    def damage(self) -> ItemUnreadable:
        """The error of an item whose bytes are not what they should be; raises `PackageChanged` if that is why."""
        self.check_unchanged()
        return ItemUnreadable("PKG-DAMAGED")

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


class Forwards(io.RawIOBase):
    """`length` bytes that come out of an archive file, one piece after the other; it is what it was at their end."""

    def __init__(self, file: PackedFile, *, length: int) -> None:
        self._file = file
        self._left = length

    @abstractmethod
    def _piece(self, most: int) -> bytes:
        """The next bytes, up to `most`; none where there are no more."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview", /) -> int:  # type: ignore[override]  # what BufferedReader passes
        wanted = min(len(buffer), self._left)
        if not wanted:
            self._file.check_unchanged()
            return 0
        try:
            part = self._piece(wanted)
        except PackageUnreadable as error:
            raise error.of_item() from None
        if not part:
            raise self._file.damage()
        buffer[: len(part)] = part
        self._left -= len(part)
        return len(part)


class Slice(Forwards):
    """`length` bytes of an archive file from `offset`, as they lie."""

    def __init__(self, file: PackedFile, offset: int, *, length: int) -> None:
        super().__init__(file, length=length)
        self._at = offset

    def _piece(self, most: int) -> bytes:
        part = self._file.read_at(self._at, most)
        self._at += len(part)
        return part


def _stamp(status: os.stat_result) -> tuple[int, int, int, int]:
    return stat.S_IFMT(status.st_mode), status.st_ino, status.st_size, status.st_mtime_ns
