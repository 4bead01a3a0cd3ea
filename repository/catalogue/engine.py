"""Connections: how each engine is opened, and how a transaction that writes differs from one that reads.

SQLite: WAL, `synchronous=FULL` (a commit is on the disk when it returns), foreign keys on, writers begin IMMEDIATE so
that a lock is never upgraded halfway. PostgreSQL: psycopg 3, read committed; whoever appends to the log takes an
advisory lock first (`log.py`). How transactions begin and end is in `beginning.py`, how connections are kept open in
`connections.py`.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from repository.catalogue.beginning import LIMITED, ONE_STATE, Manner, begin_as_said, begun
from repository.catalogue.border import translated
from repository.catalogue.connections import Connections
from repository.catalogue.doing import current, mark
from repository.catalogue.errors import CatalogueBusy, CatalogueMissing, CatalogueRefused, CatalogueUnavailable
from repository.catalogue.file_turns import WRITER, FileTurn

MOST = 16  # connections of a process that are in use at one time
BUSY_SECONDS = 10
WITHOUT_TURNS_SECONDS = 30  # after one that was waited for in vain
SLEEPING_SECONDS = 60  # how long a transaction may wait for its own process
_PRAGMAS = (
    f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-32768",  # 32 MiB a connection: a group commit touches the pages of some ten indexes
    "PRAGMA wal_autocheckpoint=4000",  # 16 MB; each push writes 21 pages, many of them again and again: 2 to 3.5 % less
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
    connection.isolation_level = None  # BEGIN is ours to say, see `beginning.py`
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
    # What is acknowledged outlives the server: a server, a database or an account may say `off`.
    durable = (
        b"SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )
    connection.execute(durable).close()
    own = connection.execute("SELECT coalesce(current_setting('transaction_timeout', true), 'none')").fetchone()
    record.info[LIMITED] = own != ("0",)
    connection.commit()


# A server that went away without a word (its power, the network) is noticed by whoever waits for its answer after a
# minute, and not when TCP gives up, after fifteen; seconds, and the last one milliseconds. What an address says
# (`?tcp_user_timeout=…`) stays.
_SILENT = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}
_CONNECTING = {"connect_timeout": BUSY_SECONDS, "application_name": "edm-archive", **_SILENT}


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, hide_parameters=True, pool_size=MOST, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", begin_as_said)
        return engine
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=MOST // 2,
        max_overflow=MOST // 2,
        connect_args={name: value for name, value in _CONNECTING.items() if name not in url.query},
    )
    event.listen(engine, "connect", _prepare_postgresql)
    event.listen(engine, "begin", begin_as_said)
    return engine


class _Writers:
    """SQLite has one writer at a time, and whoever comes while there is one sleeps for ever longer times. Threads queue
    here instead, in order, and processes take turns: of 8 that read (each reading writes its account) by two processes,
    one in twenty waited for 130 ms and one for a second. Who waits for a turn in vain asks the database: whoever is
    before him may be stopped (SIGSTOP) while he only waits too, and holds nothing of it."""

    def __init__(self, database: str) -> None:
        self._threads, self._processes = threading.Lock(), FileTurn(database, WRITER, seconds=BUSY_SECONDS)
        self._without = 0.0  # until then no turn is asked for

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            if time.monotonic() >= self._without:
                self._processes.take()
        except CatalogueBusy:
            self._without = time.monotonic() + WITHOUT_TURNS_SECONDS
        except CatalogueUnavailable:  # no file can be made here: then it is the database that says what is wrong
            self._processes.close()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        try:
            self._processes.give()
        finally:  # interrupted as well
            self._threads.release()

    def close(self) -> None:
        self._processes.close()


class Room:
    """One engine and the rule for entering it. Safe to share between threads."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.engine = _engine(url)
        self.sqlite = self.engine.dialect.name == "sqlite"
        self._turn = _Writers(str(url.database)) if self.sqlite else None
        self._here = threading.local()  # the connection of this thread's `together`
        self._connections = Connections(self.engine, most=MOST)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: durable when the block ends, nothing of it left when it raises. The request that this thread
        does is marked in it (`doing.py`)."""
        with (
            translated(),
            self._turn or nullcontext(),
            self._connections.opened() as connection,
            begun(connection, Manner.WRITING),
        ):
            yield connection
            if (doing := current()) is not None:
                mark(connection, [doing])

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        shared: Connection | None = getattr(self._here, "shared", None)
        if shared is not None:
            with translated():
                yield shared
            return
        with translated(), self._connections.opened() as connection, begun(connection, Manner.READING):
            yield connection

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
            about = connection.info  # nobody may ask for it any more once the server is lost
            self._here.shared, about[ONE_STATE] = connection, {}
            try:
                yield
            finally:
                self._here.shared, about[ONE_STATE] = None, None

    @contextmanager
    def reading_one_state(self) -> Iterator[Connection]:
        """As `reading`; all of its statements see the catalogue as it was at the first of them. On PostgreSQL that is
        said with BEGIN, so that it costs no message."""
        if self.sqlite or getattr(self._here, "shared", None) is not None:  # there it is always so
            with self.reading() as connection:
                yield connection
            return
        with translated(), self._connections.opened() as connection, begun(connection, Manner.ONE_STATE):
            yield connection

    def forgo_durability(self) -> None:
        """Connections made from now on do not wait for the disk: for a database that is thrown away (SQLite only)."""
        event.listen(self.engine, "connect", lambda made, _: made.execute("PRAGMA synchronous=OFF").close())
        self._connections.close()

    def close(self) -> None:
        self._connections.close()
        self.engine.dispose()
        if self._turn is not None:
            self._turn.close()


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
