"""A turn that does not come, because whoever has it sleeps, keeps nobody from going on."""

import pytest

from repository.catalogue import turns
from repository.catalogue.errors import CatalogueRefused
from repository.catalogue.turns import Turn
from repository.transfer.sharing import EVERY, WITHOUT, Sharing
from tests.repository.transfer.sharers import Both, Clock


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "WAITING_SECONDS", 0.05)


@pytest.mark.usefixtures("impatient")
def test_a_turn_that_is_waited_for_in_vain_is_done_without_for_a_time(processes: Both, seen: Turn) -> None:
    one, other = processes
    other.sharing.met()
    other.sharing.enter()
    one.sharing.met()
    assert one.sharing.enter()  # others may have written all the same
    one.sharing.leave()
    assert (one.draining(), other.turns[-1].wanted(), seen.taken()) == (False, False, True)
    one.sharing.met()
    assert not one.sharing.enter()  # it does not wait again
    assert not one.draining()
    one.sharing.leave()
    other.sharing.leave()
    assert not seen.taken()
    one.clock.now += WITHOUT
    one.sharing.met()
    assert one.alone()
    assert other.alone()


@pytest.mark.usefixtures("impatient")
def test_insisting_in_vain_keeps_nobody_from_going_on(processes: Both, seen: Turn) -> None:
    one, other = processes
    one.sharing.enter()
    other.sharing.met()
    other.sharing.enter()
    one.sharing.met()
    one.sharing.insist()
    assert seen.taken()
    other.sharing.leave()
    one.sharing.leave()
    assert (one.draining(), seen.taken()) == (False, False)
    assert not one.alone()


def test_a_turn_that_no_catalogue_gives_is_done_without() -> None:
    """Whatever is wrong with it: a turn costs speed and nothing else."""

    def refused() -> Turn:
        raise CatalogueRefused(reason="SQLSTATE 28000")

    clock = Clock()
    sharing = Sharing(refused, ticks=clock)
    clock.now += EVERY
    assert not sharing.enter()
    sharing.met()
    sharing.insist()
    sharing.leave()
    assert not sharing.enter(much=True)
    sharing.leave()
    clock.now += WITHOUT
    assert sharing.enter(much=True)
    sharing.leave()
    clock.now += WITHOUT
    sharing.met()
    assert sharing.enter()
    sharing.leave()
    assert not sharing.draining
