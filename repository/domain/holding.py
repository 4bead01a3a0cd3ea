"""A kept item: its bytes, where they lie sealed, and the record that the evidence log commits to."""

from dataclasses import dataclass

from repository.domain.describing import Description, PatientFacts
from repository.domain.takeover import Disposition


@dataclass(frozen=True, slots=True)
class Location:
    """Where a sealed member lies: `length` sealed bytes at `offset` of a stored object (storage/FORMAT.md)."""

    object_id: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Holding:
    """One kept item. Digests are SHA-256: `sha256` of the bytes as received, `sealed_sha256` as stored; beside them
    `sha1` of a document's bytes, for those who have to tell it (IHE MHD), empty where it was not made at intake.

    `(takeover, ordinal)` is its identity; `record` is the canonical record whose hash is the log entry
    (`repository/evidence/record.py`), `entry` that hash. `patient` is the number of the patient in the takeover,
    0 for what belongs to nobody or to the takeover as a whole.
    """

    ordinal: int
    path: str
    patient: int
    size: int
    sha256: bytes
    sealed_sha256: bytes
    location: Location
    record: bytes
    entry: bytes
    received_at: str
    description: Description
    disposition: Disposition = Disposition.KEPT  # KEPT, ALTERED or UNEXPECTED
    conflicts_with: int = 0
    sha1: bytes = b""


@dataclass(frozen=True, slots=True)
class StoredPack:
    """One stored object of sealed members, all of one patient (or of none).

    `header_sha256` covers the bytes outside the members; with the members' digests it covers the object whole, so
    that each stored byte is hashed once. `version` is the store's version id, if it has any.
    """

    object_id: str
    key: str
    size: int
    version: str
    record_key: str
    patient: int
    header_sha256: bytes
    description_offset: int
    description_length: int
    description_sha256: bytes


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """A patient of a takeover: `number` counts from 1 in it; `facts` are the best known, first come first kept."""

    number: int
    facts: PatientFacts


@dataclass(frozen=True, slots=True)
class PackRecord:
    """Everything that one transaction writes about one stored object. `patient` is None in a takeover-level pack."""

    pack: StoredPack
    patient: PatientRecord | None
    holdings: tuple[Holding, ...]


@dataclass(frozen=True, slots=True)
class CustodyEvent:
    """Something that happened to a takeover or a holding (PREMIS event types); `record` and `entry` as in `Holding`."""

    kind: str  # PREMIS: capture, message digest calculation, encryption, ingestion end, fixity check, …
    at: str
    outcome: str
    detail: str  # for people; no personal data
    ordinal: int  # of the holding, or 0 for the takeover as a whole
    record: bytes
    entry: bytes
