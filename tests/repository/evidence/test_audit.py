"""Damage of every kind, done to a whole log: the audit names what was damaged, and nothing else."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.evidence.checkpoint import Checkpoint, TreeHead
from repository.evidence.note import Signer
from repository.evidence.tiles import checkpoint_key, claim_key, entries_key, tile_key
from tests.repository.evidence.ledger import ORIGIN, SIGNER, Faulty, Ledger, a_log, made

SIZES = (10, 256, 700, 66000)
SMALL = (3, 256, 700, 1030)


@cache
def grown(sizes):
    store, ledger = Faulty(), Ledger()
    for size in sizes:
        ledger.all += made(size - len(ledger.all), start=len(ledger.all))
        a_log(store, ledger).publish()
    return store, ledger


def whole(sizes=SIZES):
    """A log to be damaged: a copy of one that was made once."""
    store, ledger = grown(sizes)
    copy = Ledger(ledger.all)
    copy.noted = ledger.noted
    return store.copy(), copy


def findings(store, ledger, **more):
    found = list(a_log(store, ledger).audit(**more))
    for one in found:
        assert one.en != one.pl
        assert one.severity
    return [(one.code, one.subject) for one in found]


def test_a_whole_log_has_no_findings():
    store, ledger = whole()
    assert findings(store, ledger) == []
    ledger.all += made(300, salt="pending")
    assert findings(store, ledger) == []
    assert findings(store, ledger, known=store.content(checkpoint_key(256))) == []


@given(st.sampled_from(grown(SMALL)[0].held()), st.data())
@settings(max_examples=60)
def test_an_altered_object_is_named_and_nothing_else(key, data):
    store, ledger = whole(SMALL)
    content = store.content(key)
    at = data.draw(st.integers(0, len(content) - 1))
    store.replace(key, content[:at] + bytes([content[at] ^ data.draw(st.integers(1, 255))]) + content[at + 1 :])
    found = findings(store, ledger)
    if key.startswith("log/checkpoint/"):
        assert found == [("LOG-104", key)]
    elif key.startswith("log/next/"):
        assert found in ([("LOG-102", key)], [("LOG-105", key)])  # unreadable, or with another root
    else:
        assert found == [("LOG-102", key)]


@pytest.mark.parametrize(
    "key",
    [
        tile_key(0, 0, width=10), tile_key(0, 1), tile_key(0, 2, width=188), tile_key(0, 257, width=208),
        tile_key(1, 0), tile_key(1, 1, width=1), tile_key(1, 0, width=2), tile_key(2, 0, width=1),
        entries_key(0), entries_key(5), entries_key(0, width=10), entries_key(257, width=208),
        claim_key(None), claim_key(256),
    ],
)  # fmt: skip
def test_a_missing_or_rubbish_part_is_named_and_nothing_else(key):
    store, ledger = whole()
    size = len(store.content(key))
    store.delete(key)
    assert findings(store, ledger) == [("LOG-101", key)]
    store.put(key, [b"\xff" * size])
    assert findings(store, ledger) == [("LOG-102", key)]


@pytest.mark.parametrize("size", SIZES[:-1])
def test_a_missing_checkpoint_is_named_and_nothing_else(size):
    store, ledger = whole()
    store.delete(checkpoint_key(size))
    assert findings(store, ledger) == [("LOG-103", checkpoint_key(size))]


def test_a_cut_off_or_swapped_part_is_named():
    store, ledger = whole()
    for key in (tile_key(0, 3), entries_key(3)):
        content = store.content(key)
        store.replace(key, content[:-5])
        assert findings(store, ledger) == [("LOG-102", key)]
        store.replace(key, content)
    one, two = store.content(tile_key(0, 7)), store.content(tile_key(0, 8))
    store.replace(tile_key(0, 7), two)
    store.replace(tile_key(0, 8), one)
    assert findings(store, ledger) == [("LOG-102", tile_key(0, 7)), ("LOG-102", tile_key(0, 8))]


def test_a_log_that_was_rolled_back_is_noticed_by_the_catalogue_and_by_an_outsider():
    store, ledger = whole()
    outside = store.content(checkpoint_key(66000))
    store.delete(checkpoint_key(66000))
    assert findings(store, ledger) == [("LOG-106", "catalogue")]
    ledger.noted = (700, store.content(checkpoint_key(700)))
    assert findings(store, ledger) == []  # settled and unsigned: as after a crash
    assert findings(store, ledger, known=outside) == [("LOG-106", "known")]
    for size in SIZES[:-1]:
        store.delete(checkpoint_key(size))
    assert findings(store, ledger) == [("LOG-106", "catalogue")]


def signed(size, root=bytes(32), signer=SIGNER):
    return Checkpoint.signed(TreeHead(origin=ORIGIN, size=size, root=root), signer).note


def test_a_checkpoint_that_contradicts_the_entries_is_named_wherever_it_is_kept():
    store, ledger = whole()
    assert findings(store, ledger, known=signed(700)) == [("LOG-105", "known")]
    assert findings(store, ledger, known=signed(699)) == [("LOG-105", "known")]
    ledger.noted = (66000, signed(66000))
    assert findings(store, ledger) == [("LOG-105", "catalogue")]
    store, ledger = whole()
    store.replace(checkpoint_key(700), signed(700))
    assert findings(store, ledger) == [("LOG-105", checkpoint_key(700))]
    store, ledger = whole()
    store.replace(checkpoint_key(66000), signed(66000))
    assert findings(store, ledger) == [("LOG-105", checkpoint_key(66000))]


def test_a_checkpoint_by_a_stranger_is_no_checkpoint():
    store, ledger = whole()
    stranger = signed(700, signer=Signer(name=ORIGIN, seed=bytes(32)))
    assert findings(store, ledger, known=stranger) == [("LOG-110", "known")]
    assert findings(store, ledger, known=b"rubbish") == [("LOG-110", "known")]
    store.replace(checkpoint_key(700), stranger)
    assert findings(store, ledger) == [("LOG-104", checkpoint_key(700))]


@pytest.mark.parametrize("index", [0, 5, 255, 256, 300, 65535, 65999])
def test_a_changed_entry_of_the_catalogue_is_named_by_its_index(index):
    store, ledger = whole()
    ledger.all[index] = bytes(32)
    (found,) = a_log(store, ledger).audit()
    assert (found.code, found.params["index"], found.params["count"]) == ("LOG-107", index, 1)
    assert str(index) in found.pl


def test_stretches_of_changed_entries_are_counted():
    store, ledger = whole()
    ledger.all[100:110] = made(10, salt="other")
    ledger.all[250:260] = made(10, salt="another")
    found = [(one.params["index"], one.params["count"]) for one in a_log(store, ledger).audit()]
    assert found == [(100, 10), (250, 6), (256, 4)]


def test_a_catalogue_with_fewer_entries_is_named():
    store, ledger = whole()
    del ledger.all[65000:]
    assert findings(store, ledger) == [("LOG-108", "catalogue")]
    ledger.all.clear()
    assert findings(store, ledger) == [("LOG-108", "catalogue")]


def test_what_the_catalogue_cannot_tell_is_told_by_the_tile_above():
    """Bundle and catalogue agree on other entries: the tile and the signed root know better."""
    for index in (4, 257):
        store, ledger = whole()
        start, width = index * 256, 256 if index == 4 else 208
        ledger.all[start] = bytes(32)
        key = entries_key(index, width=width)
        store.replace(key, store.content(key)[:2] + bytes(32) + store.content(key)[34:])
        assert findings(store, ledger) == [("LOG-102", key), ("LOG-107", "catalogue")]


def test_one_lost_tile_without_any_account_of_it_does_not_hide_the_rest():
    store, ledger = whole()
    ledger.all.clear()
    store.delete(tile_key(0, 4))
    store.delete(entries_key(4))
    store.delete(tile_key(0, 9))
    lost = [("LOG-101", entries_key(4)), ("LOG-101", tile_key(0, 4)), ("LOG-101", tile_key(0, 9))]
    assert findings(store, ledger) == [("LOG-108", "catalogue"), *lost]
    store.delete(tile_key(1, 0))
    found = findings(store, ledger)
    assert ("LOG-109", entries_key(4)) in found


def test_one_account_alone_is_not_believed_against_the_tile_above():
    store, ledger = whole()
    ledger.all.clear()
    store.delete(entries_key(4))
    store.replace(tile_key(0, 4), store.content(tile_key(0, 5)))
    named = [("LOG-101", entries_key(4)), ("LOG-102", tile_key(0, 4))]
    assert findings(store, ledger) == [("LOG-108", "catalogue"), *named]


def test_a_stray_object_among_the_checkpoints_is_named():
    store, ledger = whole()
    store.put("log/checkpoint/readme", [b"hello"])
    store.put("log/checkpoint/000000000000000000000000000", [b"hello"])
    assert sorted(findings(store, ledger)) == [
        ("LOG-111", "log/checkpoint/000000000000000000000000000"),
        ("LOG-111", "log/checkpoint/readme"),
    ]
    assert a_log(store, ledger).publish().size == 66000


def test_a_signer_at_work_while_the_audit_runs_is_no_finding():
    store, ledger = whole()
    log = a_log(store, ledger)
    run = log.audit()
    ledger.all += made(900, salt="more")
    a_log(store, ledger).publish()
    assert list(run) == []
