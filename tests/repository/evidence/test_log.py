import contextlib
import hashlib
import itertools
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.evidence.checkpoint import Checkpoint, TreeHead
from repository.evidence.errors import (
    CatalogueBehindLog,
    LogContradiction,
    LogDamaged,
    LogError,
    LogRolledBack,
    NotInLog,
)
from repository.evidence.log import EvidenceLog
from repository.evidence.merkle import EMPTY_ROOT, consistent, included, leaf_hash, root
from repository.evidence.note import Signer
from repository.evidence.record import custody_record, entry
from repository.evidence.tiles import (
    checkpoint_key,
    claim_key,
    entries_key,
    read_key,
    split_bundle,
    split_tile,
    tile_key,
)
from storage.errors import ObjectMissing, StoreUnavailable
from storage.objects.memory import MemoryStore
from tests.repository.evidence.ledger import ORIGIN, SIGNER, Faulty, Ledger, a_log, made


def tree(entries):
    return root([leaf_hash(one) for one in entries])


def published(*portions):
    """A log that grew by these numbers of entries, with a checkpoint after each."""
    store, ledger = Faulty(), Ledger()
    log = a_log(store, ledger)
    for portion in portions:
        ledger.all += made(portion, start=len(ledger.all))
        log.publish()
    return store, ledger, log


@given(st.lists(st.integers(0, 600), max_size=5))
@settings(max_examples=30)
def test_each_checkpoint_covers_all_entries_and_each_entry_can_be_proved(portions):
    store, ledger, log = published(*portions)
    sizes = sorted({sum(portions[: count + 1]) for count in range(len(portions))})
    for size in sizes:
        found = Checkpoint.opened(store.content(checkpoint_key(size)), [SIGNER.verifier])
        assert found.head == TreeHead(origin=ORIGIN, size=size, root=tree(ledger.all[:size]))
        for index in {0, size // 2, size - 1} if size else ():
            path = log.prove(index, size)
            assert included(leaf_hash(ledger.all[index]), path, index=index, size=size, tree=found.root)
    for old, new in itertools.pairwise(sizes):
        trees = {"old_tree": tree(ledger.all[:old]), "new_tree": tree(ledger.all[:new])}
        assert consistent(log.consistency(old, new), old=old, new=new, **trees)
    assert list(log.sequenced()) == ledger.all
    assert list(log.audit()) == []


def test_the_store_holds_what_the_specification_asks_for():
    store, ledger, _ = published(70, 256, 374)
    for key in store.held("log/tile/"):
        level, index, width = read_key(key)
        data = store.content(key)
        if level < 0:
            assert split_bundle(data, width) == ledger.all[index * 256 : index * 256 + width]
        else:
            span = 256**level
            parts = [ledger.all[at * span : (at + 1) * span] for at in range(index * 256, index * 256 + width)]
            assert split_tile(data, width) == [tree(part) for part in parts]
    tiles = {read_key(key)[:3] for key in store.held("log/tile/")}
    assert {(0, 0, 70), (0, 0, 256), (0, 1, 70), (0, 1, 256), (0, 2, 188), (1, 0, 1), (1, 0, 2)} <= tiles
    assert {(-1, 0, 70), (-1, 0, 256), (-1, 1, 70), (-1, 1, 256), (-1, 2, 188)} <= tiles


def test_an_empty_log_has_a_checkpoint_too():
    store, ledger, log = published(0)
    assert log.latest().size == 0
    assert log.latest().root == EMPTY_ROOT
    assert store.held() == [checkpoint_key(0), claim_key(None)]
    with pytest.raises(NotInLog):
        log.prove(0)
    ledger.all += made(1)
    assert log.publish().root == tree(ledger.all)
    assert list(log.audit()) == []


def test_before_the_first_checkpoint_nothing_can_be_proved():
    log = a_log(MemoryStore(), Ledger(made(3)))
    assert log.latest() is None
    assert list(log.sequenced()) == []
    assert list(log.audit()) == []
    with pytest.raises(NotInLog):
        log.prove(0)
    with pytest.raises(NotInLog):
        log.prove(0, 3)


def test_publishing_what_is_published_changes_nothing():
    store, _, log = published(300)
    before = store.held()
    assert log.publish() == log.latest() == a_log(store, Ledger(made(300))).publish()
    assert store.held() == before


def test_few_new_entries_touch_few_objects_and_few_rows():
    store, ledger, log = published(256 * 260)
    ledger.all += made(5, salt="new")
    store.writes, ledger.asked = 0, 0
    log.publish()
    assert store.writes <= 5  # bundle, tile, claim, checkpoint; upper tiles did not change
    assert ledger.asked <= 2 * 256 + 5


def test_a_new_process_goes_on_where_the_last_one_stopped():
    store, ledger, _ = published(700)
    ledger.all += made(900, salt="new")
    assert a_log(store, ledger).publish().root == tree(ledger.all)
    assert list(a_log(store, ledger).audit()) == []


def test_the_catalogue_learns_of_a_checkpoint_that_was_signed_before_a_crash():
    store, ledger, log = published(10, 20)
    ledger.noted = None
    assert a_log(store, ledger).publish().note == ledger.last_checkpoint() == log.latest().note


def refused(store, ledger, error, match=None):
    """Publishing is refused, and not one object was written under `log/checkpoint/` or anywhere else."""
    before = store.held()
    with pytest.raises(error, match=match):
        a_log(store, ledger).publish()
    assert [key for key in store.held() if key not in before and "checkpoint" in key] == []


def test_a_catalogue_from_an_old_backup_is_never_signed():
    store, ledger, _ = published(300, 300)
    refused(store, Ledger(ledger.all[:599]), CatalogueBehindLog, "599 entries, and 600")
    refused(store, Ledger(), CatalogueBehindLog)


@pytest.mark.parametrize("signed", [1, 255, 256, 257, 600, 1024])
@pytest.mark.parametrize("back", [1, 300])
def test_a_catalogue_that_went_back_and_on_again_is_never_signed(signed, back):
    store, ledger, _ = published(signed)
    kept = ledger.all[: max(0, signed - back)]
    other = Ledger([*kept, *made(signed + 200 - len(kept), salt="other")])
    refused(store, other, LogContradiction)
    other.noted = ledger.noted
    refused(store, other, LogContradiction)


def test_a_store_from_an_old_backup_is_never_signed():
    store, ledger, _ = published(300, 300)
    store.delete(checkpoint_key(600))
    refused(store, ledger, LogRolledBack, "600 entries.*300")
    store.delete(checkpoint_key(300))
    refused(store, ledger, LogRolledBack, "covers 0")


def test_a_log_whose_catalogue_noted_another_past_is_never_signed():
    store, ledger, _ = published(300, 300)
    other = Ledger(made(300, salt="other"))
    other_log = a_log(MemoryStore(), other)
    other_log.publish()
    ledger.noted = (300, other_log.latest().note)
    refused(store, ledger, LogContradiction, "300")
    ledger.noted = (300, b"rubbish")
    refused(store, ledger, LogDamaged)


def test_a_log_is_not_continued_over_altered_tiles():
    for key in (tile_key(0, 2, width=88), tile_key(1, 0, width=2)):
        store, ledger, _ = published(600)
        data = store.content(key)
        store.replace(key, bytes([data[0] ^ 1]) + data[1:])
        ledger.all += made(1, salt="new")
        refused(store, ledger, LogContradiction)
        store.replace(key, data[:-1])
        refused(store, ledger, LogDamaged)
        store.delete(key)
        refused(store, ledger, ObjectMissing)


def test_a_tile_that_is_there_with_other_bytes_stops_the_signer():
    store, ledger, _ = published(100)
    ledger.all += made(400, salt="new")
    store.put(entries_key(0), [b"something else"])
    refused(store, ledger, LogContradiction, "entries/000")


def test_an_altered_newest_checkpoint_stops_the_signer():
    store, ledger, _ = published(100)
    key = checkpoint_key(100)
    store.replace(key, store.content(key).replace(b"\n100\n", b"\n101\n"))
    refused(store, ledger, LogDamaged, "signature")


def test_a_settled_successor_that_this_catalogue_does_not_lead_to_stops_the_signer():
    for body in (
        TreeHead(origin=ORIGIN, size=105, root=bytes(32)).body(),
        TreeHead(origin=ORIGIN, size=300, root=bytes(32)).body(),
        TreeHead(origin=ORIGIN, size=99, root=bytes(32)).body(),
        TreeHead(origin="other", size=105, root=bytes(32)).body(),
        b"rubbish",
    ):
        store, ledger, _ = published(100)
        ledger.all += made(10, salt="new")
        store.put(claim_key(100), [body])
        refused(store, ledger, LogError)


def test_a_proof_is_never_made_out_of_damaged_tiles():
    store, ledger, _ = published(600)
    key = tile_key(0, 0)
    data = store.content(key)
    store.replace(key, bytes([data[40] ^ 1]) + data[1:])
    log = a_log(store, ledger)
    with pytest.raises(LogDamaged):
        log.prove(3)
    with pytest.raises(LogDamaged):
        list(log.sequenced())
    store.delete(key)
    with pytest.raises(ObjectMissing, match="tile/0/000"):
        a_log(store, ledger).prove(3)


def test_a_record_is_proved_only_at_its_own_index():
    shared = {"archive": ORIGIN[12:], "takeover": "0193f3c0-1111-7222-8333-0123456789ab", "at": "2026-01-01T00:00:00Z"}
    records = [custody_record(**shared, ordinal=0, event=f"event {number}", outcome="success") for number in range(3)]
    store, ledger = MemoryStore(), Ledger(map(entry, records))
    log = a_log(store, ledger)
    log.publish()
    assert log.prove_record(records[1], 1).startswith(b"c2sp.org/tlog-proof@v1\n")
    with pytest.raises(LogContradiction):
        log.prove_record(records[1], 2)
    with pytest.raises(NotInLog):
        log.prove_record(records[1], 3)


def test_a_partial_tile_that_was_tidied_away_is_read_from_the_full_one():
    store, ledger, _ = published(100, 300)
    store.delete(tile_key(0, 0, width=100))
    log = a_log(store, ledger)
    path = log.prove(7, 100)
    assert included(leaf_hash(ledger.all[7]), path, index=7, size=100, tree=tree(ledger.all[:100]))


def test_a_store_that_does_not_answer_is_not_a_damaged_log():
    store, ledger, _ = published(300, 300)
    faults = 0
    while True:
        store.answers = faults
        try:
            assert list(a_log(store, ledger).audit()) == []
            break
        except StoreUnavailable:
            faults += 1
    assert faults >= 10  # checkpoints, claims, bundles, tiles: a fault at each of them was a fault
    store.answers = 2
    with pytest.raises(StoreUnavailable):
        a_log(store, ledger).prove(1, 600)
    ledger.all += made(1, salt="new")
    with pytest.raises(StoreUnavailable):
        a_log(store, ledger).publish()


def test_a_log_goes_on_under_a_new_key():
    store, ledger, _ = published(100)
    new = Signer(name=ORIGIN, seed=hashlib.sha256(b"new key").digest())
    log = EvidenceLog(store, new, origin=ORIGIN, entries=ledger, verifiers=[SIGNER.verifier])
    ledger.all += made(5, salt="new")
    assert log.publish().size == 105
    assert log.verifiers == (new.verifier, SIGNER.verifier)
    assert list(log.audit()) == []
    with pytest.raises(LogDamaged):
        a_log(store, ledger).publish()


def test_a_log_signs_under_its_own_name_only():
    with pytest.raises(ValueError, match="own name"):
        EvidenceLog(MemoryStore(), SIGNER, origin="other", entries=Ledger())


def test_many_signers_in_many_threads_agree():
    store, ledger = MemoryStore(), Ledger()
    lock, failed = threading.Lock(), []

    def work(number):
        log = a_log(store, ledger)
        try:
            for turn in range(8):
                with lock:
                    ledger.all += made(37 * (number + 1), salt=f"{number}-{turn}-")
                    size = len(ledger.all)
                assert log.publish().size >= size
        except BaseException as error:  # noqa: BLE001 - reported by the test's own thread
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert a_log(store, ledger).publish().root == tree(ledger.all)
    assert list(a_log(store, ledger).audit()) == []


def test_a_signer_that_lost_the_race_signs_the_successor_that_won_and_then_its_own():
    for at in range(1, 9):
        store, ledger, log = published(300)
        ledger.all += made(10, salt="ours")

        def other(store=store, ledger=ledger):
            ledger.all += made(20, salt="theirs")
            assert a_log(store, ledger).publish().size == 330

        store.meanwhile = {store.writes + at: other}
        found = log.publish()
        if store.meanwhile:
            break
        assert found.size in (310, 330)
        assert store.held("log/next/")[:-1] == [claim_key(300)] + [claim_key(310)] * (found.size == 310)
        assert log.publish().size == 330
        assert list(log.audit()) == []
    assert at > 4


def test_a_tile_that_changes_between_writing_and_signing_stops_the_signer():
    store, ledger, log = published(300)
    ledger.all += made(300, salt="new")

    def alter():
        key = tile_key(0, 1)
        store.replace(key, store.content(key)[::-1])

    store.meanwhile = {store.writes + 6: alter}  # after bundles and tiles: before the successor is settled
    with pytest.raises(LogContradiction):
        log.publish()
    assert store.meanwhile == {}
    assert store.held("log/checkpoint/") == [checkpoint_key(300)]


def test_another_root_that_was_signed_with_our_key_is_never_taken_for_ours():
    store, ledger, log = published(300)
    ledger.all += made(5, salt="new")

    def forge():
        head = TreeHead(origin=ORIGIN, size=305, root=bytes(32))
        store.put(checkpoint_key(305), [Checkpoint.signed(head, SIGNER).note])

    store.meanwhile = {store.writes + 4: forge}  # before our own checkpoint is stored
    with pytest.raises(LogContradiction, match="305"):
        log.publish()
    assert store.meanwhile == {}
    assert ledger.noted[0] == 300


def test_entries_that_a_cut_off_run_left_behind_come_back_from_the_store():
    for stopped_after in range(12):
        store, ledger, _ = published(300)
        ledger.all += made(500, salt="new")
        store.left = stopped_after
        with contextlib.suppress(StoreUnavailable):
            a_log(store, ledger).publish()
        store.left = None
        found = list(a_log(store, Ledger()).sequenced())
        assert len(found) >= 300
        assert found == ledger.all[: len(found)]
        rebuilt = Ledger([*found, *made(50, salt="recorded again in another order")])
        assert a_log(store, rebuilt).publish().root == tree(rebuilt.all)
        assert list(a_log(store, rebuilt).audit()) == []
