"""How often, how long, and what is made of an ambiguous put; the faults are scripted, the clock is not real."""

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO

import pytest

from storage.errors import (
    ObjectExists,
    ObjectMissing,
    StorageError,
    StoreFull,
    StoreLied,
    StoreRefused,
    StoreUnavailable,
)
from storage.objects.memory import MemoryStore
from storage.objects.port import Bytes, StoredObject
from storage.objects.retrying import Patience, RetryingStore

GONE = StoreUnavailable(reason="scripted")


class Faulty(MemoryStore):
    """Raises the next scripted fault before (or, for `after`, behind) each call it is meant for."""

    def __init__(self) -> None:
        super().__init__()
        self.before: list[StorageError | None] = []
        self.after: list[StorageError | None] = []
        self.break_reader_at: list[int] = []
        self.calls = 0

    def _next(self, faults: list[StorageError | None]) -> None:
        fault = faults.pop(0) if faults else None
        if fault is not None:
            raise fault

    def put(self, key: str, parts: Iterable[Bytes]) -> StoredObject:
        self.calls += 1
        self._next(self.before)
        stored = super().put(key, parts)
        self._next(self.after)
        return stored

    def stat(self, key: str) -> StoredObject:
        self.calls += 1
        self._next(self.before)
        return super().stat(key)

    def open(self, key: str, *, offset: int = 0, length: int | None = None) -> AbstractContextManager[BinaryIO]:
        self.calls += 1
        self._next(self.before)
        with super().open(key, offset=offset, length=length) as reader:
            content = reader.read()
        return io.BufferedReader(Breaking(content, at=self.break_reader_at.pop(0) if self.break_reader_at else None))

    def list(self, prefix: str = "", *, after: str = "") -> Iterator[StoredObject]:
        for found in super().list(prefix, after=after):
            self.calls += 1
            self._next(self.before)
            yield found


class Breaking(io.RawIOBase):
    def __init__(self, content: bytes, *, at: int | None) -> None:
        self._content, self._at, self._read = content, at, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        if self._at is not None and self._read >= self._at:
            raise GONE
        stop = len(self._content) if self._at is None else self._at
        piece = self._content[self._read : min(stop, self._read + len(buffer))]
        buffer[: len(piece)] = piece
        self._read += len(piece)
        return len(piece)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def inner() -> Faulty:
    return Faulty()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(inner: Faulty, clock: Clock) -> RetryingStore:
    return RetryingStore(
        inner,
        patience=Patience(attempts=5, first=1.0, longest=3.0, total=100.0),
        sleep=clock.sleep,
        clock=lambda: clock.now,
        jitter=lambda ceiling: ceiling,
    )


def test_pauses_grow_up_to_the_longest_and_attempts_end(store: RetryingStore, inner: Faulty, clock: Clock) -> None:
    inner.before = [GONE] * 10
    with pytest.raises(StoreUnavailable):
        store.stat("o")
    assert inner.calls == 5
    assert clock.pauses == [1.0, 2.0, 3.0, 3.0]


def test_the_total_time_ends_the_attempts_too(inner: Faulty, clock: Clock) -> None:
    patience = Patience(attempts=1000, first=1.0, longest=8.0, total=20.0)
    store = RetryingStore(inner, patience=patience, sleep=clock.sleep, clock=lambda: clock.now, jitter=lambda c: c)
    inner.before = [GONE] * 1000
    with pytest.raises(StoreUnavailable):
        store.stat("o")
    assert clock.pauses == [1.0, 2.0, 4.0, 8.0]
    assert clock.now <= 20.0


@pytest.mark.parametrize(
    "fault", [StoreFull(), StoreRefused(reason="x"), ObjectMissing(key="o"), ObjectExists(key="o")]
)
def test_what_does_not_pass_is_not_tried_again(
    store: RetryingStore, inner: Faulty, clock: Clock, fault: StorageError
) -> None:
    verbs: list[Callable[[], object]] = [
        lambda: store.put("o", [b"x"]),
        lambda: store.stat("o"),
        lambda: store.open("o"),
    ]
    for verb in verbs:
        inner.before = [fault]
        with pytest.raises(type(fault)):
            verb()
    assert clock.pauses == []
    assert inner.calls == len(verbs)


@pytest.mark.parametrize("fault", [GONE, StoreLied(key="o")])
def test_an_object_that_was_written_by_the_failed_attempt_is_a_success(
    store: RetryingStore, inner: Faulty, fault: StorageError
) -> None:
    inner.after = [fault]
    parts = [b"ab", bytearray(b""), memoryview(b"c" * 3_000_000)]
    assert store.put("o", parts) == StoredObject(key="o", size=3_000_002)


@pytest.mark.parametrize("other", [b"xyz", b"abd", b"abcd", b""])
def test_another_writers_object_met_after_a_fault_is_not_ours(
    store: RetryingStore, inner: Faulty, other: bytes
) -> None:
    inner.put("o", [other])
    inner.before = [GONE]
    with pytest.raises(ObjectExists):
        store.put("o", [b"ab", b"c"])
    with inner.open("o") as reader:
        assert reader.read() == other


def test_reading_back_survives_faults_of_its_own(store: RetryingStore, inner: Faulty) -> None:
    inner.after = [GONE]
    inner.before = [None, None, GONE, None, GONE]  # first put, second put, stat, stat again, open
    assert store.put("o", [b"abc"]).size == 3


def test_parts_that_cannot_be_given_out_twice_are_given_out_once(store: RetryingStore, inner: Faulty) -> None:
    inner.before = [GONE]
    with pytest.raises(StoreUnavailable):
        store.put("o", (part for part in [b"x"]))
    assert inner.calls == 1


def test_a_reader_resumes_and_progress_renews_its_patience(store: RetryingStore, inner: Faulty) -> None:
    content = bytes(range(256)) * 400
    inner.put("o", [content])
    inner.break_reader_at = [10_000] * 9  # more faults than attempts, each after some progress
    with store.open("o") as reader:
        assert reader.read(100_000) == content[:100_000]
        assert reader.read() == content[100_000:]


def test_a_reader_that_gets_nowhere_gives_up(store: RetryingStore, inner: Faulty) -> None:
    inner.put("o", [b"x" * 100])
    inner.break_reader_at = [0] * 100
    with store.open("o") as reader, pytest.raises(StoreUnavailable):
        reader.read()


def test_a_listing_goes_on_after_the_last_name(store: RetryingStore, inner: Faulty) -> None:
    names = [f"n{number:02}" for number in range(20)]
    for name in names:
        inner.put(name, [b"x"])
    inner.before = [None, None, GONE, None, GONE, GONE, GONE, None] * 3
    assert [found.key for found in store.list()] == names


def test_missing_is_said_when_opening_and_not_when_reading(store: RetryingStore) -> None:
    with pytest.raises(ObjectMissing):
        store.open("never")
