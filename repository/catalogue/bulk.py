"""Many rows at once, by statements made from the tables.

Measured on SQLite, inserts alone, for each DICOM holding: 15-23 µs so, 67-93 µs by SQLAlchemy's own `executemany` of
dictionaries, which binds and processes each value. Rows are tuples here, in the order of the
table's columns, and go to the driver as they are; whoever makes them has passed text through `text.fit`.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import cache
from itertools import chain
from typing import Any, TypeVar

from sqlalchemy import Connection, Table

from repository.catalogue.prepared import driver_of

T = TypeVar("T")
Row = tuple[Any, ...]
AT_ONCE = 10_000
ASKED_AT_ONCE = 500  # parameters of one IN list; SQLite takes 32,766, PostgreSQL 65,535


@cache
def _insert(table: Table, style: str, conflict: str) -> str:
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    marks = ", ".join(["%s" if style == "format" else "?"] * len(table.columns))
    return f'INSERT INTO "{table.name}" ({columns}) VALUES ({marks}) {conflict}'.strip()  # noqa: S608  names are ours


def _style(connection: Connection) -> str:
    return "qmark" if connection.dialect.name == "sqlite" else "format"


def insert(connection: Connection, table: Table, rows: Sequence[Row], *, conflict: str = "") -> None:
    """`rows` are in `table`; `conflict` is the ON CONFLICT clause, which both engines spell alike."""
    if rows:
        _put(connection, _insert(table, _style(connection), conflict), rows)


def insert_at_once(connection: Connection, parts: Sequence[tuple[Table, Sequence[Row]]]) -> None:
    """The rows of each table are in it. What is one row goes with the others to PostgreSQL in one statement: of a
    message there and back that is most. No table may refer to another."""
    single = [(table, rows[0]) for table, rows in parts if len(rows) == 1]
    if connection.dialect.name == "sqlite" or len(single) < 2:
        for table, rows in parts:
            insert(connection, table, rows)
        return
    _put(connection, _together(tuple(table for table, _ in single)), [tuple(chain(*(row for _, row in single)))])
    for table, rows in parts:
        if len(rows) > 1:
            insert(connection, table, rows)


@cache
def _together(tables: tuple[Table, ...]) -> str:
    *first, last = (_insert(table, "format", "") for table in tables)
    return f"WITH {', '.join(f'i{place} AS ({each})' for place, each in enumerate(first))} {last}"


def _put(connection: Connection, statement: str, rows: Sequence[Row]) -> None:
    """To the driver itself: a row by itself, as a reading's account writes three of them, took 45 µs by SQLAlchemy."""
    driver = driver_of(connection)
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        if driver is None:
            connection.exec_driver_sql(statement, list(some))
        elif len(some) == 1:
            driver.execute(statement, some[0]).close()
        else:
            with closing(driver.cursor()) as cursor:
                cursor.executemany(statement, some)


def insert_new(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """`rows` are in `table`, or rows with their keys were there before and stay as they are."""
    if rows:
        insert(connection, table, rows, conflict="ON CONFLICT DO NOTHING")


def execute_many(connection: Connection, statement: str, rows: Sequence[Row]) -> None:
    """`statement`, written with `?`, once for each of `rows`."""
    if rows:
        text = statement if _style(connection) == "qmark" else statement.replace("?", "%s")
        _put(connection, text, rows)


def in_groups(values: Sequence[T], size: int = ASKED_AT_ONCE) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
