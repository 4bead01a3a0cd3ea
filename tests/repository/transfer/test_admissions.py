"""Who was admitted a moment ago is not asked for again; and who may not push any more is kept out all the same."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from repository.access.errors import AccessRefused
from repository.access.permission import Grantee, GranteeKind
from repository.catalogue.depositing import Depositing
from repository.clock import now
from repository.domain.describing import Identifier
from repository.domain.takeover import Takeover
from repository.runtime import Archive
from repository.transfer.admissions import MOST, Admissions
from repository.transfer.closing import close_transfer
from repository.transfer.opening import bind, bindings, unbind
from repository.transfer.transfers import Transfers
from tests.builders.homes import assert_no_orphans
from tests.builders.pushing import CLINIC_AS_PEER, image, offers_of, opened_for_clinic, pacs
from tests.repository.transfer.gates import gated


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one with each question to the catalogue."""
    found: list[int] = []
    really = Depositing.bindings_for

    def counted(self: Depositing, grantees: list[str]) -> object:
        found.append(len(grantees))
        return really(self, grantees)

    monkeypatch.setattr(Depositing, "bindings_for", counted)
    return found


class Ahead:
    """A clock that is ahead `by` so much."""

    by = timedelta()

    def __call__(self) -> datetime:
        return now() + self.by


def refused(archive: Archive) -> int:
    return sum(deed.outcome == "refused" for deed in archive.catalogue.journal.deeds(kind="deposit"))


def kept(archive: Archive, takeover: Takeover) -> int:
    return archive.catalogue.counts(takeover.number).holdings


def test_who_was_admitted_a_moment_ago_is_not_asked_for_again(
    archive: Archive, takeover: Takeover, asked: list[int]
) -> None:
    admissions, who = Admissions(archive), pacs()
    first, second = (admissions.admitted(who, door="test") for _ in range(2))
    assert (first.takeover, second.takeover, len(asked)) == (takeover.id, takeover.id, 1)
    assert (first.remembered, second.remembered) == (False, True)


def test_another_door_another_takeover_and_another_caller_are_asked_for_each(
    archive: Archive, takeover: Takeover, asked: list[int]
) -> None:
    admissions, who = Admissions(archive), pacs()
    admissions.admitted(who, door="test")
    assert admissions.admitted(who, door="other").door == "other"
    assert admissions.admitted(who, door="test", wanted=takeover.id).takeover == takeover.id
    with pytest.raises(AccessRefused):
        admissions.admitted(who, door="test", wanted="0" * 32)
    assert admissions.admitted(pacs(minutes=7), door="test").takeover == takeover.id
    assert len(asked) == 5


def test_a_refusal_is_not_remembered(archive: Archive, takeover: Takeover) -> None:
    admissions, who = Admissions(archive), pacs()
    (binding,) = bindings(archive, takeover)
    unbind(archive, binding.id)
    with pytest.raises(AccessRefused):
        admissions.admitted(who, door="test")
    bind(archive, takeover, CLINIC_AS_PEER)
    assert admissions.admitted(who, door="test").takeover == takeover.id


def test_an_identity_that_has_ended_is_asked_for_again_and_refused(archive: Archive, takeover: Takeover) -> None:
    ahead, who = Ahead(), pacs(minutes=5)
    admissions = Admissions(replace(archive, clock=ahead))
    assert admissions.admitted(who, door="test").takeover == takeover.id
    ahead.by = timedelta(minutes=6)
    with pytest.raises(AccessRefused):
        admissions.admitted(who, door="test")


def test_a_binding_whose_time_has_come_is_asked_for_again_and_refused(archive: Archive, takeover: Takeover) -> None:
    (first,) = bindings(archive, takeover)
    unbind(archive, first.id)
    bind(archive, takeover, CLINIC_AS_PEER, until=now() + timedelta(minutes=1))
    ahead, who = Ahead(), pacs()
    admissions = Admissions(replace(archive, clock=ahead))
    assert admissions.admitted(who, door="test").takeover == takeover.id
    ahead.by = timedelta(minutes=2)
    with pytest.raises(AccessRefused):
        admissions.admitted(who, door="test")


def test_what_is_remembered_is_bounded(archive: Archive, takeover: Takeover, asked: list[int]) -> None:
    admissions, who = Admissions(archive), pacs()
    for number in range(MOST + 1):
        assert admissions.admitted(who, door=f"door {number}").takeover == takeover.id
    admissions.admitted(who, door=f"door {MOST}")
    assert len(asked) == MOST + 1
    admissions.admitted(who, door="door 0")
    assert len(asked) == MOST + 2


def test_whose_binding_was_ended_a_moment_ago_keeps_nothing_and_the_attempt_is_written_down(
    archive: Archive, takeover: Takeover
) -> None:
    who = pacs()
    with Transfers(archive) as transfers:
        transfers.deposit(transfers.admitted(who, door="test"), offers_of(archive, [image()]))
        (binding,) = bindings(archive, takeover)
        unbind(archive, binding.id)
        depositor = transfers.admitted(who, door="test")
        assert depositor.remembered
        with pytest.raises(AccessRefused):
            transfers.deposit(depositor, offers_of(archive, [image(1)]))
        assert (kept(archive, takeover), refused(archive)) == (1, 1)
        with pytest.raises(AccessRefused):  # and is asked for anew
            transfers.admitted(who, door="test")
        assert refused(archive) == 2
    assert_no_orphans(archive, takeover)


def test_who_is_bound_anew_after_a_push_of_a_moment_ago_may_push_at_once(archive: Archive, takeover: Takeover) -> None:
    who = pacs()
    with Transfers(archive) as transfers:
        transfers.deposit(transfers.admitted(who, door="test"), offers_of(archive, [image()]))
        (binding,) = bindings(archive, takeover)
        unbind(archive, binding.id)
        anew = bind(archive, takeover, CLINIC_AS_PEER)
        depositor = transfers.admitted(who, door="test")
        assert (depositor.remembered, depositor.binding) == (True, binding.id)
        assert len(transfers.deposit(depositor, offers_of(archive, [image(1)]))) == 1
        assert transfers.admitted(who, door="test").binding == anew
    assert (kept(archive, takeover), refused(archive)) == (2, 0)
    assert [deed.body["binding"] for deed in archive.catalogue.journal.deeds(kind="deposit")] == [binding.id, anew]
    assert_no_orphans(archive, takeover)


def test_who_shares_a_group_with_one_whose_binding_was_ended_is_not_disturbed(
    archive: Archive, takeover: Takeover, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = bind(archive, takeover, Grantee(GranteeKind.SYSTEM, Identifier("", "OTHER")))
    gate = gated(archive, monkeypatch, 1)
    with Transfers(archive) as transfers:
        mine, others = (transfers.admitted(who, door="test") for who in (pacs(), pacs(None, name="OTHER")))
        given = [transfers.submit(mine, offers_of(archive, [image(1)]))]
        assert gate.came.wait(60)  # what comes now gathers until that is stored
        unbind(archive, theirs)
        given.append(transfers.submit(mine, offers_of(archive, [image(2)])))
        refused_to = transfers.submit(others, offers_of(archive, [image(3)]))
        gate.free.set()
        assert [each.result(60)[0].takeover for each in given] == [takeover.id] * 2
        with pytest.raises(AccessRefused):
            refused_to.result(60)
    assert (kept(archive, takeover), refused(archive)) == (2, 1)
    assert_no_orphans(archive, takeover)


def test_a_takeover_that_was_closed_a_moment_ago_refuses_as_it_does_later(archive: Archive) -> None:
    takeover, who = opened_for_clinic(archive), pacs()
    with Transfers(archive) as transfers:
        transfers.admitted(who, door="test")
        depositor = transfers.admitted(who, door="test")
        close_transfer(archive, takeover)
        with pytest.raises(AccessRefused):
            transfers.deposit(depositor, offers_of(archive, [image()]))
    assert (kept(archive, takeover), refused(archive)) == (0, 1)
