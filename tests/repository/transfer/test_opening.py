"""Who may push into which open takeover: a deed says it, a deed ends it, and nobody else may."""

from dataclasses import replace
from datetime import timedelta

import pytest

from repository.access.errors import AccessRefused
from repository.access.facts import Approval
from repository.access.permission import Grantee, GranteeKind
from repository.access.principal import Principal, PrincipalKind
from repository.catalogue.depositing import TakeoverOver
from repository.clock import instant, now
from repository.domain.describing import Identifier
from repository.domain.takeover import Handover, State, Takeover
from repository.entitlement import approve, end_leave
from repository.runtime import Archive
from repository.transfer.closing import close_transfer
from repository.transfer.errors import BindingEnded, BindingUnfit, BindingUnknown, SeveralOpen
from repository.transfer.opening import (
    admitted_to,
    bind,
    bind_all,
    binding_of,
    bindings,
    lasts,
    open_transfer,
    unbind,
)
from repository.transfer.telling import binding_body, still_bound
from tests.builders.access import THEIRS
from tests.builders.pushing import CLINIC, CLINIC_AS_PEER, opened_for_clinic, pacs


def test_an_open_takeover_is_live_and_receiving_with_its_opening_in_the_store(archive: Archive) -> None:
    takeover = opened_for_clinic(archive)
    assert (takeover.live, takeover.state, takeover.package) == (True, State.RECEIVING, "")
    assert [event.kind for event in archive.catalogue.events(takeover.number)] == ["capture"]
    assert archive.catalogue.counts(takeover.number).packs == 1


def test_whoever_is_bound_is_admitted(archive: Archive, takeover: Takeover) -> None:
    depositor = admitted_to(archive, pacs(), door="test")
    assert depositor.takeover == takeover.id
    assert [deed.kind for deed in archive.catalogue.journal.deeds()] == ["transfer"]


@pytest.mark.parametrize(
    "who",
    [
        pacs(THEIRS, name="OTHER"),
        pacs(None, name="OTHER"),
        pacs(minutes=0),
        Principal(kind=pacs().kind, id="PACS_KLINIKI", organisation=pacs().organisation),
    ],
    ids=["of another provider", "of nobody", "whose identification is over", "without identification"],
)
def test_nobody_else_is_and_the_attempt_is_written_down(archive: Archive, takeover: Takeover, who: Principal) -> None:
    with pytest.raises(AccessRefused):
        admitted_to(archive, who, door="test")
    (deed,) = archive.catalogue.journal.deeds(kind="deposit")
    assert (deed.outcome, deed.body["by"]["id"]) == ("refused", who.id)


def test_a_system_is_bound_by_the_id_that_it_has_here(archive: Archive) -> None:
    peer = Grantee(GranteeKind.SYSTEM, Identifier("", "CT_1"))
    takeover = open_transfer(archive, Handover(), peers=[peer])
    assert admitted_to(archive, pacs(None, name="CT_1"), door="test").takeover == takeover.id
    with pytest.raises(AccessRefused):
        admitted_to(archive, pacs(None, name="CT_10"), door="test")


def test_an_ended_binding_lets_nobody_in(archive: Archive, takeover: Takeover) -> None:
    (binding,) = bindings(archive, takeover)
    unbind(archive, binding.id)
    with pytest.raises(AccessRefused):
        admitted_to(archive, pacs(), door="test")
    with pytest.raises(BindingEnded):
        unbind(archive, binding.id)
    assert [each.ended for each in bindings(archive, takeover)] == [True]


def test_of_two_who_end_a_binding_at_one_time_one_does(
    archive: Archive, takeover: Takeover, monkeypatch: pytest.MonkeyPatch
) -> None:
    (binding,) = bindings(archive, takeover)

    def after_another(archive: Archive, id: str, *, by: Principal | None = None) -> object:  # noqa: A002
        end_leave(archive, id, by=by)
        return end_leave(archive, id, by=by)

    monkeypatch.setattr("repository.transfer.opening.end_leave", after_another)
    with pytest.raises(BindingEnded):
        unbind(archive, binding.id)
    (ended,) = bindings(archive, takeover)
    assert ended.ended
    assert len(list(archive.catalogue.journal.deeds(kind="leave-end"))) == 1


def test_nothing_but_a_binding_of_that_takeover_is_ended(archive: Archive, takeover: Takeover) -> None:
    """A peer that is registered, an approval and a binding have ids alike, and end by the same deed."""
    second = opened_for_clinic(archive)
    (other,) = bindings(archive, second)
    now_ = archive.clock()
    peer = approve(archive, Approval("", "a", "b", now_, now_ + timedelta(hours=1), identifier=CLINIC))
    for id, where in ((peer.id, ""), (peer.id, takeover.id), (other.id, takeover.id), ("", ""), ("\0ż", "")):  # noqa: A001
        with pytest.raises(BindingUnknown):
            unbind(archive, id, takeover=where)
    assert not list(archive.catalogue.journal.deeds(kind="leave-end"))
    assert unbind(archive, other.id, takeover=second.id).ended


def test_a_binding_whose_time_has_passed_is_not_ended_once_more(archive: Archive, takeover: Takeover) -> None:
    id = bind(archive, takeover, CLINIC_AS_PEER, until=now() + timedelta(minutes=1))  # noqa: A001
    later = replace(archive, clock=lambda: now() + timedelta(minutes=2))
    with pytest.raises(BindingEnded):
        unbind(later, id)


def test_several_are_bound_at_one_time_or_none_is(archive: Archive, takeover: Takeover) -> None:
    systems = [Grantee(GranteeKind.SYSTEM, Identifier("", name)) for name in ("CT_1", "CT_2")]
    with pytest.raises(BindingUnfit):
        bind_all(archive, takeover, [*systems, Grantee(GranteeKind.ANYBODY)])
    assert len(bindings(archive, takeover)) == 1
    boss = Principal(kind=PrincipalKind.ADMINISTRATOR, id="boss")
    ids = bind_all(archive, takeover, systems, by=boss)
    assert [each.id for each in bindings(archive, takeover)][1:] == ids
    _, *deeds = archive.catalogue.journal.deeds(kind="transfer")
    assert [(deed.body["by"]["id"], deed.body["given_by"]) for deed in deeds] == [("boss", "boss")] * 2


def test_a_binding_is_told_as_it_stands(archive: Archive, takeover: Takeover) -> None:
    at, until = now(), now() + timedelta(days=1)
    (first,) = bindings(archive, takeover)
    told = binding_body(first, takeover, at=now())
    assert (told["kind"], told["identifier"]["extension"], told["name"]) == (
        "organisation",
        CLINIC.extension,
        "Przychodnia",
    )
    assert (told["until"], told["ended_at"], told["in_force"]) == (None, None, True)
    second = binding_of(archive, bind(archive, takeover, CLINIC_AS_PEER, until=until))
    assert binding_body(second, takeover, at=until)["in_force"] is False
    assert binding_body(second, takeover, at=now())["until"] == instant(until)
    ended = unbind(archive, first.id)
    told = binding_body(ended, takeover, at=now())
    assert (told["ended_at"] > instant(at), told["until"], told["in_force"]) == (True, None, False)
    assert still_bound(ended, bindings(archive, takeover), at=now()) == [second.id]
    close_transfer(archive, takeover)
    assert binding_body(second, archive.catalogue.takeover(takeover.id), at=now())["in_force"] is False


def test_a_binding_lasts_until_its_moment_and_not_after_a_deed_that_came_from_a_clock_ahead(archive: Archive) -> None:
    soon = now() + timedelta(minutes=5)
    takeover = open_transfer(archive, Handover(), peers=[CLINIC_AS_PEER], until=soon)
    (binding,) = bindings(archive, takeover)
    assert lasts(binding, soon - timedelta(seconds=1))
    assert not lasts(binding, soon)
    assert not lasts(binding, now() - timedelta(hours=1))


def test_of_several_open_takeovers_one_is_named(archive: Archive, takeover: Takeover) -> None:
    second = opened_for_clinic(archive)
    with pytest.raises(SeveralOpen) as raised:
        admitted_to(archive, pacs(), door="test")
    assert takeover.id in raised.value.advice.en
    assert admitted_to(archive, pacs(), door="test", wanted=second.id).takeover == second.id
    with pytest.raises(AccessRefused):
        admitted_to(archive, pacs(), door="test", wanted="0193f3c0-1111-7222-8333-012345678901")


def test_a_closed_takeover_takes_nobody(archive: Archive, takeover: Takeover) -> None:
    close_transfer(archive, takeover)
    with pytest.raises(AccessRefused):
        admitted_to(archive, pacs(), door="test")
    with pytest.raises(TakeoverOver):
        bind(archive, archive.catalogue.takeover(takeover.id), CLINIC_AS_PEER)
    assert all(each.ended for each in bindings(archive, takeover))


@pytest.mark.parametrize(
    "peer",
    [
        Grantee(GranteeKind.ANYBODY),
        Grantee(GranteeKind.ORGANISATION),
        Grantee(GranteeKind.SYSTEM, Identifier("", " ")),
    ],
)
def test_nobody_in_particular_cannot_be_bound(archive: Archive, peer: Grantee) -> None:
    with pytest.raises(BindingUnfit):
        open_transfer(archive, Handover(), peers=[peer])
    assert archive.catalogue.takeovers() == []


def test_a_time_that_has_passed_binds_nobody(archive: Archive) -> None:
    with pytest.raises(BindingUnfit):
        open_transfer(archive, Handover(), peers=[Grantee(GranteeKind.ORGANISATION, CLINIC)], until=now())


def test_nothing_came_is_a_rejection(archive: Archive, takeover: Takeover) -> None:
    assert close_transfer(archive, takeover).state is State.REJECTED
