"""Pages of what a question finds, in the order of keys, so that a page never repeats or skips what was there before."""

import base64
import binascii
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Connection,
    Integer,
    Row,
    Select,
    String,
    bindparam,
    literal,
    literal_column,
    null,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.sql.visitors import iterate

from repository.catalogue.conditions import TABLES, conditions, leads
from repository.catalogue.errors import BadCursor
from repository.catalogue.layouts import Layouts
from repository.catalogue.matching import Slot
from repository.catalogue.prepared import Prepared, Values
from repository.catalogue.query import MOST, Hit, Level, Query
from repository.catalogue.remembering import State, read_state, state_column
from repository.catalogue.seeing import Sight, Way
from repository.catalogue.shapes import shape_of
from repository.catalogue.shielding import Pairs
from repository.catalogue.text import fit

AnyRow = Row[*tuple[Any, ...]]
Statement = Select[Any] | CompoundSelect[Any]
READ_AT_ONCE = 10_000
_LIMIT = "limit_"
_UIDS = {"StudyInstanceUID": "study_instance_uid", "SeriesInstanceUID": "series_instance_uid"}
ANYWHERE = (Way(true()),)  # the way of whoever sees all


def page_size(query: Query) -> int:
    return min(max(1, query.limit), MOST)


def mark_of(query: Query, row: AnyRow) -> str:
    """What `Query.after` has to be for the page that begins after `row`."""
    return _mark([getattr(row, name) for name in _names(query.level)])


def mark_of_hit(hit: Hit) -> str:
    """As `mark_of`, for a hit that is a study, a series or an image."""
    own: dict[str, int | str] = {"takeover": hit.takeover, "patient": hit.patient, "ordinal": hit.ordinal}
    own |= {name: hit.values[keyword] for keyword, name in _UIDS.items() if keyword in hit.values}
    return _mark([own[name] for name in _names(hit.level)])


def _mark(place: Sequence[object]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class _Step:
    """`wanted` reads a page of one way; each `beside` reads, in the same statement, one of a way to few rows. `first`
    is the first takeover that any of them may be of."""

    first: int
    wanted: Select[Any]
    beside: tuple[Select[Any], ...] = ()

    def statement(self, *, with_state: bool) -> Statement:
        """With the state as last column, where that is asked for. Rows of `beside` have null there, so that whoever
        reads them knows that they are out of order."""
        if not self.beside:
            return self.wanted.add_columns(state_column()) if with_state else self.wanted
        told = state_column() if with_state else literal_column("''", String)
        return union_all(self.wanted.add_columns(told), *(each.add_columns(null()) for each in self.beside))


class _Laid:
    """A step of which the statements are made once. What is asked, and how many rows are read, is left open in them."""

    def __init__(self, step: _Step) -> None:
        self._step = step
        self.first, self.beside = step.first, step.beside
        self._made: dict[bool, Prepared] = {}

    def prepared(self, *, with_state: bool) -> Prepared:
        if with_state not in self._made:
            self._made[with_state] = Prepared(self._step.statement(with_state=with_state))
        return self._made[with_state]

    def leaves_open(self, names: Iterable[str]) -> bool:
        """Each of `names`, and nothing else: what is not asked for would be found, and what stands for a text would be
        taken for one."""
        binds = [each for each in iterate(self._step.wanted) if isinstance(each, BindParameter)]
        return {each.key for each in binds if each.required} == set(names) and not any(
            isinstance(each.value, Slot) for each in binds
        )


PageLayouts = Layouts[_Laid]


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of a page and one row more, if there is one; `state` if it was asked for and any row came to tell it."""

    rows: list[AnyRow]
    state: State | None = None


def page(
    query: Query,
    connection: Connection,
    sight: Sight | None,
    *,
    with_state: bool = False,
    layouts: PageLayouts | None = None,
) -> Found:
    """What `sight` lets be seen; `with_state`, what the catalogue was like then, asked in the same statement, for the
    message to the database would take longer than both. `layouts`: statements that were made for `sight`, and only for
    it. Raises `BadCursor`."""
    rows: list[AnyRow] = []
    state: State | None = None
    most = page_size(query)
    laid, values = _laid_out(query, connection, sight, layouts)
    reader = _Reader(query, connection, sight, values=values)
    for steps in [laid] if laid else _page_steps(query, connection, sight):
        for step in steps:
            if len(rows) > most and rows[most].takeover < step.first:
                continue  # all of it lies beyond this page
            asks = with_state and state is None
            found, told = reader.read(step, with_state=asks)
            state = read_state(told) if asks and told else state
            mixed = (rows and found) or (step.beside and any(row[-1] is None for row in found))
            rows = _in_order(query, [*rows, *found]) if mixed else rows or found
        if len(rows) > most:
            break  # what comes now lies after all of these
    return Found(rows, state)


def _laid_out(
    query: Query, connection: Connection, sight: Sight | None, layouts: PageLayouts | None
) -> tuple[Sequence[_Laid], Values]:
    """Steps whose statements are made, and the values that they leave open; none for what is rarely asked."""
    if layouts is None or (sight is not None and sight.drops):
        return (), {}
    shape = shape_of(query, sqlite=connection.dialect.name == "sqlite")
    if shape is None:
        return (), {}
    values = {**shape.values, _LIMIT: page_size(query) + 1}

    def made() -> list[_Laid]:
        (steps,) = _page_steps(shape.template, connection, sight, limit=bindparam(_LIMIT, type_=Integer))
        laid = [_Laid(each) for each in steps]
        return laid if all(each.leaves_open(values) for each in laid) else []

    return layouts.of(shape.template, made), values


class _Reader:
    """Reads rows of a page, and further where too many of them are hidden for it to be one."""

    def __init__(self, query: Query, connection: Connection, sight: Sight | None, *, values: Values) -> None:
        self._connection = connection
        self._values = values
        self._drops: Pairs = frozenset() if sight is None else sight.drops
        self._wanted = page_size(query) + 1
        self._keys = list(TABLES[query.level].primary_key.columns)
        self._whose = "number" if query.level is Level.PATIENT else "patient"

    def read(self, step: "_Step | _Laid", *, with_state: bool) -> tuple[list[AnyRow], Any]:
        """The rows, and what the last column of the first one tells."""
        if isinstance(step, _Laid):
            rows = step.prepared(with_state=with_state).all(self._connection, self._values)
            return rows, rows[0][-1] if rows else None
        wanted = step.statement(with_state=with_state)
        rows = list(self._connection.execute(wanted).all())
        told = rows[0][-1] if rows else None
        if not self._drops or not isinstance(wanted, Select):  # what is dropped from is never read at once
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


def page_statements(query: Query, connection: Connection, sight: Sight | None) -> Iterator[list[Statement]]:
    """Statements that each read one page and one row more, or several such pages: a page of each way of `sight`, along
    its own index, for of one OR no engine makes as much. What is seen in two ways is in the pages of both.

    They come in groups: where a group gives a whole page, no later one is needed.
    """
    for steps in _page_steps(query, connection, sight):
        yield [step.statement(with_state=False) for step in steps]


def _page_steps(
    query: Query, connection: Connection, sight: Sight | None, *, limit: BindParameter[int] | None = None
) -> Iterator[list[_Step]]:
    """As `page_statements`, in the order of what they begin with."""
    table = TABLES[query.level]
    keys = list(table.primary_key.columns)
    asked = conditions(query, connection.dialect, sight)
    # Where nothing is asked for, one way fills the page, and others mostly lie beyond it. SQLite needs no message.
    at_once = bool(asked) and sight is not None and not sight.drops and connection.dialect.name != "sqlite"
    most = page_size(query) + 1 if limit is None else limit
    wanted = select(table).where(*asked).order_by(*keys).limit(most)
    place = _place(query.after, keys) if query.after else []
    begins = place[0].value if place else 0
    if place and _walks_takeovers(query, connection, sight):
        # Either engine walks a takeover that is asked for from its beginning, wherever the last page ended. So first
        # what is left of that one.
        here, *within = place
        rest = wanted.where(keys[0] == here, tuple_(*keys[1:]) > tuple_(*within))
        yield _along(rest, ANYWHERE if sight is None else sight.among_others(table), begins, at_once=at_once)
        wanted = wanted.where(keys[0] > here)
        begins += 1
        sight = None if sight is None else sight.beyond(here.value)
    elif place:
        wanted = wanted.where(tuple_(*keys) > tuple_(*place))
    yield _along(wanted, ANYWHERE if sight is None else sight.ways(table), begins, at_once=at_once)


def _along(wanted: Select[Any], ways: Sequence[Way], begins: int, *, at_once: bool) -> list[_Step]:
    """`at_once`: ways to few rows are gone beside another one. Measured: 0.2 ms rather than 0.5 ms for a statement of
    its own, most of it for the message to the database."""
    led = sorted((each for each in ways if each.last >= begins), key=attrgetter("first"))
    steps = [_Step(each.first, _by(wanted, each)) for each in led if not (at_once and each.few)]
    few = [_Step(each.first, _by(wanted, each)) for each in led if at_once and each.few]
    if not few:
        return steps
    first, *others = steps or [few.pop(0)]
    beside = tuple(each.wanted for each in few)
    return [_Step(min(each.first for each in (first, *few)), first.wanted, beside), *others]


def _by(wanted: Select[Any], way: Way) -> Select[Any]:
    return wanted if way is ANYWHERE[0] else wanted.where(way.condition)


def _walks_takeovers(query: Query, connection: Connection, sight: Sight | None) -> bool:
    if leads(query, connection.dialect):
        return False
    return query.takeovers is not None or (sight is not None and sight.walks_takeovers)


def _names(level: Level) -> list[str]:
    return [str(each.key) for each in TABLES[level].primary_key.columns]


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
