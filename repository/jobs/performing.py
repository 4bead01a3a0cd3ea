"""One job that is held: run under a heartbeat, its progress and its outcome in its row.

The heartbeat is a thread that renews the lease while the work goes on. Whoever has lost the lease learns it there, at
the next tick, or at the next transaction (`repository/catalogue/fencing.py`), stops, and writes nothing more.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from types import TracebackType
from typing import Self

from repository.catalogue.errors import LeaseLost
from repository.catalogue.fencing import fenced
from repository.catalogue.jobs import Job, Jobs
from repository.jobs.errors import UNEXPECTED
from repository.jobs.kinds import Run
from repository.runtime import Archive
from storage.errors import ArchiveError

BEATS = 3  # renewals in the time of one lease
BACKOFF = (5.0, 30.0, 120.0, 600.0)  # seconds before the next attempt; the last one holds for all that follow
ROW_EVERY = 1.0  # seconds between two writings of the progress

_log = logging.getLogger(__name__)


class Outcome(StrEnum):
    """What became of one run of a job."""

    DONE = "done"
    FAILED = "failed"
    AGAIN = "again"  # it waits for its next attempt
    STOPPED = "stopped"  # the worker was told to stop; the job waits, due at once
    LOST = "lost"  # another worker has it


class Stopping(Exception):
    """The worker was told to stop while a job was running. Never leaves this module's `perform`."""


class Heartbeat:
    """While this is entered, `held` is renewed again and again; `lost` is set once that is refused."""

    def __init__(self, jobs: Jobs, held: Job, *, seconds: float) -> None:
        self._jobs, self._held, self._seconds = jobs, held, seconds
        self.lost = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"lease-{held.id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._seconds / BEATS):
            try:
                self._jobs.renew(self._held, seconds=self._seconds)
            except LeaseLost:
                self.lost.set()
                return
            except ArchiveError as error:  # the database is away: the lease may yet hold when it is back
                _log.warning("job %d: the lease was not renewed (%s)", self._held.id, error.code)


class _Ticking:
    """What a run calls: stops it where it has to stop, and writes its progress now and then."""

    def __init__(self, jobs: Jobs, held: Job, beat: Heartbeat, stopping: Callable[[], bool]) -> None:
        self._jobs, self._held, self._beat, self._stopping = jobs, held, beat, stopping
        self._written_at = -ROW_EVERY

    def __call__(self, done: int, total: int) -> None:
        if self._beat.lost.is_set():
            raise LeaseLost(job=self._held.id)
        if self._stopping():
            raise Stopping
        if total and (done >= total or time.monotonic() - self._written_at >= ROW_EVERY):
            self._jobs.progress(self._held, done=done, total=total)
            self._written_at = time.monotonic()


def perform(
    archive: Archive,
    held: Job,
    *,
    run: Run,
    seconds: float,
    stopping: Callable[[], bool] = lambda: False,
    retrying: bool = True,
) -> Outcome:
    """`held` has been run, and its row says with which outcome, unless the lease was lost.

    Without `retrying` a fault that may pass ends the job all the same: somebody is there to ask again.
    """
    jobs = archive.catalogue.jobs
    own = replace(archive, catalogue=fenced(archive.catalogue, held))
    with Heartbeat(jobs, held, seconds=seconds) as beat:
        try:
            outcome = _outcome(own, held, run, _Ticking(jobs, held, beat, stopping), retrying=retrying)
        except LeaseLost:
            outcome = Outcome.LOST
        except ArchiveError as error:  # the row could not be written: the lease runs out, and the next one sees
            _log.warning("job %d (%s): its outcome was not recorded (%s)", held.id, held.kind, error.code)
            outcome = Outcome.LOST
    _log.info("job %d (%s): %s", held.id, held.kind, outcome)
    return outcome


def _outcome(archive: Archive, held: Job, run: Run, tick: _Ticking, *, retrying: bool) -> Outcome:
    jobs = archive.catalogue.jobs
    try:
        result = run(archive, held, tick)
    except LeaseLost:
        raise
    except Stopping:
        jobs.release(held)
        return Outcome.STOPPED
    except ArchiveError as error:
        _log.warning("job %d (%s): %s", held.id, held.kind, error.code)
        return _failed(archive, held, code=error.code, again=retrying and error.retryable)
    except Exception as error:  # noqa: BLE001  a fault of the program ends this job, not the worker
        _log.error("job %d (%s): %s at %s", held.id, held.kind, type(error).__name__, _place(error))
        return _failed(archive, held, code=UNEXPECTED, again=retrying)
    jobs.finish(held, result)
    return Outcome.DONE


def _failed(archive: Archive, held: Job, *, code: str, again: bool) -> Outcome:
    wait = BACKOFF[min(held.attempts, len(BACKOFF)) - 1]
    retry_at = archive.clock() + timedelta(seconds=wait) if again else None
    archive.catalogue.jobs.fail(held, code, retry_at=retry_at)
    return Outcome.AGAIN if again and held.attempts < held.attempts_most else Outcome.FAILED


def _place(error: Exception) -> str:
    """Where in the program it happened: module and line, which hold no data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}" if trace else "?"
