"""The catalogue as the holder of a job sees it: every transaction first checks that the job is still held.

A worker can be stopped for minutes (a suspended machine, a full swap) and go on as if nothing had happened, while
another has taken over its job. Looking at a clock or at a flag before writing leaves a gap between looking and writing;
here both are one transaction. In SQLite writers come one by one; in PostgreSQL the row of the job is locked FOR SHARE
until the commit, and whoever leases the job or gives it up has to wait for that, or passes it over.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, select

from repository.catalogue.catalogue import Catalogue
from repository.catalogue.engine import Room
from repository.catalogue.errors import LeaseLost
from repository.catalogue.jobs import Job, JobState
from repository.catalogue.tables import job


class FencedRoom(Room):
    """The same room, entered only while `held` is leased in its generation. Closing it closes nothing."""

    def __init__(self, room: Room, held: Job) -> None:
        vars(self).update(vars(room))  # the engine and the writers' queue are shared, not made anew
        self._held = held

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with super().writing() as connection:
            self._check(connection, lock=not self.sqlite)
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with super().reading() as connection:
            self._check(connection, lock=False)
            yield connection

    @contextmanager
    def reading_one_state(self) -> Iterator[Connection]:
        with super().reading_one_state() as connection:
            self._check(connection, lock=False)
            yield connection

    def close(self) -> None:
        pass

    def _check(self, connection: Connection, *, lock: bool) -> None:
        mine = (job.c.id == self._held.id) & (job.c.generation == self._held.generation)
        row = select(job.c.id).where(mine, job.c.state == JobState.LEASED.value)
        if connection.execute(row.with_for_update(read=True) if lock else row).first() is None:
            raise LeaseLost(job=self._held.id)


def fenced(catalogue: Catalogue, held: Job) -> Catalogue:
    """`catalogue`, which raises `LeaseLost` instead of reading or writing once `held` is another's, or ended."""
    return Catalogue(FencedRoom(catalogue._room, held), now=catalogue._now)  # noqa: SLF001  its own package
