"""How often each key may: a sliding window out of two counts, that of the last window weighted by what is left of it.

Two tables of counts and nothing that runs: a key that is silent for two windows is forgotten with its table.
"""

import time
from collections import Counter
from collections.abc import Callable
from threading import Lock

MINUTE = 60.0


class Rate:
    """At most `most` in any window of `seconds`, taking those of the last window as evenly spread."""

    def __init__(self, most: int, *, seconds: float = MINUTE, now: Callable[[], float] = time.monotonic) -> None:
        self._most, self._seconds, self._now = most, seconds, now
        self._window = 0
        self._last: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        self._lock = Lock()

    def hit(self, key: str) -> bool:
        """Whether one more is allowed now; it is counted if so."""
        with self._lock:
            window, elapsed = divmod(self._now(), self._seconds)
            self._turn(int(window))
            carried = self._last[key] * (1 - elapsed / self._seconds)
            if carried + self._counts[key] + 1 > self._most:
                return False
            self._counts[key] += 1
            return True

    def wait(self, key: str) -> int:
        """Seconds, at least one, after which one more is allowed if none comes meanwhile."""
        with self._lock:
            window, elapsed = divmod(self._now(), self._seconds)
            self._turn(int(window))
            left, last, count = self._seconds - elapsed, self._last[key], self._counts[key]
            if count + 1 > self._most:  # in the next window this one's count fades as the last one's does now
                return _whole(left + self._seconds * (1 - (self._most - 1) / count))
            free = self._seconds * (1 - (self._most - 1 - count) / last) if last else 0.0
            return _whole(free - elapsed)

    def _turn(self, window: int) -> None:
        if window != self._window:
            self._last = self._counts if window == self._window + 1 else Counter()
            self._counts, self._window = Counter(), window


def _whole(seconds: float) -> int:
    return max(1, int(seconds) + 1)
