"""Groups that are on their way at the same time: each is whole, in its order, and the fate of one is not another's."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from repository.domain.takeover import Disposition, Takeover
from repository.runtime import Archive
from repository.transfer import line
from repository.transfer.errors import TransfersClosed
from repository.transfer.opening import Depositor, admitted_to
from repository.transfer.transfers import Transfers
from repository.upkeep.checking import Level
from repository.upkeep.verifying import VerifyOrder, verify
from storage.errors import StoreFull, StoreUnavailable
from tests.builders.homes import assert_no_orphans
from tests.builders.pushing import image, large_image, offers_of, pacs
from tests.repository.transfer.gates import gated


@pytest.fixture
def depositor(archive: Archive, takeover: Takeover) -> Depositor:
    return admitted_to(archive, pacs(), door="test")


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever waits is enough to begin a group beside others; each push is a group of its own."""
    monkeypatch.setattr(line, "AHEAD", 0)
    monkeypatch.setattr(line, "GROUP_ITEMS", 1)


def assert_sound(archive: Archive, takeover: Takeover, *, holdings: int) -> None:
    assert archive.catalogue.counts(takeover.number).holdings == holdings
    assert list(archive.log.audit()) == []
    assert list(verify(archive, VerifyOrder(level=Level.OPENED), progress=lambda _: None).findings) == []
    assert_no_orphans(archive, takeover)


def test_whoever_waits_is_told_when_it_is_durable(
    archive: Archive, takeover: Takeover, transfers: Transfers, depositor: Depositor
) -> None:
    (kept,) = transfers.deposit(depositor, offers_of(archive, [image()]))
    (again,) = transfers.deposit(depositor, offers_of(archive, [image()]))
    assert (kept.disposition, again.duplicate_of) == (Disposition.KEPT, kept.ordinal)
    assert transfers.deposit(depositor, []) == []
    assert_sound(archive, takeover, holdings=1)


def test_those_who_wait_and_those_who_do_not_share_groups(
    archive: Archive, takeover: Takeover, transfers: Transfers, depositor: Depositor
) -> None:
    def push(number: int) -> list[int]:
        offers = offers_of(archive, [image(number % 4, instance=number)])
        if number % 2:
            return [each.ordinal for each in transfers.deposit(depositor, offers)]
        return [each.ordinal for each in transfers.submit(depositor, offers).result(60)]

    with ThreadPoolExecutor(8) as pool:
        ordinals = [each for given in pool.map(push, range(1, 65)) for each in given]
    assert sorted(ordinals) == list(range(1, 65))
    assert_sound(archive, takeover, holdings=64)


@pytest.mark.usefixtures("no_waiting")
def test_groups_are_committed_in_the_order_in_which_they_began(
    archive: Archive, takeover: Takeover, transfers: Transfers, depositor: Depositor, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = gated(archive, monkeypatch, 1)
    first = transfers.submit(depositor, offers_of(archive, [image(1)]))
    assert gate.came.wait(60)
    later = [transfers.submit(depositor, offers_of(archive, [image(1, instance=number)])) for number in range(2, 6)]
    later.append(transfers.submit(depositor, offers_of(archive, [image(1)])))
    assert not any(each.done() for each in later)
    gate.free.set()
    assert [each.result(60)[0].ordinal for each in (first, *later)] == [1, 2, 3, 4, 5, 6]
    assert later[-1].result(60)[0].duplicate_of == 1
    assert_sound(archive, takeover, holdings=5)


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize("fault", [StoreFull(), StoreUnavailable(reason="EIO")], ids=["full", "gone for a moment"])
def test_what_began_after_a_group_that_failed_is_kept_all_the_same(
    archive: Archive,
    takeover: Takeover,
    transfers: Transfers,
    depositor: Depositor,
    monkeypatch: pytest.MonkeyPatch,
    fault: Exception,
) -> None:
    gate = gated(archive, monkeypatch, 1, fault=fault)
    refused = transfers.submit(depositor, offers_of(archive, [image(1)]))
    assert gate.came.wait(60)
    later = [transfers.submit(depositor, offers_of(archive, [image(n, instance=n)])) for n in (1, 2, 1, 3)]
    gate.free.set()
    if isinstance(fault, StoreFull) and not fault.retryable:
        with pytest.raises(StoreFull):
            refused.result(60)
    outcomes = [each.result(60)[0] for each in later]
    lots = [each.disposition for each in outcomes]
    assert lots.count(Disposition.DUPLICATE) == (1 if refused.exception(60) else 2)
    repeated = transfers.deposit(depositor, offers_of(archive, [image(1), image(2, instance=2)]))
    assert {each.disposition for each in repeated} == {Disposition.DUPLICATE}
    assert_sound(archive, takeover, holdings=3)


@pytest.mark.usefixtures("no_waiting")
def test_another_process_between_two_groups_disturbs_neither(
    archive: Archive, takeover: Takeover, transfers: Transfers, depositor: Depositor, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = gated(archive, monkeypatch, 1)
    mine = [transfers.submit(depositor, offers_of(archive, [image(1, instance=1)]))]
    assert gate.came.wait(60)
    mine.append(transfers.submit(depositor, offers_of(archive, [image(1, instance=2)])))
    with Transfers(archive) as others:
        (theirs,) = others.deposit(depositor, offers_of(archive, [image(1, instance=3)]))
    gate.free.set()
    assert theirs.ordinal == 1
    assert sorted(each.result(60)[0].ordinal for each in mine) == [2, 3]
    assert archive.catalogue.counts(takeover.number).patients == 1
    assert_sound(archive, takeover, holdings=3)


def test_what_was_handed_over_before_the_end_is_kept(archive: Archive, takeover: Takeover) -> None:
    depositor = admitted_to(archive, pacs(), door="test")
    with Transfers(archive) as transfers:
        given = [transfers.submit(depositor, offers_of(archive, [image(1, instance=n)])) for n in range(1, 20)]
    assert all(each.done() for each in given)
    with pytest.raises(TransfersClosed):
        transfers.deposit(depositor, offers_of(archive, [image()]))
    assert_sound(archive, takeover, holdings=19)


def test_much_at_a_time_goes_in_several_groups(
    archive: Archive, takeover: Takeover, transfers: Transfers, depositor: Depositor
) -> None:
    contents = [large_image(1, instance=number, size=1 << 20) for number in range(1, 13)]
    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(lambda each: transfers.deposit(depositor, offers_of(archive, [each])), contents))
    assert {each.disposition for (each,) in outcomes} == {Disposition.KEPT}
    assert_sound(archive, takeover, holdings=12)
