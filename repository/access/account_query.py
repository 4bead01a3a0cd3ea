"""Which accounts are looked for: conditions on the fields of an account, all of which must hold.

`matches` says what they mean; whoever looks in a database must find the same accounts in the same order.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from repository.access.account import Account
from repository.domain.describing import Identifier
from repository.folding import folded

MOST = 1000
"""The longest page that may be asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountQuery:
    """`None` is no condition; a tuple asks for any one of its values, so that an empty one is met by no account.

    `at_from` (included) and `at_to` (excluded) are in the form of `Account.at`, empty where open. `surnames`
    and `patient_names` (in DICOM form) are beginnings, compared as `folded`. `patients` are (takeover, number of the
    patient), `holdings` are (takeover, ordinal); `about_a_patient` asks whether one patient was meant. `patients` and
    `takeovers` find a search by any patient of whom it has shown something, too. Accounts come by number, those above
    `after`, at most `limit` of them.
    """

    at_from: str = ""
    at_to: str = ""
    numbers: tuple[int, ...] | None = None
    ids: tuple[str, ...] | None = None
    kinds: tuple[str, ...] | None = None
    npwz: tuple[str, ...] | None = None
    surnames: tuple[str, ...] | None = None
    doors: tuple[str, ...] | None = None
    outcomes: tuple[str, ...] | None = None
    operations: tuple[str, ...] | None = None
    purposes: tuple[str, ...] | None = None
    takeovers: tuple[str, ...] | None = None
    patients: tuple[tuple[str, int], ...] | None = None
    patient_names: tuple[str, ...] | None = None
    about_a_patient: bool | None = None
    holdings: tuple[tuple[str, int], ...] | None = None
    studies: tuple[str, ...] | None = None
    documents: tuple[Identifier, ...] | None = None
    rules: tuple[str, ...] | None = None
    after: int = 0
    limit: int = 100


def matches(query: AccountQuery, account: Account) -> bool:
    """Whether `account` meets every condition of `query`; `limit` is none."""
    if account.number <= query.after or account.at < query.at_from or (query.at_to and account.at >= query.at_to):
        return False
    if not (_begins(account.surname, query.surnames) and _begins(account.patient_name, query.patient_names)):
        return False
    if query.about_a_patient is not None and query.about_a_patient is not (account.patient != 0):
        return False
    asked: tuple[tuple[tuple[object, ...] | None, object], ...] = (
        (query.numbers, account.number),
        (query.ids, account.id),
        (query.kinds, account.kind),
        (query.npwz, account.npwz),
        (query.doors, account.door),
        (query.outcomes, account.outcome),
        (query.operations, account.operation),
        (query.purposes, account.purpose),
        (query.holdings, (account.takeover, account.ordinal)),
        (query.studies, account.study),
        (query.documents, account.document),
        (query.rules, account.rules),
    )
    if not all(wanted is None or found in wanted for wanted, found in asked):
        return False
    named = {(account.takeover, account.patient), *account.patients}
    return _any(query.patients, named) and _any(query.takeovers, {takeover for takeover, _ in named})


def _any(wanted: tuple[object, ...] | None, found: AbstractSet[object]) -> bool:
    return wanted is None or not found.isdisjoint(wanted)


def _begins(name: str, wanted: tuple[str, ...] | None) -> bool:
    return wanted is None or any(folded(name).startswith(folded(each)) for each in wanted)
