"""Every operation at the door has its account, durable before its answer: who, for what, with which outcome."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dicom_gateway.protocol.commands import C_STORE_RQ, STATUS
from repository.access.purpose import Purpose
from repository.domain.deed import Deed
from repository.peers.registering import register
from repository.transfer.opening import bindings, unbind
from tests.dicom_gateway.destinations import Manner, destination
from tests.dicom_gateway.gateways import CUSTODIAN, Door, named, opened
from tests.dicom_gateway.raw import (
    Raw,
    an_instance,
    echo,
    finding,
    getting,
    line,
    moving,
    stored_answer,
    storing,
)
from tests.dicom_gateway.test_retrieving import STRANGER

TITLE = CUSTODIAN.ae_title


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Door]:
    with opened(tmp_path, patients=1) as door:
        yield door


class Journal:
    """What was written since."""

    def __init__(self, door: Door) -> None:
        self._journal = door.archive.catalogue.journal
        self._before = self._journal.size()

    def since(self) -> list[Deed]:
        found = list(self._journal.deeds(after=self._before))
        self._before = self._journal.size()
        return found


def study_of(door: Door) -> str:
    assert door.sample is not None
    facts = (each.description.dicom for each in door.archive.catalogue.holdings(door.sample.number))
    return next(each.study_instance_uid for each in facts if each is not None)


def final(peer: Raw, journal: Journal) -> tuple[int, list[Deed]]:
    """The last status, and what was written before the first answer."""
    written: list[Deed] = []
    while (found := peer.command()) is not None:
        written = written or journal.since()
        if found.field == C_STORE_RQ:
            peer.send(stored_answer(found))
        elif found.number(STATUS) & 0xFF00 != 0xFF00:
            return found.number(STATUS), written
    raise AssertionError("the association ended")


def told(deeds: list[Deed]) -> list[tuple[str, str, str]]:
    return [(each.kind, str(each.body.get("operation", "")), each.outcome) for each in deeds]


def test_an_instance_that_is_kept_has_its_deed_of_who_and_by_which_door(own: Door) -> None:
    journal = Journal(own)
    with line(own) as peer:
        peer.send(storing(an_instance(7)))
        assert peer.status() == 0
        (deed,) = journal.since()
        assert (deed.kind, deed.outcome) == ("deposit", "deposited")
        assert deed.body["door"] == "dicom"
        assert deed.body["takeover"] == own.open_one.id
        assert (deed.body["kept"], deed.body["duplicate"]) == (1, 0)
        assert TITLE in str(deed.body)
        peer.send(storing(an_instance(7)))
        assert peer.status() == 0
        (deed,) = journal.since()
        assert (deed.body["kept"], deed.body["duplicate"]) == (0, 1)


def test_an_instance_that_is_refused_has_its_deed(own: Door) -> None:
    for each in bindings(own.archive, own.open_one):
        unbind(own.archive, each.id)
    journal = Journal(own)
    with line(own) as peer:
        peer.send(storing(an_instance(7)))
        assert peer.status() == 0x0124
    (deed,) = journal.since()
    assert (deed.kind, deed.outcome, deed.body["door"]) == ("deposit", "refused", "dicom")
    assert TITLE in str(deed.body)


def test_a_search_has_its_account(own: Door) -> None:
    journal = Journal(own)
    with line(own) as peer:
        peer.send(finding())
        status, deeds = final(peer, journal)
    assert status == 0
    assert told(deeds) == [("account", "search", "permitted")]
    assert_of(deeds[0])


def assert_of(deed: Deed, title: str = TITLE) -> None:
    assert deed.body["door"] == "dicom"
    assert deed.body["purpose"] == Purpose.CUSTODY.value
    assert title in str(deed.body)


def test_what_is_got_has_its_account_before_it_goes(own: Door) -> None:
    journal = Journal(own)
    with line(own) as peer:
        peer.send(getting(study_of(own)))
        status, deeds = final(peer, journal)
    assert status == 0
    assert told(deeds) == [("account", "read", "permitted")]
    assert_of(deeds[0])


def test_what_is_moved_has_an_account_of_whoever_asks_and_of_the_destination(own: Door) -> None:
    with destination(Manner.GOOD) as to:
        register(own.archive, named(own.peer, "DALEKI", host="127.0.0.1", port=to.port))
        journal = Journal(own)
        with line(own) as peer:
            peer.send(moving(study_of(own), "DALEKI"))
            assert to.first.wait(60)
            deeds = journal.since()
            status, _ = final(peer, journal)
    assert status == 0
    assert told(deeds) == [("account", "read", "permitted")] * 2
    assert_of(deeds[0])
    assert_of(deeds[1], "DALEKI")
    assert [deed.body["reason"] for deed in deeds] == ["", "moved as PACS asked"]


def test_what_may_not_be_got_or_moved_has_its_account_and_looks_like_nothing(own: Door) -> None:
    register(own.archive, named(own.peer, "OBCY", organisation=STRANGER, host="127.0.0.1", port=9))
    journal = Journal(own)
    with line(own, title="OBCY") as peer:
        for each in (getting(study_of(own)), getting("1.2.3.4"), moving(study_of(own), TITLE)):
            peer.send(each)
            if each == moving(study_of(own), TITLE):
                assert peer.status() == 0xA801, "it listens nowhere"
                continue
            status, deeds = final(peer, journal)
            assert status == 0
            assert told(deeds) == [("account", "read", "refused")]
            assert_of(deeds[0], "OBCY")
    journal.since()
    with line(own) as peer:  # whoever asks may, and the destination may not
        peer.send(moving(study_of(own), "OBCY"))
        status, deeds = final(peer, journal)
    assert status == 0
    assert told(deeds) == [("account", "read", "permitted"), ("account", "read", "refused")]


def test_an_echo_reads_nothing_and_has_none(own: Door) -> None:
    journal = Journal(own)
    with line(own) as peer:
        peer.send(echo())
        assert peer.status() == 0
    assert told(journal.since()) == []
