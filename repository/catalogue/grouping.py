"""One transaction for what several threads want written at the same time.

Each deed has to be durable before anything is done on its ground, and waiting for the disk (fsync) is most of what
that takes. So of the threads that come while another one writes, one writes for all of them. Promised to each of them:

* `add` returns what became of its own things, once the transaction that holds them is durable, and never before;
* what one of them cannot write does not keep another from writing: then each is written by itself;
* nothing is written twice: where it is not known whether a commit went through, nobody tries again, and all are told.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from repository.catalogue.errors import (
    CatalogueBusy,
    CatalogueDamaged,
    CatalogueFull,
    CatalogueReadOnly,
    CatalogueUnavailable,
)

T = TypeVar("T")
R = TypeVar("R")
_OF_ALL = (CatalogueBusy, CatalogueDamaged, CatalogueFull, CatalogueReadOnly, CatalogueUnavailable)
"""What the database says whatever is written: to ask it again for each would take as long again for each."""


@dataclass(slots=True, eq=False)
class _Waiting(Generic[T, R]):
    things: Sequence[T]
    written: list[R] = field(default_factory=list)
    error: BaseException | None = None
    done: bool = False
    writes: bool = False  # its thread is the one that does

    def told(self, written: Sequence[R] = (), *, error: BaseException | None = None) -> None:
        self.written, self.error, self.done = list(written), error, True


class Turn(Generic[T, R]):
    """What one transaction writes. Whoever writes calls `take` once it may write, then `settle` with what came of it,
    as the last thing before the commit."""

    def __init__(self, take: Callable[[], list[_Waiting[T, R]]]) -> None:
        self._take = take
        self.members: list[_Waiting[T, R]] | None = None
        self.written: list[R] | None = None

    def take(self) -> list[T]:
        """The things of all who wait now, in their order."""
        self.members = self._take()
        return [thing for member in self.members for thing in member.things]

    def settle(self, written: list[R]) -> None:
        """`written` is what became of them, one for each, and holds once the commit returns."""
        self.written = written

    def blames_one(self, error: BaseException) -> bool:
        """Whether all was undone, and because of what one of several members wanted."""
        several = self.members is not None and len(self.members) > 1
        return several and self.written is None and isinstance(error, Exception) and not isinstance(error, _OF_ALL)


class Queue(Generic[T, R]):
    """Threads that want something written. `write` is called by one of them at a time, for all that wait."""

    def __init__(self, write: Callable[[Turn[T, R]], None], *, most: int) -> None:
        """`most`: how many things a transaction takes, unless one member alone has more."""
        self._write = write
        self._most = most
        self._waiting: list[_Waiting[T, R]] = []
        self._changed = threading.Condition()
        self._writing = False

    def add(self, things: Sequence[T]) -> list[R]:
        """What became of `things`, durable. Raises what writing them raised, and then none of them is written, unless
        the commit itself failed: then it is not known, as ever."""
        mine: _Waiting[T, R] = _Waiting(things)
        try:
            if self._joined(mine):
                while not mine.done:
                    self._write_some()
        finally:  # wherever it was interrupted
            if mine.writes:
                self._leave(mine)
        if mine.error is not None:
            raise mine.error
        return mine.written

    def _joined(self, mine: _Waiting[T, R]) -> bool:
        """Whether this thread has to write: nobody else does, and its things are not written."""
        with self._changed:
            self._waiting.append(mine)
            try:
                while self._writing and not mine.done:
                    self._changed.wait()
            except BaseException:  # interrupted: nobody waits for it any more
                if mine in self._waiting:
                    self._waiting.remove(mine)
                raise
            if mine.done:
                return False
            mine.writes = self._writing = True
            return True

    def _leave(self, mine: _Waiting[T, R]) -> None:
        with self._changed:
            if mine in self._waiting:
                self._waiting.remove(mine)
            self._writing = False
            self._changed.notify_all()

    def _next(self, among: Sequence[_Waiting[T, R]] | None = None) -> list[_Waiting[T, R]]:
        """The first that wait, or those of `among` that still do; they wait no longer."""
        with self._changed:
            taken: list[_Waiting[T, R]] = []
            count = 0
            for each in self._waiting if among is None else among:
                if each not in self._waiting:
                    continue
                if taken and count + len(each.things) > self._most:
                    break
                taken.append(each)
                count += len(each.things)
            self._waiting = [each for each in self._waiting if each not in taken]
            return taken

    def _write_some(self) -> None:
        with self._changed:
            present = list(self._waiting)
        turn = Turn(self._next)
        try:
            self._write(turn)
        except BaseException as error:  # each is told, or it would wait for ever
            # Who came while this one waited in vain for the database may yet have a better time of it.
            members = self._next(present) if turn.members is None else turn.members
            if turn.blames_one(error):
                self._write_each(members)
            else:
                self._fail(members, error)
            if not isinstance(error, Exception):
                raise
            return
        self._tell(turn)

    def _write_each(self, members: Sequence[_Waiting[T, R]]) -> None:
        for place, member in enumerate(members):
            turn = Turn(lambda one=member: [one])  # type: ignore[misc]  # bound now, and called without it
            try:
                self._write(turn)
            except Exception as error:  # noqa: BLE001  whatever it is, it is this one's
                member.told(error=error)
            except BaseException as error:
                self._fail(members[place:], error)
                raise
            else:
                self._tell(turn)

    def _tell(self, turn: Turn[T, R]) -> None:
        if turn.members is None or turn.written is None:
            raise RuntimeError("internal: a turn that was not taken")
        start = 0
        for member in turn.members:
            member.told(turn.written[start : start + len(member.things)])
            start += len(member.things)
        with self._changed:
            self._changed.notify_all()

    def _fail(self, members: Sequence[_Waiting[T, R]], error: BaseException) -> None:
        """An interruption is meant for the thread that writes, and is no error of the others'."""
        told = error if isinstance(error, Exception) else CatalogueUnavailable(reason="interrupted")
        for member in members:
            member.told(error=told)
