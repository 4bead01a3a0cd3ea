"""A catalogue of entries in memory, and a store that can stop at any write: what the log stands between."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import BinaryIO

from repository.evidence.checkpoint import origin_of
from repository.evidence.log import EvidenceLog
from repository.evidence.note import Signer
from storage.errors import StoreUnavailable
from storage.objects.memory import MemoryStore
from storage.objects.port import Bytes, ObjectStore, StoredObject

ARCHIVE = "0193f3c0-1111-7222-8333-0123456789ab"
ORIGIN = origin_of(ARCHIVE)
SIGNER = Signer(name=ORIGIN, seed=hashlib.sha256(b"evidence tests").digest())


def made(count: int, *, salt: str = "", start: int = 0) -> list[bytes]:
    return [hashlib.sha256(f"{salt}{number}".encode()).digest() for number in range(start, start + count)]


class Ledger:
    """The `EntrySource` of the tests; entries and the noted checkpoint are there to be tampered with."""

    def __init__(self, entries: Iterable[bytes] = ()) -> None:
        self.all = list(entries)
        self.noted: tuple[int, bytes] | None = None
        self.asked = 0

    def size(self) -> int:
        return len(self.all)

    def entries(self, start: int, stop: int) -> Sequence[bytes]:
        self.asked += stop - start
        return self.all[start:stop]

    def last_checkpoint(self) -> bytes | None:
        return self.noted[1] if self.noted else None

    def note_checkpoint(self, size: int, root: bytes, note: bytes) -> None:
        assert len(root) == 32
        if self.noted is None or size >= self.noted[0]:
            self.noted = (size, note)


class Faulty(MemoryStore):
    """Stops after `left` more writes, with the effect of the next one or without: a crash as the store saw it.

    `answers` is how many more reads are answered; `meanwhile` runs before a given write. None means healthy.
    """

    def __init__(self) -> None:
        super().__init__()
        self.left: int | None = None
        self.effect = False
        self.answers: int | None = None
        self.meanwhile: dict[int, Callable[[], None]] = {}
        self.writes = 0

    def put(self, key: str, parts: Iterable[Bytes]) -> StoredObject:
        self.writes += 1
        self.meanwhile.pop(self.writes, lambda: None)()
        if self.left == 0:
            if self.effect:
                self.effect = False  # one write at most gets through without an answer
                super().put(key, parts)
            raise StoreUnavailable(reason="stopped")
        if self.left is not None:
            self.left -= 1
        return super().put(key, parts)

    def open(self, key: str, *, offset: int = 0, length: int | None = None) -> AbstractContextManager[BinaryIO]:
        if self.answers is not None:
            self.answers -= 1
            if self.answers < 0:
                raise StoreUnavailable(reason="silent")
        return super().open(key, offset=offset, length=length)

    def content(self, key: str) -> bytes:
        with super().open(key) as stream:
            return stream.read()

    def replace(self, key: str, data: bytes) -> None:
        """What only an attacker or a broken disk does."""
        self.delete(key)
        super().put(key, [data])

    def copy(self) -> "Faulty":
        other = Faulty()
        for key in self.held():
            MemoryStore.put(other, key, [self.content(key)])
        return other

    def held(self, prefix: str = "") -> list[str]:
        return [found.key for found in self.list(prefix)]


def a_log(store: ObjectStore, ledger: Ledger, *, signer: Signer = SIGNER) -> EvidenceLog:
    return EvidenceLog(store, signer, origin=signer.name, entries=ledger)
