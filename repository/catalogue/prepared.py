"""Statements that every request asks: made once, and put to the driver itself.

Profiled, an answer of one image put 16 statements, on which the database spent 0.1 ms and SQLAlchemy 1.6: looking up
what it had compiled, binding values one by one, a result, rows of attributes. What a statement says, how each engine
spells it and what its columns hold still comes from SQLAlchemy, once; whoever listens to its statements hears these.
"""

import sqlite3
import zlib
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import psycopg
from sqlalchemy import CompoundSelect, Connection, Select
from sqlalchemy.sql.type_api import TypeEngine

from repository.catalogue.beginning import checked
from repository.catalogue.text import ESCAPE, Words, fit, unfit

_TOLD = "archive_told"  # about a connection: names of what `told` has prepared
Values = Mapping[str, Any]
_Statement = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]
_Change = Callable[[Any], Any]
_Driver = sqlite3.Connection | psycopg.Connection[tuple[Any, ...]]


def driver_of(connection: Connection) -> _Driver | None:
    """The driver's own connection, in the transaction of `connection`; None where somebody listens to its statements.
    What it raises is translated at the border like everything else."""
    heard = connection.engine.dispatch
    if heard.before_cursor_execute or heard.after_cursor_execute:
        return None
    return cast("_Driver", connection.connection.dbapi_connection)


def told(connection: Connection, text: str) -> str:
    """The one text that a statement without any values of its own asks for, of one row."""
    driver = driver_of(connection)
    if driver is None:
        return cast("str", connection.exec_driver_sql(text).scalar_one())
    if isinstance(driver, sqlite3.Connection):
        (row,) = driver.execute(text).fetchall()
        return cast("str", row[0])
    return _told(driver, connection, text)


def _told(driver: psycopg.Connection[tuple[Any, ...]], connection: Connection, text: str) -> str:
    """By libpq itself: a quarter of the time that psycopg takes for its own account of what is prepared."""
    name = f"archive_{zlib.crc32(text.encode()):08x}".encode()
    known = connection.info.setdefault(_TOLD, set())
    if name not in known:
        checked(driver.pgconn.prepare(name, text.encode()))
        known.add(name)
    value = checked(driver.pgconn.exec_prepared(name, [])).get_value(0, 0)
    return (value or b"").decode()


class Prepared:
    """`statement` has no lists among the values that are said when it is asked, so that it is the same text each
    time."""

    def __init__(self, statement: _Statement) -> None:
        self._statement = statement
        self._made: dict[str, _Made] = {}

    def all(self, connection: Connection, values: Values) -> list[Any]:
        """Rows with their columns as attributes, as SQLAlchemy names them."""
        made = self._made.get(connection.dialect.name) or self._make(connection)
        bound = made.bound(values)
        driver = driver_of(connection)
        rows: Sequence[Any]
        if driver is None:
            rows = connection.exec_driver_sql(made.text, bound).all()
        else:
            rows = driver.execute(made.text, bound).fetchall()
        return made.rows(rows)

    def first(self, connection: Connection, values: Values) -> Any | None:
        """The first row, of statements that find one at most or end with a limit of one."""
        found = self.all(connection, values)
        return found[0] if found else None

    def _make(self, connection: Connection) -> "_Made":
        made = self._made[connection.dialect.name] = _Made(self._statement, connection)
        return made


class _Made:
    """A statement as one engine takes it."""

    def __init__(self, statement: _Statement, connection: Connection) -> None:
        dialect = connection.dialect
        compiled = statement.compile(dialect=dialect)
        unsaid = {name: None for name, bound in compiled.binds.items() if bound.required}
        whole = compiled.construct_expanded_state(unsaid)  # with its lists, whose values never change
        self.text = whole.statement
        known = dict(whole.parameters)
        # In their order where the engine knows values by place (SQLite), by name elsewhere.
        self._in_order = compiled.positional
        names = list(whole.positiontup or ()) if self._in_order else list(known)
        self._names = names
        binds = {each: _bind(compiled.binds.get(each), dialect) for each in names}
        self._values: list[tuple[str, Any, _Change | None]] = []
        for each in names:
            change, value = whole.processors.get(each, binds[each]), known[each]
            # What is always the same is made ready once.
            self._values.append((each, value if change is None or value is None else change(value), change))
        columns: list[Any] = list(statement.selected_columns)
        # `count` and `index` are columns here, and methods of tuples that nobody asks for.
        self._row = cast("Any", namedtuple("Row", [each.name for each in columns], rename=True))  # noqa: PYI024  made from columns
        changes = [_result(each.type, dialect) for each in columns]
        self._words = [place for place, change in enumerate(changes) if change is _unfitted]
        self._changes = [(place, each) for place, each in enumerate(changes) if each not in {None, _unfitted}]

    def bound(self, values: Values) -> Any:
        found = [
            ready if name not in values else values[name] if change is None else change(values[name])
            for name, ready, change in self._values
        ]
        return tuple(found) if self._in_order else dict(zip(self._names, found, strict=True))

    def rows(self, found: Sequence[Any]) -> list[Any]:
        """Hardly a text was escaped: to look at each is what it takes, and to call something for each takes twice as
        long as all else here."""
        make, words, made = self._row._make, self._words, []
        for row in found:
            values = row
            for place in words:
                text = row[place]
                if text is not None and ESCAPE in text:
                    values = [*values[:place], unfit(text), *values[place + 1 :]]
            if self._changes:
                values = list(values)
                for place, change in self._changes:
                    values[place] = change(values[place])
            made.append(make(values))
        return made


def _bind(bound: Any, dialect: Any) -> _Change | None:
    if bound is None:
        return None
    if isinstance(bound.type, Words):
        return _fitted
    return cast("_Change | None", bound.type.dialect_impl(dialect).bind_processor(dialect))


def _result(kind: TypeEngine[Any], dialect: Any) -> _Change | None:
    if isinstance(kind, Words):
        return _unfitted
    return cast("_Change | None", kind.dialect_impl(dialect).result_processor(dialect, None))


def _fitted(value: Any) -> Any:
    return None if value is None else fit(value)


def _unfitted(value: Any) -> Any:
    return unfit(value) if value is not None and ESCAPE in value else value
