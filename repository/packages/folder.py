"""A folder as a package. Nothing outside of it is ever reached: no part of a path is opened through a link."""

import io
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from repository.findings import Finding
from repository.packages.errors import ItemUnreadable, PackageChanged, PackageUnreadable, PackageUnusable
from repository.packages.guard import Limits
from repository.packages.labels import label_of, raw_of
from repository.packages.source import Entry, EntryKind, seal_of_listing
from storage.errors import reason_of

STEP = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a fifo put there since does not block us


class FolderSource:
    """Lists on opening, in ascending order of the names' bytes at each level."""

    form = "folder"
    findings: tuple[Finding, ...] = ()

    def __init__(self, path: Path, *, limits: Limits) -> None:
        self._path = path
        self._limits = limits
        self.entries: Sequence[Entry] = self._list()
        self._index = {entry.path: entry for entry in self.entries}
        self._last: _Folder | None = None  # files of one folder are read one after the other

    def open(self, path: str) -> BinaryIO:
        entry = self._index[path]
        try:
            fd = self._opened(raw_of(path))
        except (FileNotFoundError, NotADirectoryError):
            raise PackageChanged(path=str(self._path)) from None
        except OSError as error:
            if reason_of(error) == "ELOOP":  # a link stands where a file or a folder was listed
                raise PackageChanged(path=str(self._path)) from None
            raise _unreadable(self._path, error).of_item() from None
        stream = _FolderFile(fd, entry, package=self._path)
        try:
            stream.check()
        except PackageChanged:
            stream.close()
            raise
        return io.BufferedReader(stream, 1 << 17)

    def fingerprint(self) -> str:
        return seal_of_listing(self.entries)

    def check_unchanged(self) -> None:
        """Lists anew: a file added, removed, renamed, replaced or written to since is noticed."""
        if self._list() != self.entries:
            raise PackageChanged(path=str(self._path))

    def close(self) -> None:
        """The last folder that was read in is let go."""
        self._last = None

    def _opened(self, raw: bytes) -> int:
        """A descriptor of the file `raw`; `OSError` (ELOOP, ENOTDIR) if any part of it is a link."""
        place, _, name = raw.rpartition(b"/")
        folder = self._last  # of this thread's now, whatever others put in its place
        if folder is None or folder.place != place:
            folder = self._last = _Folder(self._path, place)
        return os.open(name, READ, dir_fd=folder.fd)

    def _list(self) -> list[Entry]:
        found: list[Entry] = []
        root = os.fsencode(self._path)
        try:
            pending = [iter(_scan(root, b""))]
        except OSError as error:
            raise _unreadable(self._path, error) from None
        while pending:
            item = next(pending[-1], None)
            if item is None:
                pending.pop()
                continue
            entry, inner = item
            if inner and len(pending) > self._limits.depth:
                found.append(_with_obstacle(entry, "PKG-PATH-TOO-DEEP"))
            elif inner:
                try:
                    pending.append(iter(_scan(root, inner)))
                    found.append(entry)
                except OSError as error:
                    if (unreadable := _unreadable(self._path, error)).is_machines:
                        raise unreadable from None
                    found.append(_with_obstacle(entry, "PKG-FOLDER-UNREADABLE"))
            else:
                found.append(entry)
            if len(found) > self._limits.entries:
                raise PackageUnusable(Finding("PKG-TOO-MANY", params={"limit": self._limits.entries}))
        return found


class _FolderFile(io.RawIOBase):
    """An open file that raises `PackageChanged` at its end if it is not the one that was listed."""

    def __init__(self, fd: int, entry: Entry, *, package: Path) -> None:
        self._fd = fd
        self._entry = entry
        self._package = package
        self._read = 0

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._fd

    def readinto(self, buffer: "memoryview", /) -> int:  # type: ignore[override]  # what BufferedReader passes
        try:
            count = os.readv(self._fd, [buffer])
        except OSError as error:
            raise _unreadable(self._package, error).of_item() from None
        self._read += count
        if count == 0 or self._read > self._entry.size:
            self.check()
        if count == 0 and self._read != self._entry.size:
            raise ItemUnreadable("PKG-SIZE-LIES")
        return count

    def check(self) -> None:
        now = os.fstat(self._fd)
        seen = (EntryKind.FILE, self._entry.place, self._entry.size, self._entry.modified_ns)
        if (_kind(now.st_mode), now.st_ino, now.st_size, now.st_mtime_ns) != seen:
            raise PackageChanged(path=str(self._package))

    def close(self) -> None:
        if not self.closed:
            os.close(self._fd)
        super().close()


def _unreadable(package: Path, error: OSError) -> PackageUnreadable:
    return PackageUnreadable(path=str(package), reason=reason_of(error))


def _scan(root: bytes, inner: bytes) -> Iterator[tuple[Entry, bytes]]:
    """The entries of one folder, sorted by name, each with its path if it is a folder itself.

    Raises `OSError` before the first entry, so that an unreadable folder is known by its own name.
    """
    with os.scandir(os.path.join(root, inner)) as listing:  # noqa: PTH118 - bytes, which pathlib does not take
        found = sorted(listing, key=lambda entry: entry.name)
    return (_entry(item, inner) for item in found)


def _entry(item: "os.DirEntry[bytes]", inner: bytes) -> tuple[Entry, bytes]:
    name = inner + b"/" + item.name if inner else item.name
    try:
        status = item.stat(follow_symlinks=False)
    except OSError:
        return Entry(label_of(name), -1, 0, EntryKind.FILE, obstacle="PKG-UNREADABLE"), b""
    kind = _kind(status.st_mode)
    if kind is EntryKind.DIRECTORY:
        return Entry(label_of(name), 0, 0, kind), name
    return Entry(label_of(name), status.st_size, status.st_mtime_ns, kind, place=status.st_ino), b""


def _with_obstacle(entry: Entry, code: str) -> Entry:
    return Entry(entry.path, entry.size, entry.modified_ns, entry.kind, entry.place, obstacle=code)


_KINDS = {stat.S_IFREG: EntryKind.FILE, stat.S_IFDIR: EntryKind.DIRECTORY, stat.S_IFLNK: EntryKind.LINK}


def _kind(mode: int) -> EntryKind:
    return _KINDS.get(stat.S_IFMT(mode), EntryKind.SPECIAL)


class _Folder:
    """The folder `place` of a package, open as long as somebody has it: as it was reached, step by step, without a
    link. Whether a file in it is the one that was listed is seen by the file itself. Reached anew for each file of
    8 KiB, opening one took 17 µs and not 10."""

    __slots__ = ("fd", "place")

    def __init__(self, root: Path, place: bytes) -> None:
        self.place, self.fd = place, -1
        at = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for step in place.split(b"/") if place else ():
                below = os.open(step, STEP, dir_fd=at)
                os.close(at)
                at = below
        except BaseException:
            os.close(at)
            raise
        self.fd = at

    def __del__(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
