"""A store that waits where a test wants it to."""

import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from repository.runtime import Archive

PACK = "takeovers/"


class Gate:
    """A store whose `number`th pack waits, or fails with `fault`, once it is asked to keep it."""

    def __init__(self, archive: Archive, number: int, *, fault: Exception | None = None) -> None:
        self.came, self.free, self.fault = threading.Event(), threading.Event(), fault
        self._number, self._calls, self._lock = number, 0, threading.Lock()
        self._put: Callable[..., Any] = archive.store.put

    def put(self, key: str, parts: Iterable[bytes]) -> Any:
        with self._lock:
            self._calls += key.startswith(PACK)
            mine = key.startswith(PACK) and self._calls == self._number
        if mine:
            self.came.set()
            assert self.free.wait(60)
            if self.fault is not None:
                raise self.fault
        return self._put(key, parts)


def gated(archive: Archive, patch: pytest.MonkeyPatch, number: int, *, fault: Exception | None = None) -> Gate:
    gate = Gate(archive, number, fault=fault)
    patch.setattr(archive.store, "put", gate.put)
    return gate
