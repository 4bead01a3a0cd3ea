"""Stores and catalogues that fail on purpose: at the nth change, as a crash would, or for some names, as a network."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import BinaryIO

from sqlalchemy import Connection

from repository.catalogue.catalogue import Catalogue
from repository.catalogue.engine import Room
from storage.errors import StoreUnavailable
from storage.objects.port import Bytes, Capabilities, ObjectStore, StoredObject


class Crash(BaseException):
    """The process is gone: nothing that handles errors may handle this."""


class Countdown:
    """Raises `Crash` at the nth change, before it or after it, and at every later one; counts them all."""

    def __init__(self, at: int = 1 << 30, *, after: bool = False) -> None:
        self.left, self.after, self.done = at, after, 0
        self._lock = threading.Lock()

    @contextmanager
    def change(self) -> Iterator[None]:
        with self._lock:
            self.left -= 1
            left = self.left
        if left < 0 or (left == 0 and not self.after):
            raise Crash
        yield
        self.done += 1
        if left == 0:
            raise Crash


class CrashingRoom(Room):
    """A room of the catalogue whose transactions are counted down, before the first statement or after the commit."""

    def __init__(self, room: Room, countdown: Countdown) -> None:
        vars(self).update(vars(room))
        self._countdown = countdown

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with self._countdown.change(), super().writing() as connection:
            yield connection


def crashing(catalogue: Catalogue, countdown: Countdown) -> Catalogue:
    """`catalogue`, whose changes are counted down."""
    return Catalogue(CrashingRoom(catalogue._room, countdown), now=catalogue._now)


class CrashingStore:
    """`inner`, whose changes are counted down; to read is always possible."""

    def __init__(self, inner: ObjectStore, countdown: Countdown) -> None:
        self._inner, self._countdown = inner, countdown

    @property
    def capabilities(self) -> Capabilities:
        return self._inner.capabilities

    def put(self, key: str, parts: Iterable[Bytes]) -> StoredObject:
        with self._countdown.change():
            return self._inner.put(key, parts)

    def delete(self, key: str) -> None:
        with self._countdown.change():
            self._inner.delete(key)

    def open(self, key: str, *, offset: int = 0, length: int | None = None) -> AbstractContextManager[BinaryIO]:
        return self._inner.open(key, offset=offset, length=length)

    def stat(self, key: str) -> StoredObject:
        return self._inner.stat(key)

    def list(self, prefix: str = "", *, after: str = "") -> Iterator[StoredObject]:
        return self._inner.list(prefix, after=after)

    def close(self) -> None:
        self._inner.close()


class FalteringStore(CrashingStore):
    """`inner`, which does not answer for names that `fails` picks: neither to read, nor to look, nor to list."""

    def __init__(self, inner: ObjectStore, fails: Callable[[str], bool]) -> None:
        super().__init__(inner, Countdown())
        self._fails = fails

    def open(self, key: str, *, offset: int = 0, length: int | None = None) -> AbstractContextManager[BinaryIO]:
        self._answer(key)
        return super().open(key, offset=offset, length=length)

    def stat(self, key: str) -> StoredObject:
        self._answer(key)
        return super().stat(key)

    def list(self, prefix: str = "", *, after: str = "") -> Iterator[StoredObject]:
        self._answer(prefix)
        return super().list(prefix, after=after)

    def put(self, key: str, parts: Iterable[Bytes]) -> StoredObject:
        self._answer(key)
        return super().put(key, parts)

    def _answer(self, key: str) -> None:
        if self._fails(key):
            raise StoreUnavailable(reason="a test")
