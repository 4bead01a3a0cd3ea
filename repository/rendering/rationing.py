"""How many bytes of decoded pixels are in memory at one time, until whoever takes them has them."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from repository.rendering.errors import PixelsBusy

_LOOK = 0.5  # seconds between two calls of `waiting`


class Ration:
    """`most` bytes at one time; what is larger alone has all of it to itself. Whoever comes first is served first, so
    that what is small does not pass by what is large for ever. Safe to share between threads."""

    def __init__(self, most: int, *, patience: float) -> None:
        self._most, self._patience = most, patience
        self._taken = 0
        self._changed = threading.Condition()
        self._line: deque[object] = deque()  # of those who wait

    @contextmanager
    def taken(self, size: int, *, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
        """`size` bytes while the block runs; `waiting` is called now and then until there is room, and may raise.
        Raises `PixelsBusy` after the patience."""
        size, until, turn = min(max(size, 0), self._most), time.monotonic() + self._patience, object()
        with self._changed:
            self._line.append(turn)
        try:
            while not self._take(turn, size, until=until):
                if time.monotonic() >= until:
                    raise PixelsBusy
                waiting()
        finally:
            with self._changed:
                self._line.remove(turn)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._taken -= size
                self._changed.notify_all()

    def _take(self, turn: object, size: int, *, until: float) -> bool:
        with self._changed:
            left = min(_LOOK, max(0.0, until - time.monotonic()))
            if not self._changed.wait_for(lambda: self._line[0] is turn and self._taken + size <= self._most, left):
                return False
            self._taken += size
            return True
