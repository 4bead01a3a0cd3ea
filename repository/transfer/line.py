"""The pushes that wait for one takeover, and the groups that are on their way into it.

One group at a time begins; several may be stored at one time; they are committed in the order in which they began. When
the next one may begin is a matter of speed alone:

* little waits: once those before it are stored, so that it gathers while they wait for the disk, and shares one commit
  with whoever else came;
* much waits (`AHEAD`): at once, so that hashing and encrypting go on beside writing;
* another process waits for its turn (`sharing`): once all before it are committed.

All of it is guarded by the one lock that it is given.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from repository.transfer.depositing import Depositing
from repository.transfer.group import Batch

GROUP_ITEMS, GROUP_BYTES = 2048, 32 << 20
AHEAD = 2 << 20  # bytes
MUCH = 2 << 20  # bytes; a turn and learning what others wrote take 0.06 ms of a processor (SQLite)
MOST_ON_THEIR_WAY = 3  # groups; each may hold `GROUP_BYTES` twice, as it came and sealed


class Line:
    def __init__(self, depositing: Depositing, lock: Lock) -> None:
        self.depositing = depositing
        self._waiting: deque[Batch] = deque()
        self._held = 0  # bytes of those that wait
        self._forming = False  # somebody takes the next group, or is told to
        self._storing, self._begun, self._ended, self._left = 0, 0, 0, 0  # groups
        self._lock = lock
        self._behind = dict[int, Lock]()  # those who wait for their turn to commit, by place; the next one is told

    @property
    def idle(self) -> bool:
        return not (self._waiting or self._forming or self._begun > self._left)

    @property
    def much(self) -> bool:
        """Whether much waits. Without the lock it may be out of date."""
        return self._held >= MUCH

    def add(self, batch: Batch) -> None:
        self._waiting.append(batch)
        self._held += batch.held

    def next_leader(self) -> Batch | None:
        """The batch whose thread is to take the next group, which it then must; None where it is not the time."""
        if self._forming or not self._waiting:
            return None
        on_their_way = self._begun - self._ended
        if on_their_way >= MOST_ON_THEIR_WAY or (self._storing and self._held < AHEAD):
            return None
        if on_their_way and self.depositing.draining:
            return None
        self._forming = True
        self._waiting[0].leads = True
        return self._waiting[0]

    def take(self) -> list[Batch]:
        """The longest waiting, at least one, up to the bounds of a group; those that were cancelled go with them."""
        group, items, held = list[Batch](), 0, 0
        while self._waiting:
            batch = self._waiting[0]
            items += len(batch.offers)
            held += batch.held
            if group and (items > GROUP_ITEMS or held > GROUP_BYTES):
                break
            group.append(self._waiting.popleft())
            self._held -= batch.held
            batch.leads = False
        return group

    def formed(self) -> int:
        """The group has begun, or never will; its place among those that commit."""
        self._forming = False
        self._begun += 1
        self._storing += 1
        return self._begun

    def stored(self) -> None:
        """A group is stored, or failed."""
        self._storing -= 1

    def left(self) -> None:
        """All that waited for a group have been told."""
        self._left += 1

    @contextmanager
    def turn(self, place: int) -> Iterator[BaseException | None]:
        """All groups that began before `place` have ended; afterwards, so has this one. The lock is free meanwhile.
        With what interrupted the thread while it waited, which is for later: others are in its group and behind it."""
        try:
            yield self._acquired(self._its_turn(place), place)
        finally:
            with self._lock:
                self._ended = place
                following = self._behind.pop(place + 1, None)
            if following is not None:
                following.release()

    def _its_turn(self, place: int) -> Lock:
        """Held until all before `place` have ended."""
        mine = Lock()
        with self._lock:
            if self._ended != place - 1:
                mine.acquire()
                self._behind[place] = mine
        return mine

    def _acquired(self, mine: Lock, place: int) -> BaseException | None:
        """All before `place` have ended. With the last of what interrupted this thread meanwhile.

        Whether they have is what is asked, and not whether the lock was got: a thread that is interrupted as it gets it
        has it, and is told otherwise. No `Condition`: one that is interrupted in the moment in which it has given its
        lock away raises without having it back.
        """
        interrupted = None
        while True:
            try:
                while self._ended != place - 1:
                    mine.acquire()
                break
            except BaseException as error:  # noqa: BLE001  others are in the group of this thread and behind it
                interrupted = error
        return interrupted
