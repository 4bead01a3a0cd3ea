"""Deeds written down, sealed in the store, and shown: the journal of an archive as one thing.

    note            a deed → its line in the catalogue and its entry in the log, in one durable transaction
    publish         lines that are only in the catalogue → a sealed bundle in the store → a checkpoint over the log
    journal_proof   a line → what convinces somebody who has nothing but the archive's public key

Promised: what `note` returned is durable and is never changed; what a checkpoint covers is in the store as well, so
that `rebuild` makes it again. Bundles lie under one record key of their own, for a line speaks of several people.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from repository.canonical import canonical
from repository.catalogue.errors import CatalogueConflict, DeedUnknown
from repository.catalogue.journal import Bundle
from repository.clock import instant
from repository.domain.deed import Deed
from repository.evidence.checkpoint import Checkpoint
from repository.evidence.deeds import inscribe_deeds
from repository.evidence.record import deed_record, entry
from repository.runtime import Archive
from storage.keys.record_keys import RecordKey

FOLDER = "journal"
IN_ONE = 2000  # deeds in one bundle: some 2 MB of text
KEY = "journal_key"  # the archive's fact that names the record key


def note(archive: Archive, kind: str, body: Mapping[str, Any], *, outcome: str = "done", at: str = "") -> Deed:
    """The deed is in the journal and in the log, durable, with what follows from it.

    Raises `CatalogueConflict` where it contradicts what is there, and then nothing is written.
    """
    return note_all(archive, [(kind, body, outcome)], at=at)[0]


def note_all(archive: Archive, deeds: Sequence[tuple[str, Mapping[str, Any], str]], *, at: str = "") -> list[Deed]:
    """All of `deeds` (kind, body, outcome) are in the journal, in this order and one transaction, or none of them."""
    when = at or instant(archive.clock())
    return archive.catalogue.journal.write(
        [deed_maker(archive, kind, body, outcome=outcome, at=when) for kind, body, outcome in deeds]
    )


def deed_maker(archive: Archive, kind: str, body: Mapping[str, Any], *, outcome: str, at: str) -> Callable[[int], Deed]:
    """The deed, once its number is known: for whoever writes it in a transaction with other things."""
    facts = canonical(body)

    def make(number: int) -> Deed:
        record = deed_record(archive=archive.id.hex, number=number, event=kind, outcome=outcome, at=at, facts=facts)
        return Deed(number, kind, at, outcome, body, record, entry(record))

    return make


def publish(archive: Archive) -> Checkpoint:
    """Every deed and entry committed before the call is under the returned checkpoint, and every deed under it in the
    store. A deed that is noted meanwhile waits for the next one, with the entries after it. Raises as
    `EvidenceLog.publish`."""
    bundle_up(archive)
    return archive.log.publish(up_to=archive.catalogue.journal.covered())


def bundle_up(archive: Archive) -> int:
    """Every deed that was there before the call is in the store; how many bundles were made.

    A bundle that a crash left unknown is an orphan, and its deeds are in the next one. Raises as `EvidenceLog.confirm`
    where the catalogue went back: what it would seal contradicts what is sealed.
    """
    journal = archive.catalogue.journal
    made, (bundled, last) = 0, journal.extent()
    while (first := bundled + 1) <= last:
        if not made:
            archive.log.confirm()
        until = min(last, first + IN_ONE - 1)
        made += _known(archive, _sealed(archive, first, until))
        bundled = journal.bundled()
    return made


def _known(archive: Archive, bundle: Bundle) -> bool:
    """The bundle is known; or another process was faster, and this one is gone again."""
    try:
        archive.catalogue.journal.note_bundle(bundle)
    except CatalogueConflict:
        if archive.catalogue.journal.bundled() < bundle.first:
            raise
        archive.store.delete(bundle.key)
        return False
    return True


def _sealed(archive: Archive, first: int, last: int) -> Bundle:
    text = inscribe_deeds(archive.catalogue.journal.deeds(after=first - 1, last=last))
    key = _record_key(archive)
    stored = archive.vault.put(FOLDER, key, sources=(), describe=lambda _id, _members: text, whole=True)
    pack = stored.pack
    return Bundle(
        first, last, stored.key, stored.version, pack.size, key.id.hex, pack.frame_sha256, pack.description.sha256
    )


def _record_key(archive: Archive) -> RecordKey:
    """The record key of the journal; made when it is first needed. Of two processes that make one, one is used."""
    keys, catalogue = archive.vault.record_keys, archive.catalogue
    if known := catalogue.archive().get(KEY):
        return keys.open(UUID(hex=known))
    made = keys.make()
    try:
        catalogue.set_archive(archive.id.hex, **{KEY: made.id.hex})
    except CatalogueConflict:
        if KEY not in catalogue.archive():
            raise
    return keys.open(UUID(hex=catalogue.archive()[KEY]))


def journal_proof(archive: Archive, number: int, *, size: int | None = None) -> bytes:
    """The proof file of a deed under the checkpoint over `size` entries, the newest if None (docs/proofs.md).

    Checked, and checkable by anybody with `check_record`. Raises `DeedUnknown`, and `NotInLog` where that checkpoint
    does not cover the deed.
    """
    journal = archive.catalogue.journal
    deed, index = next(journal.deeds(after=number - 1, last=number), None), journal.index_of(number)
    if deed is None or index is None:
        raise DeedUnknown(number=number)
    return archive.log.prove_record(deed.record, index, size=size)


def complete_up_to(archive: Archive) -> tuple[int, int]:
    """(number, size): every deed from 1 to `number` has a proof under the newest checkpoint, which is over `size`
    entries. (0, 0) before the first checkpoint."""
    newest = archive.log.latest()
    if newest is None:
        return 0, 0
    return archive.catalogue.journal.signed_up_to(newest.size), newest.size
