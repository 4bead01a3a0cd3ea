"""The log goes on: checkpoints, proofs and tiles, in one process and the next."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.evidence.checkpoint import Checkpoint, TreeHead
from repository.evidence.errors import (
    LogContradiction,
    LogDamaged,
    NotInLog,
)
from repository.evidence.merkle import EMPTY_ROOT, consistent, included, leaf_hash
from repository.evidence.record import custody_record, entry
from repository.evidence.tiles import (
    checkpoint_key,
    claim_key,
    read_key,
    split_bundle,
    split_tile,
    tile_key,
)
from storage.errors import ObjectMissing, StoreUnavailable
from storage.objects.memory import MemoryStore
from tests.repository.evidence.ledger import ORIGIN, SIGNER, Ledger, a_log, made
from tests.repository.evidence.logs import published, tree


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
