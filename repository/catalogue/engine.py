"""Connections: how each engine is opened, and how a transaction that writes differs from one that reads.

SQLite: WAL, `synchronous=FULL` (a commit is on the disk when it returns), foreign keys on, writers begin IMMEDIATE so
that a lock is never upgraded halfway. PostgreSQL: psycopg 3, read committed; whoever appends to the log takes an
advisory lock first (`log.py`). How transactions begin and end is in `beginning.py`.
"""

import os
import select
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import cast

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from repository.catalogue.beginning import LIMITED, ONE_STATE, Manner, begin_as_said, begun
from repository.catalogue.border import translated
from repository.catalogue.errors import CatalogueMissing, CatalogueRefused

BUSY_SECONDS = 10
SLEEPING_SECONDS = 60  # how long a transaction may wait for its own process
KEPT_OPEN = 8  # connections to a server that nobody uses
TRUSTED_SECONDS = 30  # for so long after its last use an open connection is taken for a good one
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


def _limit(name: str, seconds: int) -> str:
    """A process that is suspended inside a transaction does not keep its locks for ever; a server's own limit stays."""
    return f"SELECT set_config('{name}', '{seconds}s', false) WHERE current_setting('{name}') = '0'"


def _prepare_postgresql(connection: psycopg.Connection[tuple[object, ...]], record: ConnectionPoolEntry) -> None:
    """Between two messages of a pipelined batch (psycopg's `executemany`) a transaction is not idle but "active":
    only the limit of the whole transaction ends one that sleeps there, and PostgreSQL has it since 17."""
    limit = _limit("idle_in_transaction_session_timeout", SLEEPING_SECONDS)
    connection.execute(limit.encode()).close()
    own = connection.execute("SELECT coalesce(current_setting('transaction_timeout', true), 'none')").fetchone()
    record.info[LIMITED] = own != ("0",)
    connection.commit()


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, hide_parameters=True, pool_size=16, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", begin_as_said)
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
    event.listen(engine, "begin", begin_as_said)
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
        self._idle: deque[tuple[Connection, float]] = deque()  # open ones that nobody uses, see `_opened`

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: durable when the block ends, nothing of it left when it raises."""
        with (
            translated(),
            self._turn or nullcontext(),
            self._opened() as connection,
            begun(connection, Manner.WRITING),
        ):
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        shared: Connection | None = getattr(self._here, "shared", None)
        if shared is not None:
            with translated():
                yield shared
            return
        with translated(), self._opened() as connection, begun(connection, Manner.READING):
            yield connection

    @contextmanager
    def _opened(self) -> Iterator[Connection]:
        """A connection of this block's own. It is kept open afterwards, for whoever comes next: to take one from the
        engine's pool and give it back took 60 µs, and of a server 0.3 ms, most of it for asking whether it is there.
        The pool has as many as are used at one time, as ever."""
        connection = self._kept()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        # What somebody set for his statements is set for the connection, and is not for whoever comes next.
        if connection.get_execution_options() or not (self.sqlite or len(self._idle) < KEPT_OPEN):
            connection.close()
            return
        self._idle.append((connection, time.monotonic()))

    def _kept(self) -> Connection:
        try:
            connection, since = self._idle.pop()
        except IndexError:
            return self.engine.connect()
        if self.sqlite or (time.monotonic() - since < TRUSTED_SECONDS and _is_there(connection)):
            return connection
        connection.close()
        return self.engine.connect()  # which asks those of its pool whether they are there

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
            self._here.shared, connection.info[ONE_STATE] = connection, {}
            try:
                yield
            finally:
                self._here.shared, connection.info[ONE_STATE] = None, None

    @contextmanager
    def reading_one_state(self) -> Iterator[Connection]:
        """As `reading`; all of its statements see the catalogue as it was at the first of them. On PostgreSQL that is
        said with BEGIN, so that it costs no message."""
        if self.sqlite or getattr(self._here, "shared", None) is not None:  # there it is always so
            with self.reading() as connection:
                yield connection
            return
        with translated(), self._opened() as connection, begun(connection, Manner.ONE_STATE):
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
            self._idle.pop()[0].close()


def _is_there(connection: Connection) -> bool:
    """A server that goes away says so on each connection, even by closing it: then there is something to be read.
    Looking for that takes 1 µs, and asking it a message there and back."""
    driver = cast("psycopg.Connection[tuple[object, ...]]", connection.connection.dbapi_connection)
    if driver.closed:
        return False
    look = select.poll()
    look.register(driver.fileno(), select.POLLIN)
    return not look.poll(0)


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
