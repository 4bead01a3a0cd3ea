"""The request that is being done here, and that something of it was written: in one transaction with what was written.

A process may die between what it has done and the answer that it would keep (`requests_once.py`). Then the request must
not be done again, and nobody else can know that it was done. So every transaction of whoever does it marks its row.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from sqlalchemy import Connection, update

from repository.catalogue.request_tables import request_once

MARKED = -1  # status of a request of which something was written, and which has no answer


@dataclass(frozen=True, slots=True)
class Doing:
    """`until`: the instant up to which it is not done again, should it never be answered."""

    key: str
    until: str


_doing: ContextVar[Doing | None] = ContextVar("doing", default=None)


def current() -> Doing | None:
    """What this thread does, if it has a key."""
    return _doing.get()


@contextmanager
def done_here(doing: Doing) -> Iterator[None]:
    """Whatever this thread writes meanwhile marks the request."""
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
