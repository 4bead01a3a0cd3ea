"""Connections: how each engine is opened, and how a transaction that writes differs from one that reads.

SQLite: WAL, `synchronous=FULL` (a commit is on the disk when it returns), foreign keys on, writers begin IMMEDIATE so
that a lock is never upgraded halfway. PostgreSQL: psycopg 3, read committed; whoever appends to the log takes an
advisory lock first (`log.py`).
"""

import os
import sqlite3
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import cast

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from repository.catalogue.border import translated
from repository.catalogue.errors import CatalogueMissing, CatalogueRefused

BUSY_SECONDS = 10
SLEEPING_SECONDS = 60  # how long a transaction may wait for its own process
WRITING_SECONDS = 300  # how long a transaction that writes may last at all
_WRITES = "archive_writes"
_PRAGMAS = (
    f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-32768",  # 32 MiB a connection: a group commit touches the pages of some ten indexes
    "PRAGMA mmap_size=0",  # a mapped database counts as memory, and a failing disk under it kills the process
)


def read_url(url: str) -> URL:
    """`sqlite:///path` or `postgresql://…`; anything else is refused without repeating it (it may hold a password)."""
    try:
        read = make_url(url)
    except ArgumentError:
        raise CatalogueRefused(reason="not a database address") from None
    if read.get_backend_name() == "sqlite" and read.database and read.database != ":memory:":
        return read.set(drivername="sqlite")
    if read.get_backend_name() == "postgresql":
        return read.set(drivername="postgresql+psycopg")
    raise CatalogueRefused(reason="neither sqlite:///FILE nor postgresql://HOST/DATABASE")


def place(url: URL) -> str:
    """Where the catalogue is, for a person: the file, or host and database, never the password."""
    return str(url.database) if url.get_backend_name() == "sqlite" else f"{url.host or 'localhost'}/{url.database}"


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # BEGIN is ours to say, see `_begin_sqlite`
    for pragma in _PRAGMAS:
        connection.execute(pragma).close()


def _begin_sqlite(connection: Connection) -> None:
    """Measured: an empty transaction that reads took 64 µs of CPU, a third of it for saying BEGIN by SQLAlchemy. Said
    to the driver it takes 2 µs. What it raises is translated at the border, as all that the driver says."""
    words = "BEGIN IMMEDIATE" if connection.info.get(_WRITES, False) else "BEGIN"
    cast("sqlite3.Connection", connection.connection.dbapi_connection).execute(words).close()


def _limit(name: str, seconds: int, *, local: str) -> str:
    """A process that is suspended inside a transaction does not keep its locks for ever; a server's own limit stays."""
    return f"SELECT set_config('{name}', '{seconds}s', {local}) WHERE current_setting('{name}') = '0'"


def _prepare_postgresql(connection: psycopg.Connection[tuple[object, ...]], _record: object) -> None:
    limit = _limit("idle_in_transaction_session_timeout", SLEEPING_SECONDS, local="false")
    connection.execute(limit.encode()).close()
    connection.commit()


def _begin_postgresql(connection: Connection) -> None:
    """Between two messages of a pipelined batch (psycopg's `executemany`) a transaction is not idle but "active":
    only the limit of the whole transaction ends one that sleeps there, and PostgreSQL has it since 17."""
    writes = connection.info.get(_WRITES, False)
    if writes and (connection.dialect.server_version_info or ()) >= (17,):
        connection.exec_driver_sql(_limit("transaction_timeout", WRITING_SECONDS, local="true"))


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, hide_parameters=True, pool_size=16, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=8,
        max_overflow=8,
        connect_args={"connect_timeout": BUSY_SECONDS, "application_name": "edm-archive"},
    )
    event.listen(engine, "connect", _prepare_postgresql)
    event.listen(engine, "begin", _begin_postgresql)
    return engine


class Room:
    """One engine and the rule for entering it. Safe to share between threads."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.engine = _engine(url)
        self.sqlite = self.engine.dialect.name == "sqlite"
        # SQLite has one writer at a time. Threads of this process queue here, in order, rather than by busy-waiting.
        self._turn = threading.Lock() if self.sqlite else None
        self._here = threading.local()  # the connection of this thread's `together`
        self._idle: deque[Connection] = deque()  # open ones that nobody uses, see `_opened`

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: durable when the block ends, nothing of it left when it raises."""
        with translated(), self._turn or nullcontext(), self._opened() as connection:
            said = connection.info  # told so, `begin` costs a third less than by an option of the connection
            said[_WRITES] = True
            try:
                begun = connection.begin()
            finally:
                said[_WRITES] = False
            with begun:
                yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        shared: Connection | None = getattr(self._here, "shared", None)
        if shared is not None:
            with translated():
                yield shared
            return
        with translated(), self._opened() as connection, connection.begin():
            yield connection

    @contextmanager
    def _opened(self) -> Iterator[Connection]:
        """A connection of this block's own. Of SQLite it is kept open afterwards, for whoever comes next: to take one
        from the engine's pool and give it back took 60 µs, and a file cannot go away as a server can. The pool has as
        many as are used at one time, as ever."""
        if not self.sqlite:
            with self.engine.connect() as connection:
                yield connection
            return
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self.engine.connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Whatever this thread reads until the end of the block is read in one transaction that sees one state.

        For a journey that asks several short questions in a row: each transaction of its own costs as much as two of
        them. Nothing that is read later may still be under way when the block ends, so no generator outlives it.
        """
        if getattr(self._here, "shared", None) is not None:
            yield
            return
        with self.reading_one_state() as connection:
            self._here.shared = connection
            try:
                yield
            finally:
                self._here.shared = None

    @contextmanager
    def reading_one_state(self) -> Iterator[Connection]:
        """As `reading`; all of its statements see the catalogue as it was at the first of them. On PostgreSQL that is
        said with BEGIN, so that it costs no message."""
        if self.sqlite or getattr(self._here, "shared", None) is not None:  # there it is always so
            with self.reading() as connection:
                yield connection
            return
        with translated(), self.engine.connect() as opened:
            connection = opened.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    def forgo_durability(self) -> None:
        """Connections made from now on do not wait for the disk: for a database that is thrown away (SQLite only)."""
        event.listen(self.engine, "connect", lambda made, _: made.execute("PRAGMA synchronous=OFF").close())
        self._close_idle()

    def close(self) -> None:
        self._close_idle()
        self.engine.dispose()

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()


def existing(url: URL) -> URL:
    """`url`, if it can hold a catalogue: an SQLite file is never made by opening it."""
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
        raise CatalogueMissing(place=place(url))
    return url


def made(url: URL) -> URL:
    """`url`, with an empty file that nobody but this account reads where SQLite has none yet."""
    if url.get_backend_name() == "sqlite":
        path = Path(str(url.database))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise CatalogueRefused(reason=type(error).__name__) from None
    return url
