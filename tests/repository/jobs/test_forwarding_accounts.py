"""What comes due by itself: accounts go to a real TLS collector, deeds under a checkpoint, and else nothing is made."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from repository.access.account import as_body
from repository.accounting.collector_settings import Collector
from repository.accounting.errors import CollectorNotTrusted, CollectorUnreachable
from repository.accounting.forwarding import forward
from repository.catalogue.catalogue import open_catalogue
from repository.catalogue.jobs import Job, JobState
from repository.entitlement import give
from repository.intake import Order, receive
from repository.jobs import kinds
from repository.jobs.draining import drain
from repository.jobs.enqueuing import enqueue_routine
from repository.jobs.kinds import FORWARD, PUBLISH
from repository.journal import note, publish
from repository.runtime import Archive
from repository.settings import Settings, read_home
from storage.errors import StoreFull
from tests.builders.access import consent
from tests.builders.accounts import account
from tests.builders.certificates import LOOPBACK, Authority
from tests.builders.homes import at_home, new_home, plain_package
from tests.peers.syslog_collector import Manner, SyslogCollector

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@dataclass
class Station:
    """An archive whose clock and collector the test sets; jobs are told the same time as the archive."""

    settings: Settings
    now: list[datetime] = field(default_factory=lambda: [START])

    @contextmanager
    def open(self, collector: Collector | None) -> Iterator[Archive]:
        settings = replace(self.settings, collector=collector)
        with at_home(settings, clock=lambda: self.now[0]) as opened:
            catalogue = open_catalogue(read_home(settings.home).catalogue, now=lambda: self.now[0])
            yield replace(opened, settings=settings, catalogue=catalogue)
            catalogue.close()

    def pass_(self, **time: float) -> None:
        self.now[0] += timedelta(**time)


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return Station(new_home(tmp_path))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def collector(authority: Authority) -> Iterator[SyslogCollector]:
    with SyslogCollector(authority.sign("collector")) as running:
        yield running


def at(collector: SyslogCollector, authority: Authority) -> Collector:
    return Collector(host=LOOPBACK, port=collector.port, ca_file=authority.file)


def nowhere(authority: Authority) -> Collector:
    """A port on which nobody listens: it was the collector's of a moment ago."""
    with SyslogCollector(authority.sign("gone")) as gone:
        port = gone.port
    return Collector(host=LOOPBACK, port=port, ca_file=authority.file)


def accounts(archive: Archive, count: int = 1) -> list[int]:
    """As many accounts are in the journal; their numbers."""
    bodies = [as_body(account(0, ordinal=n)) for n in range(1, count + 1)]
    return [note(archive, "account", body, outcome="permitted").number for body in bodies]


def arrived(collector: SyslogCollector) -> list[int]:
    found = [re.search(rb'account@32473 number="([0-9]+)"', each) for each in collector.received]
    return [int(each[1]) for each in found if each]


def jobs(archive: Archive, kind: str = FORWARD) -> Sequence[Job]:
    return [each for each in archive.catalogue.jobs.jobs() if each.kind == kind]


@pytest.mark.requirement("R463-10.1.2")
def test_the_worker_sends_every_account_once_and_passes_over_other_deeds(
    station: Station, collector: SyslogCollector, authority: Authority
) -> None:
    with station.open(at(collector, authority)) as archive:
        numbers = accounts(archive, 3)
        give(archive, consent())
        numbers += accounts(archive, 130)  # more than one batch
        give(archive, consent(id="another"))
        assert drain(archive, owner="me") == 2
        assert arrived(collector) == numbers
        assert numbers[3] == 5
        (job,) = jobs(archive)
        assert (job.state, job.result) == (JobState.DONE, {"sent": 133})
        numbers += accounts(archive)
        drain(archive, owner="me")
        assert arrived(collector) == numbers


def test_when_nothing_is_due_there_are_no_new_rows(
    station: Station, collector: SyslogCollector, authority: Authority
) -> None:
    with station.open(at(collector, authority)) as archive:
        assert drain(archive, owner="me") == 0
        accounts(archive)
        drain(archive, owner="me")
        before = archive.catalogue.jobs.jobs()
        for hours in (0, 0, 1, 48):
            station.pass_(hours=hours)
            assert drain(archive, owner="me") == 0
        assert archive.catalogue.jobs.jobs() == before
        assert collector.connections == 1


def test_while_the_collector_is_down_one_job_waits_and_nothing_is_lost(
    station: Station, collector: SyslogCollector, authority: Authority
) -> None:
    numbers: list[int] = []
    with station.open(nowhere(authority)) as archive:
        for _ in range(4):  # each time somebody has read meanwhile
            numbers += accounts(archive)
            drain(archive, owner="me", kinds={FORWARD: kinds.forwarding})
        (job,) = jobs(archive)
        assert (job.state, job.code, job.attempts) == (JobState.WAITING, CollectorUnreachable.code, 1)
        due = job.due_at
        assert datetime.fromisoformat(due) > station.now[0]
        (state,) = archive.catalogue.collectors.collectors()
        assert (state.last_sent, state.failure) == (0, CollectorUnreachable.code)
    back = at(collector, authority)
    with station.open(back) as archive:
        station.pass_(minutes=5)
        drain(archive, owner="me")
        assert arrived(collector) == numbers
        assert archive.catalogue.collectors.cursor(back.name) == numbers[-1]


def test_a_job_that_gave_up_is_followed_by_another_within_the_hour_after(
    station: Station, collector: SyslogCollector, authority: Authority
) -> None:
    where = at(collector, authority)
    collector.manner = Manner.HANGS_UP
    with station.open(where) as archive:
        numbers = accounts(archive, 2)
        for _ in range(12):
            drain(archive, owner="me")
            station.pass_(minutes=10)
        assert {each.state for each in jobs(archive)} <= {JobState.FAILED, JobState.WAITING}
        assert 1 < len(jobs(archive)) <= 3
        assert archive.catalogue.collectors.cursor(where.name) == 0
        collector.manner, collector.received[:] = Manner.GOOD, []
        station.pass_(hours=1)
        drain(archive, owner="me")
        assert arrived(collector) == numbers


def test_a_collector_that_is_not_trusted_is_told_and_tried_again_in_another_hour(
    station: Station, collector: SyslogCollector, authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, name="Another Authority")
    with station.open(at(collector, stranger)) as archive:
        accounts(archive)
        for _ in range(3):
            drain(archive, owner="me")
        assert [(each.state, each.code) for each in jobs(archive)] == [
            (JobState.FAILED, CollectorNotTrusted.code)
        ] * 2  # and no third before another hour
    with station.open(at(collector, authority)) as archive:
        station.pass_(hours=1)
        drain(archive, owner="me")
        assert arrived(collector) == [1]


def test_a_new_collector_gets_all_at_once_though_another_had_it(station: Station, authority: Authority) -> None:
    for name in ("one", "other"):
        with SyslogCollector(authority.sign(name)) as running, station.open(at(running, authority)) as archive:
            if name == "one":
                accounts(archive, 2)
            drain(archive, owner="me")
            assert arrived(running) == [1, 2]


def test_what_one_run_does_not_take_is_taken_without_waiting_for_more(
    station: Station, collector: SyslogCollector, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "repository.jobs.kinds.forward", lambda *args, **named: forward(*args, **named, batch=2, batches_most=2)
    )
    with station.open(at(collector, authority)) as archive:
        numbers = accounts(archive, 9)
        for _ in range(3):
            drain(archive, owner="me")
        assert arrived(collector) == numbers


def test_without_a_collector_nothing_is_forwarded(station: Station) -> None:
    with station.open(None) as archive:
        accounts(archive, 2)
        drain(archive, owner="me")
        assert jobs(archive) == []
        assert archive.catalogue.collectors.collectors() == []


def test_deeds_that_wait_are_published_and_else_nothing_is(station: Station, tmp_path: Path) -> None:
    with station.open(None) as archive:
        assert enqueue_routine(archive) == []
        give(archive, consent())
        (job,) = enqueue_routine(archive)
        assert (job.kind, enqueue_routine(archive)) == (PUBLISH, [job])
        assert drain(archive, owner="me") == 1
        assert archive.catalogue.journal.bundled() == archive.catalogue.journal.size() == 1
        assert enqueue_routine(archive) == []
        give(archive, consent())
        publish(archive)  # somebody else was first
        assert enqueue_routine(archive) == []
        receive(archive, Order(plain_package(tmp_path / "package", files=2)), progress=lambda _: None)
        assert enqueue_routine(archive) == []


def test_publishing_that_failed_is_asked_for_again(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StoreFull

    with station.open(None) as archive:
        give(archive, consent())
        with monkeypatch.context() as patched:
            patched.setattr("repository.journal.publish", full)
            drain(archive, owner="me")
            (job,) = jobs(archive, PUBLISH)
            assert (job.state, job.code) == (JobState.FAILED, StoreFull.code)
            for _ in range(3):
                drain(archive, owner="me")
            assert len(jobs(archive, PUBLISH)) == 2  # not again and again
        station.pass_(hours=1)
        drain(archive, owner="me")
        assert [each.state for each in jobs(archive, PUBLISH)] == [JobState.DONE, *[JobState.FAILED] * 2]
        assert archive.catalogue.journal.bundled() == 1


def test_a_worker_that_is_to_stop_does_not_send_all_that_waits(
    station: Station, collector: SyslogCollector, authority: Authority
) -> None:
    with station.open(at(collector, authority)) as archive:
        numbers = accounts(archive, 250)
        drain(archive, owner="me", until=lambda: len(collector.received) >= 100)
        job = jobs(archive)[0]
        assert (job.state, job.attempts) == (JobState.WAITING, 0)
        assert len(collector.received) < 250
        drain(archive, owner="me")
        assert arrived(collector) == numbers
