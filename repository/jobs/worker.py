"""`python -m repository.jobs.worker`: does jobs until it is told to stop (SIGTERM, SIGINT).

The work is always done by `Embedded` threads. With a broker (`EDM_ARCHIVE_BROKER`) a Celery worker in the same process
wakes them, and its schedule wakes all workers every few seconds; without one they look at the rows by themselves. Jobs
do not run inside of Celery's tasks: its connection must be served by one thread, at once, while a job takes hours.

Any number of these may run. Told to stop, each leaves the job it has at the next tick, and another goes on with it.
"""

import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from celery import Celery
from celery.beat import EmbeddedService

from repository.errors import SettingWrong
from repository.home_lock import in_use
from repository.jobs.app import EVERY, make_app
from repository.jobs.draining import LEASE, is_embedded
from repository.jobs.embedded import Embedded
from repository.runtime import Archive, open_archive
from repository.settings import PREFIX, from_environment, read_home
from storage.errors import ArchiveError
from storage.memory import keep_freed_memory

SIDE_BY_SIDE = 2  # so that one long job does not keep the short ones waiting; SQLite has one writer at a time
UNASKED = 60.0  # seconds after which a worker that has a broker looks at the rows although nobody woke it

_TALKATIVE = ("celery.beat", "celery.worker.strategy", "celery.app.trace", "alembic.runtime.migration")


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: of the schedule, of a lease, and between two looks at the rows that nobody asked for."""

    every: float = EVERY
    lease: float = LEASE
    unasked: float = UNASKED


def run_with_broker(archive: Archive, pace: Pace) -> int:
    """Jobs are done and a Celery worker listens, until a signal; its exit code."""
    threads = [
        Embedded(archive, seconds=pace.lease, every=pace.unasked)
        for _ in range(1 if is_embedded(archive) else SIDE_BY_SIDE)
    ]

    def wake_all() -> None:
        for each in threads:
            each.wake()

    with ExitStack() as stack:
        for each in threads:
            stack.enter_context(each)
        return _listen(make_app(archive.settings, work=wake_all, every=pace.every))


def _listen(app: Celery) -> int:
    schedule = EmbeddedService(app, thread=True, scheduler_cls="celery.beat:Scheduler")
    worker = app.Worker(
        pool="solo",
        loglevel="INFO",
        hostname=f"archive-{os.getpid()}",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    schedule.start()
    try:
        worker.start()
    finally:
        schedule.stop()
    return int(worker.exitcode or 0)


def run_embedded(archive: Archive, pace: Pace) -> int:
    """Jobs are done, until a signal."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with Embedded(archive, seconds=pace.lease, every=pace.every):
        # A signal that the system hands to another thread runs its handler only when this one wakes.
        while not stopping.wait(1.0):
            pass
    return 0


def main(environment: Mapping[str, str]) -> int:
    """Exit code of the worker; an error of the archive is told in words."""
    keep_freed_memory()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        settings = from_environment(environment)
        pace = Pace(
            every=_seconds(environment, "JOBS_EVERY", EVERY),
            lease=_seconds(environment, "JOBS_LEASE", LEASE),
            unasked=_seconds(environment, "JOBS_UNASKED", UNASKED),
        )
        read_home(settings.home)
        with in_use(settings.home), open_archive(settings) as archive:
            return (run_with_broker if settings.broker else run_embedded)(archive, pace)
    except ArchiveError as error:
        sys.stderr.write(f"{error.code}: {error.message.en}\n{error.advice.en}\n")
        return error.exit_code


def _seconds(environment: Mapping[str, str], name: str, default: float) -> float:
    given = environment.get(PREFIX + name) or str(default)
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0.0
    if not 0.05 <= seconds <= 86_400:
        raise SettingWrong(setting=PREFIX + name, reason="not a number of seconds from 0.05 to 86400")
    return seconds


if __name__ == "__main__":
    sys.exit(main(os.environ))
