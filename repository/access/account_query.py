"""Which accounts are looked for: conditions on the fields of an account, all of which must hold.

`matches` says what they mean; whoever looks in a database must find the same accounts in the same order.
"""

import unicodedata
from dataclasses import dataclass

from repository.access.account import Account
from repository.domain.describing import Identifier

MOST = 1000
"""The longest page that may be asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountQuery:
    """`None` is no condition; a tuple asks for any one of its values, so that an empty one is met by no account.

    `at_from` (included) and `at_to` (excluded) are in the form of `Account.at`, empty where open. `surnames` are the
    beginnings of surnames, compared as `folded`. `patients` are (takeover, number of the patient), `holdings` are
    (takeover, ordinal), `reasons` are met by an account that has one of them. Accounts come by number, those above
    `after`, at most `limit` of them.
    """

    at_from: str = ""
    at_to: str = ""
    numbers: tuple[int, ...] | None = None
    ids: tuple[str, ...] | None = None
    kinds: tuple[str, ...] | None = None
    surnames: tuple[str, ...] | None = None
    doors: tuple[str, ...] | None = None
    outcomes: tuple[str, ...] | None = None
    operations: tuple[str, ...] | None = None
    purposes: tuple[str, ...] | None = None
    takeovers: tuple[str, ...] | None = None
    patients: tuple[tuple[str, int], ...] | None = None
    holdings: tuple[tuple[str, int], ...] | None = None
    studies: tuple[str, ...] | None = None
    documents: tuple[Identifier, ...] | None = None
    rules: tuple[str, ...] | None = None
    after: int = 0
    limit: int = 100


def folded(name: str) -> str:
    """A name without case, marks and the stroke of ł: what surnames are compared by."""
    bare = "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
    return unicodedata.normalize("NFKD", bare.casefold().replace("ł", "l"))


def matches(query: AccountQuery, account: Account) -> bool:
    """Whether `account` meets every condition of `query`; `limit` is none."""
    if account.number <= query.after or account.at < query.at_from or (query.at_to and account.at >= query.at_to):
        return False
    surname = folded(account.surname)
    if query.surnames is not None and not any(surname.startswith(folded(each)) for each in query.surnames):
        return False
    asked: tuple[tuple[tuple[object, ...] | None, object], ...] = (
        (query.numbers, account.number),
        (query.ids, account.id),
        (query.kinds, account.kind),
        (query.doors, account.door),
        (query.outcomes, account.outcome),
        (query.operations, account.operation),
        (query.purposes, account.purpose),
        (query.takeovers, account.takeover),
        (query.patients, (account.takeover, account.patient)),
        (query.holdings, (account.takeover, account.ordinal)),
        (query.studies, account.study),
        (query.documents, account.document),
        (query.rules, account.rules),
    )
    return all(wanted is None or found in wanted for wanted, found in asked)
