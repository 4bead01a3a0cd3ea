"""From the journal to a collector and never less than once: with a real catalogue and a real TLS server."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repository.access.account import Account
from repository.accounting.collector_settings import Collector
from repository.accounting.dicom_audit import audit_message
from repository.accounting.errors import CollectorLost, CollectorUnreachable
from repository.accounting.forwarding import Forwarded, forward
from repository.accounting.syslog import Patience, SyslogTls, syslog_message
from repository.catalogue.collectors import Collectors
from repository.catalogue.engine import Room, existing, read_url
from tests.builders.accounts import account
from tests.builders.catalogues import copy_of_empty
from tests.builders.certificates import LOOPBACK, Authority
from tests.peers.syslog_collector import Manner, SyslogCollector

ROOT = Path(__file__).parents[3]
ARCHIVE = "archive.example"


def journal(last: int, *, missing: int = 0) -> Callable[[int, int], Sequence[Account]]:
    """A source of accounts 1 to `last`."""
    return lambda after, limit: [account(n) for n in range(after + 1, last + 1) if n != missing][:limit]


def render(one: Account) -> bytes:
    message = audit_message(one, archive=ARCHIVE)
    return syslog_message(one, host="host", archive=ARCHIVE, message=message)


def numbers(messages: Sequence[bytes]) -> list[int]:
    found = [re.search(rb'account@32473 number="([0-9]+)"', each) for each in messages]
    return [int(each[1]) for each in found if each]


def without_repeats(found: Sequence[int]) -> list[int]:
    return list(dict.fromkeys(found))


@pytest.fixture
def catalogue_url(tmp_path: Path) -> str:
    copy_of_empty(tmp_path / "catalogue.sqlite")
    return f"sqlite:///{tmp_path / 'catalogue.sqlite'}"


@pytest.fixture
def cursors(catalogue_url: str) -> Iterator[Collectors]:
    room = Room(existing(read_url(catalogue_url)))
    yield Collectors(room)
    room.close()


def to(collector: SyslogCollector, authority: Authority) -> SyslogTls:
    where = Collector(host=LOOPBACK, port=collector.port, ca_file=authority.file)
    return SyslogTls(where, patience=Patience())


def test_everything_due_is_sent_once_and_then_nothing(
    collector: SyslogCollector, authority: Authority, cursors: Collectors
) -> None:
    send = partial(forward, cursors=cursors, sender=to(collector, authority), name="one", render=render, batch=10)
    assert send(journal(25)) == Forwarded(25, 25, more=False, failure=None)
    assert send(journal(25)) == Forwarded(0, 25, more=False, failure=None)
    assert send(journal(26)) == Forwarded(1, 26, more=False, failure=None)
    assert numbers(collector.received) == list(range(1, 27))
    assert [(each.name, each.last_sent, each.failure) for each in cursors.collectors()] == [("one", 26, "")]


def test_a_collector_that_dies_in_the_middle_gets_all_at_least_once_and_in_order(
    collector: SyslogCollector, authority: Authority, cursors: Collectors
) -> None:
    send = partial(forward, cursors=cursors, sender=to(collector, authority), name="one", render=render, batch=10)
    assert send(journal(15)).last == 15
    collector.manner, collector.dies_after = Manner.DIES, 9000
    stopped = send(journal(60))
    assert isinstance(stopped.failure, CollectorLost)
    assert (stopped.sent, stopped.last, stopped.more) == (0, 15, True)
    assert cursors.collectors()[0].failure == CollectorLost.code
    assert 15 < numbers(collector.received)[-1] < 25  # some of the batch had arrived
    collector.manner = Manner.GOOD
    assert send(journal(60)) == Forwarded(45, 60, more=False, failure=None)
    found = numbers(collector.received)
    assert without_repeats(found) == list(range(1, 61))
    assert len(found) > 60
    assert cursors.collectors()[0].failure == ""


def test_a_collector_that_is_away_costs_one_try_and_no_account(authority: Authority, cursors: Collectors) -> None:
    with SyslogCollector(authority.sign("away")) as away:
        pass
    done = forward(journal(5), cursors, to(away, authority), name="away", render=render)
    assert isinstance(done.failure, CollectorUnreachable)
    assert (done.sent, cursors.cursor("away")) == (0, 0)
    assert cursors.collectors()[0].failed_at


KILLED = """
import os, signal, sys
from tests.repository.accounting.test_forwarding import *
url, port, ca_file = sys.argv[1:]
class Dying(Collectors):
    def move(self, name, number):
        if number == 20:
            os.kill(os.getpid(), signal.SIGKILL)
        super().move(name, number)
sender = SyslogTls(Collector(host=LOOPBACK, port=int(port), ca_file=Path(ca_file)))
cursors = Dying(Room(existing(read_url(url))))
forward(journal(30), cursors, sender, name="one", render=render, batch=10)
"""


def test_a_kill_between_sending_and_noting_it_repeats_accounts_and_loses_none(
    collector: SyslogCollector, authority: Authority, cursors: Collectors, catalogue_url: str
) -> None:
    arguments = [sys.executable, "-c", KILLED, catalogue_url, str(collector.port), str(authority.file)]
    killed = subprocess.run(arguments, cwd=ROOT, check=False, capture_output=True, timeout=60)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert cursors.cursor("one") == 10
    done = forward(journal(30), cursors, to(collector, authority), name="one", render=render, batch=10)
    assert done == Forwarded(20, 30, more=False, failure=None)
    assert numbers(collector.received) == [*range(1, 21), *range(11, 31)]


def test_numbers_of_other_deeds_are_passed_over(
    collector: SyslogCollector, authority: Authority, cursors: Collectors
) -> None:
    send = partial(forward, cursors=cursors, sender=to(collector, authority), name="one", render=render, batch=10)
    assert send(journal(20, missing=7)) == Forwarded(19, 20, more=False, failure=None)
    assert numbers(collector.received) == [number for number in range(1, 21) if number != 7]


def test_one_run_takes_no_more_than_its_share(
    collector: SyslogCollector, authority: Authority, cursors: Collectors
) -> None:
    done = forward(journal(30), cursors, to(collector, authority), name="one", render=render, batch=10, batches_most=2)
    assert done == Forwarded(20, 20, more=True, failure=None)


class Kept:
    """Cursors in memory that never went back."""

    def __init__(self) -> None:
        self.at = 0

    def cursor(self, name: str) -> int:
        return self.at

    def move(self, name: str, number: int) -> None:
        assert number > self.at
        self.at = number

    def failed(self, name: str, code: str) -> None:
        assert code == CollectorLost.code


class Fickle:
    """Takes of each batch as many as the next of `plan` says; -1 is all, and the word for it."""

    def __init__(self, plan: list[int]) -> None:
        self.plan = plan
        self.taken: list[bytes] = []

    def send(self, messages: Sequence[bytes]) -> None:
        takes = self.plan.pop(0) if self.plan else -1
        self.taken += messages if takes < 0 else messages[:takes]
        if takes >= 0:
            raise CollectorLost(collector="fickle", reason="test")


@given(st.lists(st.integers(-1, 6), max_size=12), st.integers(0, 25), st.integers(1, 6))
def test_whatever_fails_all_arrive_in_order_at_least_once(plan: list[int], last: int, batch: int) -> None:
    cursors, sender = Kept(), Fickle(plan)
    for _ in range(len(plan) + 1):
        done = forward(journal(last), cursors, sender, name="one", render=lambda each: b"%d" % each.number, batch=batch)
        if done.failure is None:
            break
    assert cursors.at == last
    assert [int(each) for each in dict.fromkeys(sender.taken)] == list(range(1, last + 1))
