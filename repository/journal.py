"""Deeds written down, sealed in the store, and read back: the journal of an archive as one thing.

    note      a deed → its line in the catalogue and its entry in the log, in one durable transaction
    publish   lines that are only in the catalogue → a sealed bundle in the store → a checkpoint over the log

Promised: what `note` returned is durable and is never changed; what a checkpoint covers is in the store as well, so
that `rebuild` makes it again. Bundles lie under one record key of their own, for a line speaks of several people.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from repository.access.bodies import moment
from repository.canonical import canonical
from repository.catalogue.journal import Bundle
from repository.domain.deed import Deed
from repository.evidence.checkpoint import Checkpoint
from repository.evidence.record import deed_record, entry
from repository.runtime import Archive
from storage.keys.record_keys import RecordKey

FOLDER = "journal"
FORMAT = 1
IN_ONE = 2000  # deeds in one bundle: some 2 MB of text
_KEY = "journal_key"


def note(archive: Archive, kind: str, body: Mapping[str, Any], *, outcome: str = "done", at: str = "") -> Deed:
    """The deed is in the journal and in the log, durable, with what follows from it.

    Raises `CatalogueConflict` where it contradicts what is there, and then nothing is written.
    """
    return note_all(archive, [(kind, body, outcome)], at=at)[0]


def note_all(archive: Archive, deeds: Sequence[tuple[str, Mapping[str, Any], str]], *, at: str = "") -> list[Deed]:
    """All of `deeds` (kind, body, outcome) are in the journal, in this order and one transaction, or none of them."""
    when = at or moment(archive.clock())
    return archive.catalogue.journal.write([_maker(archive, *each, when) for each in deeds])


def _maker(archive: Archive, kind: str, body: Mapping[str, Any], outcome: str, at: str) -> Callable[[int], Deed]:
    facts = canonical(body)

    def make(number: int) -> Deed:
        record = deed_record(archive=archive.id.hex, number=number, event=kind, outcome=outcome, at=at, facts=facts)
        return Deed(number, kind, at, outcome, body, record, entry(record))

    return make


def publish(archive: Archive) -> Checkpoint:
    """Every deed is sealed in the store, and a signed checkpoint covers all that is in the log."""
    bundle_up(archive)
    return archive.log.publish()


def bundle_up(archive: Archive) -> int:
    """No deed is in the catalogue alone; how many bundles were made. A bundle that a crash left unknown is an orphan,
    and its deeds are in the next one."""
    made, last = 0, archive.catalogue.journal.size()
    while (first := archive.catalogue.journal.bundled() + 1) <= last:
        until = min(last, first + IN_ONE - 1)
        deeds = archive.catalogue.journal.deeds(after=first - 1, last=until)
        text = canonical({"format": FORMAT, "deeds": [_line(deed) for deed in deeds]})
        archive.catalogue.journal.note_bundle(_sealed(archive, first, until, text))
        made += 1
    return made


def _sealed(archive: Archive, first: int, last: int, text: bytes) -> Bundle:
    key = _record_key(archive)
    stored = archive.vault.put(FOLDER, key, sources=(), describe=lambda _id, _members: text, whole=True)
    return Bundle(first, last, stored.key, stored.version, stored.pack.size, key.id.hex)


def _line(deed: Deed) -> dict[str, Any]:
    return {"number": deed.number, "body": dict(deed.body), "record": deed.record.decode()}


def _record_key(archive: Archive) -> RecordKey:
    known = archive.catalogue.archive().get(_KEY)
    if known:
        return archive.vault.record_keys.open(UUID(hex=known))
    made = archive.vault.record_keys.make()
    archive.catalogue.set_archive(archive.id.hex, **{_KEY: made.id.hex})
    return made
