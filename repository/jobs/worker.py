"""`python -m repository.jobs.worker`: does jobs until it is told to stop (SIGTERM, SIGINT).

With a broker (`EDM_ARCHIVE_BROKER`) it is a Celery worker and the schedule in one process: jobs run in threads, so
that the connection to the broker lives while they do. Without one it is the embedded worker. Any number of these may
run; told to stop, each leaves the job it has at the next tick, and another goes on with it.
"""

import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping

from celery import signals
from celery.beat import EmbeddedService

from repository.errors import SettingWrong
from repository.jobs.app import EVERY, make_app
from repository.jobs.draining import LEASE, drain, is_embedded, owner_name
from repository.jobs.embedded import Embedded
from repository.runtime import Archive, open_archive
from repository.settings import PREFIX, from_environment
from storage.errors import ArchiveError

SIDE_BY_SIDE = 2  # so that one long job does not keep the short ones waiting; SQLite has one writer at a time

_log = logging.getLogger(__name__)


def run_with_broker(archive: Archive, *, every: float = EVERY, seconds: float = LEASE) -> int:
    """A Celery worker and its schedule, until a signal; its exit code."""
    stopping, owner = threading.Event(), owner_name()

    def work() -> int:
        return drain(archive, owner=owner, seconds=seconds, until=stopping.is_set)

    app = make_app(archive.settings, work=work, every=every)
    signals.worker_shutting_down.connect(lambda **_: stopping.set(), weak=False)
    schedule = EmbeddedService(app, thread=True, scheduler_cls="celery.beat:Scheduler")
    worker = app.Worker(
        pool="threads",
        concurrency=1 if is_embedded(archive) else SIDE_BY_SIDE,
        loglevel="INFO",
        hostname=f"archive-{os.getpid()}@%h",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    schedule.start()
    try:
        worker.start()
    finally:
        stopping.set()
        schedule.stop()
    return int(worker.exitcode or 0)


def run_embedded(archive: Archive, *, every: float = EVERY, seconds: float = LEASE) -> int:
    """The embedded worker, until a signal."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with Embedded(archive, every=every, seconds=seconds):
        stopping.wait()
    return 0


def main(environment: Mapping[str, str]) -> int:
    """Exit code of the worker; an error of the archive is told in words."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings = from_environment(environment)
        every, seconds = _seconds(environment, "JOBS_EVERY", EVERY), _seconds(environment, "JOBS_LEASE", LEASE)
        with open_archive(settings) as archive:
            run = run_with_broker if settings.broker else run_embedded
            return run(archive, every=every, seconds=seconds)
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
