"""Accounts that somebody looks for: asked for first, then shown as far as whoever asks may see them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from repository.access.account import Account
from repository.access.account_query import AccountQuery
from repository.access.purpose import Purpose
from repository.opening import Errand
from repository.reports.asking import Period, ask_generally, ask_of_patient, ask_of_takeover
from repository.reports.view import PatientOf, searched
from repository.runtime import Archive

EVER = Period()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What is looked for. `patient` as `naming.patients_named` reads it; `takeover`: an id, or its beginning;
    `surname`: the beginning of the surname of whoever looked; `after`: a number, above which accounts lie."""

    patient: str = ""
    takeover: str = ""
    surname: str = ""
    outcome: str = ""
    purpose: Purpose | None = None
    period: Period = EVER
    after: int = 0

    @property
    def query(self) -> AccountQuery:
        """All of it that needs no asking."""
        return AccountQuery(
            at_from=self.period.at_from,
            at_to=self.period.at_to,
            surnames=(self.surname,) if self.surname else None,
            outcomes=(self.outcome,) if self.outcome else None,
            purposes=(self.purpose.value,) if self.purpose else None,
            after=self.after,
        )


def sought(archive: Archive, errand: Errand, what: Sought) -> Iterator[Account]:
    """Those that match, by number, as the errand's principal may see them; the asking has its account before the first
    is read. Raises `AccessRefused`, `PatientNotNamed`."""
    query, let_in = what.query, frozenset[PatientOf]()
    if what.patient:
        let_in = frozenset(each.pair for each in ask_of_patient(archive, errand, what.patient))
        query = replace(query, patients=tuple(sorted(let_in)))
    if what.takeover:
        query = replace(query, takeovers=(ask_of_takeover(archive, errand, what.takeover),))
    if not (what.patient or what.takeover):
        ask_generally(archive, errand)
    return searched(archive.catalogue.accounts, errand.principal, query=query, let_in=let_in)


def page_of(found: Iterator[Account], *, limit: int) -> tuple[list[Account], int]:
    """The first `limit`, and the number after which the next ones lie; 0 where there are none."""
    page = list(islice(found, limit + 1))
    return page[:limit], page[limit - 1].number if len(page) > limit else 0
