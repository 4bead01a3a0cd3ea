"""What is pushed is kept as a package's items are: sealed, catalogued, logged, counted; and once."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from repository.catalogue.depositing import TakeoverOver
from repository.catalogue.query import Level, Query
from repository.domain.takeover import Disposition, State, Takeover
from repository.evidence import proof
from repository.intake import protocol_of, statement_of
from repository.journal import publish
from repository.runtime import Archive
from repository.takeover.sealing import place_of
from repository.transfer.closing import close_transfer
from repository.transfer.errors import RingRotated, TransfersClosed
from repository.transfer.opening import admitted_to
from repository.transfer.transfers import Transfers
from repository.upkeep.rotating import rotate
from storage.keys.ring import KeyRing
from tests.builders.homes import assert_no_orphans
from tests.builders.pushing import image, large_image, offers_of, opened_for_clinic, pacs, pushed
from tests.builders.warrants import EVERY


def content_of(archive: Archive, takeover: Takeover, ordinal: int) -> bytes:
    holding = archive.catalogue.holding(takeover.number, ordinal)
    return b"".join(archive.vault.open(*place_of(takeover, holding), warrant=EVERY))


def test_what_was_pushed_is_there_bit_for_bit_when_it_is_acknowledged(
    archive: Archive, takeover: Takeover, transfers: Transfers
) -> None:
    contents = [image(seed, instance=number) for seed in range(3) for number in (1, 2)]
    outcomes = pushed(archive, transfers, *contents)
    assert [each.disposition for each in outcomes] == [Disposition.KEPT] * 6
    assert [each.ordinal for each in outcomes] == list(range(1, 7))
    for each, content in zip(outcomes, contents, strict=True):
        assert content_of(archive, takeover, each.ordinal) == content
        assert each.sha256 == hashlib.sha256(content).digest()
    counts = archive.catalogue.counts(takeover.number)
    assert (counts.patients, counts.studies, counts.instances, counts.packs) == (3, 3, 6, 4)
    assert len(archive.catalogue.search(Query(level=Level.STUDY)).hits) == 3


def test_each_has_a_place_in_the_log_that_can_be_proved(
    archive: Archive, takeover: Takeover, transfers: Transfers
) -> None:
    (outcome,) = pushed(archive, transfers, image())
    holding = archive.catalogue.holding(takeover.number, outcome.ordinal)
    publish(archive)
    proved = archive.log.prove_record(holding.record, archive.catalogue.index_of(takeover.number, outcome.ordinal))
    assert proof.check_record(proved, [archive.log_key]).record.sha256 == outcome.sha256
    assert list(archive.log.audit()) == []


def test_the_same_bytes_are_kept_once_and_counted(archive: Archive, takeover: Takeover, transfers: Transfers) -> None:
    first = pushed(archive, transfers, image(), image())
    again = pushed(archive, transfers, image())
    assert [each.disposition for each in (*first, *again)] == [Disposition.KEPT] + [Disposition.DUPLICATE] * 2
    assert [each.duplicate_of for each in again] == [1]
    tally = statement_of(archive, takeover).tally
    assert (tally.holdings, tally.duplicate, tally.present, tally.balances) == (1, 2, 3, True)


def test_other_bytes_of_the_same_name_are_kept_beside_and_told(
    archive: Archive, takeover: Takeover, transfers: Transfers
) -> None:
    pushed(archive, transfers, image())
    other = image(pixels=bytes(128))
    (outcome,) = pushed(archive, transfers, other)
    assert (outcome.disposition, outcome.conflicts_with) == (Disposition.KEPT, 1)
    assert content_of(archive, takeover, 1) == image()
    assert content_of(archive, takeover, 2) == other


def test_what_is_large_waits_on_disk_and_is_kept_the_same(
    archive: Archive, takeover: Takeover, transfers: Transfers
) -> None:
    content = large_image()
    kept, doubled = pushed(archive, transfers, content, content)
    assert content_of(archive, takeover, kept.ordinal) == content
    assert (doubled.disposition, doubled.duplicate_of) == (Disposition.DUPLICATE, kept.ordinal)
    assert list((archive.settings.home / "spool").iterdir()) == []
    assert_no_orphans(archive, takeover)


def test_many_who_push_at_a_time_are_all_acknowledged(
    archive: Archive, takeover: Takeover, transfers: Transfers
) -> None:
    contents = [image(seed % 5, instance=seed) for seed in range(40)]
    with ThreadPoolExecutor(8) as pool:
        outcomes = [each for (each,) in pool.map(lambda content: pushed(archive, transfers, content), contents)]
    assert sorted(each.ordinal for each in outcomes) == list(range(1, 41))
    for each, content in zip(outcomes, contents, strict=True):
        assert content_of(archive, takeover, each.ordinal) == content
    assert archive.catalogue.counts(takeover.number).patients == 5


def test_two_processes_that_push_into_one_takeover_do_not_disturb_each_other(
    archive: Archive, takeover: Takeover, transfers: Transfers
) -> None:
    with Transfers(archive) as others:
        for number in range(1, 7):
            (outcome,) = pushed(archive, (transfers, others)[number % 2], image(number % 3, instance=number))
            assert outcome.ordinal == number
        (repeated,) = pushed(archive, others, image(1, instance=1))
    assert repeated.disposition is Disposition.DUPLICATE
    assert archive.catalogue.counts(takeover.number).patients == 3
    assert_no_orphans(archive, takeover)


def test_the_journal_tells_who_pushed_what_and_names_no_patient(
    archive: Archive, takeover: Takeover, transfers: Transfers
) -> None:
    pushed(archive, transfers, image(), image(), image(1))
    (deed,) = archive.catalogue.journal.deeds(kind="deposit")
    assert (deed.body["by"]["id"], deed.body["takeover"], deed.body["door"]) == ("PACS_KLINIKI", takeover.id, "test")
    assert (deed.body["first"], deed.body["last"], deed.body["kept"], deed.body["duplicate"]) == (1, 3, 2, 1)


@pytest.mark.requirement("R463-6.1")
def test_the_end_is_a_statement_and_a_signed_protocol(archive: Archive, transfers: Transfers) -> None:
    takeover = archive.catalogue.takeovers()[0]
    pushed(archive, transfers, image(0), image(1), image(1, instance=2))
    ended = close_transfer(archive, takeover)
    assert ended.state is State.ACCEPTED
    assert b'"verdict":"accepted"' in protocol_of(archive, ended)
    assert_no_orphans(archive, ended)
    assert close_transfer(archive, takeover) == ended


@pytest.mark.parametrize(("declared", "state"), [(2, State.ACCEPTED), (3, State.ACCEPTED_WITH_EXCEPTIONS)])
def test_what_was_declared_is_balanced_against_what_came(archive: Archive, declared: int, state: State) -> None:
    takeover = opened_for_clinic(archive, instances=declared, studies=1)
    with Transfers(archive) as transfers:
        pushed(archive, transfers, image(instance=1), image(instance=2), image(instance=2))
    ended = close_transfer(archive, takeover)
    assert ended.state is state
    checks = {each.name: (each.declared, each.found) for each in statement_of(archive, ended).counts}
    assert checks == {"instances": (declared, 2), "studies": (1, 1)}


def test_what_comes_while_it_is_closed_is_refused_and_leaves_nothing(
    archive: Archive, takeover: Takeover, transfers: Transfers
) -> None:
    depositor = admitted_to(archive, pacs(), door="test")
    pushed(archive, transfers, image())
    ended = close_transfer(archive, takeover)
    with pytest.raises(TakeoverOver):
        transfers.submit(depositor, offers_of(archive, [image(1)])).result(60)
    assert archive.catalogue.counts(takeover.number).holdings == 1
    assert_no_orphans(archive, ended)


def test_after_a_rotation_by_another_process_no_key_is_made_that_could_be_lost(
    archive: Archive, takeover: Takeover, transfers: Transfers
) -> None:
    pushed(archive, transfers, image(0))
    key = archive.settings.key_file
    assert key is not None
    other = KeyRing.load(archive.settings.ring_path, secret=key.read_bytes())
    before = set(archive.vault.record_keys.ids())
    other.add_epoch()
    with pytest.raises(RingRotated):
        pushed(archive, transfers, image(1))
    assert set(archive.vault.record_keys.ids()) == before
    assert_no_orphans(archive, takeover)
    (known,) = pushed(archive, transfers, image(0, instance=2))  # the key of a known patient was taken along
    assert known.disposition is Disposition.KEPT


def test_a_rotation_in_this_process_stops_nobody(archive: Archive, takeover: Takeover, transfers: Transfers) -> None:
    pushed(archive, transfers, image(0))
    rotate(archive, progress=lambda _: None)
    contents = image(1), image(0, instance=2)
    for outcome, content in zip(pushed(archive, transfers, *contents), contents, strict=True):
        assert content_of(archive, takeover, outcome.ordinal) == content


def test_after_the_end_of_the_process_nothing_is_taken(archive: Archive, takeover: Takeover) -> None:
    with Transfers(archive) as closed:
        closed.close()
        with pytest.raises(TransfersClosed):
            pushed(archive, closed, image())


def test_what_nobody_waits_for_any_more_is_not_deposited(
    archive: Archive, takeover: Takeover, transfers: Transfers
) -> None:
    depositor = admitted_to(archive, pacs(), door="test")
    futures = [transfers.submit(depositor, offers_of(archive, [image(0, instance=n)])) for n in range(1, 30)]
    cancelled = {place for place, each in enumerate(futures) if place % 2 and each.cancel()}
    for place, each in enumerate(futures):
        if place not in cancelled:
            assert [outcome.disposition for outcome in each.result(60)] == [Disposition.KEPT]
    assert archive.catalogue.counts(takeover.number).holdings == 29 - len(cancelled)
