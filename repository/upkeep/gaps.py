"""The gap detector: every opening of bytes has its account, and no account is missing (R463-10.1.2).

Two trails are compared that different hands write: the ledgers of openings, which storage keeps and which know nothing
but numbers and objects, and the journal, whose lines are entries of the evidence log. An opening is covered if its
account is there, was permitted, came through a decision for that takeover, and, for one patient, is about an object of
that patient. What is not covered is named.

Not shown by this: openings by a program that has the keys and is not this one. The store's own access log shows those.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from repository.access.account import PERMITTED, Account
from repository.access.account_query import AccountQuery
from repository.findings import Finding
from repository.runtime import OPENINGS, Archive
from repository.upkeep.recalling import TAKEOVERS
from storage.warrants import openings


@dataclass(slots=True)
class Compared:
    """How many lines of the ledgers were compared, and how many accounts they led to."""

    openings: int = 0
    accounts: int = 0


def gaps(archive: Archive, *, compared: Compared) -> Iterator[Finding]:
    """Each opening in the ledgers of this home that no account covers; `compared` is filled on the way."""
    checked: dict[int, Account | None] = {}
    patients: dict[tuple[str, str], int | None] = {}
    for number, key in openings(archive.settings.home / OPENINGS):
        compared.openings += 1
        if number not in checked:
            found = archive.catalogue.accounts.search(AccountQuery(numbers=(number,), limit=1))
            checked[number] = found[0] if found else None
            compared.accounts += bool(found)
        if reason := _uncovered(archive, checked[number], key, patients):
            yield Finding("VFY-UNACCOUNTED", key, {"account": number, "reason": reason})


def _uncovered(archive: Archive, account: Account | None, key: str, patients: dict[tuple[str, str], int | None]) -> str:
    """Why the account does not cover the opening of `key`; empty if it does."""
    if account is None:
        return "no account"
    if account.outcome != PERMITTED:
        return "refused"
    if not key.startswith(TAKEOVERS):
        return "not an object of a takeover"
    takeover, _, object_id = key.removeprefix(TAKEOVERS).partition("/")
    if account.takeover and account.takeover != takeover:
        return "another takeover"
    if account.patient:
        place = (takeover, object_id)
        if place not in patients:
            pack = archive.catalogue.pack(archive.catalogue.takeover(takeover).number, object_id)
            patients[place] = pack.patient if pack else None
        if patients[place] != account.patient:
            return "another patient"
    return ""
