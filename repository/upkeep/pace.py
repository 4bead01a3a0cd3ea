"""A limit on how fast bytes are read, over all threads."""

import time
from collections.abc import Callable
from threading import Lock


class Pace:
    """At most `bytes_per_second` on average; 0 is no limit. `spend` waits until the bytes are affordable."""

    def __init__(
        self,
        bytes_per_second: int = 0,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate, self._clock, self._sleep = bytes_per_second, clock, sleep
        self._free_at, self._lock = clock(), Lock()

    def spend(self, size: int) -> None:
        if not self._rate:
            return
        with self._lock:
            now = self._clock()
            self._free_at = max(now, self._free_at) + size / self._rate
            wait = self._free_at - size / self._rate - now
        if wait > 0:
            self._sleep(wait)
