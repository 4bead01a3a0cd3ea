"""A store around a store: what may pass is tried again, and an ambiguous put is settled by looking.

Only errors with `retryable` are tried again. After a `put` that failed that way nobody knows whether the object was
written; a later attempt that then meets `ObjectExists` reads back what is there, and counts as success if it is byte
for byte what was to be written. A reader that breaks goes on at the byte it had reached, a listing after the name it
had reached; both are sound because objects never change.
"""

import io
import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, TypeVar

from storage.errors import ObjectExists, ObjectMissing, StorageError
from storage.objects.port import Bytes, Capabilities, ObjectStore, StoredObject
from storage.objects.reading import buffered, checked_range

_COMPARED = 1 << 20  # bytes read back at a time

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on trying. A pause is random between nothing and `first` · 2ⁿ, never above `longest` (seconds)."""

    attempts: int = 6
    first: float = 0.2
    longest: float = 10.0
    total: float = 60.0


class _Tries:
    """The count and the clock of one piece of work; the clock runs from its first fault, and progress ends both."""

    def __init__(self, store: "RetryingStore") -> None:
        self._store = store
        self._began = 0.0
        self.restart()

    def restart(self) -> None:
        self._failed = 0

    def pause_or_raise(self, fault: StorageError) -> None:
        """Waits before the next attempt, or raises `fault` where there is to be none."""
        patience = self._store.patience
        if not self._failed:
            self._began = self._store.clock()
        self._failed += 1
        pause = self._store.jitter(min(patience.longest, patience.first * 2 ** (self._failed - 1)))
        spent = self._store.clock() - self._began
        if not fault.retryable or self._failed >= patience.attempts or spent + pause > patience.total:
            raise fault
        self._store.sleep(pause)


def _full_jitter(ceiling: float) -> float:
    return random.uniform(0, ceiling)  # noqa: S311  spreads writers in time; nothing secret


class RetryingStore:
    """`store`, with faults that pass hidden from the caller as far as `patience` goes."""

    def __init__(
        self,
        store: ObjectStore,
        *,
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[float], float] = _full_jitter,
    ) -> None:
        self.store = store
        self.patience = patience or Patience()
        self.sleep = sleep
        self.clock = clock
        self.jitter = jitter

    @property
    def capabilities(self) -> Capabilities:
        return self._tried(lambda: self.store.capabilities)

    def put(self, key: str, parts: Iterable[Bytes]) -> StoredObject:
        """As the port says; tried again only if `parts` is a list or tuple, which can be given out twice."""
        if not isinstance(parts, list | tuple):
            return self.store.put(key, parts)
        tries, ambiguous = _Tries(self), False
        while True:
            try:
                return self.store.put(key, parts)
            except ObjectExists:
                ours = self._what_is_there(key, parts) if ambiguous else None
                if ours is None:
                    raise
                return ours
            except StorageError as fault:
                tries.pause_or_raise(fault)
                ambiguous = True

    def open(self, key: str, *, offset: int = 0, length: int | None = None) -> AbstractContextManager[BinaryIO]:
        checked_range(offset=offset, length=length)
        return buffered(_ResumingReader(self, key=key, offset=offset, length=length))

    def stat(self, key: str) -> StoredObject:
        return self._tried(lambda: self.store.stat(key))

    def list(self, prefix: str = "", *, after: str = "") -> Iterator[StoredObject]:
        tries = _Tries(self)
        while True:
            try:
                for found in self.store.list(prefix, after=after):
                    after = found.key
                    tries.restart()
                    yield found
            except StorageError as fault:
                tries.pause_or_raise(fault)
            else:
                return

    def delete(self, key: str) -> None:
        self._tried(lambda: self.store.delete(key))

    def close(self) -> None:
        self.store.close()

    def _tried(self, work: Callable[[], T]) -> T:
        tries = _Tries(self)
        while True:
            try:
                return work()
            except StorageError as fault:
                tries.pause_or_raise(fault)

    def _what_is_there(self, key: str, parts: Iterable[Bytes]) -> StoredObject | None:
        """The object if its bytes are those of `parts`, else None."""
        expected = [memoryview(part).cast("B") for part in parts if len(part)]
        try:
            found = self.stat(key)
            if found.size != sum(map(len, expected)):
                return None
            with self.open(key) as reader:
                same = all(
                    reader.read(min(_COMPARED, len(part) - start)) == part[start : start + _COMPARED]
                    for part in expected
                    for start in range(0, len(part), _COMPARED)
                )
        except ObjectMissing:
            return None
        return found if same else None


class _ResumingReader(io.RawIOBase):
    """Opened when made, so that what is missing is said then; opened again after a fault, where it had come to."""

    def __init__(self, store: RetryingStore, *, key: str, offset: int, length: int | None) -> None:
        self._store = store
        self._key = key
        self._offset = offset
        self._length = length
        self._reader: BinaryIO | None = None
        self._tries = _Tries(store)
        self._again(self._ensure_open)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # typeshed: any Buffer
        count = self._again(lambda: self._read(buffer))
        self._offset += count
        if self._length is not None:
            self._length -= count
        self._tries.restart()
        return count

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._let_go()

    def _read(self, buffer: bytearray | memoryview) -> int:
        # one read of the store at a time: what came before a fault is kept
        return self._ensure_open().readinto1(buffer)  # type: ignore[attr-defined, no-any-return]

    def _again(self, work: Callable[[], T]) -> T:
        while True:
            try:
                return work()
            except StorageError as fault:
                self._let_go()
                self._tries.pause_or_raise(fault)

    def _ensure_open(self) -> BinaryIO:
        if self._reader is None:
            opened = self._store.store.open(self._key, offset=self._offset, length=self._length)
            self._reader = opened.__enter__()
        return self._reader

    def _let_go(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()
