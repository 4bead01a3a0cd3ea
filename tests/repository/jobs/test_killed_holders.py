"""Whoever had a takeover is killed in the middle of it, as a real process: the next one goes on with it at once; while
it lives nobody does, stopped or not. No lease of these runs out while a test lasts."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import update

from repository.catalogue.jobs import Job, JobState
from repository.catalogue.tables import job as rows
from repository.domain.takeover import FINAL, Disposition, State
from repository.errors import HomeBusy
from repository.intake import Order
from repository.jobs.draining import drain
from repository.jobs.enqueuing import enqueue_intake
from repository.jobs.errors import TakeoverHeld
from repository.jobs.foreground import receive_here
from repository.liveness import new_name
from repository.runtime import Archive, open_archive
from repository.settings import Settings
from tests.builders.homes import assert_whole, clinic_package, environment_of, new_home
from tests.cli.running import ROOT, clean_environment, command
from tests.peers.named import has_stopped
from tests.repository.catalogue.conftest import ENGINES
from tests.repository.conftest import Databases

DAY = 86_400
WITH_EXCEPTIONS = 3  # exit code: some files are nobody's
PATIENCE = 100.0  # seconds for a process that has nothing to wait for, on a machine that is busy
# It is sent a signal when its first packs are committed, and by far not all: a few are on their way at one time.
FALLING = """
import os, signal, sys
from repository.catalogue.writing import Writing
record = Writing.record
def falling(self, takeover, packs, **more):
    record(self, takeover, packs, **more)
    if any(each.holdings for each in packs):
        os.kill(os.getpid(), signal.{how})
Writing.record = falling
"""
RECEIVE = "sys.argv[1:] = {words!r}\nfrom cli.main import main\nmain()\n"
WORK = "from repository.jobs.worker import main\nsys.exit(main(os.environ))\n"


@pytest.fixture(params=ENGINES)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    with ExitStack() as stack:
        url = ""
        if request.param == "postgresql":
            databases: Databases = request.getfixturevalue("databases")
            url = stack.enter_context(databases.one())
        yield new_home(tmp_path, catalogue=url)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return clinic_package(tmp_path / "package", patients=40, others=20)


def environment(settings: Settings) -> dict[str, str]:
    return clean_environment() | environment_of(settings, JOBS_LEASE=DAY, JOBS_EVERY=0.2, LANG="en")


@contextmanager
def falling(settings: Settings, how: signal.Signals, program: str) -> Iterator["subprocess.Popen[bytes]"]:
    """`program`, which is sent `how` in the middle of its work; killed in the end."""
    line = [sys.executable, "-c", FALLING.format(how=how.name) + program]
    with subprocess.Popen(
        line, cwd=ROOT, env=environment(settings), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(process: "subprocess.Popen[bytes]") -> int:
    """Its exit code, when it has ended with all whom it forked: they have its output open as long as they live."""
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGKILL, output.decode(errors="replace")
    return process.returncode


def row_of(archive: Archive, job: Job) -> Job:
    found = archive.catalogue.jobs.job(job.id)
    assert found is not None
    return found


def held(archive: Archive, job: Job) -> Job:
    """The job is leased, and for a day; something of it is done, and something is not."""
    found = row_of(archive, job)
    assert (found.state, found.generation) == (JobState.LEASED, 1)
    with archive.catalogue._room.writing() as connection:
        connection.execute(update(rows).where(rows.c.id == job.id).values(due_at="2999-01-01T00:00:00.000000Z"))
    counts = archive.catalogue.counts(1)
    assert counts.holdings
    assert counts.items[Disposition.PENDING]
    return found


def assert_done(archive: Archive, job: Job, package: Path) -> None:
    done = row_of(archive, job)
    assert (done.state, done.generation, done.code) == (JobState.DONE, 2, "")
    assert_whole(archive, archive.catalogue.takeover(job.subject), package, prove_every=20)


def test_a_receive_that_was_killed_is_gone_on_with_by_the_same_command_at_once(
    settings: Settings, package: Path
) -> None:
    words = ["takeover", "receive", str(package)]
    with falling(settings, signal.SIGKILL, RECEIVE.format(words=words)) as process:
        ended(process)
    with open_archive(settings) as archive:
        (job,) = archive.catalogue.jobs.jobs()
        held(archive, job)
    again = subprocess.run(
        command(*words, "--json"), cwd=ROOT, env=environment(settings), capture_output=True, check=False
    )
    assert again.returncode == WITH_EXCEPTIONS, again.stderr.decode(errors="replace")
    assert State(json.loads(again.stdout)["state"]) in FINAL
    with open_archive(settings) as archive:
        assert_done(archive, job, package)


def test_the_job_of_a_worker_that_was_killed_is_taken_at_once_by_another(settings: Settings, package: Path) -> None:
    with open_archive(settings) as archive:
        job = enqueue_intake(archive, Order(package))
        with falling(settings, signal.SIGKILL, WORK) as process:
            ended(process)
        held(archive, job)
        assert drain(archive, owner=new_name(), seconds=DAY) >= 1
        assert_done(archive, job, package)


def test_a_worker_that_is_stopped_keeps_its_job_and_loses_it_when_it_is_killed(
    settings: Settings, package: Path
) -> None:
    with open_archive(settings) as archive:
        job = enqueue_intake(archive, Order(package))
        with falling(settings, signal.SIGSTOP, WORK) as process:
            assert has_stopped(process.pid)
            mine = held(archive, job)
            with pytest.raises((HomeBusy, TakeoverHeld)) as refused:
                receive_here(archive, Order(package), progress=lambda _: None)
            assert refused.type is (HomeBusy if archive.catalogue._room.sqlite else TakeoverHeld)
            drain(archive, owner=new_name(), seconds=DAY)
            now = row_of(archive, job)
            assert (now.state, now.owner, now.generation) == (JobState.LEASED, mine.owner, 1)
            process.kill()
            ended(process)
        assert receive_here(archive, Order(package), progress=lambda _: None).id == job.subject
        assert_done(archive, job, package)
