"""Searching as somebody: what an errand may learn of, found, counted and accounted for (DESIGN § 2.10).

One search, however many levels it looks at, is one attempt and has one account, durable before a hit is told. Whoever
may learn of nothing finds nothing: no error says that there was something.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime

from repository.access.account import account_of_attempt, as_body
from repository.access.decision import AUTHZ_INCOMPLETE, Decision
from repository.access.reach import Reach, reach
from repository.access.rules import rules_at
from repository.access.subject import Operation, Subject
from repository.catalogue.query import Page, Query
from repository.journal import note
from repository.opening import Errand
from repository.polish_time import in_poland
from repository.runtime import Archive

_NOT_ASKED = {"level", "limit", "after"}


def search(archive: Archive, errand: Errand, queries: Sequence[Query]) -> list[Page]:
    """A page for each of `queries`, of what the errand may learn of. Raises `BadCursor`, and what the catalogue raises
    where there is nothing to decide by."""
    request = errand.request(archive, Operation.SEARCH, Subject(takeover=""))
    rules = rules_at(in_poland(request.at).date())
    within = reach(request, archive.catalogue.reaching.facts_for_search(errand.principal), rules=rules)
    pages = [archive.catalogue.search(query, within) for query in queries]
    told = _told(within, request.at)
    account = account_of_attempt(
        replace(request, subject=_about(archive, pages)),
        told,
        count=sum(len(page.hits) for page in pages),
        query=" ".join(sorted({word for query in queries for word in _asked(query)})),
    )
    note(archive, "account", as_body(account), outcome=account.outcome, at=account.at)
    return pages


def _told(within: Reach, at: datetime) -> Decision:
    """The decision that the account tells: on the search as a whole, whatever it found."""
    if within.empty:
        return Decision(within.refused or (AUTHZ_INCOMPLETE,), "", (), within.rules, at)
    return Decision((), within.granted_by[0], within.duties, within.rules, at)


def _about(archive: Archive, pages: Sequence[Page]) -> Subject:
    """The patient, where all that was found is one's: so that a patient learns who looked for nobody else."""
    patients = {(hit.takeover, hit.patient) for page in pages for hit in page.hits}
    if len(patients) != 1:
        return Subject(takeover="")
    ((number, patient),) = patients
    return Subject(takeover=archive.catalogue.takeover_by_number(number).id, patient=patient)


def _asked(query: Query) -> list[str]:
    """The conditions that were set, by name and value."""
    set_ = [(each.name, getattr(query, each.name)) for each in fields(query) if each.name not in _NOT_ASKED]
    return [f"{name}={value}" for name, value in set_ if value not in ("", None, ())]
