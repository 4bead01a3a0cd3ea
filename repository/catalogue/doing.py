"""The request that is being done here, and what of it was written: noted in one transaction with what was written.

A process may die between what it has done and the answer that it would keep (`requests_once.py`). Then the request must
not be done again, and nobody else can know that it was done. So every transaction of whoever does it marks its row, and
notes the deeds, jobs and takeovers that it made, by which the answer is made anew. Accounts mark nothing: whoever only
looked has done nothing that could be done twice.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import Connection, select, update

from repository.catalogue.request_tables import request_once
from repository.catalogue.text import packed, unpacked

MARKED = -1  # status of a request of which something was written, and which has no answer
OPEN = (0, MARKED)
BY = "by"  # in the answer that there is not yet: who does it, a name of `repository/liveness.py`


@dataclass(frozen=True, slots=True)
class Doing:
    """`until`: the instant up to which it is not done again, should it never be answered."""

    key: str
    until: str


@dataclass(frozen=True, slots=True)
class Written:
    """What a request has made, in order: numbers of deeds and of jobs, ids of takeovers."""

    deeds: Sequence[int] = ()
    jobs: Sequence[int] = ()
    takeovers: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.deeds or self.jobs or self.takeovers)

    def plus(self, more: "Written") -> "Written":
        return Written([*self.deeds, *more.deeds], [*self.jobs, *more.jobs], [*self.takeovers, *more.takeovers])

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> "Written":
        """From the row of a request that has no answer."""
        return cls(**{each.name: answer.get(each.name, ()) for each in fields(cls)})

    def body(self) -> dict[str, list[Any]]:
        """As the row of the request has it; besides, before there is an answer, only who does it."""
        return {name: list(part) for name, part in asdict(self).items() if part}


_doing: ContextVar[Doing | None] = ContextVar("doing", default=None)


def current() -> Doing | None:
    """What this thread does, if it has a key."""
    return _doing.get()


@contextmanager
def done_here(doing: Doing | None) -> Iterator[None]:
    """Whatever this thread writes meanwhile marks the request; None: marks none."""
    before = _doing.set(doing)
    try:
        yield
    finally:
        _doing.reset(before)


def mark(connection: Connection, requests: Collection[Doing | None]) -> None:
    """Something of `requests` is written if the transaction is committed."""
    there = request_once.c
    for each in {one for one in requests if one is not None}:
        found = update(request_once).where(there.key == each.key, there.status == 0)
        connection.execute(found.values(status=MARKED, until=each.until))


def mark_made(connection: Connection, doing: Doing | None, made: Written) -> None:
    """As `mark`, and `made` is what was written for it. One that has its answer keeps that."""
    if doing is None:
        return
    mine = (request_once.c.key == doing.key) & request_once.c.status.in_(OPEN)
    row = connection.execute(select(request_once.c.answer).where(mine).with_for_update()).one_or_none()
    if row is not None:
        before = unpacked(row.answer)
        whole = packed({**before, **Written.of(before).plus(made).body()})
        connection.execute(update(request_once).where(mine).values(status=MARKED, until=doing.until, answer=whole))
