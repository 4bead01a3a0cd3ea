"""One takeover that several processes push into: they take turns, once they have met.

Ordinals are given before anything is sealed, so of two processes that begin at the same time one has done its work in
vain (`TakeoverOvertaken`). While nobody else writes nothing is locked and nothing asked. Once another is met, this
process numbers and commits only in its turn, until it has met nobody for `LASTS` seconds; whoever meets nobody because
he is always the first looks from time to time whether another has taken a turn. Without turns, of eight that pushed by
two processes some were refused within a second, after five attempts each.

A turn has as many groups as are on their way when it began and follow within `LONGEST`; then, if another wants it, no
more begin until it is given away.
"""

import time
from collections.abc import Callable
from threading import Lock

from repository.catalogue.turns import Turn

LASTS = 10.0
EVERY = 0.1  # seconds between two looks for others
LONGEST = 0.05  # seconds: some ten groups, each of which shares its commit; what others wait is not felt


class Sharing:
    """Of one takeover, in this process. Safe to share between threads."""

    def __init__(self, turn: Callable[[], Turn], *, ticks: Callable[[], float] = time.monotonic) -> None:
        self._made, self._ticks, self._lock = turn, ticks, Lock()
        self._turn: Turn | None = None
        self._within = 0  # groups on their way
        self._until = self._next = 0.0  # others are reckoned with; they are looked for
        self._since: float | None = None  # when the turn began; None without one
        self._draining = False

    @property
    def draining(self) -> bool:
        """No group is to begin while any is on its way."""
        return self._draining

    def enter(self) -> bool:
        """A group is on its way; `leave` follows, also where this raises what `Turn.take` raises. True where others may
        have written since this process looked: nothing of its own is on the way then."""
        with self._lock:
            self._within += 1
            self._look_for_others()
            if self._within > 1:
                self._let_others()
                return False
            return self._ticks() < self._until and self._take()

    def leave(self) -> None:
        """The group has ended, however it did."""
        with self._lock:
            self._within -= 1
            if self._within:
                return
            self._draining = False
            if self._turn is not None and self._since is not None:
                self._since = None
                self._turn.give()

    def met(self) -> None:
        """Another process has been seen to write."""
        with self._lock:
            self._met()

    def insist(self) -> None:
        """The turn is this process's, whatever is on its way. Raises what `Turn.take` raises. Within a group alone."""
        with self._lock:
            if self._since is None and self._ticks() < self._until:
                self._take()

    def close(self) -> None:
        """Nothing is on its way, and nothing is held open."""
        with self._lock:
            self._let_go()

    def _let_go(self) -> None:
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.close()

    def _take(self) -> bool:
        self._turn = self._turn or self._made()
        self._turn.take()
        self._since, self._draining = self._ticks(), False
        return True

    def _met(self) -> None:
        self._until = self._ticks() + LASTS
        self._draining = self._since is None and self._within > 0

    def _look_for_others(self) -> None:
        now = self._ticks()
        if self._since is not None or now < self._until or now < self._next:
            return
        self._next = now + EVERY
        self._let_go()
        self._turn = self._made()
        if self._turn.taken():
            self._met()

    def _let_others(self) -> None:
        if self._turn is None or self._since is None or self._draining or self._ticks() - self._since < LONGEST:
            return
        self._draining = self._turn.wanted()
        self._since = self._ticks()
