"""Custody events and the packs that hold nothing but a description."""

from uuid import UUID

from repository.catalogue.catalogue import Catalogue
from repository.domain.holding import CustodyEvent, PackRecord
from repository.evidence.record import custody_record, entry
from repository.takeover.sealing import folder_of, stored_pack
from storage.keys.record_keys import RecordKey
from storage.vault import Vault

WHOLE = 0  # the ordinal of what concerns the takeover as a whole, and the patient number of what concerns nobody


def custody_event(
    kind: str, *, archive: str, takeover: str, at: str, outcome: str, detail: str, ordinal: int = WHOLE
) -> CustodyEvent:
    """An event with its record; `kind` is a PREMIS event type, `detail` is for people and names nobody."""
    record = custody_record(
        archive=archive, takeover=takeover, ordinal=ordinal, event=kind, outcome=outcome, at=at, facts=detail.encode()
    )
    return CustodyEvent(kind, at, outcome, detail, ordinal, record, entry(record))


def takeover_key(vault: Vault, catalogue: Catalogue, number: int) -> RecordKey:
    """The record key of the takeover as a whole; made when it is first needed."""
    known = catalogue.record_key_of(number, WHOLE)
    return vault.record_keys.open(UUID(hex=known)) if known else vault.record_keys.make()


def seal_description(vault: Vault, takeover: str, *, key: RecordKey, description: bytes) -> PackRecord:
    """`description` is durable as an object of its own."""
    stored = vault.put(folder_of(takeover), key, sources=(), describe=lambda _id, _members: description, whole=True)
    row = stored_pack(stored.pack, key=stored.key, version=stored.version, record_key=key.id, patient=WHOLE)
    return PackRecord(row, None, ())
