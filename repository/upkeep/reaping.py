"""Orphans: objects that were stored and never acknowledged, because something stopped in between.

Listed at any time; reaped only while no takeover is open, or by the takeover itself when it goes on. A record key whose
takeover never used it is an orphan as well, and so is a bundle of the journal that no row knows: its lines are in the
next one. While lines wait for their bundle, somebody may be making it, or a key for it, at this moment.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from repository.catalogue.errors import TakeoverUnknown
from repository.domain.takeover import FINAL
from repository.headers.making import FOLDER as HEADERS
from repository.journal import FOLDER, bundle_up
from repository.runtime import Archive
from repository.upkeep.bundles import UNREADABLE, opened_bundle, unlike
from repository.upkeep.errors import ReapingRefused
from repository.upkeep.journal_steps import journal_keys
from repository.upkeep.recalling import takeovers_in
from storage.keys.record_keys import key_object_name
from storage.objects.port import StoredObject


@dataclass(frozen=True, slots=True)
class Orphan:
    """An object without a row; `open_takeover` tells that its takeover has not ended and will see to it itself, or
    that the journal has lines which wait for a bundle."""

    key: str
    size: int
    open_takeover: bool


def orphans(archive: Archive) -> Iterator[Orphan]:
    """Every object of a takeover, every bundle of the journal and every key object that no row knows.

    The store is asked before the catalogue each time, and the catalogue first for what is unfinished: what is put and
    recorded in between is not taken for left over.
    """
    catalogue, key_objects = archive.catalogue, list(archive.vault.record_keys.ids())
    bundles = list(archive.store.list(f"{FOLDER}/"))
    bundling = catalogue.journal.bundled() < catalogue.journal.size()
    any_open = bundling or any(takeover.state not in FINAL for takeover in catalogue.takeovers())
    used = {key_id for key_id, *_ in catalogue.record_keys()} | set(journal_keys(catalogue))
    bundled = {bundle.key for bundle in catalogue.journal.bundles()}
    yield from (Orphan(each.key, each.size, bundling) for each in bundles if each.key not in bundled)
    for folder, listed in takeovers_in(archive.vault):
        held = list(listed)
        try:
            takeover = catalogue.takeover(folder)
            is_open = takeover.state not in FINAL
            known = {pack.key for pack in catalogue.packs(takeover.number)}
        except TakeoverUnknown:
            known, is_open = set(), False
        yield from (Orphan(each.key, each.size, is_open) for each in held if each.key not in known)
    yield from _headers(archive)
    for key_id, epoch in key_objects:
        if key_id.hex not in used:
            yield Orphan(key_object_name(key_id, epoch), 0, any_open)


def _headers(archive: Archive) -> Iterator[Orphan]:
    """Metadata made ready (`repository/headers`) that is not what is given out now: of a series as it was before, or
    from before the catalogue was made again. One that is being made at this moment may be taken for left over; whoever
    misses it makes it again."""
    held = list(archive.store.list(f"{HEADERS}/"))
    takeovers = archive.catalogue.takeovers() if held else ()
    known = {each.key for takeover in takeovers for each in archive.catalogue.images.headers(takeover.number)}
    yield from (Orphan(each.key, each.size, open_takeover=False) for each in held if each.key not in known)


def reap(archive: Archive) -> list[Orphan]:
    """The orphans that were deleted. Needs the writer's lock. Those of takeovers that are still open stay, and bundles
    of the journal that do not open or say what its lines do not: a key may come back, and they may be all that tells.

    Raises `ReapingRefused`, and what `EvidenceLog.confirm` raises, where the catalogue does not know all that the log
    does: then what looks left over may have been acknowledged, and nothing is deleted.
    """
    archive.log.confirm()
    if unknown := sum(count for _, count in archive.catalogue.unheld()):
        raise ReapingRefused(count=unknown)
    bundle_up(archive)
    gone = [orphan for orphan in orphans(archive) if not orphan.open_takeover and _is_needless(archive, orphan)]
    for orphan in gone:
        archive.store.delete(orphan.key)
    return gone


def _is_needless(archive: Archive, orphan: Orphan) -> bool:
    if not orphan.key.startswith(f"{FOLDER}/"):
        return True
    try:
        bundle = opened_bundle(archive.vault, StoredObject(orphan.key, orphan.size))
    except UNREADABLE:
        return False
    return not unlike(archive.catalogue.journal, bundle)
