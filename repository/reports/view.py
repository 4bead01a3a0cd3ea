"""What somebody may see of an account in a list over many patients, without learning who is under special protection.

An account about a protected patient is shown as one about no patient at all. That alone would not hide it, for others
about no patient say which holding they were about, by which rule, and in whose words; so all of them are shown like
that, protected or not. What is only ever about a patient's own record (a patient, a representative) is always shown
like that, and so are a search that found several patients and what special services ask for. A list in which such an
account stands therefore looks the same whoever is protected; a search by patient, holding, study or document finds
none of them; and a page costs the same.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import StrEnum
from itertools import islice
from typing import Any

from repository.access.account import REFUSED, Account
from repository.access.account_query import MOST, AccountQuery, matches
from repository.access.decision import AUTHZ_INCOMPLETE, CONSENT_MISSING, SECRET
from repository.access.principal import Principal, PrincipalKind
from repository.access.subject import Operation
from repository.catalogue.accounts import Accounts
from repository.folding import folded
from repository.opening import NOT_THERE


class Guard(StrEnum):
    """What is under special protection."""

    NOBODY = "nobody"
    PATIENT = "patient"
    PROVIDER = "provider"


PatientOf = tuple[str, int]
ABOUT_THEMSELVES = frozenset({PrincipalKind.PATIENT, PrincipalKind.REPRESENTATIVE, PrincipalKind.PERSON})
SEE_ALL = frozenset({PrincipalKind.SPECIAL_SERVICE, PrincipalKind.ARCHIVE})
_ALIKE = frozenset({NOT_THERE, AUTHZ_INCOMPLETE, CONSENT_MISSING}) | SECRET


def visible_to(principal: Principal, account: Account, protected: Guard) -> Account:
    """`account` as `principal` sees it in a list. `protected`: whom it is about, as far as `principal` was not let in.

    `visible_to(p, visible_to(p, a, g), g')` is no more than either: what is taken away does not come back.
    """
    if principal.kind in SEE_ALL:
        return account
    if protected is Guard.PROVIDER or asked_by_service(account):
        return replace(without_patient(account), takeover="")
    if protected is Guard.PATIENT or account.patient == 0 or account.kind in ABOUT_THEMSELVES:
        return without_patient(account)
    return replace(account, reasons=tuple(each for each in account.reasons if each not in SECRET) or _told(account))


def asked_by_service(account: Account) -> bool:
    """Whether it says after whom a special service asked: nobody else learns that, whoever it was."""
    return account.kind == PrincipalKind.SPECIAL_SERVICE and account.operation == Operation.ACCOUNTS


def without_patient(account: Account) -> Account:
    """Who, when, what for, what kind of thing and what came of it; nothing that leads to a patient."""
    return replace(
        account,
        patient=0, patient_name="", ordinal=0, study="", document=None, count=0, reason="", evidence="", rule="",
        query="", patients=(), reasons=_told(account),
    )  # fmt: skip


def _told(account: Account) -> tuple[str, ...]:
    """What is not there, what is not for whoever asked and what is protected were refused for one reason."""
    if account.outcome != REFUSED:
        return account.reasons
    return tuple(dict.fromkeys(NOT_THERE if each in _ALIKE else each for each in account.reasons)) or (NOT_THERE,)


def searched(
    accounts: Accounts, principal: Principal, *, query: AccountQuery, let_in: frozenset[PatientOf] = frozenset()
) -> Iterator[Account]:
    """Accounts as `principal` sees them that match `query` as they are seen, by number, `limit` being none.

    `let_in`: patients about whom `principal` asked and was permitted: their accounts are shown whole, and of searches
    that found others as well, that they found these.
    """
    source = accounts.every(_widened(query))
    while page := list(islice(source, MOST)):
        guards = guards_of(accounts, page, let_in=let_in)
        for account in page:
            seen = _seen(principal, account, guards(account), let_in)
            if matches(query, seen):
                yield seen


def _seen(principal: Principal, account: Account, protected: Guard, let_in: frozenset[PatientOf]) -> Account:
    """It does not depend on who is protected whether a search that found others as well is shown whole: it never is."""
    seen = visible_to(principal, account, protected)
    if principal.kind in SEE_ALL or asked_by_service(account) or not account.about & let_in:
        return seen
    return account if account.about <= let_in else replace(seen, patients=_of(account, let_in))


def narrowed(principal: Principal, account: Account, known: frozenset[PatientOf]) -> Account:
    """`account` for whoever may see those about the patients `known`: of a search that found others as well, nothing
    that leads to the others."""
    if principal.kind in SEE_ALL or account.about <= known:
        return account
    return replace(account, query="", count=0, patients=_of(account, known))


def _of(account: Account, known: frozenset[PatientOf]) -> tuple[PatientOf, ...]:
    return tuple(each for each in account.patients if each in known)


def guards_of(
    accounts: Accounts, page: list[Account], *, let_in: frozenset[PatientOf] = frozenset()
) -> Callable[[Account], Guard]:
    """What protects whom each of `page` is about, as things stand now."""
    providers = accounts.shielded_takeovers()
    about = frozenset[PatientOf]().union(*(each.about for each in page)) - let_in
    patients = accounts.shielded(about)

    def guard(account: Account) -> Guard:
        if not providers.isdisjoint({account.takeover, *(takeover for takeover, _ in account.about - let_in)}):
            return Guard.PROVIDER
        return Guard.NOBODY if patients.isdisjoint(account.about) else Guard.PATIENT

    return guard


def _widened(query: AccountQuery) -> AccountQuery:
    """Without the conditions that an account may meet only as it is seen: those that ask for nothing there."""
    changes: dict[str, Any] = {}
    if query.about_a_patient is False:
        changes["about_a_patient"] = None
    for name in ("patients", "holdings"):
        wanted = getattr(query, name)
        if wanted is not None and any(number == 0 or not takeover for takeover, number in wanted):
            changes[name] = None
    for name in ("studies", "takeovers", "patient_names"):
        wanted = getattr(query, name)
        if wanted is not None and any(not folded(each) for each in wanted):
            changes[name] = None
    return replace(query, **changes)
