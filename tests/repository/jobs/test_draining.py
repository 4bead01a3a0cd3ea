"""Jobs are done one by one, each ending in its row as it went."""

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from repository.catalogue.catalogue import open_catalogue
from repository.catalogue.jobs import Job, JobState
from repository.jobs.draining import drain
from repository.jobs.errors import UNEXPECTED
from repository.jobs.kinds import Tick
from repository.runtime import Archive
from repository.settings import Settings, read_home
from storage.errors import StoreFull, StoreUnavailable
from tests.builders.homes import at_home
from tests.repository.jobs.waiting import failing, noted


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
