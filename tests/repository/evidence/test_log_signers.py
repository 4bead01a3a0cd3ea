"""Signers that race, that were cut off, and whose key has changed."""

import contextlib
import hashlib
import threading

import pytest

from repository.evidence.errors import (
    LogDamaged,
)
from repository.evidence.log import EvidenceLog
from repository.evidence.note import Signer
from repository.evidence.tiles import (
    claim_key,
)
from storage.errors import StoreUnavailable
from storage.objects.memory import MemoryStore
from tests.repository.evidence.ledger import ORIGIN, SIGNER, Ledger, a_log, made
from tests.repository.evidence.logs import published, tree


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
