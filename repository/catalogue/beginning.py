"""How a transaction begins and ends: said to the driver itself.

Measured on SQLite, an empty transaction that reads took 64 µs of CPU by SQLAlchemy, most of it for its own accounts of
what is under way, and takes 9 so. On PostgreSQL a word without values takes 10 µs of CPU by libpq and 45 by psycopg,
which looks each up as a statement that might be prepared. Whoever listens to how transactions begin or end hears these:
then SQLAlchemy says the words.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from typing import Any

import psycopg
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from sqlalchemy import Connection, RootTransaction

WRITING_SECONDS = 300  # how long a transaction that writes may last at all
LIMITED = "archive_limited"  # about a connection: its server has a limit of its own, or knows none
ONE_STATE = "archive_one_state"  # about a connection: what was asked in the one state that it sees, None if in none
_MANNER = "archive_manner"
_Postgres = psycopg.Connection[tuple[Any, ...]]


class Manner(Enum):
    """What is said to SQLite, to PostgreSQL, and to a PostgreSQL whose transactions must be limited by us."""

    READING = ("BEGIN", b"BEGIN", b"BEGIN")
    ONE_STATE = ("BEGIN", b"BEGIN ISOLATION LEVEL REPEATABLE READ", b"BEGIN ISOLATION LEVEL REPEATABLE READ")
    WRITING = ("BEGIN IMMEDIATE", b"BEGIN", f"BEGIN; SET LOCAL transaction_timeout = '{WRITING_SECONDS}s'".encode())


@contextmanager
def begun(connection: Connection, manner: Manner) -> Iterator[None]:
    """A transaction: it is committed when the block ends, and nothing of it is left when the block or the commit
    raises, unless it is the commit that nobody knows of whether it went through."""
    heard = connection.engine.dispatch
    driver = connection.connection.dbapi_connection
    if len(heard.begin) > 1 or heard.commit or heard.rollback:  # somebody beside ourselves
        with _begun_aloud(connection, manner), _broken_off_by_us(driver):
            yield
        return
    _say_begin(driver, connection, manner)
    try:
        yield
        _commit(connection, driver)
    except BaseException:
        _undo(connection, driver)
        raise


def _begun_aloud(connection: Connection, manner: Manner) -> RootTransaction:
    connection.info[_MANNER] = manner
    try:
        return connection.begin()
    finally:
        connection.info[_MANNER] = Manner.READING


@contextmanager
def _broken_off_by_us(driver: Any) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(Exception):
            _roll_back(driver)
        raise


def begin_as_said(connection: Connection) -> None:
    """SQLAlchemy begins a transaction: by itself, or because its first statement comes in one that has begun."""
    driver = connection.connection.dbapi_connection
    if not _is_under_way(driver):
        _say_begin(driver, connection, connection.info.get(_MANNER, Manner.READING))


def say(driver: _Postgres, words: bytes) -> bytes:
    """What the server says of `words`, which have no values, or the one value that they ask for. Raises what psycopg
    raises. For what takes no time: nothing interrupts it."""
    result = checked(driver.pgconn.exec_(words))
    if result.status == ExecStatus.TUPLES_OK:
        return result.get_value(0, 0) or b""
    return result.command_status or b""


def checked(result: PGresult) -> PGresult:
    """`result` of something that went well. Raises psycopg's error for anything else."""
    if result.status not in {ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK}:
        raise psycopg.errors.error_from_result(result)
    return result


def _is_under_way(driver: Any) -> bool:
    if isinstance(driver, sqlite3.Connection):
        return driver.in_transaction
    return _status(driver) != TransactionStatus.IDLE


def _status(driver: _Postgres) -> int:
    return driver.pgconn.transaction_status


def _say_begin(driver: Any, connection: Connection, manner: Manner) -> None:
    sqlite, postgresql, limiting = manner.value
    if isinstance(driver, sqlite3.Connection):
        driver.execute(sqlite).close()
        return
    say(driver, postgresql if connection.info.get(LIMITED, True) else limiting)


def _commit(connection: Connection, driver: Any) -> None:
    """PostgreSQL answers COMMIT with ROLLBACK where a statement has failed before, whoever passed over its error."""
    if not isinstance(driver, sqlite3.Connection) and _status(driver) == TransactionStatus.INERROR:
        raise psycopg.errors.InFailedSqlTransaction
    if connection.in_transaction():  # a statement was put by SQLAlchemy, which took part from there on
        connection.commit()
    elif isinstance(driver, sqlite3.Connection):
        driver.commit()
    else:
        say(driver, b"COMMIT")


def _undo(connection: Connection, driver: Any) -> None:
    """What it raises itself is nothing to whoever learns why: the connection is closed then, which undoes it too."""
    with suppress(Exception):
        _roll_back(driver)
    with suppress(Exception):
        if connection.in_transaction():
            connection.rollback()
        if _is_under_way(driver):  # it is lost, or waits for an answer
            connection.invalidate()


def _roll_back(driver: Any) -> None:
    """By libpq: psycopg has the server forget all statements that are prepared there when it is told to, ours as well
    (`prepared.told`), which would not know of it."""
    if isinstance(driver, sqlite3.Connection):
        driver.rollback()
    elif _status(driver) in {TransactionStatus.INTRANS, TransactionStatus.INERROR}:
        say(driver, b"ROLLBACK")
