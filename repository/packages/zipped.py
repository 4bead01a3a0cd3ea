"""A zip as a package. Members are inflated as they are read, and never beyond the size that they announce."""

import bz2
import io
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO, Protocol

from repository.findings import Finding
from repository.packages.errors import ItemUnreadable, PackageUnreadable, PackageUnusable
from repository.packages.guard import Limits
from repository.packages.source import Entry, PackedFile, seal_of_listing
from repository.packages.zip_directory import Member, ZipDamaged, ZipTooMany, read_directory

STEP = 1 << 16


class ZipSource:
    """Lists on opening, in the order of the central directory; from then on it is this one's to close the file."""

    form = "zip"
    findings: tuple[Finding, ...] = ()

    def __init__(self, file: PackedFile, *, limits: Limits) -> None:
        self._file = file
        try:
            members = self._list(limits)
        except BaseException:
            self._file.close()
            raise
        self.entries: Sequence[Entry] = [member.entry for member in members]
        self._members: dict[str, Member] = {}
        for member in members:
            self._members.setdefault(member.entry.path, member)

    def open(self, path: str) -> BinaryIO:
        member = self._members[path]
        if member.entry.obstacle:
            raise ItemUnreadable(member.entry.obstacle)
        self._file.check_unchanged()
        return io.BufferedReader(_Unpacked(self._file, member), 1 << 17)

    def _list(self, limits: Limits) -> list[Member]:
        try:
            return read_directory(self._file, limits)
        except ZipTooMany:
            raise PackageUnusable(Finding("PKG-TOO-MANY", params={"limit": limits.entries})) from None
        except ZipDamaged:
            raise PackageUnusable(Finding("PKG-ARCHIVE-BROKEN")) from None
        finally:
            self._file.check_unchanged()  # a copy still under way looks like damage

    def fingerprint(self) -> str:
        return seal_of_listing(self.entries)

    def check_unchanged(self) -> None:
        self._file.check_unchanged()

    def close(self) -> None:
        self._file.close()


class _Unpacker(Protocol):
    @property
    def finished(self) -> bool: ...

    @property
    def hungry(self) -> bool:
        """Whether it holds no input of its own that may still give output."""

    def unpack(self, packed: bytes, most: int) -> tuple[bytes, bytes]:
        """Some output, and the input that was not used."""


class _Stored:
    finished = False
    hungry = True

    def unpack(self, packed: bytes, most: int) -> tuple[bytes, bytes]:
        return packed[:most], packed[most:]


class _Deflated:
    hungry = True

    def __init__(self) -> None:
        self._inflater = zlib.decompressobj(wbits=-15)

    @property
    def finished(self) -> bool:
        return self._inflater.eof

    def unpack(self, packed: bytes, most: int) -> tuple[bytes, bytes]:
        part = self._inflater.decompress(packed, most)
        return part, self._inflater.unused_data or self._inflater.unconsumed_tail


class _Bzipped:
    def __init__(self) -> None:
        self._inflater = bz2.BZ2Decompressor()

    @property
    def finished(self) -> bool:
        return self._inflater.eof

    def unpack(self, packed: bytes, most: int) -> tuple[bytes, bytes]:
        return self._inflater.decompress(packed, most), b""  # it keeps what it did not use

    @property
    def hungry(self) -> bool:
        return self._inflater.needs_input


UNPACKERS: Mapping[int, Callable[[], _Unpacker]] = {0: _Stored, 8: _Deflated, 12: _Bzipped}


class _Unpacked(io.RawIOBase):
    """The bytes of one member; at their end size and CRC-32 must be the announced ones."""

    def __init__(self, file: PackedFile, member: Member) -> None:
        self._file = file
        self._size = member.entry.size
        self._crc = member.crc
        self._at = member.data
        self._packed_left = member.entry.packed
        self._unpacker = UNPACKERS[member.method]()
        self._tail = b""
        self._position = 0
        self._sum = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview", /) -> int:  # type: ignore[override]  # what BufferedReader passes
        if not len(buffer):
            return 0
        part = self._next(min(len(buffer), self._size - self._position + 1))
        self._position += len(part)
        self._sum = zlib.crc32(part, self._sum)
        if self._position > self._size:
            raise ItemUnreadable("PKG-SIZE-LIES")
        if not part:
            self._check_end()
        buffer[: len(part)] = part
        return len(part)

    def _next(self, most: int) -> bytes:
        while not self._unpacker.finished:
            if not self._tail and self._packed_left and self._unpacker.hungry:
                self._tail = self._packed(min(STEP, self._packed_left))
                self._at += len(self._tail)
                self._packed_left -= len(self._tail)
            ended = not self._tail
            try:
                part, self._tail = self._unpacker.unpack(self._tail, most)
            except (zlib.error, OSError, EOFError):
                raise self._file.damage() from None
            if part or ended:
                return part
        return b""

    def _packed(self, length: int) -> bytes:
        try:
            part = self._file.read_at(self._at, length)
        except PackageUnreadable as error:
            raise error.of_item() from None
        if not part:
            raise self._file.damage()
        return part

    def _check_end(self) -> None:
        self._file.check_unchanged()
        if self._position != self._size:
            raise ItemUnreadable("PKG-SIZE-LIES")
        if self._sum != self._crc:
            raise ItemUnreadable("PKG-DAMAGED")
