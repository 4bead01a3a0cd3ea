"""Searching as somebody: what an errand may learn of, found, counted and accounted for (DESIGN § 2.10).

One search, however many levels it looks at, is one attempt and has one account, durable before a hit is told; it
names every patient of whom a hit is told, so that each of them learns who looked. Whoever may learn of nothing finds
nothing: no error says that there was something.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import TypeVar

from repository.access.account import PatientOf, account_of_attempt
from repository.access.decision import AUTHZ_INCOMPLETE, Decision
from repository.access.reach import Reach, reach
from repository.access.request import AccessRequest
from repository.access.rules import rules_in_force
from repository.access.subject import Operation, Subject
from repository.catalogue.query import MOST, Hit, Page, Query
from repository.opening import Errand, accounted
from repository.runtime import Archive

T = TypeVar("T")
_TOLD = {"above", "all_values", "time_zone", "sop_classes", "imaged"}
_NOT_ASKED = {"level", "limit", "after", "skip", "matching", "placed"} | _TOLD


@dataclass(slots=True)
class Looking:
    """One search that takes several looks, of which each may depend on the one before; all see one state."""

    archive: Archive
    within: Reach
    asked: set[str] = field(default_factory=set)

    def look(self, query: Query) -> Page:
        """What `query` finds of what the errand may learn of; the account will name its conditions. Raises
        `BadCursor`."""
        self.asked.update(_asked(query))
        return self.beside(query)

    def beside(self, query: Query) -> Page:
        """The same, of what belongs to a hit that is told anyway."""
        return self.archive.catalogue.search(query, self.within)


def search(archive: Archive, errand: Errand, queries: Sequence[Query]) -> list[Page]:
    """A page for each of `queries`, of what the errand may learn of. Raises `BadCursor`, and what the catalogue raises
    where there is nothing to decide by."""

    def all_of(looking: Looking) -> tuple[list[Page], list[Hit]]:
        pages = [looking.look(query) for query in queries]
        return pages, [hit for page in pages for hit in page.hits]

    return gathered(archive, errand, all_of)


def paged(archive: Archive, errand: Errand, query: Query, *, most: int | None = None) -> Iterator[Page]:
    """All that `query` finds, or the first `most`, in pages of `MOST`; there is always one. Each is asked for when it
    is wanted, decided as things stand then, and has an account of its own, durable before it comes: nobody's account
    says more than was told, and no state of the catalogue is held while a slow peer takes what was found. Raises as
    `search`."""
    left = most
    while True:
        limit = MOST if left is None else min(MOST, left)
        (page,) = search(archive, errand, [query if query.limit == limit else replace(query, limit=limit)])
        yield page
        left = None if left is None else left - len(page.hits)
        if not page.next or left == 0:
            return
        query = replace(query, after=page.next)


def gathered(archive: Archive, errand: Errand, gather: Callable[[Looking], tuple[T, Sequence[Hit]]]) -> T:
    """What `gather` makes of its looks: one attempt with one account, durable when this returns, of the hits that it
    says are told. Raises what it raises, and as `search`."""
    request = errand.request(archive, Operation.SEARCH, Subject(takeover=""))
    archive.log.confirm_once()  # before the state is chosen that all below see
    with archive.catalogue.together():
        looking = Looking(archive, within_reach(archive, request))
        made, hits = gather(looking)
        ids = archive.catalogue.takeover_ids({hit.takeover for hit in hits})
    told = told_of(looking.within, request.at)
    found = {(ids[hit.takeover], hit.patient) for hit in hits}
    account = account_of_attempt(
        replace(request, subject=_about(found)),
        told,
        count=len(hits),
        query=" ".join(sorted(looking.asked)),
        patients=[(takeover, patient) for takeover, patient in found if patient],
    )
    accounted(archive, account)
    return made


def within_reach(archive: Archive, request: AccessRequest) -> Reach:
    """What the principal of `request` may learn of, as things stand now. Raises what the catalogue raises where there
    is nothing to decide by."""
    archive.log.confirm_once()  # see `opening`: an old copy of the catalogue would permit what was withdrawn since
    facts = archive.catalogue.reaching.facts_for_search(request.principal, at=request.at)
    return reach(request, facts, rules=rules_in_force(request.at))


def told_of(within: Reach, at: datetime) -> Decision:
    """The decision that the account tells: on the search as a whole, whatever it found."""
    if within.empty:
        return Decision(within.refused or (AUTHZ_INCOMPLETE,), "", (), within.rules, at)
    return Decision((), " ".join(within.granted_by), within.duties, within.rules, at)


def _about(found: Collection[PatientOf]) -> Subject:
    """The patient, where all that was found is one's; number 0 stands for what is nobody's."""
    if len(found) != 1:
        return Subject(takeover="")
    ((takeover, patient),) = found
    return Subject(takeover=takeover, patient=patient)


def _asked(query: Query) -> list[str]:
    """The conditions that were set, by name and value."""
    set_ = [(each.name, getattr(query, each.name)) for each in fields(query) if each.name not in _NOT_ASKED]
    said = [f"{name}={value}" for name, value in set_ if value not in ("", None, ()) and value is not False]
    return said + [f"{each.keyword}={each.text}{f'@{each.days}' if each.days else ''}" for each in query.matching]
