"""Looking for accounts: the columns narrow the search, and `account_query.matches` has the last word."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, select

from repository.access.account import Account, account_of
from repository.access.account_query import MOST, AccountQuery, matches
from repository.catalogue.desk import Desk
from repository.catalogue.journal_tables import account, journal
from repository.catalogue.text import fit, key, unpacked

DUE = "due"


class Accounts(Desk):
    def search(self, query: AccountQuery) -> list[Account]:
        """One page, by number; go on with `after` = the number of the last one. At most `MOST`."""
        found: list[Account] = []
        limit = min(max(1, query.limit), MOST)
        for each in self._all(query, page=limit):
            found.append(each)
            if len(found) == limit:
                break
        return found

    def every(self, query: AccountQuery) -> Iterator[Account]:
        """All that match, page by page, `limit` being none."""
        return self._all(query, page=MOST)

    def _all(self, query: AccountQuery, *, page: int) -> Iterator[Account]:
        while rows := self._page(query, page):
            yield from (each for each in rows if matches(query, each))
            query = replace(query, after=rows[-1].number)

    def _page(self, query: AccountQuery, page: int) -> list[Account]:
        wanted = select(journal.c.number, journal.c.body).join(account, account.c.number == journal.c.number)
        wanted = wanted.where(*_conditions(query)).order_by(account.c.number).limit(page)
        with self._room.reading() as connection:
            return [account_of(unpacked(body), number=number) for number, body in connection.execute(wanted)]

    def due_for_review(self, *, after: int = 0, limit: int = 100) -> list[Account]:
        """Accounts that somebody still has to look at (break-glass), by number."""
        there = account.c
        wanted = select(journal.c.number, journal.c.body).join(account, there.number == journal.c.number)
        wanted = wanted.where(there.review == DUE, there.number > after).order_by(there.number).limit(limit)
        with self._room.reading() as connection:
            return [account_of(unpacked(body), number=number) for number, body in connection.execute(wanted)]


def _conditions(query: AccountQuery) -> list[ColumnElement[bool]]:
    there, found = account.c, [account.c.number > query.after]
    if query.at_from:
        found.append(there.at >= query.at_from)
    if query.at_to:
        found.append(there.at < query.at_to)
    if query.numbers is not None:
        found.append(there.number.in_(query.numbers))
    words: list[tuple[Any, tuple[str, ...] | None]] = [
        (there.actor, query.ids), (there.actor_kind, query.kinds), (there.door, query.doors),
        (there.outcome, query.outcomes), (there.operation, query.operations), (there.purpose, query.purposes),
    ]  # fmt: skip
    found += [column.in_([fit(each) for each in wanted]) for column, wanted in words if wanted is not None]
    keyed: list[tuple[Any, tuple[str, ...] | None]] = [
        (there.takeover, query.takeovers),
        (there.study_key, query.studies),
    ]
    found += [column.in_([fit(key(each)) for each in wanted]) for column, wanted in keyed if wanted is not None]
    for column, pairs in ((there.patient, query.patients), (there.ordinal, query.holdings)):
        if pairs is not None:
            found.append(_any_pair(column, pairs))
    return found


def _any_pair(column: ColumnElement[int], pairs: tuple[tuple[str, int], ...]) -> ColumnElement[bool]:
    if not pairs:
        return false()
    return or_(*(and_(account.c.takeover == fit(key(takeover)), column == number) for takeover, number in pairs))
