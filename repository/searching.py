"""Searching as somebody: what an errand may learn of, found, counted and accounted for (DESIGN § 2.10).

One search, however many levels it looks at, is one attempt and has one account, durable before a hit is told; it
names every patient of whom a hit is told, so that each of them learns who looked. Whoever may learn of nothing finds
nothing: no error says that there was something.
"""

from collections.abc import Collection, Sequence
from dataclasses import fields, replace
from datetime import datetime

from repository.access.account import PatientOf, account_of_attempt, as_body
from repository.access.decision import AUTHZ_INCOMPLETE, Decision
from repository.access.reach import Reach, reach
from repository.access.rules import rules_at
from repository.access.subject import Operation, Subject
from repository.catalogue.query import Hit, Page, Query
from repository.journal import note
from repository.opening import Errand
from repository.polish_time import in_poland
from repository.runtime import Archive

_NOT_ASKED = {"level", "limit", "after"}


def search(archive: Archive, errand: Errand, queries: Sequence[Query]) -> list[Page]:
    """A page for each of `queries`, of what the errand may learn of. Raises `BadCursor`, and what the catalogue raises
    where there is nothing to decide by."""
    request = errand.request(archive, Operation.SEARCH, Subject(takeover=""))
    archive.log.confirm_once()  # see `opening`: an old copy of the catalogue would permit what was withdrawn since
    rules = rules_at(in_poland(request.at).date())
    within = reach(request, archive.catalogue.reaching.facts_for_search(errand.principal, at=request.at), rules=rules)
    pages = [archive.catalogue.search(query, within) for query in queries]
    told = _told(within, request.at)
    ids = {number: archive.catalogue.takeover_by_number(number).id for number in {hit.takeover for hit in _hits(pages)}}
    found = {(ids[hit.takeover], hit.patient) for hit in _hits(pages)}
    account = account_of_attempt(
        replace(request, subject=_about(found)),
        told,
        count=len(_hits(pages)),
        query=" ".join(sorted({word for query in queries for word in _asked(query)})),
        patients=[(takeover, patient) for takeover, patient in found if patient],
    )
    note(archive, "account", as_body(account), outcome=account.outcome, at=account.at)
    return pages


def _told(within: Reach, at: datetime) -> Decision:
    """The decision that the account tells: on the search as a whole, whatever it found."""
    if within.empty:
        return Decision(within.refused or (AUTHZ_INCOMPLETE,), "", (), within.rules, at)
    return Decision((), " ".join(within.granted_by), within.duties, within.rules, at)


def _hits(pages: Sequence[Page]) -> list[Hit]:
    return [hit for page in pages for hit in page.hits]


def _about(found: Collection[PatientOf]) -> Subject:
    """The patient, where all that was found is one's; number 0 stands for what is nobody's."""
    if len(found) != 1:
        return Subject(takeover="")
    ((takeover, patient),) = found
    return Subject(takeover=takeover, patient=patient)


def _asked(query: Query) -> list[str]:
    """The conditions that were set, by name and value."""
    set_ = [(each.name, getattr(query, each.name)) for each in fields(query) if each.name not in _NOT_ASKED]
    return [f"{name}={value}" for name, value in set_ if value not in ("", None, ())]
