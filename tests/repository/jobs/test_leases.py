"""A job is done by whoever holds the lease, and by nobody else."""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from repository.catalogue.catalogue import open_catalogue
from repository.catalogue.errors import LeaseLost
from repository.catalogue.fencing import fenced
from repository.catalogue.jobs import Job, JobState
from repository.domain.takeover import State
from repository.intake import Order
from repository.jobs.draining import drain
from repository.jobs.enqueuing import enqueue_intake
from repository.jobs.kinds import Tick, intake
from repository.jobs.performing import Outcome, perform
from repository.runtime import Archive
from repository.settings import read_home
from storage.errors import StoreFull
from tests.builders.homes import assert_whole, plain_package
from tests.repository.jobs.waiting import DEADLINE, until_true


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
