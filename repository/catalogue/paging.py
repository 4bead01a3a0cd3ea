"""Pages of what a question finds, in the order of keys, so that a page never repeats or skips what was there before."""

import base64
import binascii
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from sqlalchemy import BigInteger, ColumnElement, Connection, Row, Select, literal, select, tuple_

from repository.catalogue.conditions import TABLES, conditions
from repository.catalogue.errors import BadCursor
from repository.catalogue.query import MOST, Query
from repository.catalogue.seeing import Sight
from repository.catalogue.text import fit

AnyRow = Row[*tuple[Any, ...]]


def page_size(query: Query) -> int:
    return min(max(1, query.limit), MOST)


def mark_of(query: Query, row: AnyRow) -> str:
    """What `Query.after` has to be for the page that begins after `row`."""
    place = [getattr(row, name) for name in _names(query)]
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


def page(query: Query, connection: Connection, sight: Sight | None) -> list[AnyRow]:
    """The rows of a page and one row more, if there is one, of what `sight` lets be seen. Raises `BadCursor`."""
    pages: list[Sequence[AnyRow]] = []
    for statements in page_statements(query, connection, sight):
        pages += [connection.execute(each).all() for each in statements]
        if statements and any(len(each) > page_size(query) for each in pages):
            break  # what comes now lies after all of these
    if len(pages) == 1:
        return list(pages[0])
    names = _names(query)
    every = {tuple(_stored(getattr(row, name)) for name in names): row for each in pages for row in each}
    return [every[place] for place in sorted(every)]


def _stored(value: Any) -> Any:
    """In the order of the database, which is that of the text as it is stored."""
    return fit(value) if isinstance(value, str) else value


def page_statements(query: Query, connection: Connection, sight: Sight | None) -> Iterator[list[Select[Any]]]:
    """Statements that each read one page and one row more: a page of each way of `sight`, along its own index, for of
    one OR no engine makes as much. What is seen in two ways is in the pages of both.

    They come in groups: where one of a group gives a whole page, no later group is needed.
    """
    table = TABLES[query.level]
    keys = list(table.primary_key.columns)
    wanted = select(table).where(*conditions(query, connection.dialect, sight))
    wanted = wanted.order_by(*keys).limit(page_size(query) + 1)
    place = _place(query.after, keys) if query.after else []
    if place and sight is not None and connection.dialect.name == "sqlite" and sight.walks_takeovers:
        # Of a list of takeovers SQLite walks each from its beginning. So first the one in which the last page ended.
        here, *within = place
        rest = wanted.where(keys[0] == here, tuple_(*keys[1:]) > tuple_(*within))
        yield [rest.where(way) for way in sight.among_others(table)]
        sight = sight.beyond(here.value)
    if place:
        wanted = wanted.where(tuple_(*keys) > tuple_(*place))
    yield [wanted] if sight is None else [wanted.where(way) for way in sight.ways(table)]


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
