"""Key providers for tests: the real key ring under a key file, which costs no Argon2."""

import uuid
from pathlib import Path

from storage.keys.protection import by_key_file, new_key_file
from storage.keys.record_keys import RecordKeys
from storage.keys.ring import KeyRing
from storage.objects.port import ObjectStore
from storage.vault import Vault

ARCHIVE = uuid.UUID("00000000-0000-7000-8000-00000000000a")


def key_ring(folder: Path, *, archive: uuid.UUID = ARCHIVE) -> KeyRing:
    return KeyRing.create(folder / "keyring.json", archive=archive, protection=by_key_file(new_key_file()))


def vault_on(store: ObjectStore, ring: KeyRing) -> Vault:
    return Vault(store, RecordKeys(store, ring, archive=ring.archive), archive=ring.archive)
