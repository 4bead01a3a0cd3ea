"""Pushes of a process that shares its takeover with another: they wait for their turn, and whatever becomes of them, it
is given back."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from repository.catalogue import turns
from repository.catalogue.turns import Turn
from repository.domain.takeover import Disposition, Takeover
from repository.runtime import Archive
from repository.transfer import group
from repository.transfer.offering import Outcome
from repository.transfer.opening import Depositor, admitted_to
from repository.transfer.transfers import Transfers
from storage.errors import StoreFull
from tests.builders.homes import assert_no_orphans
from tests.builders.pushing import image, offers_of, pacs
from tests.repository.transfer.gates import gated
from tests.repository.waiting import eventually


@pytest.fixture
def depositor(archive: Archive, takeover: Takeover) -> Depositor:
    return admitted_to(archive, pacs(), door="test")


@pytest.fixture
def theirs(archive: Archive, takeover: Takeover) -> Iterator[Turn]:
    """The turn as another process has it. Given back at the end, so that nobody waits for it in vain."""
    turn = archive.catalogue.depositing.turn(takeover.number)
    yield turn
    turn.close()


def push(archive: Archive, transfers: Transfers, depositor: Depositor, number: int) -> "Future[list[Outcome]]":
    return transfers.submit(depositor, offers_of(archive, [image(1, instance=number)]))


def let_meet(archive: Archive, transfers: Transfers, depositor: Depositor, theirs: Turn) -> None:
    """From now on `transfers` takes turns."""
    theirs.take()
    waits = push(archive, transfers, depositor, 1)
    assert eventually(theirs.wanted)
    theirs.give()
    assert waits.result(60)[0].ordinal == 1
    assert eventually(lambda: not theirs.taken())  # it is told before it is given


def test_a_push_waits_for_the_turn_of_another_and_gives_its_own_back(
    archive: Archive, transfers: Transfers, depositor: Depositor, theirs: Turn
) -> None:
    let_meet(archive, transfers, depositor, theirs)
    for number in (2, 3, 4):
        theirs.take()
        waits = push(archive, transfers, depositor, number)
        assert eventually(theirs.wanted)
        assert not waits.done()
        theirs.give()
        assert waits.result(60)[0].disposition is Disposition.KEPT


def test_two_takeovers_do_not_wait_for_each_other(
    archive: Archive, transfers: Transfers, depositor: Depositor, takeover: Takeover, theirs: Turn
) -> None:
    let_meet(archive, transfers, depositor, theirs)
    elsewhere = archive.catalogue.depositing.turn(takeover.number + 1)
    elsewhere.take()
    assert push(archive, transfers, depositor, 2).result(60)[0].ordinal == 2
    elsewhere.close()


def test_what_is_closed_while_it_waits_for_its_turn_is_finished_first(
    archive: Archive, takeover: Takeover, depositor: Depositor, theirs: Turn
) -> None:
    transfers = Transfers(archive)
    theirs.take()
    waits = push(archive, transfers, depositor, 1)
    assert eventually(theirs.wanted)
    with ThreadPoolExecutor(1) as pool:
        closing = pool.submit(transfers.close)
        with pytest.raises(TimeoutError):
            closing.result(0.05)
        theirs.give()
        closing.result(60)
    assert waits.result(0)[0].disposition is Disposition.KEPT
    assert eventually(lambda: not theirs.taken())
    assert archive.catalogue.counts(takeover.number).holdings == 1


def test_what_waited_in_vain_is_kept_without_a_turn(
    archive: Archive, takeover: Takeover, depositor: Depositor, theirs: Turn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "WAITING_SECONDS", 0.05)
    with Transfers(archive) as transfers:
        theirs.take()
        assert [push(archive, transfers, depositor, each).result(60)[0].ordinal for each in (1, 2)] == [1, 2]
        theirs.give()
        assert push(archive, transfers, depositor, 3).result(60)[0].ordinal == 3
    assert_no_orphans(archive, takeover)


def test_more_than_somebody_wants_to_learn_is_not_told(
    archive: Archive, takeover: Takeover, transfers: Transfers, depositor: Depositor
) -> None:
    """A process that the others have left a million items behind does not take them all into its memory."""
    transfers.deposit(depositor, offers_of(archive, [image(each) for each in range(4)]))
    newer = archive.catalogue.depositing.newer
    assert newer(takeover.number, after=1, most=2) is None
    told = newer(takeover.number, after=1, most=3)
    assert told is not None
    assert (told.last, [each.ordinal for each in told.traces], len(told.patients)) == (4, [2, 3, 4], 3)
    assert newer(takeover.number, after=4, most=0) is not None


def test_a_group_that_nobody_accepts_gives_its_turn_back(
    archive: Archive, transfers: Transfers, depositor: Depositor, theirs: Turn
) -> None:
    let_meet(archive, transfers, depositor, theirs)

    def accept(_: object) -> None:
        assert theirs.taken()
        raise KeyError("not this one")

    with pytest.raises(KeyError):
        transfers.deposit(depositor, offers_of(archive, [image(2)]), accept=accept)
    assert eventually(lambda: not theirs.taken())
    assert push(archive, transfers, depositor, 2).result(60)[0].ordinal == 2


def test_a_group_that_cannot_be_stored_gives_its_turn_back(
    archive: Archive,
    takeover: Takeover,
    transfers: Transfers,
    depositor: Depositor,
    theirs: Turn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    let_meet(archive, transfers, depositor, theirs)
    with monkeypatch.context() as patch:
        gate = gated(archive, patch, 1, fault=StoreFull())
        refused = push(archive, transfers, depositor, 2)
        assert gate.came.wait(60)
        assert theirs.taken()
        gate.free.set()
        with pytest.raises(StoreFull):
            refused.result(60)
    assert eventually(lambda: not theirs.taken())
    assert push(archive, transfers, depositor, 2).result(60)[0].ordinal == 2
    assert_no_orphans(archive, takeover)


def test_a_push_that_was_cancelled_while_it_waited_takes_no_turn_with_it(
    archive: Archive, transfers: Transfers, depositor: Depositor, theirs: Turn, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_meet(archive, transfers, depositor, theirs)
    with monkeypatch.context() as patch:
        gate = gated(archive, patch, 1)
        first = push(archive, transfers, depositor, 2)
        assert gate.came.wait(60)
        second = push(archive, transfers, depositor, 3)
        assert second.cancel()
        gate.free.set()
        assert first.result(60)[0].ordinal == 2
    assert eventually(lambda: not theirs.taken())
    assert push(archive, transfers, depositor, 4).result(60)[0].ordinal == 3


@pytest.mark.parametrize("most", [3, 2])
def test_what_another_wrote_meanwhile_is_known_in_the_turn(
    archive: Archive,
    takeover: Takeover,
    transfers: Transfers,
    depositor: Depositor,
    theirs: Turn,
    monkeypatch: pytest.MonkeyPatch,
    most: int,
) -> None:
    """The same bytes, a patient who was new to it, and what goes under the same identifiers; whether that is learnt one
    by one, or is too much for that."""
    monkeypatch.setattr(group, "MOST_NEWER", most)
    let_meet(archive, transfers, depositor, theirs)
    with Transfers(archive) as others:
        written = [image(1, instance=2), image(2), image(3)]
        assert [each.ordinal for each in others.deposit(depositor, offers_of(archive, written))] == [2, 3, 4]
    contents = [image(1, instance=2), image(3, pixels=bytes(128)), image(2, instance=2), image(4)]
    (again, conflicting, beside, new) = transfers.deposit(depositor, offers_of(archive, contents))
    assert (again.disposition, again.duplicate_of) == (Disposition.DUPLICATE, 2)
    assert (conflicting.disposition, conflicting.conflicts_with) == (Disposition.KEPT, 4)
    whose = {each.ordinal: each.patient for each in archive.catalogue.holdings(takeover.number)}
    assert (beside.ordinal, whose[6], whose[7], whose[8]) == (7, whose[4], whose[3], 4)
    assert (new.ordinal, archive.catalogue.counts(takeover.number).patients) == (8, 4)
    assert_no_orphans(archive, takeover)
