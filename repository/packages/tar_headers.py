"""The headers of a tar (POSIX.1-2017 pax and ustar, GNU, v7), read forward, strictly.

`tarfile` takes a broken header in the middle for the end of the archive, and follows chains of extensions by
recursion. Here a header is right, or the listing ends with `TarDamaged` and says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from repository.packages.guard import Limits
from repository.packages.labels import label_of
from repository.packages.source import Entry, EntryKind

BLOCK = 512
EMPTY = bytes(BLOCK)
KINDS = {
    b"0": EntryKind.FILE,
    b"\0": EntryKind.FILE,
    b"7": EntryKind.FILE,
    b"S": EntryKind.FILE,
    b"1": EntryKind.LINK,
    b"2": EntryKind.LINK,
    b"5": EntryKind.DIRECTORY,
}
WITHOUT_DATA = b"123456"  # size says nothing in these


class TarDamaged(Exception):  # becomes a finding in `tarball.py`, never leaves this folder
    """A header is wrong, or the archive ends inside of a member."""


class TarUnended(TarDamaged):
    """The end mark is missing: every member is whole, and nobody knows whether more should follow."""


class Forward(Protocol):
    """Bytes read forward. `position` counts them."""

    @property
    def position(self) -> int: ...

    def read(self, length: int) -> bytes: ...
    def skip(self, length: int) -> None: ...


@dataclass(slots=True)
class _Extension:
    """What extended headers say of the next entry (pax `x`, GNU `L`)."""

    path: bytes | None = None
    size: int | None = None
    modified_ns: int | None = None
    sparse: bool = False


def walk_tar(reader: Forward, limits: Limits) -> Iterator[Entry]:
    """Each entry, `place` being the offset of its data; the data is skipped after the entry is yielded.

    Ends at the end mark (two empty blocks; one is accepted). Raises `TarDamaged`, `TarUnended`.
    """
    extension = _Extension()
    while True:
        header = reader.read(BLOCK)
        if not header:
            raise TarUnended
        if header == EMPTY:
            return
        _check(header)
        size, kind = _number(header[124:136]), header[156:157]
        if kind in (b"x", b"g", b"L", b"K", b"X"):
            _extend(extension, kind, _body(reader, size, limits=limits))
            continue
        size = size if extension.size is None else extension.size
        sparse = extension.sparse or kind == b"S"
        if kind == b"S":
            _skip_sparse_map(reader, header)
        entry = _entry(header, extension, size=size, place=reader.position, sparse=sparse)
        extension = _Extension()
        yield entry
        if kind not in WITHOUT_DATA:
            reader.skip(-(-size // BLOCK) * BLOCK)


def _entry(header: bytes, extension: _Extension, *, size: int, place: int, sparse: bool) -> Entry:
    name = extension.path if extension.path is not None else _name(header)
    kind = KINDS.get(header[156:157], EntryKind.SPECIAL)
    if kind is EntryKind.FILE and name.endswith(b"/"):
        kind = EntryKind.DIRECTORY  # v7 has no type for folders
    while name.startswith(b"./"):
        name = name[2:].lstrip(b"/") if name.startswith(b".//") else name[2:]
    if kind is EntryKind.DIRECTORY:
        name = name.rstrip(b"/") if name.strip(b"/") else name
    modified = extension.modified_ns
    return Entry(
        path=label_of(b"" if name == b"." else name),
        size=size if kind is EntryKind.FILE else 0,
        modified_ns=_number(header[136:148]) * 10**9 if modified is None else modified,
        kind=kind,
        place=place,
        obstacle="PKG-SPARSE" if sparse else "",
    )


def _check(header: bytes) -> None:
    if len(header) < BLOCK:
        raise TarDamaged
    plain = header[:148] + b" " * 8 + header[156:]
    stated, total = _number(header[148:156]), sum(plain)
    if stated != total and stated != total - 256 * sum(byte > 127 for byte in plain):  # old writers summed signed chars
        raise TarDamaged


def _name(header: bytes) -> bytes:
    name = header[:100].split(b"\0", 1)[0]
    if header[257:263] == b"ustar\0":
        prefix = header[345:500].split(b"\0", 1)[0]
        return prefix + b"/" + name if prefix else name
    return name


def _number(field: bytes) -> int:
    """Octal digits, or base-256 where the first bit is set (GNU). Negative numbers are damage here."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    text = field.strip(b" \0")
    if not text:
        return 0
    if not all(0x30 <= byte <= 0x37 for byte in text):
        raise TarDamaged
    return int(text, 8)


def _body(reader: Forward, size: int, *, limits: Limits) -> bytes:
    if size > limits.header_bytes:
        raise TarDamaged
    padded = -(-size // BLOCK) * BLOCK
    body = reader.read(padded)
    if len(body) < padded:
        raise TarDamaged
    return body[:size]


def _extend(extension: _Extension, kind: bytes, body: bytes) -> None:
    if kind == b"L":
        extension.path = body.split(b"\0", 1)[0]
    if kind not in (b"x", b"X", b"g"):
        return
    for key, value in _records(body):
        if key in (b"path", b"size") and kind == b"g":
            raise TarDamaged  # one name or size for all that follow: readers differ on it
        if key == b"path":
            extension.path = value
        elif key == b"size":
            extension.size = _decimal(value)
        elif key == b"mtime":
            extension.modified_ns = _nanoseconds(value)
        elif key.startswith(b"GNU.sparse."):
            extension.sparse = True
            if key == b"GNU.sparse.name":
                extension.path = value


def _records(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """`length key=value newline`, the length counting the whole record (pax extended header)."""
    at = 0
    while at < len(body):
        space = body.find(b" ", at, at + 20)
        length = _decimal(body[at:space]) if space > at else 0
        record = body[space + 1 : at + length]
        key, equals, value = record.partition(b"=")
        if not equals or not record.endswith(b"\n"):
            raise TarDamaged
        yield key, value[:-1]
        at += length


def _decimal(text: bytes) -> int:
    if not text.isdigit() or len(text) > 19:
        raise TarDamaged
    return int(text)


def _nanoseconds(value: bytes) -> int:
    whole, _, part = value.lstrip(b"-").partition(b".")
    moment = _decimal(whole) * 10**9 + (_decimal(part[:9].ljust(9, b"0")) if part else 0)
    return -moment if value.startswith(b"-") else moment


def _skip_sparse_map(reader: Forward, header: bytes) -> None:
    more = header[482:483]
    while more not in (b"\0", b"0", b""):
        block = reader.read(BLOCK)
        if len(block) < BLOCK:
            raise TarDamaged
        more = block[504:505]


def is_tar(head: bytes) -> bool:
    """Whether this first block is a tar header, or the end mark of an empty tar."""
    try:
        _check(head)
    except TarDamaged:
        return head == EMPTY
    return head[:1] != b"\0"
