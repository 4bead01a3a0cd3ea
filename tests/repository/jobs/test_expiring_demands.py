"""Demands that stood too long in one state end without anybody's doing: the worker sees to it, and it is on record."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from repository.access.principal import PrincipalKind
from repository.catalogue.catalogue import open_catalogue
from repository.catalogue.jobs import Job, JobState
from repository.demand_times import TIMES, times_from
from repository.demands.moving import found
from repository.demands.progress import progress
from repository.domain.demand import DemandState
from repository.entitlement import give_custody
from repository.jobs.draining import drain
from repository.jobs.enqueuing import enqueue_routine
from repository.jobs.kinds import EXPIRE
from repository.runtime import Archive
from repository.settings import Settings, read_home
from tests.builders.access import SUCCESSOR
from tests.builders.homes import at_home, new_home
from tests.repository.demands.conftest import filled
from tests.repository.demands.making import Ticking, brought_to

pytestmark = pytest.mark.requirement("R463-5.2")
S = DemandState


@dataclass
class Station:
    """An archive whose clock the test sets; jobs are told the same time as the archive."""

    settings: Settings
    clock: Ticking = field(default_factory=Ticking)

    @contextmanager
    def open(self, expiry: str = "") -> Iterator[Archive]:
        times = times_from({"EDM_ARCHIVE_DEMAND_EXPIRY": expiry})
        settings = replace(self.settings, demand_times=times)
        with at_home(settings, clock=self.clock) as opened:
            catalogue = open_catalogue(read_home(settings.home).catalogue, now=self.clock)
            yield replace(opened, settings=settings, catalogue=catalogue)
            catalogue.close()


@pytest.fixture
def station(tmp_path: Path) -> Station:
    made = Station(new_home(tmp_path))
    with made.open() as archive:
        filled(archive)
    return made


def jobs(archive: Archive) -> list[Job]:
    return [each for each in archive.catalogue.jobs.jobs() if each.kind == EXPIRE]


def test_nothing_is_made_while_nothing_is_due(station: Station) -> None:
    with station.open() as archive:
        brought_to(archive, S.SUBMITTED)
        station.clock.later(timedelta(hours=23))
        drain(archive, owner="me")
        assert jobs(archive) == []


def test_the_worker_expires_what_is_due_and_says_that_it_was_the_archive(station: Station) -> None:
    with station.open() as archive:
        old, waiting = brought_to(archive, S.SUBMITTED), brought_to(archive, S.ACCEPTED)
        station.clock.later(timedelta(days=2))
        young = brought_to(archive, S.SUBMITTED)
        drain(archive, owner="me")
        assert [found(archive, each.id).state for each in (old, waiting, young)] == [S.EXPIRED, S.EXPIRED, S.SUBMITTED]
        last = progress(archive, old.id)[-1]
        assert last.by is not None
        assert (last.by.kind, last.by.id) == (PrincipalKind.ARCHIVE, f"archive:{archive.id.hex}")
        assert last.detail == {"after_seconds": int(TIMES[S.SUBMITTED].total_seconds())}
        (job,) = jobs(archive)
        assert (job.state, job.result) == (JobState.DONE, {"expired": 2})
        drain(archive, owner="me")
        assert len(jobs(archive)) == 1


def test_the_settings_say_when(station: Station) -> None:
    with station.open("submitted=2h") as archive:
        short = brought_to(archive, S.SUBMITTED)
        station.clock.later(timedelta(hours=3))
        drain(archive, owner="me")
        assert found(archive, short.id).state is S.EXPIRED
    with station.open("submitted=never") as archive:
        waiting = brought_to(archive, S.SUBMITTED)
        station.clock.later(timedelta(days=4000))
        drain(archive, owner="me")
        assert found(archive, waiting.id).state is S.SUBMITTED


def test_what_comes_due_later_has_a_job_of_its_own(station: Station) -> None:
    with station.open() as archive:
        for _ in range(2):
            demand = brought_to(archive, S.SUBMITTED)
            station.clock.later(timedelta(days=2))
            drain(archive, owner="me")
            assert found(archive, demand.id).state is S.EXPIRED
        assert [each.state for each in jobs(archive)] == [JobState.DONE] * 2


def test_one_job_at_a_time(station: Station) -> None:
    with station.open() as archive:
        brought_to(archive, S.SUBMITTED)
        station.clock.later(timedelta(days=2))
        first = [each for each in enqueue_routine(archive) if each.kind == EXPIRE]
        give_custody(archive, "takeover-one", SUCCESSOR, name="Następca")
        brought_to(archive, S.SUBMITTED)
        station.clock.later(timedelta(days=2))
        assert [each.id for each in enqueue_routine(archive) if each.kind == EXPIRE] == [each.id for each in first]
        drain(archive, owner="me")
        assert [each.result for each in jobs(archive)] == [{"expired": 2}]
