"""A pack becomes a durable object, and the record that one transaction writes of it.

Promised: when `seal` returns, the object is in the store under a name of its own and every member's digest is known.
A store that falters is tried again with a fresh object; a half-written one has another name and is reaped.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from repository.domain.facts import description_to_json
from repository.domain.holding import Holding, Location, PackRecord, PatientRecord, StoredPack
from repository.domain.takeover import Item, Takeover
from repository.evidence.record import entry, holding_record
from repository.takeover.arriving import Arrival
from repository.takeover.inscribing import facts_of, inscribe_items
from repository.takeover.packing import Pack
from storage.errors import ArchiveError
from storage.keys.record_keys import RecordKey
from storage.sealing.pack import SealedMember
from storage.vault import Stored, Vault

ATTEMPTS = 3


def folder_of(takeover_id: str) -> str:
    """Where the objects of a takeover lie in the store."""
    return f"takeovers/{takeover_id}"


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals packs of one takeover."""

    vault: Vault
    takeover: Takeover

    def seal(self, pack: Pack, *, record_key: RecordKey, patient: PatientRecord | None, at: str) -> PackRecord:
        """The pack is durable in the store. Raises what the store raises once its attempts are used up."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._seal(pack, record_key, patient, at)
            except ArchiveError as error:
                # Packs in memory are retried by the store itself; a streamed item has to be read again.
                if not (error.retryable and pack.streamed and attempt < ATTEMPTS):
                    raise
        raise RuntimeError("internal: unreachable")

    def _seal(self, pack: Pack, record_key: RecordKey, patient: PatientRecord | None, at: str) -> PackRecord:
        written: list[tuple[Item, bytes, bytes]] = []

        def describe(object_id: uuid.UUID, members: Sequence[SealedMember]) -> bytes:
            for arrival, member in zip(pack.arrivals, members, strict=True):
                written.append(self._inscribe(arrival, member, object_id.hex, at))
            return inscribe_items(self.takeover.id, patient, written)

        sources = [arrival.parts() for arrival in pack.arrivals]
        stored = self.vault.put(
            folder_of(self.takeover.id), record_key, sources=sources, describe=describe, whole=not pack.streamed
        )
        holdings = tuple(
            _holding(arrival, member, record, object_id=stored.pack.object_id.hex, patient=pack.patient, at=at)
            for arrival, member, (_, _, record) in zip(pack.arrivals, stored.members, written, strict=True)
        )
        return PackRecord(stored_pack(stored, record_key, patient=pack.patient), patient, holdings)

    def _inscribe(self, arrival: Arrival, member: SealedMember, object_id: str, at: str) -> tuple[Item, bytes, bytes]:
        arrival.settle_digests()
        facts = facts_of(
            arrival.item.path,
            arrival.disposition,
            conflicts_with=arrival.conflicts_with,
            description=description_to_json(arrival.description),
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


def stored_pack(stored: Stored, record_key: RecordKey, *, patient: int) -> StoredPack:
    """The catalogue's row of an object."""
    sealed = stored.pack
    return StoredPack(
        object_id=sealed.object_id.hex,
        key=stored.key,
        size=sealed.size,
        version=stored.version,
        record_key=record_key.id.hex,
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
    )
