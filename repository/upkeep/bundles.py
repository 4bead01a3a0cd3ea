"""One sealed bundle of the journal against the catalogue's row of it: what is wrong with it, by name.

The levels are those of `checking`. A fault of the store that may pass is raised, and never reported as damage.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO
from uuid import UUID

from repository.catalogue.journal import Bundle, Journal
from repository.domain.deed import Deed
from repository.evidence.deeds import deeds_of
from repository.evidence.errors import RecordMalformed
from repository.findings import Finding
from repository.journal import FOLDER
from repository.upkeep.checking import Level
from repository.upkeep.pace import Pace
from storage.digests import pieces
from storage.errors import KeyUnavailable, ObjectMissing, SealBroken
from storage.objects.port import StoredObject
from storage.sealing.pack import HEADER, TRAILER, PackHeader
from storage.vault import Vault

PREFIX = f"{FOLDER}/"
UNREADABLE = (SealBroken, KeyUnavailable, ObjectMissing, RecordMalformed)


def subject_of(key: str) -> str:
    """What a finding about the bundle is about."""
    return f"{FOLDER}/object/{key.removeprefix(PREFIX)}"


@dataclass(frozen=True, slots=True)
class OpenedBundle:
    """A bundle read back: its deeds, each true to its record, and the row that the catalogue had of it."""

    row: Bundle
    deeds: tuple[Deed, ...]


def opened_bundle(vault: Vault, held: StoredObject) -> OpenedBundle:
    """Raises one of `UNREADABLE`, and what the store raises."""
    inscription = vault.inscription(held.key, size=held.size)
    if inscription.members:
        raise RecordMalformed(reason="it has members")
    deeds, pack = deeds_of(inscription.text, archive=vault.archive.hex), inscription.pack
    digests = pack.frame_sha256, pack.description.sha256
    key = inscription.record_key_id.hex
    row = Bundle(deeds[0].number, deeds[-1].number, held.key, held.version, held.size, key, *digests)
    return OpenedBundle(row, deeds)


def unlike(journal: Journal, bundle: OpenedBundle) -> list[int]:
    """The numbers of the deeds in the bundle that the lines of the catalogue say otherwise, or do not have."""
    row = bundle.row
    lines = {line.number: line.deed for line in journal.lines(after=row.first - 1, last=row.last)}
    return [deed.number for deed in bundle.deeds if lines.get(deed.number) != deed]


def bundle_faults(
    vault: Vault, row: Bundle, listed: StoredObject | None, *, level: Level, pace: Pace
) -> tuple[list[Finding], int]:
    """What is wrong with the stored object, unopened, and how many bytes were read for it."""
    there = list(_presence(vault, row, listed))
    if there or level is Level.EXISTS:
        return there, 0
    try:
        with vault.store.open(row.key) as stream:
            return list(_bytes(vault, row, stream, pace)), row.size
    except ObjectMissing:
        return [Finding("VFY-MISSING", subject_of(row.key))], 0


def _presence(vault: Vault, row: Bundle, listed: StoredObject | None) -> Iterator[Finding]:
    try:
        listed = listed or vault.store.stat(row.key)  # a list may be stale: absence is asked for by name
    except ObjectMissing:
        yield Finding("VFY-MISSING", subject_of(row.key))
        return
    if listed.size != row.size:
        yield Finding("VFY-SIZE", subject_of(row.key), {"recorded": row.size, "found": listed.size})
    elif row.version and listed.version and listed.version != row.version:
        yield Finding("VFY-VERSION", subject_of(row.key))


def _bytes(vault: Vault, row: Bundle, stream: BinaryIO, pace: Pace) -> Iterator[Finding]:
    header, digest = stream.read(HEADER), hashlib.sha256()
    for part in pieces(stream, length=row.size - HEADER - TRAILER):
        pace.spend(len(part))
        digest.update(part)
    changed = digest.digest() != row.description_sha256
    if changed and _is_foreign(header, row.key, archive=vault.archive):
        yield Finding("VFY-ALIEN", subject_of(row.key))
        return
    if changed:
        yield Finding("VFY-DESCRIPTION", subject_of(row.key))
    if hashlib.sha256(header + stream.read(TRAILER)).digest() != row.header_sha256:
        yield Finding("VFY-FRAME", subject_of(row.key))


def _is_foreign(header: bytes, key: str, *, archive: UUID) -> bool:
    try:
        PackHeader.parse(header, archive=archive, object_id=UUID(hex=key.removeprefix(PREFIX)))
    except (SealBroken, ValueError):  # ValueError: the row was given a name that no object has
        return True
    return False
