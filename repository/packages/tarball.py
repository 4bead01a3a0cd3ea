"""A tar as a package, plain or compressed by gzip. No member is written anywhere: bytes are read where they lie."""

import io
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from repository.findings import Finding
from repository.packages.errors import PackageUnusable
from repository.packages.guard import Limits
from repository.packages.inflating import Damaged, GzipCursor, GzipIndex, GzipSlice
from repository.packages.source import Entry, EntryKind, PackedFile, Slice, seal_of_listing
from repository.packages.tar_headers import BLOCK, Forward, TarDamaged, TarUnended, walk_tar


class TarSource:
    """Lists on opening, in the order of the archive. `form` is `tar` or `tar.gz`."""

    def __init__(self, file: PackedFile, *, limits: Limits, compressed: bool) -> None:
        self.form = "tar.gz" if compressed else "tar"
        self._file = file
        self._limits = limits
        self._index = GzipIndex(self._file) if compressed else None
        self.findings: tuple[Finding, ...] = ()
        try:
            self.entries: Sequence[Entry] = self._list()
            self._file.check_unchanged()  # a copy still under way looks like damage
        except BaseException:
            self._file.close()
            raise
        self._by_path: dict[str, Entry] = {}
        for entry in self.entries:
            self._by_path.setdefault(entry.path, entry)

    def open(self, path: str) -> BinaryIO:
        entry = self._by_path[path]
        self._file.check_unchanged()
        stream: io.RawIOBase = (
            Slice(self._file, entry.place, length=entry.size)
            if self._index is None
            else GzipSlice(self._file, self._index, offset=entry.place, length=entry.size)
        )
        return io.BufferedReader(stream, 1 << 17)

    def fingerprint(self) -> str:
        return seal_of_listing(self.entries)

    def check_unchanged(self) -> None:
        self._file.check_unchanged()

    def close(self) -> None:
        self._file.close()

    def _list(self) -> list[Entry]:
        reader: Forward = (
            _Plain(self._file) if self._index is None else _Bounded(self._file, self._index, most=self._most_inflated())
        )
        found: list[Entry] = []
        try:
            for entry in walk_tar(reader, self._limits):
                if entry.path or entry.kind is not EntryKind.DIRECTORY:  # the archive's own root folder is no entry
                    found.append(entry)
                if len(found) > self._limits.entries:
                    raise PackageUnusable(Finding("PKG-TOO-MANY", params={"limit": self._limits.entries}))
        except TarUnended:
            self.findings = (Finding("PKG-ARCHIVE-UNENDED"),)
        except (Damaged, TarDamaged):
            self.findings = (Finding("PKG-ARCHIVE-DAMAGED", params={"offset": reader.position}),)
            found = [_whole_or_damaged(entry, reader.position) for entry in found]
        else:
            self._look_behind_the_end(reader)
        return found

    def _most_inflated(self) -> int:
        """How much a listing may inflate: a compressed tar is inflated to be listed, whatever it holds."""
        by_ratio = max(self._limits.ratio_floor, self._limits.ratio * self._file.size)
        return min(by_ratio, self._limits.total_bytes + self._limits.entries * 2 * BLOCK)

    def _look_behind_the_end(self, reader: Forward) -> None:
        """What follows the end mark must be empty: two archives in one file are not listed as one."""
        try:
            for block in iter(lambda: reader.read(1 << 20), b""):
                if block.strip(b"\0"):
                    self.findings = (Finding("PKG-ARCHIVE-TRAILING", params={"offset": reader.position}),)
                    return
        except Damaged:
            self.findings = (Finding("PKG-ARCHIVE-DAMAGED", params={"offset": reader.position}),)


class _Plain:
    """A tar on disk, read forward."""

    def __init__(self, file: PackedFile) -> None:
        self.position = 0
        self._file = file

    def read(self, length: int) -> bytes:
        part = self._file.read_at(self.position, length)
        self.position += len(part)
        return part

    def skip(self, length: int) -> None:
        end = self.position + length
        self.position = min(end, self._file.size)
        if end > self._file.size:
            raise TarDamaged


class _Bounded:
    """A compressed tar, read forward once; leaves copies in the index and stops where a bomb would go on."""

    def __init__(self, file: PackedFile, index: GzipIndex, *, most: int) -> None:
        self._cursor = GzipCursor(file)
        self._index = index
        self._most = most

    @property
    def position(self) -> int:
        return self._cursor.position

    def read(self, length: int) -> bytes:
        part = self._cursor.read(length)
        self._index.passing(self._cursor)
        if self._cursor.position > self._most:
            raise PackageUnusable(Finding("PKG-BOMB"))
        return part

    def skip(self, length: int) -> None:
        for step in _steps(length):
            if len(self.read(step)) < step:
                raise TarDamaged


def _steps(length: int) -> Iterator[int]:
    while length > 0:
        yield min(length, 1 << 20)
        length -= 1 << 20


def _whole_or_damaged(entry: Entry, reached: int) -> Entry:
    """Marks the member in which the archive ended."""
    if entry.kind is not EntryKind.FILE or entry.obstacle or entry.place + entry.size <= reached:
        return entry
    return Entry(entry.path, entry.size, entry.modified_ns, entry.kind, entry.place, obstacle="PKG-DAMAGED")
