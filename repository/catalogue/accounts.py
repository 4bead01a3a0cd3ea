"""Looking for accounts: the columns narrow the search, and `account_query.matches` has the last word."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select, union_all

from repository.access.account import Account, PatientOf, account_of
from repository.access.account_query import MOST, AccountQuery, matches
from repository.catalogue.account_protection import protected_patients, protected_takeovers
from repository.catalogue.bulk import ASKED_AT_ONCE, in_groups
from repository.catalogue.desk import Desk
from repository.catalogue.folding import folded
from repository.catalogue.journal_tables import account, account_patient, first_copy, journal
from repository.catalogue.text import identifier_key, key, unpacked
from repository.domain.describing import Identifier

DUE = "due"
GREATEST = 2**63 - 1
_WHOLE_IN_KEY = 48  # characters of a long text that `text.key` keeps
_LAST = "\U0010ffff"  # sorts after every other character, in code points as in UTF-8


class Accounts(Desk):
    def search(self, query: AccountQuery) -> list[Account]:
        """One page, by number; go on with `after` = the number of the last one. At most `MOST`."""
        found: list[Account] = []
        limit = min(max(1, query.limit), MOST)
        for each in self._all(query, page=MOST if _scattered(query) else limit):
            found.append(each)
            if len(found) == limit:
                break
        return found

    def every(self, query: AccountQuery) -> Iterator[Account]:
        """All that match, page by page, `limit` being none."""
        return self._all(query, page=MOST)

    def _all(self, query: AccountQuery, *, page: int) -> Iterator[Account]:
        while query.after < GREATEST:
            rows = self._page(query, page)
            yield from (each for each in rows if matches(query, each))
            if len(rows) < page:
                return
            query = replace(query, after=rows[-1].number)

    def _page(self, query: AccountQuery, page: int) -> list[Account]:
        return self._read(_conditions(query), page)

    def last(self) -> int:
        """The number of the last account; 0 while there is none."""
        with self._room.reading() as connection:
            found: int | None = connection.execute(select(func.max(account.c.number))).scalar_one()
        return found or 0

    def due_for_review(self, *, after: int = 0, limit: int = 100) -> list[Account]:
        """Accounts that somebody still has to look at (break-glass), by number; at most `MOST`."""
        if after >= GREATEST:
            return []
        there = account.c
        return self._read([there.review == DUE, there.number > max(after, 0)], min(max(1, limit), MOST))

    def _read(self, conditions: Sequence[ColumnElement[bool]], limit: int) -> list[Account]:
        wanted = select(journal.c.number, journal.c.body).join(account, account.c.number == journal.c.number)
        wanted = wanted.where(*conditions).order_by(account.c.number).limit(limit)
        with self._room.reading() as connection:
            return [account_of(unpacked(body), number=number) for number, body in connection.execute(wanted)]

    def shielded(self, patients: Iterable[PatientOf]) -> frozenset[PatientOf]:
        """Those of `patients` that are under special protection now (R463-10.2)."""
        with self._room.reading() as connection:
            return protected_patients(connection, set(patients))

    def shielded_takeovers(self) -> frozenset[str]:
        """The takeovers (ids) whose provider is under special protection now."""
        with self._room.reading() as connection:
            return protected_takeovers(connection)

    def copies(self, patients: Iterable[Identifier]) -> list[tuple[int, dict[str, Any]]]:
        """(number, body) of each deed `first-copy` about any of `patients`, in order."""
        keys = sorted({identifier_key(each) for each in patients})
        found: dict[int, dict[str, Any]] = {}
        with self._room.reading() as connection:
            for group in in_groups(keys):
                wanted = select(journal.c.number, journal.c.body).join(
                    first_copy, first_copy.c.number == journal.c.number
                )
                rows = connection.execute(wanted.where(first_copy.c.patient_key.in_(group)))
                found |= {number: unpacked(body) for number, body in rows}
        return sorted(found.items())


def _scattered(query: AccountQuery) -> bool:
    """Whether some condition is not in the columns: then pages are long, for few of one may match."""
    return any(each is not None for each in (query.npwz, query.patient_names, query.rules, query.surnames))


def _conditions(query: AccountQuery) -> list[ColumnElement[bool]]:
    """What the columns can say. A condition too long for a statement is left to `matches`."""
    there, found = account.c, [account.c.number > max(query.after, 0)]
    if _plain(query.at_from):
        found.append(there.at >= query.at_from)
    if _plain(query.at_to):
        found.append(there.at < query.at_to)
    if query.about_a_patient is not None:
        found.append(there.patient != 0 if query.about_a_patient else there.patient == 0)
    if query.surnames is not None and _few(query.surnames):
        found.append(_beginning(there.surname_folded, query.surnames))
    listed = [(column, wanted) for column, wanted in _listed(query) if wanted is not None]
    found += [column.in_(wanted) if wanted else false() for column, wanted in listed if _few(wanted)]
    if query.holdings is not None and _few(query.holdings):
        found.append(_any_pair(there.takeover, there.ordinal, query.holdings))
    shown = account_patient.c
    if query.patients is not None and _few(query.patients):
        pairs = query.patients
        found.append(
            _either(_any_pair(there.takeover, there.patient, pairs), _any_pair(shown.takeover, shown.patient, pairs))
        )
    takeovers = _keys(query.takeovers)
    if takeovers is not None and _few(takeovers):
        found.append(_either(there.takeover.in_(takeovers), shown.takeover.in_(takeovers)))
    return found


def _either(meant: ColumnElement[bool], shown: ColumnElement[bool]) -> ColumnElement[bool]:
    """Accounts that meant it, and searches that have shown something of it: each by its own index."""
    both = union_all(select(account.c.number).where(meant), select(account_patient.c.number).where(shown))
    return account.c.number.in_(both)


def _listed(query: AccountQuery) -> list[tuple[ColumnElement[Any], Sequence[Any] | None]]:
    there, documents = account.c, query.documents
    return [
        (there.number, None if query.numbers is None else [n for n in query.numbers if 0 < n <= GREATEST]),
        (there.actor, query.ids), (there.actor_kind, query.kinds), (there.door, query.doors),
        (there.outcome, query.outcomes), (there.operation, query.operations), (there.purpose, query.purposes),
        (there.study_key, _keys(query.studies)),
        (there.document_key, None if documents is None else list(map(identifier_key, documents))),
    ]  # fmt: skip


def _keys(wanted: tuple[str, ...] | None) -> list[str] | None:
    return None if wanted is None else [key(each) for each in wanted]


def _plain(moment: str) -> bool:
    """What is no moment is compared by `matches` alone: an engine may order it in another way."""
    return moment != "" and moment.isascii() and moment.isprintable()


def _few(wanted: Sequence[Any]) -> bool:
    return len(wanted) <= ASKED_AT_ONCE


def _beginning(column: ColumnElement[str], beginnings: tuple[str, ...]) -> ColumnElement[bool]:
    """Wider than `matches`: the column is folded further than it asks for, and a long text is not whole in it."""
    ranges = []
    for each in beginnings:
        start = folded(each)[:_WHOLE_IN_KEY]
        ranges.append(and_(column >= start, column < start + _LAST) if start else column >= "")
    return or_(*ranges) if ranges else false()


def _any_pair(
    takeover: ColumnElement[str], column: ColumnElement[int], pairs: tuple[tuple[str, int], ...]
) -> ColumnElement[bool]:
    """Grouped by takeover, for the index begins with it."""
    numbers: dict[str, set[int]] = defaultdict(set)
    for each, number in pairs:
        if 0 <= number <= GREATEST:
            numbers[each].add(number)
    if not numbers:
        return false()
    return or_(*(and_(takeover == key(each), column.in_(sorted(found))) for each, found in numbers.items()))
