"""The items of one takeover by name, as somebody: what an errand may learn of it, decided and accounted for.

A path may say whose file it is, so it is told as a search would tell it: of what lies within the errand's reach. Of an
item that was not kept nobody knows whose it is, nor of one that was kept and leads to no patient. Whoever may learn of
all that was kept, and of every patient, may learn its name; for all others it might be that of somebody who is not for
them.
"""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from repository.access.account import account_of_attempt
from repository.access.decision import AUTHZ_INCOMPLETE, Decision
from repository.access.errors import AccessRefused
from repository.access.reach import Reach
from repository.access.subject import Operation, Subject
from repository.catalogue.query import MOST, Hit, Level, Query
from repository.domain.takeover import STORED, Disposition, Item, Takeover
from repository.opening import Errand, accounted, archive_itself
from repository.runtime import Archive
from repository.searching import told_of, within_reach

NOBODY, _HIDDEN = 0, -1


@dataclass(frozen=True, slots=True)
class Sight:
    """What of a takeover may be told by name. `whole`: everything."""

    whole: bool
    _patients: "array[int]" = field(repr=False)  # by ordinal: whose holding it is, or `_HIDDEN`

    def shows(self, item: Item) -> bool:
        """Whether the item's path may be told; for what is of no known patient `whole` decides. What was kept since
        nobody has decided on."""
        kept = _kept(item)
        whose = self._whose(kept) if kept else NOBODY
        return whose > NOBODY or (whose == NOBODY and self.whole)

    def patient(self, item: Item) -> int:
        """The number of the patient whose item it is, 0 for nobody's and for what is not within reach."""
        return max(self._whose(_kept(item)), NOBODY)

    def _whose(self, ordinal: int) -> int:
        return self._patients[ordinal] if ordinal < len(self._patients) else _HIDDEN


def _kept(item: Item) -> int:
    """The ordinal of the holding that has the item's bytes, 0 where there is none."""
    if item.disposition is Disposition.DUPLICATE:
        return item.duplicate_of
    return item.ordinal if item.disposition in STORED else 0


def name_items(
    archive: Archive, errand: Errand, takeover: Takeover, *, wanted: Iterable[Item], whole: bool = False
) -> Sight:
    """What of the takeover may be told by name, after the one account of this attempt, which names every patient of
    whom `wanted` tells an item. `wanted` is read once, before anything is told.

    Raises `AccessRefused` where nothing may be, with `whole` where not everything may be, each after its account; and
    what the catalogue raises where there is nothing to decide by.
    """
    request = errand.request(archive, Operation.SEARCH, Subject(takeover=""))
    within = within_reach(archive, request)
    sight, some = _seen(archive, within, takeover)
    told = told_of(within, request.at)
    if told.permitted and not (sight.whole if whole else some):
        told = Decision((AUTHZ_INCOMPLETE,), "", (), within.rules, request.at)
    patients, count = _shown(sight, wanted) if told.permitted else (set[int](), 0)
    account = account_of_attempt(
        replace(request, subject=Subject(takeover=takeover.id)),
        told,
        count=count,
        query=f"takeovers={(takeover.number,)}",
        patients={(takeover.id, patient) for patient in patients},
    )
    accounted(archive, account)
    if not told.permitted:
        raise AccessRefused
    return sight


def _shown(sight: Sight, wanted: Iterable[Item]) -> tuple[set[int], int]:
    """The patients of whom an item is told, and how many items are."""
    patients, count = set[int](), 0
    for item in wanted:
        if sight.shows(item):
            count += 1
            patients |= {sight.patient(item)} - {NOBODY}
    return patients, count


def _seen(archive: Archive, within: Reach, takeover: Takeover) -> tuple[Sight, bool]:
    """What lies within reach, and whether anything does."""
    patients = array("q", [_HIDDEN])
    holdings = 0
    for hit in _hits(archive, within, takeover, Level.HOLDING):
        patients.extend([_HIDDEN] * (hit.ordinal + 1 - len(patients)))
        patients[hit.ordinal] = hit.patient
        holdings += 1
    whole = _reaches_nobodys(archive, within, takeover) and _all_counted(archive, within, takeover, holdings)
    return Sight(whole, patients), whole or any(each > NOBODY for each in patients)


def _reaches_nobodys(archive: Archive, within: Reach, takeover: Takeover) -> bool:
    """Whether what belongs to no patient of the takeover may be learnt of."""
    subject = Subject(takeover=takeover.id)
    facts = archive.catalogue.entitling.facts(archive_itself(archive), subject)
    return within.holds(subject, protected=facts.protected is not False)


def _all_counted(archive: Archive, within: Reach, takeover: Takeover, holdings: int) -> bool:
    """Whether nothing that was kept, and no patient, lies outside of the reach."""
    there = archive.catalogue.counts(takeover.number)
    if holdings != there.holdings:
        return False
    return sum(1 for _ in _hits(archive, within, takeover, Level.PATIENT)) == there.patients


def _hits(archive: Archive, within: Reach, takeover: Takeover, level: Level) -> Iterator[Hit]:
    query = Query(level=level, takeovers=(takeover.number,), limit=MOST)
    while True:
        page = archive.catalogue.search(query, within)
        yield from page.hits
        if not page.next:
            return
        query = replace(query, after=page.next)
