"""The gap detector: every opening of bytes has its account, and no account is missing (R463-10.1.2).

Two trails are compared that different hands write: the ledgers of openings, which storage keeps and which know nothing
but numbers and objects, and the journal, whose lines are entries of the evidence log. An opening is covered by an
account that is there, was permitted, was of a reading, an export or the archive's own upkeep, and was about that
takeover and that patient; upkeep may be about all. What is not covered is named.

Not shown by this: openings by a program that has the keys and is not this one. The store's own access log shows those.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from repository.access.account import PERMITTED, Account
from repository.access.account_query import MOST, AccountQuery
from repository.access.subject import Operation
from repository.catalogue.errors import TakeoverUnknown
from repository.findings import Finding
from repository.headers.making import FOLDER as HEADERS
from repository.runtime import OPENINGS, Archive
from repository.takeover.sealing import TAKEOVERS
from storage.warrants import openings

_OPENS = frozenset({Operation.READ.value, Operation.EXPORT.value})
_REMEMBERED = 10_000  # objects, with whose they are
Whose = tuple[str, int] | None


@dataclass(slots=True)
class Compared:
    """How many lines of the ledgers were compared, and how many of them had an account."""

    openings: int = 0
    accounted: int = 0


def gaps(archive: Archive, *, compared: Compared) -> Iterator[Finding]:
    """Each opening in the ledgers of this home that no account covers, as it is found; `compared` is filled on the
    way. Memory does not grow with the ledgers."""

    @lru_cache(maxsize=_REMEMBERED)
    def whose(key: str) -> Whose:
        return _whose(archive, key)

    lines = openings(archive.settings.home / OPENINGS)
    while page := list(islice(lines, MOST)):
        numbers = tuple({number for number, _ in page})
        known = {each.number: each for each in archive.catalogue.accounts.every(AccountQuery(numbers=numbers))}
        for number, key in page:
            compared.openings += 1
            reason = _uncovered(known.get(number), whose(key))
            compared.accounted += not reason
            if reason:
                yield Finding("VFY-UNACCOUNTED", key, {"account": number, "reason": reason})


def _whose(archive: Archive, key: str) -> Whose:
    """Takeover and number of the patient whose object it is; None for what no takeover knows."""
    if key.startswith(f"{HEADERS}/"):  # its name says whose it is, also once no row knows it any more
        _, takeover, patient, *_ = key.split("/")
        return takeover, int(patient)
    takeover, _, object_id = key.removeprefix(TAKEOVERS).partition("/")
    try:
        number = archive.catalogue.takeover(takeover).number if key.startswith(TAKEOVERS) else 0
    except TakeoverUnknown:
        return None
    pack = archive.catalogue.pack(number, object_id) if number else None
    return None if pack is None else (takeover, pack.patient)


def _uncovered(account: Account | None, whose: Whose) -> str:
    """Why the account does not cover the opening of an object; empty if it does."""
    if account is None:
        return "no account"
    if account.outcome != PERMITTED:
        return "refused"
    if whose is None:
        return "not an object of a takeover"
    upkeep = account.operation == Operation.UPKEEP
    if account.takeover != whose[0] and not (upkeep and not account.takeover):
        return "another takeover"
    if not upkeep and account.operation not in _OPENS:
        return "not a reading"
    return "" if upkeep or account.patient == whose[1] else "another patient"
