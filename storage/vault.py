"""Sealed bytes in an object store: packs go in, members come out whole or by range.

The one way for the rest of the archive to write and read payload. Promised: `put` returns when the object is durable
under a name nobody has used before, sealed for its place; reading gives authentic bytes or raises. An iterator that
ends without an error was complete. Members are opened under a warrant only, and each opening is in the ledger; the
description of a pack is the archive's own paper, and is what a lost catalogue is made again from.
"""

import hashlib
import uuid
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock

from storage.digests import PIECE, Aside, pieces
from storage.errors import OpeningRefused, SealBroken
from storage.ids import new_id
from storage.keys.record_keys import RecordKey, RecordKeys
from storage.objects.port import Bytes, ObjectStore
from storage.sealing.member import open_message, open_range, open_whole, plain_length, sha256_opened
from storage.sealing.pack import (
    DESCRIPTION,
    HEADER,
    TRAILER,
    PackHeader,
    PackSealer,
    PackTrailer,
    SealedMember,
    SealedPack,
)
from storage.warrants import Openings, Unwritten, Warrant

_BLOCK = 512 << 10  # sealed bytes of small members read at one time: into memory that the processor has at hand
_OPEN_HEADERS = 4096  # data keys held in memory: a study's worth of objects, read many times in a row
Describe = Callable[[uuid.UUID, Sequence[SealedMember]], bytes]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A pack that is sealed and not yet in the store."""

    key: str
    parts: Sequence[Bytes]
    pack: SealedPack
    members: tuple[SealedMember, ...]


@dataclass(frozen=True, slots=True)
class Stored:
    """A pack in the store: its name and version there, its frame, members and description."""

    key: str
    version: str
    pack: SealedPack
    members: tuple[SealedMember, ...]


@dataclass(frozen=True, slots=True)
class Inscription:
    """What a pack tells of itself: its description (opened), its frame, its record key, how many members it has."""

    text: bytes
    pack: SealedPack
    record_key_id: uuid.UUID
    members: int


class Vault:
    """The sealed objects of one archive."""

    def __init__(
        self, store: ObjectStore, record_keys: RecordKeys, *, archive: uuid.UUID, openings: Openings | None = None
    ) -> None:
        self.store, self.record_keys, self.archive = store, record_keys, archive
        self.openings = openings or Unwritten()
        self.hashing = Aside()
        self._data_keys: OrderedDict[str, tuple[PackHeader, bytes]] = OrderedDict()
        self._lock = Lock()

    def put(
        self,
        folder: str,
        record_key: RecordKey,
        *,
        sources: Sequence[Iterable[Bytes]],
        describe: Describe,
        whole: bool,
    ) -> Stored:
        """A new pack under `folder` with one member for each source; `describe` gets the id and the sealed members.

        With `whole` the sealed pack is built in memory before it is sent, so that the store may retry; without, it
        is streamed in constant memory and a fault means sealing again under another name.
        """
        if whole:
            return self.store_sealed(self.seal(folder, record_key, sources=sources, describe=describe))
        sealer = PackSealer(self.archive, record_key, object_id=new_id())
        key = f"{folder}/{sealer.object_id.hex}"
        stored = self.store.put(key, _parts(sealer, sources, describe))
        if sealer.sealed is None:
            raise RuntimeError("internal: the store did not take all parts")
        return Stored(key, stored.version, sealer.sealed, tuple(sealer.members))

    def seal(
        self, folder: str, record_key: RecordKey, *, sources: Sequence[Iterable[Bytes]], describe: Describe
    ) -> Sealed:
        """A new pack as `put` makes it, in memory: all of the processor's work, and nothing that waits."""
        sealer = PackSealer(self.archive, record_key, object_id=new_id())
        parts = list(_parts(sealer, sources, describe))
        if sealer.sealed is None:
            raise RuntimeError("internal: a pack without an end")
        return Sealed(f"{folder}/{sealer.object_id.hex}", parts, sealer.sealed, tuple(sealer.members))

    def store_sealed(self, sealed: Sealed) -> Stored:
        """`sealed` is durable in the store."""
        return Stored(sealed.key, self.store.put(sealed.key, sealed.parts).version, sealed.pack, sealed.members)

    def open(self, key: str, member: SealedMember, *, warrant: Warrant) -> Iterator[bytes]:
        """The bytes of a member, from its first to its last. Raises `OpeningRefused` where the warrant does not extend
        to the object."""
        header, data_key = self._warranted(key, warrant)
        with self.store.open(key, offset=member.offset, length=member.length) as stream:
            yield from open_whole(data_key, header.context(member.offset), pieces(stream), name=key)

    def open_run(self, key: str, members: Sequence[SealedMember], *, warrant: Warrant) -> Generator[Iterator[bytes]]:
        """The bytes of members that lie side by side, in one reading of the object; each must be used up before the
        next is asked for. Those of up to a `PIECE` are opened to their end before their first byte is given. Raises as
        `open`."""
        header, data_key = self._warranted(key, warrant)
        first, last = members[0], members[-1]
        buffer = bytearray(min(PIECE, last.offset + last.length - first.offset))
        with self.store.open(key, offset=first.offset, length=last.offset + last.length - first.offset) as stream:
            for block in _blocks(members):
                if block[0].length > len(buffer):
                    sealed = pieces(stream, length=block[0].length)
                    yield open_whole(data_key, header.context(block[0].offset), sealed, name=key)
                    continue
                held = memoryview(buffer)[: sum(member.length for member in block)]
                held = held[: stream.readinto(held)]  # type: ignore[attr-defined]
                for member in block:
                    sealed_member, held = held[: member.length], held[member.length :]
                    yield iter(open_message(data_key, header.context(member.offset), sealed_member, name=key))

    def sha256_opened(self, key: str, offset: int, sealed: Iterable[Bytes], *, warrant: Warrant) -> bytes:
        """SHA-256 of the member at `offset` from its sealed bytes, for whoever reads an object through in one go."""
        header, data_key = self._warranted(key, warrant)
        return sha256_opened(data_key, header.context(offset), sealed, name=key)

    def open_range(
        self, key: str, member: SealedMember, *, offset: int, length: int, warrant: Warrant
    ) -> Iterator[bytes]:
        """`length` bytes of a member from `offset`; reads and opens only the chunks that they touch."""
        header, data_key = self._warranted(key, warrant)

        def fetch(start: int, count: int) -> Iterator[bytes]:
            with self.store.open(key, offset=member.offset + start, length=count) as stream:
                yield from pieces(stream)

        context = header.context(member.offset)
        yield from open_range(data_key, context, fetch, sealed=member.length, offset=offset, length=length, name=key)

    def inscription(self, key: str, *, size: int) -> Inscription:
        """The description of a pack of `size` bytes, opened, with what the pack says of itself."""
        header, data_key = self._header(key)
        trailer = PackTrailer.parse(self._read(key, size - TRAILER, TRAILER), size=size, name=key)
        plain_length(trailer.length)
        sealed = self._read(key, trailer.offset, trailer.length)
        context = header.context(trailer.offset, role=DESCRIPTION)
        text = b"".join(open_whole(data_key, context, (sealed,), name=key))
        frame = hashlib.sha256(header.raw + trailer.raw).digest()
        place = SealedMember(trailer.offset, trailer.length, hashlib.sha256(sealed).digest())
        return Inscription(
            text, SealedPack(header.object_id, size, frame, place), header.record_key_id, trailer.members
        )

    def close(self) -> None:
        """Nothing is held open; the store is its owner's to close."""
        self.hashing.close()
        self.openings.close()

    def forget(self, key: str) -> None:
        """The data key of an object is no longer held in memory."""
        with self._lock:
            self._data_keys.pop(key, None)

    def _warranted(self, key: str, warrant: Warrant) -> tuple[PackHeader, bytes]:
        if not warrant.extends_to(key):
            raise OpeningRefused(key=key)
        self.openings.note(warrant, key)
        return self._header(key)

    def _header(self, key: str) -> tuple[PackHeader, bytes]:
        with self._lock:
            if held := self._data_keys.get(key):
                self._data_keys.move_to_end(key)
                return held
        object_id = _object_id(key)
        header = PackHeader.parse(self._read(key, 0, HEADER), archive=self.archive, object_id=object_id)
        opened = header, header.data_key(self.record_keys.open(header.record_key_id))
        with self._lock:
            self._data_keys[key] = opened
            if len(self._data_keys) > _OPEN_HEADERS:
                self._data_keys.popitem(last=False)
        return opened

    def _read(self, key: str, offset: int, length: int) -> bytes:
        if offset < 0:
            raise SealBroken(key=key, reason="cut short")
        with self.store.open(key, offset=offset, length=length) as stream:
            return b"".join(pieces(stream))


def _parts(sealer: PackSealer, sources: Sequence[Iterable[Bytes]], describe: Describe) -> Iterator[bytes]:
    yield sealer.header()
    for source in sources:
        yield from sealer.member(source)
    yield from sealer.close(describe(sealer.object_id, sealer.members))


def _blocks(members: Sequence[SealedMember]) -> Iterator[list[SealedMember]]:
    """Neighbours to be read in one go: one, or as many as are no more than `_BLOCK` together."""
    block: list[SealedMember] = []
    size = 0
    for member in members:
        if block and size + member.length > _BLOCK:
            yield block
            block, size = [], 0
        block.append(member)
        size += member.length
    if block:
        yield block


def _object_id(key: str) -> uuid.UUID:
    try:
        return uuid.UUID(hex=key.rpartition("/")[2])
    except ValueError as error:
        raise SealBroken(key=key, reason="not the name of a pack") from error
