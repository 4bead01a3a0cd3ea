"""What can be said of an instance: that it is kept, after it was read back, or why that cannot be said.

Success means that each image of that class and UID in the takeovers that are looked into opens with a key that was
read from the store anew, is bit for bit what was received, is what its record in the log says, and that the log proves
the record under a signed checkpoint.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from itertools import groupby

from repository import journal
from repository.catalogue.commitments import Instance
from repository.catalogue.wanting import Keys
from repository.domain.holding import Holding
from repository.domain.takeover import Takeover
from repository.evidence.errors import LogError, RecordMalformed
from repository.evidence.record import HoldingRecord, parsed
from repository.imaging import contents
from repository.opening import Admitted, Found
from repository.runtime import Archive, fresh_vault
from storage.errors import KeyUnavailable, ObjectMissing, SealBroken
from storage.warrants import Warrant

PROCESSING_FAILURE, NO_SUCH_INSTANCE, CLASS_CONFLICT, OUT_OF_RESOURCES = 0x0110, 0x0112, 0x0119, 0x0213
"""Reasons (PS3.3 C.14.1.1)."""

_AT_ONCE = 500  # instances that are looked for in one question
_DAMAGE = (SealBroken, ObjectMissing, KeyUnavailable, LogError, RecordMalformed)
Warrants = Callable[[str], Warrant]


@dataclass(frozen=True, slots=True)
class Looking:
    """`archive` opens with keys that it reads anew; `signed`: entries under the checkpoint that proves."""

    archive: Archive
    signed: int
    warrants: Warrants


def looking(archive: Archive, warrants: Warrants) -> Looking:
    """The log is published over all that is committed now. `warrants`: for the objects of a takeover, by its id.
    Raises as `journal.publish`."""
    signed = journal.publish(archive).size
    vault = fresh_vault(archive.store, archive.ring, openings=archive.vault.openings)
    return Looking(replace(archive, vault=vault), signed, warrants)


def failures(
    look: Looking, instances: Sequence[Instance], takeovers: Sequence[Takeover], *, tick: Callable[[int, int], None]
) -> dict[int, int]:
    """Reasons by place in `instances` for those that cannot be committed to. Raises what a store raises that does not
    answer, and what the catalogue and `tick` raise."""
    found: dict[int, int] = {}
    try:
        for first in range(0, len(instances), _AT_ONCE):
            tick(first, len(instances))
            some = instances[first : first + _AT_ONCE]
            found |= {first + place: reason for place, reason in _failures(look, some, takeovers).items()}
    finally:
        look.archive.vault.hashing.close()
    return found


def _failures(look: Looking, some: Sequence[Instance], takeovers: Sequence[Takeover]) -> dict[int, int]:
    known = {each.number: each for each in takeovers}
    uids = sorted({each.uid for each in some})
    there: dict[str, list[Found]] = {}
    for number, holding in look.archive.catalogue.wanting.images(Keys(instances=uids, takeovers=sorted(known))):
        facts = holding.description.dicom
        if facts is not None:
            there.setdefault(facts.sop_instance_uid, []).append(Found(known[number], holding))
    wanted = {
        _name(each): each for asked in some for each in there.get(asked.uid, ()) if _class(each) == asked.sop_class
    }
    whole = _whole(look, wanted.values())
    reasons = {place: _reason(asked, there.get(asked.uid, ()), whole) for place, asked in enumerate(some)}
    return {place: reason for place, reason in reasons.items() if reason}


def _reason(asked: Instance, found: Sequence[Found], whole: Mapping[tuple[int, int], bool]) -> int:
    """0 for one that is committed to."""
    if not found:
        return NO_SUCH_INSTANCE
    own = [each for each in found if _class(each) == asked.sop_class]
    if not own:
        return CLASS_CONFLICT
    return 0 if all(whole[_name(each)] for each in own) else PROCESSING_FAILURE


def _name(found: Found) -> tuple[int, int]:
    return found.takeover.number, found.holding.ordinal


def _class(found: Found) -> str:
    facts = found.holding.description.dicom
    return facts.sop_class_uid if facts is not None else ""


def _whole(look: Looking, found: Iterable[Found]) -> dict[tuple[int, int], bool]:
    """Whether each is what was received, by takeover and ordinal; those of one object together, several at once."""
    ordered = sorted(found, key=_place)
    groups = [list(group) for _, group in groupby(ordered, key=lambda each: _place(each)[:2])]
    warrants = {group[0].takeover.id: look.warrants(group[0].takeover.id) for group in groups}
    with ThreadPoolExecutor(look.archive.settings.workers, thread_name_prefix="commitment") as pool:
        try:
            parts = list(pool.map(lambda group: list(_of_object(look, group, warrants[group[0].takeover.id])), groups))
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return {_name(each): whole for part in parts for each, whole in part}


def _place(found: Found) -> tuple[int, str, int]:
    location = found.holding.location
    return found.takeover.number, location.object_id, location.offset


def _of_object(look: Looking, group: Sequence[Found], warrant: Warrant) -> Iterator[tuple[Found, bool]]:
    """Read along the object; where one of them is damaged, each by itself."""
    admitted = [Admitted(each, warrant) for each in group]
    opened = _opens(look, admitted)
    for each in admitted:
        whole = (opened or _opens(look, [each])) and _proved(look, each.found)
        yield each.found, whole


def _opens(look: Looking, admitted: Sequence[Admitted]) -> bool:
    with suppress(*_DAMAGE), closing(contents(look.archive, admitted)) as opened:
        for _, pieces in opened:
            for _piece in pieces:
                pass
        return True
    return False


def _proved(look: Looking, found: Found) -> bool:
    with suppress(*_DAMAGE):
        archive, number, ordinal = look.archive, found.takeover.number, found.holding.ordinal
        archive.log.prove_record(found.holding.record, archive.catalogue.index_of(number, ordinal), size=look.signed)
        return _true_to_record(found.takeover, found.holding)
    return False


def _true_to_record(takeover: Takeover, holding: Holding) -> bool:
    """Whether the record, which the log proves, is of these bytes at this place. Raises `RecordMalformed`."""
    record, place = parsed(holding.record), holding.location
    return isinstance(record, HoldingRecord) and (
        (record.takeover, record.ordinal, record.size) == (takeover.id, holding.ordinal, holding.size)
        and (record.sha256, record.sealed_sha256) == (holding.sha256, holding.sealed_sha256)
        and (record.object_id, record.offset, record.length) == (place.object_id, place.offset, place.length)
    )
