"""Searching as somebody: what an errand may learn of, found, counted and accounted for (DESIGN § 2.10).

One search, however many levels it looks at, is one attempt and has one account, durable before a hit is told; it
names every patient of whom a hit is told, so that each of them learns who looked. Whoever may learn of nothing finds
nothing: no error says that there was something.
"""

from collections.abc import Collection, Sequence
from dataclasses import fields, replace
from datetime import datetime

from repository.access.account import PatientOf, account_of_attempt
from repository.access.decision import AUTHZ_INCOMPLETE, Decision
from repository.access.reach import Reach, reach
from repository.access.request import AccessRequest
from repository.access.rules import rules_in_force
from repository.access.subject import Operation, Subject
from repository.catalogue.query import Page, Query
from repository.opening import Errand, accounted
from repository.runtime import Archive

_NOT_ASKED = {"level", "limit", "after", "skip", "above", "all_values", "time_zone", "sop_classes", "matching"}


def search(archive: Archive, errand: Errand, queries: Sequence[Query]) -> list[Page]:
    """A page for each of `queries`, of what the errand may learn of. Raises `BadCursor`, and what the catalogue raises
    where there is nothing to decide by."""
    request = errand.request(archive, Operation.SEARCH, Subject(takeover=""))
    archive.log.confirm_once()  # before the state is chosen that all below see
    with archive.catalogue.together():
        within = within_reach(archive, request)
        pages = [archive.catalogue.search(query, within) for query in queries]
        hits = [hit for page in pages for hit in page.hits]
        ids = archive.catalogue.takeover_ids({hit.takeover for hit in hits})
    told = told_of(within, request.at)
    found = {(ids[hit.takeover], hit.patient) for hit in hits}
    account = account_of_attempt(
        replace(request, subject=_about(found)),
        told,
        count=len(hits),
        query=" ".join(sorted({word for query in queries for word in _asked(query)})),
        patients=[(takeover, patient) for takeover, patient in found if patient],
    )
    accounted(archive, account)
    return pages


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
    said = [f"{name}={value}" for name, value in set_ if value not in ("", None, ())]
    return said + [f"{each.keyword}={each.text}" for each in query.matching]
