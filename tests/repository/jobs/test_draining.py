"""Jobs are done one by one, by whoever holds the lease, and by nobody else."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from repository.catalogue.catalogue import open_catalogue
from repository.catalogue.errors import LeaseLost
from repository.catalogue.fencing import fenced
from repository.catalogue.jobs import Job, JobState
from repository.domain.takeover import State
from repository.home_lock import sole_writer
from repository.intake import Order
from repository.jobs.draining import drain
from repository.jobs.embedded import Embedded
from repository.jobs.enqueuing import enqueue_intake, enqueue_publish
from repository.jobs.errors import UNEXPECTED
from repository.jobs.kinds import Tick, intake
from repository.jobs.performing import Outcome, perform
from repository.runtime import Archive
from repository.samples.building import build_sample
from repository.settings import Settings, read_home
from storage.errors import StoreFull, StoreUnavailable
from tests.builders.homes import assert_whole, at_home, new_home, plain_package

DEADLINE = 60.0  # seconds: for a machine that is busy; nothing here takes a second


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return new_home(tmp_path)


@pytest.fixture
def archive(settings: Settings) -> Iterator[Archive]:
    with at_home(settings) as archive:
        yield archive


def until_true(wanted: Callable[[], object]) -> None:
    end = time.monotonic() + DEADLINE
    while not wanted():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def is_done(archive: Archive, id: int) -> bool:  # noqa: A002  the domain calls it id
    row = archive.catalogue.jobs.job(id)
    return row is not None and row.state is JobState.DONE


def noted(calls: list[str]) -> Callable[[Archive, Job, Tick], Mapping[str, Any]]:
    def run(_archive: Archive, job: Job, tick: Tick) -> Mapping[str, Any]:
        tick(1, 2)
        calls.append(job.subject)
        return {"said": job.subject}

    return run


def test_every_due_job_is_run_once_and_its_result_is_in_its_row(archive: Archive) -> None:
    calls: list[str] = []
    for name in ("a", "b", "c"):
        archive.catalogue.jobs.enqueue("note", name, key=name)
    assert drain(archive, owner="me", kinds={"note": noted(calls)}) == 3
    assert drain(archive, owner="me", kinds={"note": noted(calls)}) == 0
    assert calls == ["a", "b", "c"]
    jobs = archive.catalogue.jobs.jobs()
    assert {(job.key, job.state, job.result["said"], job.done, job.total) for job in jobs} == {
        (name, JobState.DONE, name, 1, 2) for name in ("a", "b", "c")
    }


def test_a_kind_that_this_worker_does_not_know_is_left_to_another(archive: Archive) -> None:
    archive.catalogue.jobs.enqueue("of-a-later-version", "x", key="x")
    assert drain(archive, owner="me") == 0
    assert [job.state for job in archive.catalogue.jobs.jobs()] == [JobState.WAITING]


def failing(error: Exception) -> Callable[[Archive, Job, Tick], Mapping[str, Any]]:
    def run(_archive: Archive, _job: Job, _tick: Tick) -> Mapping[str, Any]:
        raise error

    return run


def test_a_fault_that_may_pass_is_tried_again_later_and_not_for_ever(settings: Settings) -> None:
    times = [datetime(2026, 1, 1, tzinfo=UTC)]
    with at_home(settings, clock=lambda: times[0]) as opened:
        catalogue = open_catalogue(read_home(settings.home).catalogue, now=lambda: times[0])
        archive = Archive(
            opened.id, settings, opened.store, opened.ring, opened.vault, catalogue, opened.log, lambda: times[0]
        )
        job = catalogue.jobs.enqueue("note", "x", key="x", attempts=3)
        kinds = {"note": failing(StoreUnavailable(reason="away"))}
        waits = []
        for _ in range(2):
            assert drain(archive, owner="me", kinds=kinds) == 1
            row = catalogue.jobs.job(job.id)
            assert row is not None
            assert (row.state, row.code) == (JobState.WAITING, StoreUnavailable.code)
            assert drain(archive, owner="me", kinds=kinds) == 0  # not before its time
            due = datetime.fromisoformat(row.due_at)
            waits.append(due - times[0])
            times[0] = due
        assert timedelta(0) < waits[0] < waits[1]
        assert drain(archive, owner="me", kinds=kinds) == 1
        row = catalogue.jobs.job(job.id)
        assert row is not None
        assert (row.state, row.code, row.attempts) == (JobState.FAILED, StoreUnavailable.code, 3)
        catalogue.close()


def test_a_fault_that_does_not_pass_ends_the_job_with_its_code(archive: Archive) -> None:
    job = archive.catalogue.jobs.enqueue("note", "x", key="x")
    assert drain(archive, owner="me", kinds={"note": failing(StoreFull())}) == 1
    row = archive.catalogue.jobs.job(job.id)
    assert row is not None
    assert (row.state, row.code, row.attempts) == (JobState.FAILED, StoreFull.code, 1)


def test_a_fault_of_the_program_is_told_without_its_text(archive: Archive, caplog: pytest.LogCaptureFixture) -> None:
    job = archive.catalogue.jobs.enqueue("note", "x", key="x")
    drain(archive, owner="me", kinds={"note": failing(ValueError("Kowalska Anna"))})
    row = archive.catalogue.jobs.job(job.id)
    assert row is not None
    assert row.code == UNEXPECTED
    assert "ValueError" in caplog.text
    assert "Kowalska" not in caplog.text


def test_whoever_is_told_to_stop_gives_the_job_back_and_no_attempt_is_counted(archive: Archive) -> None:
    told = threading.Event()

    def run(_archive: Archive, _job: Job, tick: Tick) -> Mapping[str, Any]:
        tick(1, 10)
        told.set()
        tick(2, 10)
        raise AssertionError("it goes on after it was told to stop")

    job = archive.catalogue.jobs.enqueue("note", "x", key="x")
    drain(archive, owner="me", kinds={"note": run}, until=told.is_set)
    row = archive.catalogue.jobs.job(job.id)
    assert row is not None
    assert (row.state, row.owner, row.attempts, row.code) == (JobState.WAITING, "", 0, "")
    calls: list[str] = []
    drain(archive, owner="other", kinds={"note": noted(calls)})
    assert calls == ["x"]


def test_a_lease_is_renewed_for_as_long_as_the_work_goes_on(archive: Archive) -> None:
    job = archive.catalogue.jobs.enqueue("note", "x", key="x")
    seen: list[Job | None] = []

    def run(_archive: Archive, held: Job, _tick: Tick) -> Mapping[str, Any]:
        first = archive.catalogue.jobs.job(held.id)
        assert first is not None
        until_true(lambda: (now := archive.catalogue.jobs.job(held.id)) and now.due_at > first.due_at)
        seen.append(archive.catalogue.jobs.lease({"note"}, owner="other", seconds=1))
        return {}

    drain(archive, owner="me", kinds={"note": run}, seconds=3)
    assert seen == [None]
    row = archive.catalogue.jobs.job(job.id)
    assert row is not None
    assert (row.state, row.generation) == (JobState.DONE, 1)


def leased_by_another(archive: Archive, held: Job) -> Job:
    """The lease of `held` has run out, as the catalogue of another machine sees it, and another took the job."""
    url = read_home(archive.settings.home).catalogue
    later = open_catalogue(url, now=lambda: datetime.now(UTC) + timedelta(hours=1))
    try:
        taken = later.jobs.lease({held.kind}, owner="other", seconds=7200)
    finally:
        later.close()
    assert taken is not None
    assert (taken.id, taken.generation) == (held.id, held.generation + 1)
    return taken


@pytest.mark.parametrize("how", ["returns", "raises", "ticks", "writes", "reads", "is stopped"])
def test_whoever_lost_the_lease_writes_nothing_more(archive: Archive, how: str) -> None:
    stopping, went_on = threading.Event(), list[str]()

    def run(own: Archive, held: Job, tick: Tick) -> Mapping[str, Any]:
        leased_by_another(archive, held)
        if how == "raises":
            raise StoreFull
        if how == "is stopped":
            stopping.set()
        if how in ("ticks", "is stopped"):
            tick(3, 4)
        if how == "writes":
            own.catalogue.set_archive(own.id.hex, by="me")
        if how == "reads":
            own.catalogue.takeovers()
        went_on.append(how)
        return {"mine": "yes"}

    archive.catalogue.jobs.enqueue("note", "x", key="x")
    held = archive.catalogue.jobs.lease({"note"}, owner="me", seconds=60)
    assert held is not None
    assert perform(archive, held, run=run, seconds=60, stopping=stopping.is_set) is Outcome.LOST
    row = archive.catalogue.jobs.job(held.id)
    assert row is not None
    assert (row.state, row.owner, row.generation, row.result, row.code, row.done) == (
        JobState.LEASED, "other", 2, {}, "", 0,
    )  # fmt: skip
    assert "by" not in archive.catalogue.archive()
    assert went_on == (["returns"] if how == "returns" else [])


def test_the_heartbeat_tells_a_run_that_its_lease_is_lost(archive: Archive) -> None:
    def run(_own: Archive, held: Job, tick: Tick) -> Mapping[str, Any]:
        leased_by_another(archive, held)
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            tick(0, 0)  # writes nothing by itself
            time.sleep(0.01)
        raise AssertionError("nobody told it")

    archive.catalogue.jobs.enqueue("note", "x", key="x")
    held = archive.catalogue.jobs.lease({"note"}, owner="me", seconds=60)
    assert held is not None
    assert perform(archive, held, run=run, seconds=0.3) is Outcome.LOST


def test_a_fenced_catalogue_serves_its_holder_and_nobody_after_him(archive: Archive) -> None:
    archive.catalogue.jobs.enqueue("note", "x", key="x")
    held = archive.catalogue.jobs.lease({"note"}, owner="me", seconds=60)
    assert held is not None
    own = fenced(archive.catalogue, held)
    own.set_archive(archive.id.hex, by="me")
    assert own.archive() == archive.catalogue.archive()
    archive.catalogue.jobs.finish(held, {})
    with pytest.raises(LeaseLost):
        own.set_archive(archive.id.hex, by="nobody")
    with pytest.raises(LeaseLost):
        own.archive()
    assert archive.catalogue.archive()["by"] == "me"


def test_a_stalled_intake_is_taken_over_and_commits_nothing_when_it_wakes(archive: Archive, tmp_path: Path) -> None:
    """The worst moment: the first stalls between storing and committing; its successor has reaped what it stored, and
    has committed nothing yet, when the first wakes."""
    package = plain_package(tmp_path / "package", files=30)
    job = enqueue_intake(archive, Order(package))
    held = archive.catalogue.jobs.lease({"intake"}, owner="me", seconds=60)
    assert held is not None
    stalled, go_on = threading.Event(), threading.Event()
    outcomes: list[Outcome] = []

    def stall() -> None:
        stalled.set()
        go_on.wait(DEADLINE)

    def wake_the_first() -> None:
        go_on.set()
        first.join(DEADLINE)

    run = before_its_first_record(stall)
    first = threading.Thread(target=lambda: outcomes.append(perform(archive, held, run=run, seconds=3600)))
    first.start()
    try:
        assert stalled.wait(DEADLINE)
        taken = leased_by_another(archive, held)
        second = perform(archive, taken, run=before_its_first_record(wake_the_first), seconds=3600)
    finally:
        wake_the_first()
    assert (outcomes, second) == ([Outcome.LOST], Outcome.DONE)
    row = archive.catalogue.jobs.job(job.id)
    assert row is not None
    assert (row.state, row.result) == (JobState.DONE, {"state": State.ACCEPTED_WITH_EXCEPTIONS.value})
    assert_whole(archive, archive.catalogue.takeover(job.subject), package)


def before_its_first_record(act: Callable[[], None]) -> Callable[[Archive, Job, Tick], Mapping[str, Any]]:
    """An intake in which `act` happens when the first packs are stored and about to be committed."""

    def run(own: Archive, held: Job, tick: Tick) -> Mapping[str, Any]:
        record, acted = own.catalogue.record, threading.Event()

        def acting(*args: Any, **named: Any) -> int:
            if not acted.is_set():
                acted.set()
                act()
            return record(*args, **named)

        own.catalogue.record = acting  # type: ignore[method-assign]
        return intake(own, held, tick)

    return run


def test_while_a_command_has_the_home_a_worker_waits(archive: Archive) -> None:
    calls: list[str] = []
    job = archive.catalogue.jobs.enqueue("note", "x", key="x")
    with sole_writer(archive.settings.home):
        assert drain(archive, owner="me", kinds={"note": noted(calls)}) == 0
    row = archive.catalogue.jobs.job(job.id)
    assert row is not None
    assert (row.state, row.attempts, calls) == (JobState.WAITING, 0, [])
    assert drain(archive, owner="me", kinds={"note": noted(calls)}) == 1


def test_the_embedded_worker_does_what_is_asked_while_it_runs(archive: Archive, tmp_path: Path) -> None:
    package = plain_package(tmp_path / "package", files=20, copies=3)
    with Embedded(archive, every=0.05) as worker:
        job = enqueue_intake(archive, Order(package))
        published = enqueue_publish(archive)
        worker.wake()
        for each in (job, published):
            until_true(partial(is_done, archive, each.id))
    assert_whole(archive, archive.catalogue.takeover(job.subject), package)


def test_the_embedded_worker_survives_whatever_a_job_raises(archive: Archive) -> None:
    archive.catalogue.jobs.enqueue("bad", "x", key="x")
    calls: list[str] = []
    with Embedded(archive, every=0.05, kinds={"bad": failing(KeyError("x")), "note": noted(calls)}):
        archive.catalogue.jobs.enqueue("note", "y", key="y")
        until_true(lambda: calls)


def test_stopping_the_embedded_worker_stops_an_intake_which_then_goes_on(archive: Archive, tmp_path: Path) -> None:
    package = tmp_path / "package"
    build_sample(package, patients=30, images=0)  # a pack for each patient
    job = enqueue_intake(archive, Order(package))
    begun = threading.Event()

    def slow(own: Archive, held: Job, tick: Tick) -> Mapping[str, Any]:
        def tick_and_wait(done: int, total: int) -> None:
            begun.set()
            until_true(worker._stopping.is_set)
            tick(done, total)

        return intake(own, held, tick_and_wait)

    worker = Embedded(archive, every=0.05, kinds={"intake": slow})
    worker.start()
    assert begun.wait(DEADLINE)
    worker.stop()
    before = archive.catalogue.counts(1)
    assert 0 < before.holdings < sum(before.items.values())
    row = archive.catalogue.jobs.job(job.id)
    assert row is not None
    assert (row.state, row.attempts) == (JobState.WAITING, 0)
    assert drain(archive, owner="me") == 1
    assert_whole(archive, archive.catalogue.takeover(job.subject), package)
