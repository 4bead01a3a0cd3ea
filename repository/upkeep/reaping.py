"""Orphans: objects that were stored and never acknowledged, because something stopped in between.

Listed at any time; reaped only while no takeover is open, or by the takeover itself when it goes on. A record key whose
takeover never used it is an orphan as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from repository.catalogue.errors import TakeoverUnknown
from repository.domain.takeover import FINAL
from repository.runtime import Archive
from repository.upkeep.errors import ReapingRefused
from repository.upkeep.recalling import takeovers_in
from storage.keys.record_keys import key_object_name


@dataclass(frozen=True, slots=True)
class Orphan:
    """An object without a row; `open_takeover` tells that its takeover has not ended and will see to it itself."""

    key: str
    size: int
    open_takeover: bool


def orphans(archive: Archive) -> Iterator[Orphan]:
    """Every object of a takeover, and every key object, that no row knows.

    The store is asked before the catalogue each time: what is put and recorded in between is not taken for left over.
    """
    catalogue, key_objects = archive.catalogue, list(archive.vault.record_keys.ids())
    used = {key_id for key_id, *_ in catalogue.record_keys()}
    any_open = any(takeover.state not in FINAL for takeover in catalogue.takeovers())
    for folder, listed in takeovers_in(archive.vault):
        held = list(listed)
        try:
            takeover = catalogue.takeover(folder)
            is_open = takeover.state not in FINAL
            known = {pack.key for pack in catalogue.packs(takeover.number)}
        except TakeoverUnknown:
            known, is_open = set(), False
        yield from (Orphan(each.key, each.size, is_open) for each in held if each.key not in known)
    for key_id, epoch in key_objects:
        if key_id.hex not in used:
            yield Orphan(key_object_name(key_id, epoch), 0, any_open)


def reap(archive: Archive) -> list[Orphan]:
    """The orphans that were deleted: all but those of takeovers that are still open. Needs the writer's lock.

    Raises `ReapingRefused`, and what `EvidenceLog.confirm` raises, where the catalogue does not know all that the log
    does: then what looks left over may have been acknowledged, and nothing is deleted.
    """
    archive.log.confirm()
    if unknown := sum(count for _, count in archive.catalogue.unheld()):
        raise ReapingRefused(count=unknown)
    gone = [orphan for orphan in orphans(archive) if not orphan.open_takeover]
    for orphan in gone:
        archive.store.delete(orphan.key)
    return gone
