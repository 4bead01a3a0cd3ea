"""Jobs are rows: long work that survives the process that does it.

A worker holds a job by a lease: a time and a *generation*. The time says when others may take it; the generation
says who holds it. Clocks may differ or run backwards: then a lease is taken early or late, and still only the holder
of the last generation can renew or end the job. What the others did is not taken.

Where the holder was a process of this machine that is surely gone (`repository/liveness.py`), its time is over once
somebody asks on this machine; in every doubt it runs.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from repository.catalogue.desk import Desk
from repository.catalogue.doing import Written, current, mark_made
from repository.catalogue.errors import LeaseLost
from repository.catalogue.tables import job
from repository.catalogue.text import packed, unpacked
from repository.clock import instant
from repository.liveness import surely_gone

ATTEMPTS = 5
WORN_OUT = "JOB-ATTEMPTS"  # the code of a job whose workers all vanished
CANCELLED = "JOB-CANCELLED"  # the code of a job that somebody took back before it was begun


class JobState(StrEnum):
    WAITING = "waiting"
    LEASED = "leased"
    DONE = "done"
    FAILED = "failed"


OPEN = (JobState.WAITING.value, JobState.LEASED.value)


@dataclass(frozen=True, slots=True)
class Job:
    """`subject` is an id, never personal data. `due_at`: not before (waiting), or when the lease ends (leased)."""

    id: int
    kind: str
    subject: str
    key: str
    state: JobState
    owner: str
    generation: int
    due_at: str
    attempts: int
    attempts_most: int
    code: str
    result: Mapping[str, Any]
    done: int
    total: int
    enqueued_at: str
    changed_at: str


def _read(row: Row[*tuple[Any, ...]]) -> Job:
    return Job(
        id=row.id,
        kind=row.kind,
        subject=row.subject,
        key=row.key,
        state=JobState(row.state),
        owner=row.owner,
        generation=row.generation,
        due_at=row.due_at,
        attempts=row.attempts,
        attempts_most=row.attempts_most,
        code=row.code,
        result=unpacked(row.result),
        done=row.done,
        total=row.total,
        enqueued_at=row.enqueued_at,
        changed_at=row.changed_at,
    )


class Jobs(Desk):
    def enqueue(self, kind: str, subject: str, *, key: str, attempts: int = ATTEMPTS) -> Job:
        """There is one job with this `key`: a new one, or the one that was there, in whatever state it is."""
        now = instant(self._now())
        row = {
            "kind": kind, "subject": subject, "key": key, "state": JobState.WAITING.value, "owner": "",
            "generation": 0, "due_at": now, "attempts": 0, "attempts_most": attempts, "code": "",
            "result": packed({}), "done": 0, "total": 0, "enqueued_at": now, "changed_at": now,
        }  # fmt: skip
        with self._room.writing() as connection:
            dialect = sqlite if self._room.sqlite else postgresql  # one clause, which SQLAlchemy knows by dialect only
            adding = dialect.insert(job).on_conflict_do_nothing(index_elements=["key"]).returning(job.c.id)
            new = connection.execute(adding, row).one_or_none()
            made = _read(connection.execute(select(job).where(job.c.key == key)).one())
            if new is not None:
                mark_made(connection, current(), Written(jobs=[made.id]))
            return made

    def lease(self, kinds: Collection[str], *, owner: str, seconds: float, key: str = "") -> Job | None:
        """The oldest due job of these kinds, held by `owner` for `seconds`; None if nothing is due.

        A job whose lease ran out is leased again, with a higher generation; after its last attempt it is failed.
        With `key` only the job of that key is meant. A lease is over as well once its owner is surely gone, where that
        is a name that `liveness.new_name` made.
        """
        now = self._now()
        self._end_leases_of_the_gone(kinds, now, key)
        with self._room.writing() as connection:
            self._give_up(connection, now)
            row = connection.execute(self._due(kinds, now, key)).one_or_none()
            if row is None:
                return None
            held = {
                "state": JobState.LEASED.value, "owner": owner, "generation": row.generation + 1,
                "due_at": instant(now + timedelta(seconds=seconds)), "attempts": row.attempts + 1,
                "changed_at": instant(now),
            }  # fmt: skip
            connection.execute(update(job).where(job.c.id == row.id).values(**held))
            return _read(connection.execute(select(job).where(job.c.id == row.id)).one())

    def _end_leases_of_the_gone(self, kinds: Collection[str], now: datetime, key: str) -> None:
        leased = (job.c.state == JobState.LEASED.value) & job.c.kind.in_(kinds)
        running = select(job.c.id, job.c.generation, job.c.owner).where(leased, job.c.due_at > instant(now))
        with self._room.reading() as connection:
            found = connection.execute(running.where(job.c.key == key) if key else running).all()
        for id, generation, owner in found:  # noqa: A001  the domain calls it id
            if surely_gone(owner):
                # Each in a transaction of its own: on PostgreSQL the server may still be committing for the owner, who
                # has locked the row (`fencing.py`) and is waited for. Nobody else's lease is of this generation.
                over = update(job).where(job.c.id == id, job.c.generation == generation, leased)
                with self._room.writing() as connection:
                    connection.execute(over.values(due_at=instant(now)))

    def _due(self, kinds: Collection[str], now: datetime, key: str) -> Any:
        due = select(job).where(job.c.state.in_(OPEN), job.c.due_at <= instant(now), job.c.kind.in_(kinds))
        due = due.where(job.c.key == key) if key else due
        fit = due.where(job.c.attempts < job.c.attempts_most).order_by(job.c.due_at, job.c.id).limit(1)
        return fit if self._room.sqlite else fit.with_for_update(skip_locked=True)

    def _give_up(self, connection: Connection, now: datetime) -> None:
        vanished = (job.c.state == JobState.LEASED.value) & (job.c.due_at <= instant(now))
        worn = update(job).where(vanished, job.c.attempts >= job.c.attempts_most)
        changed = {"generation": job.c.generation + 1, "owner": "", "changed_at": instant(now)}
        connection.execute(worn.values(state=JobState.FAILED.value, code=WORN_OUT, **changed))

    def renew(self, held: Job, *, seconds: float) -> Job:
        """`held` is leased for `seconds` from now. Raises `LeaseLost`."""
        return self._change(held, due_at=instant(self._now() + timedelta(seconds=seconds)))

    def progress(self, held: Job, *, done: int, total: int) -> Job:
        return self._change(held, done=done, total=total)

    def finish(self, held: Job, result: Mapping[str, Any]) -> Job:
        """`held` is done with this result (no personal data). Raises `LeaseLost`, and then takes nothing."""
        return self._change(held, state=JobState.DONE.value, owner="", result=packed(dict(result)))

    def fail(self, held: Job, code: str, *, retry_at: datetime | None = None) -> Job:
        """`held` waits until `retry_at`, or has failed: without `retry_at`, or after its last attempt."""
        if retry_at is None or held.attempts >= held.attempts_most:
            return self._change(held, state=JobState.FAILED.value, owner="", code=code)
        return self._change(held, state=JobState.WAITING.value, owner="", code=code, due_at=instant(retry_at))

    def release(self, held: Job) -> Job:
        """`held` waits again, due at once; this attempt is not counted: its holder was told to stop, nothing failed."""
        waiting = {"state": JobState.WAITING.value, "owner": "", "attempts": held.attempts - 1}
        return self._change(held, due_at=instant(self._now()), **waiting)

    def _change(self, held: Job, **values: object) -> Job:
        mine: ColumnElement[bool] = (job.c.id == held.id) & (job.c.generation == held.generation)
        change = update(job).where(mine, job.c.state == JobState.LEASED.value)
        with self._room.writing() as connection:
            if connection.execute(change.values(changed_at=instant(self._now()), **values)).rowcount != 1:
                raise LeaseLost(job=held.id)
            return _read(connection.execute(select(job).where(job.c.id == held.id)).one())

    def job(self, id: int) -> Job | None:  # noqa: A002
        with self._room.reading() as connection:
            row = connection.execute(select(job).where(job.c.id == id)).one_or_none()
        return None if row is None else _read(row)

    def find(self, key: str) -> Job | None:
        """The job with this key."""
        with self._room.reading() as connection:
            row = connection.execute(select(job).where(job.c.key == key)).one_or_none()
        return None if row is None else _read(row)

    def unfinished(self, kind: str) -> Job | None:
        """The oldest job of this kind that is not at its end."""
        wanted = select(job).where(job.c.state.in_(OPEN), job.c.kind == kind).order_by(job.c.id).limit(1)
        with self._room.reading() as connection:
            row = connection.execute(wanted).one_or_none()
        return None if row is None else _read(row)

    def cancel(self, id: int, *, generation: int) -> bool:  # noqa: A002
        """Whether the job, which waited in this generation, is failed now and will not be begun."""
        mine = (job.c.id == id) & (job.c.generation == generation) & (job.c.state == JobState.WAITING.value)
        ended = {"state": JobState.FAILED.value, "code": CANCELLED, "generation": job.c.generation + 1}
        with self._room.writing() as connection:
            change = update(job).where(mine).values(changed_at=instant(self._now()), **ended)
            return connection.execute(change).rowcount == 1

    def jobs(self, *, state: JobState | None = None, before: int | None = None, limit: int = 100) -> list[Job]:
        """The newest first; with `before`, those that are older than the job of that id."""
        wanted = select(job).order_by(job.c.id.desc()).limit(limit)
        wanted = wanted if state is None else wanted.where(job.c.state == state.value)
        wanted = wanted if before is None else wanted.where(job.c.id < before)
        with self._room.reading() as connection:
            return [_read(row) for row in connection.execute(wanted)]

    def open_count(self) -> dict[JobState, int]:
        """How many jobs are not at their end, by state."""
        counted = select(job.c.state, func.count()).where(job.c.state.in_(OPEN)).group_by(job.c.state)
        with self._room.reading() as connection:
            return {JobState(state): count for state, count in connection.execute(counted)}
