"""The worker inside of a process that does something else."""

import threading
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from repository.catalogue.jobs import Job, JobState
from repository.home_lock import sole_writer
from repository.intake import Order
from repository.jobs.draining import drain
from repository.jobs.embedded import Embedded
from repository.jobs.enqueuing import enqueue_intake, enqueue_publish
from repository.jobs.kinds import Tick, intake
from repository.runtime import Archive
from repository.samples.building import build_sample
from tests.builders.homes import assert_whole, plain_package
from tests.repository.jobs.waiting import DEADLINE, failing, is_done, noted, until_true


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
    bad = archive.catalogue.jobs.enqueue("bad", "x", key="x")
    calls: list[str] = []
    with Embedded(archive, every=0.05, kinds={"bad": failing(KeyError("x")), "note": noted(calls)}):
        archive.catalogue.jobs.enqueue("note", "y", key="y")
        until_true(lambda: calls)
    tried = archive.catalogue.jobs.job(bad.id)
    assert tried is not None
    assert (tried.attempts >= 1, tried.state in {JobState.WAITING, JobState.FAILED}) == (True, True)
    assert calls == ["y"]


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
