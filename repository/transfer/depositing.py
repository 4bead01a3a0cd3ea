"""A group of offers becomes holdings of an open takeover: sealed, catalogued, in the log; one transaction for all.

    begin   offers, in order → ordinals → sort, pack            one group at a time
    store   seal, and store durably                             beside whatever else goes on
    commit  items, packs, deeds and log entries in one commit   in the order in which groups began → outcomes

Promised: what an outcome tells is durable. A group that fails leaves no row; its objects are orphans, taken back where
it is sure that nothing knows them, and reaped when the takeover is closed. What this process knows of the takeover is
forgotten with it and read anew, so that a guess never outlives its ground: groups that began on that ground meanwhile
find it gone when their turn to commit comes, and begin again.
"""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from threading import Lock

from repository.catalogue.depositing import TakeoverOver, TakeoverOvertaken
from repository.catalogue.turns import Turn
from repository.domain.takeover import State
from repository.intake import record_opening
from repository.runtime import Archive
from repository.transfer.errors import NotLive
from repository.transfer.group import Batch, Group, Known
from repository.transfer.offering import Outcome
from repository.transfer.opening import DETAIL
from repository.transfer.sharing import Sharing

ATTEMPTS, PATIENCE = 5, 10.0  # at least, and seconds: until other processes know that this one is there as well


class Depositing:
    """One open takeover. `begin` for one group at a time; `commit`, or else `alone`, for one at a time, in the order in
    which they began."""

    def __init__(self, archive: Archive, takeover: str, *, pool: Executor) -> None:
        self._archive, self._id, self._pool = archive, takeover, pool
        self._known: Known | None = None
        self._lock = Lock()
        self._sharing = Sharing(self._turn)

    @property
    def draining(self) -> bool:
        """No group is to begin while any is on its way: another process waits for its turn."""
        return self._sharing.draining

    def enter(self, *, much: bool = False) -> None:
        """A group is on its way, and `much` is to be sealed; `leaving` follows, also where this raises what the
        catalogue raises."""
        if self._sharing.enter(much=much):
            self._catch_up()

    @contextmanager
    def leaving(self) -> Iterator[None]:
        """Afterwards the group is on its way no more."""
        try:
            yield
        finally:
            self._sharing.leave()

    def close(self) -> None:
        """Nothing is on its way, and nothing is held open."""
        self._sharing.close()

    def begin(self, batches: Sequence[Batch]) -> Group:
        """A group that has its ordinals; nothing is written yet. Raises `TakeoverOver`, `NotLive`."""
        with self._lock:
            known, self._known = self._known or self._read(), None
            group = Group(self._archive, known, batches, pool=self._pool)
            self._known = known  # not after an error: ordinals were given that nobody has
            return group

    def commit(self, group: Group) -> list[list[Outcome]]:
        """What became of each batch of a group that is stored, durable. Raises `TakeoverOver`, `TakeoverOvertaken` and
        what the catalogue raises; then nothing of it was deposited, but for a catalogue that failed in the moment of
        the commit: repeated, the same bytes are then duplicates."""
        with self._lock:
            stands = group.known is self._known
        if not stands:
            group.take_back()
            raise TakeoverOvertaken(takeover=self._id)
        try:
            outcomes = group.commit()
        except TakeoverOvertaken:
            self._sharing.met()
            self.forget(group)
            raise
        except BaseException:
            self.forget(group)
            raise
        with self._lock:
            group.committed()
        return outcomes

    def forget(self, group: Group) -> None:
        """The group failed: its ordinals are nobody's, and what came after them has to be numbered anew."""
        with self._lock:
            if self._known is group.known:
                self._known = None

    def alone(self, batches: Sequence[Batch]) -> list[list[Outcome]]:
        """All three steps while no other group begins. Raises as `begin`, `Group.store` and `commit`."""
        self._sharing.insist()
        with self._lock:
            until, attempts = time.monotonic() + PATIENCE, 0
            while True:
                self._known = None
                known = self._read()
                group = Group(self._archive, known, batches, pool=self._pool)
                group.store()
                try:
                    outcomes = group.commit()
                except TakeoverOvertaken:
                    attempts += 1
                    if attempts >= ATTEMPTS and time.monotonic() > until:
                        raise
                    continue
                group.committed()
                self._known = known
                return outcomes

    def _turn(self) -> Turn:
        catalogue = self._archive.catalogue
        return catalogue.depositing.turn(catalogue.takeover(self._id).number)

    def _catch_up(self) -> None:
        """What other processes have written since is known."""
        with self._lock:
            known, self._known = self._known, None
            if known is None:
                return
            before = known.last
            caught_up = known.catch_up()
            if caught_up:
                self._known = known  # not after an error: it may know half of it
        if not caught_up or known.last != before:
            self._sharing.met()

    def _read(self) -> Known:
        self._archive.log.confirm()
        takeover = self._archive.catalogue.takeover(self._id)
        if not takeover.live:
            raise NotLive(takeover=takeover.id)
        if takeover.state is not State.RECEIVING:
            raise TakeoverOver(takeover=takeover.id)
        if not self._archive.catalogue.events(takeover.number):  # stopped between the takeover and its opening
            record_opening(self._archive, takeover, detail=DETAIL)
        return Known(self._archive, takeover)
