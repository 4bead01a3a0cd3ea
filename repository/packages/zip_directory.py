"""The central directory of a zip (APPNOTE 6.3, ZIP64), checked against the local headers it points to.

`zipfile` believes the directory alone, stops at the first name it cannot decode, and (in 3.11) lets members overlap.
Here both records of a member must agree on its name, and no two members may share a byte of the file.
"""

import calendar
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

from repository.packages.guard import Limits
from repository.packages.labels import label_of, label_of_text
from repository.packages.source import Entry, EntryKind, PackedFile

END = struct.Struct("<4s4H2LH")
END64_LOCATOR = struct.Struct("<4sLQL")
END64 = struct.Struct("<4sQ2H2L4Q")
CENTRAL = struct.Struct("<4s6H3L5H2L")
LOCAL = struct.Struct("<4s5H3L2H")
UNKNOWN_16, UNKNOWN_32 = 0xFFFF, 0xFFFFFFFF
ENCRYPTED, STRONG, UTF8 = 1 << 0, 1 << 6, 1 << 11
UNIX, MACOS = 3, 19
METHODS = (0, 8, 12)  # stored, deflate, bzip2


class ZipDamaged(Exception):  # becomes a finding in `zipped.py`, never leaves this folder
    """The directory cannot be read, or contradicts the file."""


class ZipTooMany(ZipDamaged):
    """More members than the limits allow."""


@dataclass(frozen=True, slots=True)
class Member:
    """What is needed to read one member; `data` is the offset of its packed bytes."""

    entry: Entry
    method: int
    crc: int
    header: int
    data: int


@dataclass(frozen=True, slots=True)
class _End:
    count: int
    size: int
    offset: int


def read_directory(file: PackedFile, limits: Limits) -> list[Member]:
    """Every member in the order of the directory. Raises `ZipDamaged`."""
    end = _find_end(file)
    if end.count > limits.entries or end.size > limits.entries * (CENTRAL.size + limits.path_bytes):
        raise ZipTooMany
    members = [_locate(file, member) for member in _central(file, end)]
    if len(members) != end.count:
        raise ZipDamaged
    return _without_overlaps(members, end.offset)


def _find_end(file: PackedFile) -> _End:
    start = max(0, file.size - END.size - UNKNOWN_16)
    tail = file.read_at(start, file.size - start)
    at = tail.rfind(b"PK\5\6")
    while at >= 0:
        if at + END.size <= len(tail):
            _, disk, first, here, count, size, offset, comment = END.unpack_from(tail, at)
            if at + END.size + comment == len(tail) and not disk and not first and here == count:
                place = start + at
                end = _end64(file, place) or _End(count, size, offset)
                if end.offset + end.size <= place:
                    return end
        at = tail.rfind(b"PK\5\6", 0, at)
    raise ZipDamaged


def _end64(file: PackedFile, end: int) -> _End | None:
    raw = file.read_at(max(0, end - END64_LOCATOR.size), END64_LOCATOR.size)
    if end < END64_LOCATOR.size or not raw.startswith(b"PK\6\7"):
        return None
    _, disk, offset, disks = END64_LOCATOR.unpack(raw)
    raw = file.read_at(offset, END64.size)
    if disk or disks > 1 or len(raw) < END64.size or not raw.startswith(b"PK\6\6"):
        raise ZipDamaged
    _, _, _, _, _, _, here, count, size, start = END64.unpack(raw)
    if here != count:
        raise ZipDamaged
    return _End(count, size, start)


def _central(file: PackedFile, end: _End) -> Iterator[Member]:
    at, stop = end.offset, end.offset + end.size
    window, base = b"", at
    while at < stop:
        if at + (1 << 18) > base + len(window) and base + len(window) < stop:  # room for one whole record
            window, base = file.read_at(at, min(stop - at, 1 << 22)), at
        inside = at - base
        if inside + CENTRAL.size > len(window) or window[inside : inside + 4] != b"PK\1\2":
            raise ZipDamaged
        lengths = struct.unpack_from("<3H", window, inside + 28)
        length = CENTRAL.size + sum(lengths)
        if inside + length > len(window):
            raise ZipDamaged
        yield _member(window[inside : inside + length])
        at += length


def _member(record: bytes) -> Member:
    (
        _,
        made,
        _,
        flags,
        method,
        time,
        day,
        crc,
        packed,
        size,
        name_length,
        extra_length,
        _,
        disk,
        _,
        attributes,
        header,
    ) = CENTRAL.unpack_from(record)
    name = record[CENTRAL.size : CENTRAL.size + name_length]
    extra = record[CENTRAL.size + name_length : CENTRAL.size + name_length + extra_length]
    size, packed, header = _zip64(extra, size=size, packed=packed, header=header)
    kind = _kind(name, attributes >> 16 if made >> 8 in (UNIX, MACOS) else 0)
    entry = Entry(
        path=_label(name.rstrip(b"/") if kind is EntryKind.DIRECTORY and name.strip(b"/") else name, utf8=flags & UTF8),
        size=size,
        modified_ns=_moment(day, time),
        kind=kind if not (kind is EntryKind.DIRECTORY and size) else EntryKind.SPECIAL,  # bytes behind a folder's name
        place=header,
        packed=packed,
        obstacle=_obstacle(flags, method, disk=disk),
    )
    return Member(entry, method, crc, header, data=-1)


def _zip64(extra: bytes, *, size: int, packed: int, header: int) -> tuple[int, int, int]:
    """The true values where a field says that it does not hold (APPNOTE 4.5.3)."""
    wanted = [size == UNKNOWN_32, packed == UNKNOWN_32, header == UNKNOWN_32]
    if not any(wanted):
        return size, packed, header
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<2H", extra, at)
        if tag == 1:
            body = extra[at + 4 : at + 4 + length]
            if len(body) < 8 * sum(wanted):
                break
            values = iter(struct.unpack_from(f"<{sum(wanted)}Q", body))
            kept = (size, packed, header)
            size, packed, header = (next(values) if w else k for w, k in zip(wanted, kept, strict=True))
            return size, packed, header
        at += 4 + length
    raise ZipDamaged


def _kind(name: bytes, mode: int) -> EntryKind:
    if stat.S_ISLNK(mode):
        return EntryKind.LINK
    if name.endswith(b"/"):
        return EntryKind.DIRECTORY
    return EntryKind.FILE if stat.S_IFMT(mode) in (0, stat.S_IFREG, stat.S_IFDIR) else EntryKind.SPECIAL


def _obstacle(flags: int, method: int, *, disk: int) -> str:
    if disk:
        return "PKG-DAMAGED"
    if flags & (ENCRYPTED | STRONG):
        return "PKG-ENCRYPTED"
    return "" if method in METHODS else "PKG-METHOD"


def _label(name: bytes, *, utf8: int) -> str:
    """A name without the flag is UTF-8 where it can be, or else CP852, which Polish Windows writes."""
    if not utf8:
        try:
            name.decode()
        except UnicodeDecodeError:
            return label_of_text(name.decode("cp852"))
    return label_of(name)


def _moment(day: int, time: int) -> int:
    """Nanoseconds as if the local time of MS-DOS were UTC: it is compared, never shown; 0 where it is no date."""
    date = (1980 + (day >> 9), day >> 5 & 15, day & 31, time >> 11, time >> 5 & 63, (time & 31) * 2)
    return calendar.timegm(date) * 10**9 if 1 <= date[1] <= 12 and date[2] else 0


def _locate(file: PackedFile, member: Member) -> Member:
    """Reads the local header: where the packed bytes begin, and whether it names the same member."""
    raw = file.read_at(member.header, LOCAL.size)
    if len(raw) < LOCAL.size or not raw.startswith(b"PK\3\4"):
        return _blocked(member, "PKG-DAMAGED")
    _, _, flags, method, _, _, _, _, _, name_length, extra_length = LOCAL.unpack(raw)
    name = file.read_at(member.header + LOCAL.size, name_length)
    label = _label(name.rstrip(b"/") if name.endswith(b"/") and name.strip(b"/") else name, utf8=flags & UTF8)
    member = replace(member, data=member.header + LOCAL.size + name_length + extra_length)
    if label != member.entry.path or (method != member.method and not member.entry.obstacle):
        return _blocked(member, "PKG-ZIP-DIFFERS")
    return member


def _without_overlaps(members: list[Member], directory: int) -> list[Member]:
    """Marks every member that shares bytes with another, or with the directory."""
    order = sorted((index for index, member in enumerate(members) if member.data >= 0), key=lambda i: members[i].header)
    clashing: set[int] = set()
    reached, furthest = 0, -1
    for index in order:
        member = members[index]
        end = member.data + max(member.entry.packed, 0)
        if member.header < reached:
            clashing |= {index, furthest}
        if end > directory:
            clashing.add(index)
        if end > reached:
            reached, furthest = end, index
    return [_blocked(m, "PKG-ZIP-OVERLAP") if index in clashing else m for index, m in enumerate(members)]


def _blocked(member: Member, code: str) -> Member:
    return replace(member, entry=replace(member.entry, obstacle=code))
