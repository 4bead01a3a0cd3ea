"""Archives for tests: honest ones by the standard library, and hostile ones byte by byte."""

import gzip
import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

BLOCK = 512


def write_files(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def tar_bytes(files: Mapping[str, bytes], *, form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), 1_700_000_000
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def tar_gz_bytes(files: Mapping[str, bytes]) -> bytes:
    return gzip.compress(tar_bytes(files), mtime=0)


def zip_bytes(files: Mapping[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 5, 6, 7, 8, 10)), content, compress_type=method)
    return buffer.getvalue()


def tar_header(name: bytes, *, size: int = 0, kind: bytes = b"0", link: bytes = b"", prefix: bytes = b"") -> bytes:
    """One ustar header with a right checksum, whatever the name."""
    header = bytearray(BLOCK)
    header[0 : len(name)] = name
    header[100:108], header[108:116], header[116:124] = b"0000644\0", b"0000000\0", b"0000000\0"
    header[124:136] = b"%011o\0" % size if size < 1 << 33 else b"\x80" + size.to_bytes(11, "big")
    header[136:148], header[148:156], header[156:157] = b"%011o\0" % 1_700_000_000, b" " * 8, kind
    header[157 : 157 + len(link)] = link
    header[257:265] = b"ustar\x0000"
    header[345 : 345 + len(prefix)] = prefix
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def tar_member(name: bytes, content: bytes = b"", *, kind: bytes = b"0", link: bytes = b"") -> bytes:
    return tar_header(name, size=len(content), kind=kind, link=link) + padded(content)


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % BLOCK)


def ended(*members: bytes) -> bytes:
    return b"".join(members) + bytes(2 * BLOCK)


@dataclass(frozen=True)
class RawMember:
    """One zip member whose two records say whatever the test wants."""

    name: bytes
    content: bytes = b""
    method: int = 0
    flags: int = 0
    size: int | None = None  # announced
    crc: int | None = None
    local_name: bytes | None = None
    mode: int = 0
    at: int | None = None  # offset of the local header in the directory, where it is not the true one
    packed_size: int | None = None

    @property
    def packed(self) -> bytes:
        if self.method != 8:
            return self.content
        deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
        return deflater.compress(self.content) + deflater.flush()


def raw_zip(members: Iterable[RawMember]) -> bytes:
    body, directory, count = b"", b"", 0
    for member in members:
        packed = member.packed
        size = len(member.content) if member.size is None else member.size
        crc = zlib.crc32(member.content) if member.crc is None else member.crc
        packed_size = len(packed) if member.packed_size is None else member.packed_size
        local = member.name if member.local_name is None else member.local_name
        offset = len(body) if member.at is None else member.at
        numbers = (member.flags, member.method, 0, 0x58A6, crc, packed_size, size)
        if member.at is None:
            body += struct.pack("<4s5H3L2H", b"PK\3\4", 20, *numbers, len(local), 0) + local + packed
        tail = (len(member.name), 0, 0, 0, 0, member.mode << 16, offset)
        directory += struct.pack("<4s6H3L5H2L", b"PK\1\2", 3 << 8 | 20, 20, *numbers, *tail) + member.name
        count += 1
    return body + directory + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(directory), len(body), 0)
