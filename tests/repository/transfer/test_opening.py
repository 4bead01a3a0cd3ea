"""Who may push into which open takeover: a deed says it, a deed ends it, and nobody else may."""

from datetime import timedelta

import pytest

from repository.access.errors import AccessRefused
from repository.access.permission import Grantee, GranteeKind
from repository.access.principal import Principal
from repository.catalogue.errors import CatalogueConflict
from repository.clock import now
from repository.domain.describing import Identifier
from repository.domain.takeover import Handover, State, Takeover
from repository.runtime import Archive
from repository.transfer.closing import close_transfer
from repository.transfer.errors import BindingUnfit, NotLive, SeveralOpen
from repository.transfer.opening import admitted_to, bind, bindings, lasts, open_transfer, unbind
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
    with pytest.raises(CatalogueConflict):
        unbind(archive, binding.id)
    assert [each.ended for each in bindings(archive, takeover)] == [True]


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
    with pytest.raises(NotLive):
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
