"""kill -9 at each step of concluding a live transfer by a job: the next worker goes on, or it is asked for again."""

import time
from collections.abc import Mapping
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from repository.catalogue.jobs import Job, JobState
from repository.domain.takeover import State
from repository.intake import protocol_of, statement_of
from repository.jobs.concluding import enqueue_conclusion
from repository.jobs.draining import drain
from repository.jobs.kinds import KINDS, Tick
from repository.jobs.names import CONCLUDE
from repository.runtime import Archive
from repository.settings import Settings
from repository.transfer.opening import bindings
from repository.transfer.transfers import Transfers
from repository.upkeep.checking import Level
from repository.upkeep.verifying import VerifyOrder, verify
from tests.builders.homes import assert_no_orphans, at_home, new_home
from tests.builders.pushing import image, opened_for_clinic, pushed
from tests.faults.dying import Death, Grim, killed, put_together

pytestmark = pytest.mark.requirement("R463-6.1")
PACK, JOBS = "takeovers/", "catalogue.jobs"
SHORT, DEADLINE = 0.5, 60.0  # seconds: of the lease that dies with its worker; for a machine that is busy

BEFORE_THE_ROW = [
    Death("before the binding ends", "catalogue.journal", "write"),
    Death("after the binding ended", "catalogue.journal", "write", after=True),
    Death("before the row", JOBS, "enqueue", CONCLUDE),
    Death("inside the row", JOBS, "enqueue", CONCLUDE, inside=True),
]
AFTER_THE_ROW = [
    Death("after the row", JOBS, "enqueue", CONCLUDE, after=True),
    Death("after it is leased", JOBS, "lease", after=True),
    Death("inside the move to received", "catalogue", "move", inside=True),
    Death("after it is received", "catalogue", "move", after=True),
    Death("after it is balanced", "catalogue", "move", call=2, after=True),
    Death("after the closing is stored", "store", "put", PACK, after=True),
    Death("between the closing and the last move", "catalogue", "record", "ingestion end", after=True),
    Death("after the last move", "catalogue", "move", call=3, after=True),
    Death("before it is done", JOBS, "finish"),
]


def concluding(settings: Settings, _folder: Path, death: Death) -> None:
    archive = put_together(settings, death)

    def run(own: Archive, job: Job, tick: Tick) -> Mapping[str, Any]:
        if death.part.startswith("catalogue"):  # the job has a catalogue of its own, fenced by its lease
            grim = Grim(death)
            grim.watch(attrgetter(death.part)(own))
            if death.inside:
                event.listen(own.catalogue._room.engine, "commit", grim.before_commit)
        return KINDS[CONCLUDE](own, job, tick)

    enqueue_conclusion(archive, archive.catalogue.takeovers()[0], by=None)
    drain(archive, owner="killed", seconds=SHORT, kinds={CONCLUDE: run})


def pushed_and_killed(folder: Path, death: Death) -> Settings:
    settings = new_home(folder)
    with at_home(settings) as archive:
        opened_for_clinic(archive)
        with Transfers(archive) as transfers:
            pushed(archive, transfers, image(0), image(1), image(0))
    assert killed(settings, folder, death, work=concluding)
    return settings


def drained(archive: Archive) -> None:
    """The conclusion is done, once the lease of whoever died has run out."""
    end = time.monotonic() + DEADLINE
    while (job := archive.catalogue.jobs.find(f"{CONCLUDE}/{archive.catalogue.takeovers()[0].id}")) is not None:
        assert job.state is not JobState.FAILED, job.code
        if job.state is JobState.DONE:
            return
        assert time.monotonic() < end, "it never came"
        drain(archive, owner="next")
        time.sleep(0.02)
    raise AssertionError("there is no job")


def assert_concluded(archive: Archive) -> None:
    (takeover,) = archive.catalogue.takeovers()
    assert (takeover.state, statement_of(archive, takeover).tally.holdings) == (State.ACCEPTED, 2)
    assert all(each.ended for each in bindings(archive, takeover))
    assert protocol_of(archive, takeover)
    assert_no_orphans(archive, takeover)
    events = [each.kind for each in archive.catalogue.events(takeover.number)]
    assert events == ["capture", "validation", "ingestion end"]
    assert list(verify(archive, VerifyOrder(level=Level.OPENED), progress=lambda _: None).findings) == []


@pytest.mark.parametrize("death", BEFORE_THE_ROW, ids=str)
def test_killed_before_anything_was_promised_it_is_asked_for_again(tmp_path: Path, death: Death) -> None:
    with at_home(pushed_and_killed(tmp_path, death)) as archive:
        (takeover,) = archive.catalogue.takeovers()
        assert drain(archive, owner="next", kinds={}) == 0
        assert (takeover.state, archive.catalogue.jobs.find(f"{CONCLUDE}/{takeover.id}")) == (State.RECEIVING, None)
        enqueue_conclusion(archive, takeover, by=None)
        drained(archive)
        assert_concluded(archive)


@pytest.mark.parametrize("death", AFTER_THE_ROW, ids=str)
def test_killed_at_any_step_of_the_job_the_next_worker_goes_on(tmp_path: Path, death: Death) -> None:
    with at_home(pushed_and_killed(tmp_path, death)) as archive:
        drained(archive)
        assert_concluded(archive)
