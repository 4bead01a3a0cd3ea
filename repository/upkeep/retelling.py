"""The catalogue against what the store tells of a takeover: each row, of each table, that says otherwise is named.

The descriptions of the packs are replayed into a second catalogue, through the functions of intake, and the two are
compared. What cannot be read back is named, and its rows are taken as they are: none is accused for want of a witness.
"""

from collections.abc import Iterator
from contextlib import closing
from itertools import takewhile
from pathlib import Path

from repository.catalogue.catalogue import Catalogue, scratch_catalogue
from repository.domain.holding import PackRecord, StoredPack
from repository.domain.takeover import FINAL, Takeover
from repository.findings import Finding
from repository.takeover.custody import WHOLE
from repository.takeover.errors import DescriptionDamaged
from repository.upkeep.comparing import differences
from repository.upkeep.recalling import Replay, recall
from storage.errors import KeyUnavailable, ObjectMissing, SealBroken, StorageError
from storage.objects.port import StoredObject
from storage.vault import Vault

_TOLD_BY_THE_WHOLE = {"item", "takeover", "custody_event", "finding"}  # a pack without items: opening, closing, events


def contradictions(live: Catalogue, vault: Vault, takeover: Takeover, *, folder: Path) -> Iterator[Finding]:
    """What `live` says of the takeover otherwise than its packs; `folder` takes the second catalogue meanwhile."""
    with closing(scratch_catalogue(folder / "told.sqlite")) as told:
        replay, unread, read = Replay(told, takeover.id), list[StoredPack](), 0
        for pack in live.packs(takeover.number):
            read += 1
            try:
                replay.add(recall(vault, StoredObject(pack.key, pack.size, pack.version)))
            except (SealBroken, KeyUnavailable, DescriptionDamaged, ObjectMissing, StorageError) as error:
                yield Finding(_code(error), f"{takeover.id}/object/{pack.object_id}", {"reason": error.code})
                unread.append(pack)
        number = replay.finish(reached=takeover.state)
        if not number:
            return
        without = set() if replay.is_closed or takeover.state in FINAL else {"item"}
        for pack in unread:
            without |= _believe(live, takeover.number, pack, told=(told, number))
        found = list(differences((live, takeover.number), (told, number), subject=takeover.id, without=without))
        if found and not _went_on(live, takeover, packs=read):
            yield from found


def _code(error: StorageError | DescriptionDamaged) -> str:
    if error.retryable:
        return "VFY-UNCHECKED"
    if not isinstance(error, (SealBroken, KeyUnavailable, DescriptionDamaged, ObjectMissing)):
        raise error
    return "VFY-DESCRIPTION-UNREAD"


def _believe(live: Catalogue, number: int, pack: StoredPack, *, told: tuple[Catalogue, int]) -> set[str]:
    """The rows of a pack that tells nothing are taken over from `live`; tables that it alone tells of are returned."""
    after = live.holdings(number, after=(pack.object_id, -1))
    holdings = tuple(takewhile(lambda holding: holding.location.object_id == pack.object_id, after))
    patient = next((each for each in live.patients(number) if each.number == pack.patient), None)
    catalogue, there = told
    items = (live.item(number, holding.ordinal) for holding in holdings)
    catalogue.list_items(there, (item for item in items if item is not None))
    catalogue.record(there, [PackRecord(pack, patient, holdings)])
    return set() if holdings or pack.patient != WHOLE else _TOLD_BY_THE_WHOLE


def _went_on(live: Catalogue, takeover: Takeover, *, packs: int) -> bool:
    """Whether a takeover that was not closed was being received meanwhile: then the next run compares it."""
    if takeover.state in FINAL:
        return False
    now = live.takeover_by_number(takeover.number)
    return now.state is not takeover.state or sum(1 for _ in live.packs(takeover.number)) != packs
