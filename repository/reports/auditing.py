"""Accounts by ITI-81's conditions: asked for first, then shown as far as whoever asks may see them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from repository.access.account import Account
from repository.accounting.fhir_search import parse_query
from repository.domain.describing import Identifier
from repository.opening import Errand
from repository.reports.asking import ask_generally, ask_of_patient, ask_of_takeover
from repository.reports.naming import patients_with
from repository.reports.seeking import page_of
from repository.reports.view import PatientOf, searched
from repository.runtime import Archive


def audit_events(archive: Archive, errand: Errand, params: Mapping[str, Sequence[str]]) -> tuple[list[Account], int]:
    """A page by number, and the number after which the next ones lie; 0 on the last. The asking has its account before
    the first is read. Raises `AccountQueryWrong`, `AccessRefused`."""

    def known(wanted: Identifier) -> Sequence[PatientOf]:
        return [each.pair for each in patients_with(archive, wanted)]

    query = parse_query(params, archive=archive.id.hex, patients=known)
    let_in = frozenset[PatientOf]()
    if query.patients:
        for takeover, number in query.patients:
            let_in |= {each.pair for each in ask_of_patient(archive, errand, f"{takeover}/{number}")}
    for takeover in query.takeovers or ():
        ask_of_takeover(archive, errand, takeover)
    if not (query.patients or query.takeovers):
        ask_generally(archive, errand)
    limit = max(query.limit, 1)
    found = searched(archive.catalogue.accounts, errand.principal, query=replace(query, limit=limit), let_in=let_in)
    return page_of(found, limit=limit)
