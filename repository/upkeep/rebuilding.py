"""The catalogue made again from the object store and the key ring (DESIGN § 2.5).

A new catalogue is filled beside the old one, from the log's tiles, the bundles of the journal and the descriptions in
the packs, through the same functions as before; only when it is complete does it take the old one's place (SQLite) or
is it left for the administrator to point to (PostgreSQL). What cannot be read is named and left out; nothing in the
store is changed.

Not rebuilt: job rows, verification runs and the cursors of collectors, which are of the moment; accounts of people and
their sessions, which are in the catalogue alone, so that no password outlives it; and the list of items that an
unfinished takeover had still to settle, which `takeover receive` makes again from the package. Everybody is invited
again. Rights are kept for the id of an account, which is new then: those of the old account pass to nobody, whatever
the name.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from repository.catalogue.catalogue import Catalogue
from repository.findings import Finding
from repository.runtime import Archive
from repository.takeover.errors import DescriptionDamaged
from repository.upkeep.journals import JournalRestoring
from repository.upkeep.recalling import Recalled, Replay, recall, takeovers_in
from storage.errors import KeyUnavailable, ObjectMissing, SealBroken
from storage.objects.port import StoredObject

_ENTRIES_AT_ONCE = 8192


@dataclass(slots=True)
class Rebuilt:
    """What was made again; `findings` name what could not be."""

    takeovers: int = 0
    objects: int = 0
    holdings: int = 0
    entries: int = 0
    deeds: int = 0
    findings: list[Finding] = field(default_factory=list)


def rebuild(archive: Archive, target: Catalogue, *, progress: Callable[[Rebuilt], None]) -> Rebuilt:
    """`target`, which is empty, knows all that the store tells of. `archive` is read for its store, keys and log."""
    done = Rebuilt()
    target.set_archive(archive.id.hex)
    _restore_log(archive, target, done)
    restoring = JournalRestoring(archive.vault, target, archive=archive.id.hex)
    done.deeds = restoring.run()
    done.findings.extend(restoring.findings)
    for takeover_id, objects in takeovers_in(archive.vault):
        replay = Replay(target, takeover_id)
        for recalled in _readable(archive, takeover_id, objects, done):
            if not _was_acknowledged(recalled, target):
                done.findings.append(Finding("RBD-ORPHAN", _name(takeover_id, recalled.record.pack.key)))
                continue
            replay.add(recalled)
            done.objects += 1
            done.holdings += len(recalled.record.holdings)
            progress(done)
        if replay.finish():
            done.takeovers += 1
        else:
            done.findings.append(Finding("RBD-NO-OPENING", takeover_id))
    if left := target.unclaimed():
        done.findings.append(Finding("RBD-UNCLAIMED", "", {"count": left}))
    if (last := archive.log.latest()) is not None:
        target.note_checkpoint(last.size, last.root, last.note)
    return done


def _restore_log(archive: Archive, target: Catalogue, done: Rebuilt) -> None:
    entries = archive.log.sequenced()
    while group := list(islice(entries, _ENTRIES_AT_ONCE)):
        target.restore_log(done.entries, group)
        done.entries += len(group)


def _readable(archive: Archive, takeover_id: str, objects: Iterator[StoredObject], done: Rebuilt) -> Iterator[Recalled]:
    for held in objects:
        try:
            yield recall(archive.vault, held)
        except (SealBroken, KeyUnavailable, DescriptionDamaged, ObjectMissing) as error:
            done.findings.append(Finding("RBD-OBJECT", _name(takeover_id, held.key), {"reason": error.code}))


def _name(takeover_id: str, key: str) -> str:
    return f"{takeover_id}/object/{key.rpartition('/')[2]}"


def _was_acknowledged(recalled: Recalled, target: Catalogue) -> bool:
    """Whether the log holds the entries of the object; one that holds none (a patient without items) is taken."""
    entries = recalled.entries
    return not entries or target.knows(entries)
