"""A live transfer is concluded by a job, or by a person who waits for it; never by both."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from repository.catalogue.jobs import JobState
from repository.domain.takeover import FINAL, State
from repository.intake import Order, receive
from repository.jobs.concluding import ask_to_conclude, enqueue_conclusion
from repository.jobs.draining import drain
from repository.jobs.errors import TakeoverHeld
from repository.jobs.foreground import conclude_here
from repository.jobs.kinds import KINDS
from repository.jobs.names import CONCLUDE
from repository.jobs.waking import Bell
from repository.runtime import Archive
from repository.transfer.errors import NotLive
from repository.transfer.opening import bind, bindings
from repository.transfer.transfers import Transfers
from tests.builders.pushing import CLINIC_AS_PEER, image, opened_for_clinic, pushed
from tests.repository.catalogue.conftest import ENGINES
from tests.repository.engines import archive_on

ONLY = {CONCLUDE: KINDS[CONCLUDE]}


@pytest.fixture(params=ENGINES)
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Archive]:
    with archive_on(request, tmp_path) as made:
        yield made


def test_asked_for_by_two_there_is_one_job_and_one_end_of_each_binding(archive: Archive) -> None:
    takeover = opened_for_clinic(archive)
    bind(archive, takeover, CLINIC_AS_PEER)
    first, second = (enqueue_conclusion(archive, takeover, by=None) for _ in range(2))
    assert first.id == second.id
    assert all(each.ended for each in bindings(archive, takeover))
    assert len(list(archive.catalogue.journal.deeds(kind="leave-end"))) == 2
    assert archive.catalogue.takeover(takeover.id).state is State.RECEIVING
    drain(archive, owner="me", kinds=ONLY)
    assert archive.catalogue.takeover(takeover.id).state in FINAL


def test_what_was_pushed_before_is_in_it(archive: Archive) -> None:
    takeover = opened_for_clinic(archive, instances=2)
    with Transfers(archive) as transfers:
        pushed(archive, transfers, image(0), image(1))
    job = ask_to_conclude(archive, takeover, by=None)
    drain(archive, owner="me", kinds=ONLY)
    row = archive.catalogue.jobs.job(job.id)
    assert row is not None
    assert (row.state, row.result) == (JobState.DONE, {"state": "accepted"})


def test_whoever_works_here_is_rung_for(archive: Archive) -> None:
    bell = Bell(archive.settings.home)
    takeover = opened_for_clinic(archive)
    enqueue_conclusion(archive, takeover, by=None)
    assert bell._rung() == bell._heard
    ask_to_conclude(archive, takeover, by=None)
    assert bell._rung() != bell._heard


def test_a_person_who_waits_leaves_a_job_that_is_done(archive: Archive) -> None:
    takeover = opened_for_clinic(archive)
    ended = conclude_here(archive, takeover, by=None)
    assert ended.state in FINAL
    job = archive.catalogue.jobs.find(f"{CONCLUDE}/{takeover.id}")
    assert job is not None
    assert (job.state, job.result) == (JobState.DONE, {"state": ended.state.value})
    assert conclude_here(archive, takeover, by=None) == ended


def test_while_a_worker_has_it_nobody_else_concludes_it(archive: Archive) -> None:
    takeover = opened_for_clinic(archive)
    job = enqueue_conclusion(archive, takeover, by=None)
    held = archive.catalogue.jobs.lease({CONCLUDE}, owner="worker", seconds=60)
    assert held is not None
    with pytest.raises(TakeoverHeld) as refused:
        conclude_here(archive, takeover, by=None)
    assert refused.value.fields == {"takeover": takeover.id, "job": job.id}
    archive.catalogue.jobs.release(held)
    assert conclude_here(archive, takeover, by=None).state in FINAL


def test_what_came_as_a_package_is_not_concluded_by_hand(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "note.txt").write_bytes(b"note")
    takeover = receive(archive, Order(tmp_path / "package"), progress=lambda _: None)
    with pytest.raises(NotLive):
        enqueue_conclusion(archive, takeover, by=None)
    assert archive.catalogue.jobs.find(f"{CONCLUDE}/{takeover.id}") is None
