"""Workers as processes, woken by a real broker, killed and stopped in the middle of their work.

The broker is valkey-server from its wheel; the PostgreSQL variants run a real server as well.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from repository.catalogue.jobs import Job, JobState
from repository.domain.takeover import Disposition
from repository.intake import Order
from repository.jobs.app import QUEUE, wake
from repository.jobs.enqueuing import enqueue_intake
from repository.runtime import Archive
from repository.settings import Settings
from repository.upkeep.reaping import reap
from tests.builders.homes import assert_whole, at_home, clinic_package, environment_of, new_home, plain_package
from tests.peers import valkey
from tests.peers.postgres import TEMPLATE, Postgres

ROOT = Path(__file__).resolve().parents[3]
DEADLINE = 100.0  # seconds: for a machine that is busy

pytestmark = pytest.mark.xdist_group("workers")


@pytest.fixture
def broker() -> Iterator[valkey.Valkey]:
    with valkey.serving() as server:
        yield server


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Many small files, a pack for each patient: a worker is busy with it for a second at least. Enough for one that
    is killed or suspended at once."""
    return clinic_package(tmp_path_factory.mktemp("packages") / "package", patients=150, others=450)


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For a worker that is asked to stop, and needs a moment to do so."""
    return clinic_package(tmp_path_factory.mktemp("packages") / "larger", patients=420, others=1580)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return plain_package(tmp_path / "small", files=15, copies=1)


@contextmanager
def catalogue_of(engine: str, request: pytest.FixtureRequest, **settings: str) -> Iterator[str]:
    if engine == "sqlite":
        yield ""
    else:
        server: Postgres = request.getfixturevalue("server")
        with server.database(TEMPLATE, **settings) as url:
            yield url


@contextmanager
def working(settings: Settings, **more: object) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker as its own process, ended with all it started."""
    environment = {**os.environ, **environment_of(settings, JOBS_EVERY=0.2, JOBS_LEASE=2, **more)}
    log = settings.home.parent / "worker.log"
    with log.open("ab") as output:
        worker = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "repository.jobs.worker"],
            cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        yield worker
    except AssertionError:
        sys.stderr.write(log.read_text(errors="replace")[-6000:])
        raise
    finally:
        if worker.poll() is None:
            worker.kill()
        worker.wait()


def until_true(wanted: Callable[[], object], worker: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + DEADLINE
    while not wanted():
        assert worker.poll() is None, "the worker has ended"
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def row_of(archive: Archive, job: Job) -> Job:
    row = archive.catalogue.jobs.job(job.id)
    assert row is not None
    return row


def is_done(archive: Archive, job: Job) -> bool:
    row = row_of(archive, job)
    assert row.state is not JobState.FAILED, row.code
    return row.state is JobState.DONE


def in_the_middle(archive: Archive, worker: "subprocess.Popen[bytes]") -> None:
    until_true(lambda: archive.catalogue.counts(1).holdings > 20, worker)


def left_over(archive: Archive) -> int:
    return archive.catalogue.counts(1).items.get(Disposition.PENDING, 0)


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_worker_killed_in_the_middle_of_an_intake_is_followed_by_another(
    tmp_path: Path, package: Path, broker: valkey.Valkey, engine: str, request: pytest.FixtureRequest
) -> None:
    with catalogue_of(engine, request) as url:
        settings = new_home(tmp_path, catalogue=url, broker=broker.url)
        with at_home(settings) as archive:
            job = enqueue_intake(archive, Order(package))
            assert wake(settings)
            with working(settings) as first:
                in_the_middle(archive, first)
                first.send_signal(signal.SIGKILL)
                first.wait()
            assert left_over(archive)
            assert row_of(archive, job).state is JobState.LEASED
            with working(settings) as second:
                until_true(lambda: is_done(archive, job), second)
                assert row_of(archive, job).generation >= 2
                assert_whole(archive, archive.catalogue.takeover(job.subject), package, prove_every=20)
                second.send_signal(signal.SIGTERM)
                assert second.wait(DEADLINE) == 0


def test_a_stalled_worker_that_wakes_finds_its_work_done_and_spoils_nothing(
    tmp_path: Path, package: Path, broker: valkey.Valkey, request: pytest.FixtureRequest
) -> None:
    """Suspended, not dead: on PostgreSQL, where the lease alone keeps workers apart."""
    limits = {"idle_in_transaction_session_timeout": "3s", "transaction_timeout": "6s"}
    with catalogue_of("postgresql", request, **limits) as url:
        settings = new_home(tmp_path, catalogue=url, broker=broker.url)
        with at_home(settings) as archive:
            job = enqueue_intake(archive, Order(package))
            with working(settings) as first:
                in_the_middle(archive, first)
                first.send_signal(signal.SIGSTOP)
                with working(settings) as second:
                    until_true(lambda: is_done(archive, job), second)
                    concluded = row_of(archive, job)
                    first.send_signal(signal.SIGCONT)
                    other = enqueue_intake(archive, Order(plain_package(tmp_path / "other", files=3)))
                    second.send_signal(signal.SIGTERM)
                    assert second.wait(DEADLINE) == 0
                    until_true(lambda: is_done(archive, other), first)  # it lives, and works on
                assert row_of(archive, job) == concluded
                assert concluded.generation >= 2
                first.send_signal(signal.SIGTERM)
                assert first.wait(DEADLINE) == 0
            takeover = archive.catalogue.takeover(job.subject)
            reap(archive)  # what the first held in its hands may have reached the store after the second had looked
            assert_whole(archive, takeover, package, prove_every=20)


@pytest.mark.parametrize("with_broker", [True, False], ids=["celery", "embedded"])
def test_a_worker_told_to_stop_leaves_its_intake_to_the_next(
    tmp_path: Path, larger: Path, broker: valkey.Valkey, with_broker: bool
) -> None:
    settings = new_home(tmp_path, broker=broker.url if with_broker else "")
    with at_home(settings) as archive:
        job = enqueue_intake(archive, Order(larger))
        assert wake(settings) is with_broker
        with working(settings) as first:
            in_the_middle(archive, first)
            first.send_signal(signal.SIGTERM)
            assert first.wait(DEADLINE) == 0
        row = row_of(archive, job)
        assert (row.state, row.attempts, row.owner) == (JobState.WAITING, 0, "")
        assert left_over(archive)
        assert 0 < row.done < row.total
        with working(settings) as second:
            until_true(lambda: is_done(archive, job), second)
        assert_whole(archive, archive.catalogue.takeover(job.subject), larger, prove_every=20)


def test_a_doubled_message_does_nothing_twice(tmp_path: Path, small: Path, broker: valkey.Valkey) -> None:
    settings = new_home(tmp_path, broker=broker.url)
    with at_home(settings) as archive:
        job = enqueue_intake(archive, Order(small))
        assert all(wake(settings) for _ in range(5))
        with working(settings) as worker:
            until_true(lambda: is_done(archive, job), worker)
            concluded, entries = row_of(archive, job), archive.catalogue.log_size()
            assert all(wake(settings) for _ in range(20))
            until_true(lambda: broker.length(QUEUE) == 0, worker)
            last = enqueue_intake(archive, Order(plain_package(tmp_path / "last", files=2)))
            until_true(lambda: is_done(archive, last), worker)  # by then all earlier messages have been acted upon
        assert row_of(archive, job) == concluded
        assert concluded.generation == 1
        assert archive.catalogue.log_size() == entries + 2 + 3 + 1  # of the last one, and its custody
        assert_whole(archive, archive.catalogue.takeover(job.subject), small)


@pytest.mark.parametrize("comes_back", [True, False], ids=["it-comes-back", "it-never-does"])
def test_asked_for_while_the_broker_is_down_it_is_done(
    tmp_path: Path, small: Path, broker: valkey.Valkey, comes_back: bool
) -> None:
    """By the schedule once the broker is back; by a worker that looks unasked if it stays away."""
    settings = new_home(tmp_path, broker=broker.url)
    unasked = 3600 if comes_back else 1
    with at_home(settings) as archive, working(settings, JOBS_UNASKED=unasked) as worker:
        first = enqueue_intake(archive, Order(plain_package(tmp_path / "first", files=2)))
        until_true(lambda: is_done(archive, first), worker)
        broker.stop()
        job = enqueue_intake(archive, Order(small))
        assert not wake(settings)
        if comes_back:
            assert row_of(archive, job).state is JobState.WAITING
            broker.start_again()
        until_true(lambda: is_done(archive, job), worker)
        assert_whole(archive, archive.catalogue.takeover(job.subject), small)


def test_a_worker_that_cannot_start_says_why_and_has_an_exit_code(tmp_path: Path) -> None:
    environment = {**os.environ, "EDM_ARCHIVE_HOME": str(tmp_path / "nothing")}
    command = [sys.executable, "-m", "repository.jobs.worker"]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("HOM-001: There is no archive at")
    wrong = subprocess.run(
        command, cwd=ROOT, env={**environment, "EDM_ARCHIVE_JOBS_LEASE": "soon"}, capture_output=True, check=False
    )
    assert wrong.returncode == 2
