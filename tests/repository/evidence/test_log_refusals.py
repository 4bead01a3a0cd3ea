"""Where the catalogue, the store and what was signed part ways, nothing is signed."""

import pytest

from repository.evidence.checkpoint import Checkpoint, TreeHead
from repository.evidence.errors import (
    CatalogueBehindLog,
    LogContradiction,
    LogDamaged,
    LogRolledBack,
)
from repository.evidence.tiles import (
    checkpoint_key,
    claim_key,
    entries_key,
    tile_key,
)
from storage.errors import ObjectMissing
from storage.objects.memory import MemoryStore
from tests.repository.evidence.ledger import ORIGIN, SIGNER, Ledger, a_log, made
from tests.repository.evidence.logs import published


def refused(store, ledger, error, match=None):
    """Publishing is refused, and not one checkpoint was written."""
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
    for body, error in (
        (TreeHead(origin=ORIGIN, size=105, root=bytes(32)).body(), LogContradiction),
        (TreeHead(origin=ORIGIN, size=300, root=bytes(32)).body(), CatalogueBehindLog),
        (TreeHead(origin=ORIGIN, size=99, root=bytes(32)).body(), LogDamaged),
        (TreeHead(origin="other", size=105, root=bytes(32)).body(), LogDamaged),
        (b"rubbish", LogDamaged),
    ):
        store, ledger, _ = published(100)
        ledger.all += made(10, salt="new")
        store.put(claim_key(100), [body])
        refused(store, ledger, error)


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
