"""Pages of what a question finds, in the order of keys, so that a page never repeats or skips what was there before."""

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import BigInteger, ColumnElement, Connection, Row, Select, literal, select, true, tuple_

from repository.catalogue.conditions import TABLES, conditions, leads
from repository.catalogue.errors import BadCursor
from repository.catalogue.query import MOST, Level, Query
from repository.catalogue.remembering import State, read_state, state_column
from repository.catalogue.seeing import Sight, Way
from repository.catalogue.shielding import Pairs
from repository.catalogue.text import fit

AnyRow = Row[*tuple[Any, ...]]
READ_AT_ONCE = 10_000
ANYWHERE = (Way(true()),)  # the way of whoever sees all


def page_size(query: Query) -> int:
    return min(max(1, query.limit), MOST)


def mark_of(query: Query, row: AnyRow) -> str:
    """What `Query.after` has to be for the page that begins after `row`."""
    place = [getattr(row, name) for name in _names(query)]
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of a page and one row more, if there is one; `state` if it was asked for and any row came to tell it."""

    rows: list[AnyRow]
    state: State | None = None


def page(query: Query, connection: Connection, sight: Sight | None, *, with_state: bool = False) -> Found:
    """What `sight` lets be seen; `with_state`, what the catalogue was like then, asked in the same statement, for the
    message to the database would take longer than both. Raises `BadCursor`."""
    rows: list[AnyRow] = []
    state: State | None = None
    most = page_size(query)
    reader = _Reader(query, connection, sight)
    for ways in _page_ways(query, connection, sight):
        for first, wanted in ways:
            if len(rows) > most and rows[most].takeover < first:
                continue  # all of it lies beyond this page
            asks = with_state and state is None
            found, told = reader.read(wanted.add_columns(state_column()) if asks else wanted)
            state = read_state(told) if asks and told else state
            rows = _in_order(query, [*rows, *found]) if rows else found
        if len(rows) > most:
            break  # what comes now lies after all of these
    return Found(rows, state)


class _Reader:
    """Reads rows of a page, and further where too many of them are hidden for it to be one."""

    def __init__(self, query: Query, connection: Connection, sight: Sight | None) -> None:
        self._connection = connection
        self._drops: Pairs = frozenset() if sight is None else sight.drops
        self._wanted = page_size(query) + 1
        self._keys = list(TABLES[query.level].primary_key.columns)
        self._whose = "number" if query.level is Level.PATIENT else "patient"

    def read(self, wanted: Select[Any]) -> tuple[list[AnyRow], Any]:
        """The rows, and what the last column of the first one tells."""
        rows = list(self._connection.execute(wanted).all())
        told = rows[0][-1] if rows else None
        if not self._drops:
            return rows, told
        kept, asked = self._seen(rows), self._wanted
        while len(kept) < self._wanted and len(rows) == asked:
            asked = min(asked * 4, READ_AT_ONCE)
            place = [literal(getattr(rows[-1], str(each.key)), type_=each.type) for each in self._keys]
            rows = list(self._connection.execute(wanted.where(tuple_(*self._keys) > tuple_(*place)).limit(asked)).all())
            kept += self._seen(rows)
        return kept, told

    def _seen(self, rows: Sequence[AnyRow]) -> list[AnyRow]:
        return [row for row in rows if (row.takeover, getattr(row, self._whose)) not in self._drops]


def _in_order(query: Query, rows: Sequence[AnyRow]) -> list[AnyRow]:
    """Each once, as the database orders them."""
    table = TABLES[query.level]
    columns = list(table.columns)
    place_of = itemgetter(*(columns.index(each) for each in table.primary_key.columns))
    every = {tuple(map(_stored, place_of(row))): row for row in rows}
    return [every[place] for place in sorted(every)]


def _stored(value: Any) -> Any:
    """In the order of the database, which is that of the text as it is stored."""
    return fit(value) if isinstance(value, str) else value


def page_statements(query: Query, connection: Connection, sight: Sight | None) -> Iterator[list[Select[Any]]]:
    """Statements that each read one page and one row more: a page of each way of `sight`, along its own index, for of
    one OR no engine makes as much. What is seen in two ways is in the pages of both.

    They come in groups: where a group gives a whole page, no later one is needed.
    """
    for ways in _page_ways(query, connection, sight):
        yield [wanted for _, wanted in ways]


def _page_ways(query: Query, connection: Connection, sight: Sight | None) -> Iterator[list[tuple[int, Select[Any]]]]:
    """As `page_statements`, each with the first takeover that its rows may be of, in the order of these."""
    table = TABLES[query.level]
    keys = list(table.primary_key.columns)
    wanted = select(table).where(*conditions(query, connection.dialect, sight))
    wanted = wanted.order_by(*keys).limit(page_size(query) + 1)
    place = _place(query.after, keys) if query.after else []
    begins = place[0].value if place else 0
    if place and _walks_takeovers(query, connection, sight):
        # Either engine walks a takeover that is asked for from its beginning, wherever the last page ended. So first
        # what is left of that one.
        here, *within = place
        rest = wanted.where(keys[0] == here, tuple_(*keys[1:]) > tuple_(*within))
        yield _along(rest, ANYWHERE if sight is None else sight.among_others(table), begins)
        wanted = wanted.where(keys[0] > here)
        begins += 1
        sight = None if sight is None else sight.beyond(here.value)
    elif place:
        wanted = wanted.where(tuple_(*keys) > tuple_(*place))
    yield _along(wanted, ANYWHERE if sight is None else sight.ways(table), begins)


def _along(wanted: Select[Any], ways: Sequence[Way], begins: int) -> list[tuple[int, Select[Any]]]:
    led = [(each.first, wanted if each is ANYWHERE[0] else wanted.where(each.condition))
        for each in ways if each.last >= begins]  # fmt: skip
    return sorted(led, key=itemgetter(0))


def _walks_takeovers(query: Query, connection: Connection, sight: Sight | None) -> bool:
    if leads(query, connection.dialect):
        return False
    return query.takeovers is not None or (sight is not None and sight.walks_takeovers)


def _names(query: Query) -> list[str]:
    return [str(each.key) for each in TABLES[query.level].primary_key.columns]


def _place(mark: str, keys: Sequence[ColumnElement[Any]]) -> list[Any]:
    try:
        place = orjson.loads(base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4)))
    except (ValueError, binascii.Error):
        raise BadCursor from None
    wanted = [int if isinstance(each.type, BigInteger) else str for each in keys]
    if not isinstance(place, list) or [type(value) for value in place] != wanted:
        raise BadCursor
    if any(isinstance(value, int) and not 0 <= value < 2**63 for value in place):
        raise BadCursor
    return [literal(value, type_=each.type) for value, each in zip(place, keys, strict=True)]
