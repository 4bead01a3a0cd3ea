"""Logs over a store in memory, and what they were given."""

from repository.evidence.merkle import leaf_hash, root
from tests.repository.evidence.ledger import Faulty, Ledger, a_log, made


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
