"""Stores that fail on purpose: at the nth write, as a crash would, or for some names, as a network would."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO

from storage.errors import StoreUnavailable
from storage.objects.port import Bytes, Capabilities, ObjectStore, StoredObject


class Crash(BaseException):
    """The process is gone: nothing that handles errors may handle this."""


class Countdown:
    """Raises `Crash` at the nth change, before it or after it, and at every later one; counts them all."""

    def __init__(self, at: int = 1 << 30, *, after: bool = False) -> None:
        self.left, self.after, self.done = at, after, 0

    def around(self, change: Callable[[], StoredObject | None]) -> StoredObject | None:
        self.left -= 1
        if self.left < 0 or (self.left == 0 and not self.after):
            raise Crash
        result = change()
        self.done += 1
        if self.left == 0:
            raise Crash
        return result


class CrashingStore:
    """`inner`, whose changes are counted down; to read is always possible."""

    def __init__(self, inner: ObjectStore, countdown: Countdown) -> None:
        self._inner, self._countdown = inner, countdown

    @property
    def capabilities(self) -> Capabilities:
        return self._inner.capabilities

    def put(self, key: str, parts: Iterable[Bytes]) -> StoredObject:
        stored = self._countdown.around(lambda: self._inner.put(key, parts))
        assert stored is not None
        return stored

    def delete(self, key: str) -> None:
        self._countdown.around(lambda: self._inner.delete(key))

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
