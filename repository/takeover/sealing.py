"""A pack becomes a durable object, and the record that one transaction writes of it.

Promised: when `seal` returns, the object is in the store under a name of its own and every member's digest is known.
A store that falters is tried again with a fresh object; a half-written one has another name and is reaped.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from repository.domain.holding import Holding, Location, PackRecord, PatientRecord, StoredPack
from repository.domain.takeover import Item, Takeover
from repository.evidence.record import entry, holding_record
from repository.takeover.arriving import Arrival
from repository.takeover.inscribing import facts_of, inscribe_items, said_by
from repository.takeover.packing import Pack
from storage.errors import ArchiveError
from storage.keys.record_keys import RecordKey
from storage.sealing.pack import SealedMember, SealedPack
from storage.vault import Describe, Sealed, Stored, Vault

ATTEMPTS = 3
TAKEOVERS = "takeovers/"


def folder_of(takeover_id: str) -> str:
    """Where the objects of a takeover lie in the store."""
    return f"{TAKEOVERS}{takeover_id}"


def object_of(takeover: Takeover, holding: Holding) -> str:
    """The name of the object in which the holding lies."""
    return f"{folder_of(takeover.id)}/{holding.location.object_id}"


def place_of(takeover: Takeover, holding: Holding) -> tuple[str, SealedMember]:
    """Where the bytes of the holding lie sealed: the first two things that `Vault.open` and `open_range` ask for."""
    at = holding.location
    return object_of(takeover, holding), SealedMember(at.offset, at.length, holding.sealed_sha256)


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals packs of one takeover."""

    vault: Vault
    takeover: Takeover

    def seal(self, pack: Pack, *, record_key: RecordKey, patient: PatientRecord | None, at: str) -> PackRecord:
        """The pack is durable in the store. Raises what the store raises once its attempts are used up."""
        if not pack.streamed:
            return self.store(self.prepare(pack, record_key=record_key, patient=patient, at=at))
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._stream(Draft(pack, record_key, patient, at))
            except ArchiveError as error:
                # Packs in memory are retried by the store itself; a streamed item has to be read again.
                if not (error.retryable and attempt < ATTEMPTS):
                    raise
        raise RuntimeError("internal: unreachable")

    def prepare(self, pack: Pack, *, record_key: RecordKey, patient: PatientRecord | None, at: str) -> "Prepared":
        """A pack in memory, sealed: all that is left is to wait for the store."""
        draft = Draft(pack, record_key, patient, at)
        sources = [arrival.parts() for arrival in pack.arrivals]
        sealed = self.vault.seal(
            folder_of(self.takeover.id), record_key, sources=sources, describe=self._describe(draft)
        )
        return Prepared(draft, sealed)

    def store(self, prepared: "Prepared") -> PackRecord:
        """The pack is durable in the store."""
        return prepared.draft.recorded(self.vault.store_sealed(prepared.sealed))

    def _stream(self, draft: "Draft") -> PackRecord:
        sources = [arrival.parts() for arrival in draft.pack.arrivals]
        describe, folder = self._describe(draft), folder_of(self.takeover.id)
        stored = self.vault.put(folder, draft.record_key, sources=sources, describe=describe, whole=False)
        return draft.recorded(stored)

    def _describe(self, draft: "Draft") -> Describe:
        def describe(object_id: uuid.UUID, members: Sequence[SealedMember]) -> bytes:
            draft.written = [
                self._inscribe(arrival, member, object_id.hex, draft.at)
                for arrival, member in zip(draft.pack.arrivals, members, strict=True)
            ]
            sha1s = {each.item.ordinal: each.sha1 for each in draft.pack.arrivals if each.sha1}
            return inscribe_items(self.takeover.id, draft.patient, draft.written, sha1s=sha1s)

        return describe

    def _inscribe(self, arrival: Arrival, member: SealedMember, object_id: str, at: str) -> tuple[Item, bytes, bytes]:
        arrival.settle_digests()
        facts = facts_of(
            arrival.item.path,
            arrival.disposition,
            conflicts_with=arrival.conflicts_with,
            says=arrival.says or said_by(arrival.description),
        )
        record = holding_record(
            archive=self.vault.archive.hex,
            takeover=self.takeover.id,
            ordinal=arrival.item.ordinal,
            kind=arrival.description.kind,
            size=arrival.size,
            sha256=arrival.sha256,
            sealed_sha256=member.sha256,
            object_id=object_id,
            offset=member.offset,
            length=member.length,
            at=at,
            facts=facts,
        )
        return arrival.item, facts, record


@dataclass(slots=True)
class Draft:
    """A pack on its way through sealing; `written` holds (item, facts, record) of its members, once sealed."""

    pack: Pack
    record_key: RecordKey
    patient: PatientRecord | None
    at: str
    written: list[tuple[Item, bytes, bytes]] = field(default_factory=list)

    def recorded(self, stored: Stored) -> PackRecord:
        """What one transaction writes of the stored pack."""
        holdings = tuple(
            _holding(
                arrival, member, record, object_id=stored.pack.object_id.hex, patient=self.pack.patient, at=self.at
            )
            for arrival, member, (_, _, record) in zip(self.pack.arrivals, stored.members, self.written, strict=True)
        )
        row = stored_pack(
            stored.pack,
            key=stored.key,
            version=stored.version,
            record_key=self.record_key.id,
            patient=self.pack.patient,
        )
        return PackRecord(row, self.patient, holdings)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A pack that is sealed in memory."""

    draft: Draft
    sealed: Sealed


def stored_pack(sealed: SealedPack, *, key: str, version: str, record_key: uuid.UUID, patient: int) -> StoredPack:
    """The catalogue's row of the object `key`: the same when it is stored and when it is read back."""
    return StoredPack(
        object_id=sealed.object_id.hex,
        key=key,
        size=sealed.size,
        version=version,
        record_key=record_key.hex,
        patient=patient,
        header_sha256=sealed.frame_sha256,
        description_offset=sealed.description.offset,
        description_length=sealed.description.length,
        description_sha256=sealed.description.sha256,
    )


def _holding(
    arrival: Arrival, member: SealedMember, record: bytes, *, object_id: str, patient: int, at: str
) -> Holding:
    return Holding(
        ordinal=arrival.item.ordinal,
        path=arrival.item.path,
        patient=patient,
        size=arrival.size,
        sha256=arrival.sha256,
        sealed_sha256=member.sha256,
        location=Location(object_id, member.offset, member.length),
        record=record,
        entry=entry(record),
        received_at=at,
        description=arrival.description,
        disposition=arrival.disposition,
        conflicts_with=arrival.conflicts_with,
        sha1=arrival.sha1,
    )
