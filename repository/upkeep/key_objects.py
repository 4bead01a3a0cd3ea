"""The key object of one record key: it is there, under the active epoch and no other, and it opens."""

from uuid import UUID

from repository.findings import Finding
from storage.errors import KeyUnavailable, SealBroken
from storage.keys.record_keys import key_object_prefix
from storage.vault import Vault


def fault_of(vault: Vault, key_id: str, *, epoch: int, opened: bool) -> Finding | None:
    """What is wrong with the key objects of a record key. `epoch` is the active one; `opened` asks for the key itself.

    `vault` holds no key in memory that the store did not give in this run. Raises what the store raises.
    """
    try:
        name = UUID(hex=key_id)
    except ValueError:  # the row was changed: no key of the archive has such a name
        return Finding("VFY-KEY-MISSING")
    epochs = [held.key.rpartition(".")[2] for held in vault.store.list(key_object_prefix(name))]
    if not epochs:
        return Finding("VFY-KEY-MISSING")
    if old := [each for each in epochs if each != str(epoch)]:
        return Finding("VFY-KEY-OLD", "", {"found": old[0], "active": epoch})
    try:
        if opened:
            vault.record_keys.open(name)
    except (SealBroken, KeyUnavailable):
        return Finding("VFY-KEY-DAMAGED")
    return None
