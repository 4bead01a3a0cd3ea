"""One stored object against the catalogue's rows: what is wrong with it, by name.

Levels, each including the one before:

* `exists` – the object is there, of the recorded size and version; the rows cover it without gap; each row is what its
  record says, and the record is what the log holds. Needs no key and reads no payload.
* `sealed` – each stored byte is hashed and compared with the digest of the sealed member. Needs no key.
* `opened` – each member is decrypted, which proves its sealed bytes authentic, and its bytes are compared with the
  digest at intake. Sealed bytes are hashed only where that fails, to tell a broken member from a broken key. (Whoever
  holds the keys could seal the same content anew: `sealed` notices that, `opened` does not.)

A fault of the store that may pass is raised, and never reported as damage.
"""

import hashlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO
from uuid import UUID

from repository.domain.holding import Holding, StoredPack
from repository.domain.takeover import Takeover
from repository.evidence.errors import RecordMalformed
from repository.evidence.record import HoldingRecord, parsed
from repository.findings import Finding
from repository.takeover.inscribing import facts_of_holding
from repository.upkeep.pace import Pace
from storage.digests import pieces
from storage.errors import KeyUnavailable, ObjectMissing, SealBroken
from storage.objects.port import StoredObject
from storage.sealing.pack import HEADER, TRAILER, PackHeader
from storage.vault import Vault
from storage.warrants import NONE, Warrant


class Level(StrEnum):
    EXISTS = "exists"
    SEALED = "sealed"
    OPENED = "opened"


@dataclass(frozen=True, slots=True)
class Subject:
    """A pack with the rows that belong to it, and the object as the store lists it (None: not listed)."""

    takeover: Takeover
    pack: StoredPack
    holdings: tuple[Holding, ...]
    listed: StoredObject | None


class Checker:
    """Checks objects at one level; safe to use from many threads. Level `opened` needs a warrant."""

    def __init__(self, vault: Vault, level: Level, *, pace: Pace, warrant: Warrant = NONE) -> None:
        self._vault, self._level, self._pace, self._warrant = vault, level, pace, warrant

    def check(self, subject: Subject) -> tuple[list[Finding], int]:
        """What is wrong with one object and its rows, and how many stored bytes were read for it."""
        found = list(_rows(subject, archive=self._vault.archive.hex))
        there = list(self._presence(subject))
        found.extend(there)
        if there or self._level is Level.EXISTS:
            return found, 0
        try:
            found.extend(self._bytes(subject))
        except ObjectMissing:
            found.append(_about(subject, "VFY-MISSING"))
        return found, subject.pack.size

    def _presence(self, subject: Subject) -> Iterator[Finding]:
        pack, listed = subject.pack, subject.listed
        try:
            listed = listed or self._vault.store.stat(pack.key)  # a list may be stale: absence is asked for by name
        except ObjectMissing:
            yield _about(subject, "VFY-MISSING")
            return
        if listed.size != pack.size:
            yield _about(subject, "VFY-SIZE", recorded=pack.size, found=listed.size)
        elif pack.version and listed.version and listed.version != pack.version:
            yield _about(subject, "VFY-VERSION")

    def _bytes(self, subject: Subject) -> Iterator[Finding]:
        """The object is read once, from its first byte to its last."""
        pack = subject.pack
        members = self._sealed if self._level is Level.SEALED else self._opened
        with self._vault.store.open(pack.key) as stream:
            header, found = stream.read(HEADER), list[Finding]()
            foreign = _is_foreign(header, subject, archive=self._vault.archive)
            members = self._sealed if foreign else members  # nothing opens behind a header that is not its own
            for holding in subject.holdings:
                if code := members(pack, holding, self._passing(stream, holding.location.length)):
                    found.append(_of_holding(subject, holding, code))
            if _sha256(self._passing(stream, pack.description_length)) != pack.description_sha256:
                found.append(_about(subject, "VFY-DESCRIPTION"))
            if foreign and found:
                yield _about(subject, "VFY-ALIEN")
                return
            yield from found
            if hashlib.sha256(header + stream.read(TRAILER)).digest() != pack.header_sha256:
                yield _about(subject, "VFY-FRAME")

    def _sealed(self, _pack: StoredPack, holding: Holding, sealed: Iterator[bytes]) -> str:
        return "" if _sha256(sealed) == holding.sealed_sha256 else "VFY-MEMBER"

    def _opened(self, pack: StoredPack, holding: Holding, sealed: Iterator[bytes]) -> str:
        try:
            opened = self._vault.sha256_opened(pack.key, holding.location.offset, sealed, warrant=self._warrant)
        except (SealBroken, KeyUnavailable):
            return "VFY-KEY" if self._is_intact(pack, holding) else "VFY-SEAL"
        finally:
            deque(sealed, maxlen=0)  # to where the next member starts, whatever was wrong with this one
        return "" if opened == holding.sha256 else "VFY-DIGEST"

    def _is_intact(self, pack: StoredPack, holding: Holding) -> bool:
        """Whether the sealed bytes are those of intake: then it is a key that is wrong, here or in the header."""
        place = holding.location
        with self._vault.store.open(pack.key, offset=place.offset, length=place.length) as stream:
            return _sha256(self._passing(stream, place.length)) == holding.sealed_sha256

    def _passing(self, stream: BinaryIO, length: int) -> Iterator[bytes]:
        for part in pieces(stream, length=length):
            self._pace.spend(len(part))
            yield part


def _sha256(parts: Iterator[bytes]) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def _is_foreign(header: bytes, subject: Subject, *, archive: UUID) -> bool:
    """Whether it is not the header of this object: another's, or one that was damaged where it says whose it is."""
    try:
        PackHeader.parse(header, archive=archive, object_id=UUID(hex=subject.pack.object_id))
    except (SealBroken, ValueError):  # ValueError: the row was given a name that no object has
        return True
    return False


def _rows(subject: Subject, *, archive: str) -> Iterator[Finding]:
    """The rows of the catalogue against their records, and against each other."""
    pack, expected = subject.pack, HEADER
    for holding in subject.holdings:
        if holding.location.offset != expected:
            yield _about(subject, "VFY-GAP", offset=expected)
        expected = holding.location.offset + holding.location.length
        if not _true_to_record(holding, subject, archive=archive):
            yield _of_holding(subject, holding, "VFY-ROW")
    if (expected, pack.description_offset + pack.description_length + TRAILER) != (pack.description_offset, pack.size):
        yield _about(subject, "VFY-GAP", offset=expected)


def _true_to_record(holding: Holding, subject: Subject, *, archive: str) -> bool:
    """Whether the row is what the record says, and the record what the log's entry commits to."""
    try:
        record = parsed(holding.record)
    except RecordMalformed:
        return False
    place = holding.location
    return (
        isinstance(record, HoldingRecord)
        and hashlib.sha256(holding.record).digest() == holding.entry
        and (record.archive, record.takeover, record.ordinal) == (archive, subject.takeover.id, holding.ordinal)
        and (record.sha256, record.sealed_sha256, record.size) == (holding.sha256, holding.sealed_sha256, holding.size)
        and (record.object_id, record.offset, record.length) == (place.object_id, place.offset, place.length)
        and (record.kind, record.at) == (holding.description.kind.value, holding.received_at)
        and record.commits_to(facts_of_holding(holding))
    )


def _about(subject: Subject, code: str, **params: str | int) -> Finding:
    return Finding(code, f"{subject.takeover.id}/object/{subject.pack.object_id}", params)


def _of_holding(subject: Subject, holding: Holding, code: str) -> Finding:
    return Finding(code, f"{subject.takeover.id}/{holding.ordinal}", {"object": subject.pack.object_id})
