"""Turns of processes that write to the same takeover: one of them at a time, the others wait.

A turn is a matter of speed and never of right: what is committed is looked at in its transaction, whoever's turn it is.
It ends with the process or the connection that has it, however that ends, and is waited for no longer than
`WAITING_SECONDS`. Whoever has had one is behind all who wait now. A server ends the one of a process that it has heard
nothing of for `HELD_SECONDS`: its machine may be gone, and nothing has told the server.

SQLite: locks of the operating system on a file beside the database, as long as that is on one machine. PostgreSQL:
advisory locks of a connection of their own, which it gives in the order in which they are asked for.
"""

from typing import Protocol, cast

import psycopg

from repository.catalogue.border import translated
from repository.catalogue.engine import Room
from repository.catalogue.file_turns import FileTurn

WAITING_SECONDS = 120  # a turn lasts as long as it takes to store what comes in it: some seconds for a GiB
HELD_SECONDS = 300
_CLASS = 0x45444D_03  # "EDM", 3; 2 is the log's sequencer


class Turn(Protocol):
    """Of one process at one takeover. Not for two threads at one time, but for `wanted`."""

    def take(self) -> None:
        """This process has the turn. Raises `CatalogueBusy` and what the catalogue raises; then it has not."""

    def give(self) -> None:
        """It has it no more. Raises only what interrupts the thread: a turn that cannot be given back ends with its
        connection."""

    def wanted(self) -> bool:
        """Whether others wait for it, who has it asks."""

    def taken(self) -> bool:
        """Whether another has it, who has it not asks. Raises what the catalogue raises."""

    def close(self) -> None:
        """Nothing is held open any more; the next `take` opens it again."""


def turn_of(room: Room, number: int) -> Turn:
    """At takeover `number`."""
    if room.sqlite:
        return FileTurn(str(room.url.database), number, seconds=WAITING_SECONDS)
    return ServerTurn(room, number)


class ServerTurn:
    def __init__(self, room: Room, number: int) -> None:
        self._room, self._place = room, (_CLASS, number)
        self._driver: psycopg.Connection[tuple[bool]] | None = None

    def take(self) -> None:
        with translated():
            kept = self._driver
            try:
                self._wait()
            except psycopg.OperationalError:
                if kept is None or not kept.broken:
                    raise
                self._wait()  # the server ended the connection since the last turn

    def _wait(self) -> None:
        driver = self._driver = self._driver or _alone(self._room)
        try:
            driver.execute("SELECT pg_advisory_lock(%s, %s)", self._place)
        except BaseException:
            self.close()
            raise

    def give(self) -> None:
        if self._driver is None:
            return
        try:
            self._driver.execute("SELECT pg_advisory_unlock(%s, %s)", self._place)
        except psycopg.Error:
            self.close()
        except BaseException:  # interrupted; the lock is counted, and taken again it would be given back by half
            self.close()
            raise

    def wanted(self) -> bool:
        if self._driver is None:
            return False
        try:
            return self._driver.execute(_ASKED, (*self._place, False)).fetchone() == (True,)
        except psycopg.Error:  # the next who takes it is told
            return True

    def taken(self) -> bool:
        with self._room.reading() as connection:
            asked = connection.exec_driver_sql(_ASKED, (*self._place, True))
            return bool(asked.scalar_one())

    def close(self) -> None:
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.close()


# Whether anybody's lock on this takeover is granted, or else waited for.
_ASKED = (
    "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database"
    " WHERE datname = current_database() AND locktype = 'advisory' AND classid = %s AND objid = %s AND granted = %s)"
)

# PostgreSQL 13 has no limit of idle sessions.
_LIMITS = """
SELECT set_config(name, CASE name WHEN 'lock_timeout' THEN %(lock_timeout)s ELSE %(idle_session_timeout)s END, false)
FROM pg_settings WHERE name IN ('lock_timeout', 'idle_session_timeout')
"""


def _alone(room: Room) -> "psycopg.Connection[tuple[bool]]":
    """A connection that no transaction shares, beside those of the pool: it is kept for as long as turns are taken."""
    connection = room.engine.connect()
    connection.detach()
    driver = cast("psycopg.Connection[tuple[bool]]", connection.connection.dbapi_connection)
    try:
        driver.autocommit = True
        driver.execute(_LIMITS, {"lock_timeout": f"{WAITING_SECONDS}s", "idle_session_timeout": f"{HELD_SECONDS}s"})
    except BaseException:
        driver.close()
        raise
    return driver
