"""One takeover that several processes push into: they take turns, once they have met.

Ordinals are given before anything is sealed, so of two processes that begin at the same time one has done its work in
vain (`TakeoverOvertaken`). While nobody else writes nothing is locked and nothing asked. Once another is met, this
process numbers and commits only in its turn, until it has met nobody for `LASTS` seconds; whoever meets nobody because
he is always the first looks from time to time whether another has taken a turn. Without turns, of eight that pushed by
two processes some were refused within a second, after five attempts each.

Whoever has much to seal takes a turn before he has met anybody: to do that in vain costs more than a turn.

A turn is for the group that waits when it begins, and those that follow within `LONGEST`; then, if another wants it,
no more begin until it is given away. A turn that is waited for in vain, because whoever has it sleeps, is done without:
the commit looks whether the takeover has grown.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from threading import Lock

from repository.catalogue.errors import CatalogueError
from repository.catalogue.turns import Turn

LASTS = 1.0  # seconds; to meet once more costs one group that is sealed twice
EVERY = 0.1  # seconds between two looks for others
IDLE = 0.25  # seconds; whoever has written nothing for so long looks whether others have before he numbers anything
WITHOUT = 30.0  # seconds before a turn is asked for that was waited for in vain
LONGEST = 0.002  # seconds; while one has the turn the others receive and describe, and then they wait


class Sharing:
    """Of one takeover, in this process. Safe to share between threads."""

    def __init__(self, turn: Callable[[], Turn], *, ticks: Callable[[], float] = time.monotonic) -> None:
        self._made, self._ticks, self._lock = turn, ticks, Lock()
        self._turn: Turn | None = None
        self._within = 0  # groups on their way
        self._until = self._left = 0.0  # others are reckoned with; the last group ended
        self._next = self._without = 0.0  # they are looked for; and turns are taken again
        self._since: float | None = None  # when the turn began; None without one
        self._draining = False

    @property
    def draining(self) -> bool:
        """No group is to begin while any is on its way."""
        return self._draining

    def enter(self, *, much: bool = False) -> bool:
        """A group is on its way, and `much` waits to be sealed; `leave` follows, also where this raises what the
        catalogue raises. True where others may have written since this process looked: nothing of its own is on the way
        then."""
        with self._lock:
            self._within += 1
            dear = much and self._within == 1 and self._ticks() >= self._without
            if not dear:
                self._look_for_others()
            if self._within > 1:
                self._let_others()
                return False
            if dear or self._ticks() < self._until:
                return self._take()
            return self._ticks() - self._left >= IDLE

    def leave(self) -> None:
        """The group has ended, however it did."""
        with self._lock:
            self._within -= 1
            self._left = self._ticks()
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
        """The turn is this process's, whatever is on its way, or was waited for in vain. Within a group alone."""
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
        self._draining = False
        try:
            self._turn = self._turn or self._made()
            self._turn.take()
        except CatalogueError:  # a turn is not what anything relies on: what is wrong, the commit says
            self._until, self._without = 0.0, self._ticks() + WITHOUT
        else:
            self._since = self._ticks()
        return True

    def _met(self) -> None:
        if self._ticks() < self._without:
            return
        self._until = self._ticks() + LASTS
        self._draining = self._since is None and self._within > 0

    def _look_for_others(self) -> None:
        now = self._ticks()
        if self._since is not None or now < max(self._until, self._next, self._without):
            return
        self._next = now + EVERY
        self._let_go()
        with suppress(CatalogueError):
            self._turn = self._made()
            if self._turn.taken():
                self._met()

    def _let_others(self) -> None:
        if self._turn is None or self._since is None or self._draining or self._ticks() - self._since < LONGEST:
            return
        self._draining = self._turn.wanted()
        self._since = self._ticks()
