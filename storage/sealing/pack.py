"""Packs: sealed members of one patient in one stored object (`storage/FORMAT.md`, "Packs").

Writing: `PackSealer` gives the parts of an object in order; each stored byte is hashed once as it leaves. Reading:
`PackHeader` gives the data key of an object; a member is then opened whole or by range from its place.
"""

import hashlib
import os
import struct
import uuid
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass

from cryptography.cobblestone import Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.errors import SealBroken
from storage.keys.record_keys import RecordKey
from storage.objects.port import Bytes
from storage.sealing.member import seal

MAGIC = b"EDMPACK\x01"
TAIL_MAGIC = b"EDMTAIL\x01"
HEADER, TRAILER = 128, 32
_PADDING = bytes(12)
_CONTEXT = b"edm-archive sealed 1\0"
MEMBER, DESCRIPTION = 1, 2


@dataclass(frozen=True, slots=True)
class SealedMember:
    """Where a member lies in its object and what its sealed bytes are."""

    offset: int
    length: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class SealedPack:
    """An object whose last part has been given out. `frame_sha256` covers header and trailer."""

    object_id: uuid.UUID
    size: int
    frame_sha256: bytes
    description: SealedMember


def member_context(archive: uuid.UUID, object_id: uuid.UUID, offset: int, *, role: int = MEMBER) -> bytes:
    return _CONTEXT + archive.bytes + object_id.bytes + offset.to_bytes(8) + bytes((role,))


class PackSealer:
    """Gives out the parts of one object: `header()`, then `member(...)` for each, then `close(description)`."""

    def __init__(self, archive: uuid.UUID, record_key: RecordKey, *, object_id: uuid.UUID) -> None:
        self.archive, self.object_id, self.record_key = archive, object_id, record_key
        self._data_key = Cobblestone256Encryptor.generate_key()
        self._header = _header(archive, object_id, record_key, self._data_key)
        self._offset = HEADER
        self.members: list[SealedMember] = []
        self.sealed: SealedPack | None = None

    def header(self) -> bytes:
        return self._header

    def member(self, parts: Iterable[Bytes]) -> Iterator[bytes]:
        """The sealed bytes of the next member; once exhausted, `members` ends with it."""
        sealed = yield from self._seal(parts, role=MEMBER)
        self.members.append(sealed)

    def close(self, description: bytes) -> Iterator[bytes]:
        """The sealed description and the trailer; once exhausted, `sealed` tells of the object."""
        sealed = yield from self._seal((description,), role=DESCRIPTION)
        trailer = TAIL_MAGIC + struct.pack(">QQQ", sealed.offset, sealed.length, len(self.members))
        yield trailer
        frame = hashlib.sha256(self._header + trailer).digest()
        self.sealed = SealedPack(self.object_id, self._offset + TRAILER, frame, sealed)

    def _seal(self, parts: Iterable[Bytes], *, role: int) -> Generator[bytes, None, SealedMember]:
        start, digest = self._offset, hashlib.sha256()
        context = member_context(self.archive, self.object_id, start, role=role)
        for sealed in seal(self._data_key, context, parts):
            digest.update(sealed)
            self._offset += len(sealed)
            yield sealed
        return SealedMember(start, self._offset - start, digest.digest())


def _header(archive: uuid.UUID, object_id: uuid.UUID, record_key: RecordKey, data_key: bytes) -> bytes:
    bound = MAGIC + archive.bytes + object_id.bytes + record_key.id.bytes
    nonce = os.urandom(12)
    return bound + nonce + AESGCM(record_key.secret).encrypt(nonce, data_key, bound) + _PADDING


@dataclass(frozen=True, slots=True)
class PackHeader:
    """The first 128 bytes of an object, read strictly."""

    archive: uuid.UUID
    object_id: uuid.UUID
    record_key_id: uuid.UUID
    raw: bytes

    @classmethod
    def parse(cls, raw: bytes, *, archive: uuid.UUID, object_id: uuid.UUID) -> "PackHeader":
        """SealBroken unless `raw` is the header of this object of this archive."""
        name = object_id.hex
        if len(raw) != HEADER or raw[:8] != MAGIC or raw[116:] != _PADDING:
            raise SealBroken(key=name, reason="not a pack of format 1")
        if raw[8:24] != archive.bytes or raw[24:40] != object_id.bytes:
            raise SealBroken(key=name, reason="the object of another place or archive")
        return cls(archive, object_id, uuid.UUID(bytes=raw[40:56]), raw)

    def data_key(self, record_key: RecordKey) -> bytes:
        try:
            return AESGCM(record_key.secret).decrypt(self.raw[56:68], self.raw[68:116], self.raw[:56])
        except InvalidTag as error:
            raise SealBroken(key=self.object_id.hex, reason="its data key does not open") from error

    def context(self, offset: int, *, role: int = MEMBER) -> bytes:
        return member_context(self.archive, self.object_id, offset, role=role)


@dataclass(frozen=True, slots=True)
class PackTrailer:
    """The last 32 bytes of an object: where its description lies, and how many members stand before it."""

    offset: int
    length: int
    members: int
    raw: bytes

    @classmethod
    def parse(cls, raw: bytes, *, size: int, name: str) -> "PackTrailer":
        """SealBroken unless `raw` ends an object of `size` bytes."""
        if len(raw) != TRAILER or raw[:8] != TAIL_MAGIC:
            raise SealBroken(key=name, reason="cut short, or not a pack of format 1")
        offset, length, members = struct.unpack(">QQQ", raw[8:])
        if offset < HEADER or offset + length + TRAILER != size:
            raise SealBroken(key=name, reason="its trailer does not fit its size")
        return cls(offset, length, members, raw)
