"""The border to the database: vendor errors stop here and become errors of the catalogue.

They are raised `from None`: an engine's message may quote the values of a row, and those are personal data.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from repository.catalogue import errors

# Primary result codes of SQLite (https://www.sqlite.org/rescode.html): the low byte of the extended code.
_SQLITE: Mapping[int, type[errors.CatalogueError]] = {
    sqlite3.SQLITE_BUSY: errors.CatalogueBusy,
    sqlite3.SQLITE_LOCKED: errors.CatalogueBusy,
    sqlite3.SQLITE_FULL: errors.CatalogueFull,
    sqlite3.SQLITE_CORRUPT: errors.CatalogueDamaged,
    sqlite3.SQLITE_NOTADB: errors.CatalogueDamaged,
    sqlite3.SQLITE_READONLY: errors.CatalogueReadOnly,
    sqlite3.SQLITE_IOERR: errors.CatalogueUnavailable,
    sqlite3.SQLITE_CANTOPEN: errors.CatalogueUnavailable,
    sqlite3.SQLITE_PERM: errors.CatalogueRefused,
    sqlite3.SQLITE_AUTH: errors.CatalogueRefused,
    sqlite3.SQLITE_CONSTRAINT: errors.CatalogueConflict,
}

# SQLSTATE (PostgreSQL, appendix A), longest prefix first.
_POSTGRES: Mapping[str, type[errors.CatalogueError]] = {
    "53100": errors.CatalogueFull,
    "3D000": errors.CatalogueRefused,
    "25P03": errors.CatalogueUnavailable,  # we slept in a transaction, and the server ended it
    "25P04": errors.CatalogueUnavailable,  # the same in the middle of a batch, or the transaction lasted too long
    "25006": errors.CatalogueReadOnly,
    "42501": errors.CatalogueReadOnly,
    "40001": errors.CatalogueBusy,
    "40P01": errors.CatalogueBusy,
    "55P03": errors.CatalogueBusy,
    "57014": errors.CatalogueUnavailable,  # a statement took longer than the server lets one, or was cancelled
    "57P": errors.CatalogueUnavailable,
    "08": errors.CatalogueUnavailable,
    "23": errors.CatalogueConflict,
    "28": errors.CatalogueRefused,
    "53": errors.CatalogueUnavailable,
    "58": errors.CatalogueUnavailable,
    "XX": errors.CatalogueDamaged,
}


def _sqlite(error: sqlite3.Error) -> errors.CatalogueError:
    number = getattr(error, "sqlite_errorcode", None)
    name = getattr(error, "sqlite_errorname", None) or type(error).__name__
    kind = errors.CatalogueError if number is None else _SQLITE.get(number & 0xFF, errors.CatalogueError)
    return kind(reason=name)


def _postgres(error: psycopg.Error) -> errors.CatalogueError:
    state = error.sqlstate
    if state is None:  # the connection was refused, or fell over: libpq has no code for it
        # psycopg has no narrower word for a result of libpq's own: whatever a server says of itself has a code.
        lost = isinstance(error, psycopg.OperationalError) or type(error) is psycopg.DatabaseError
        return (errors.CatalogueUnavailable if lost else errors.CatalogueError)(reason=type(error).__name__)
    for prefix in (state, state[:3], state[:2]):
        if prefix in _POSTGRES:
            return _POSTGRES[prefix](reason=error.diag.constraint_name or f"SQLSTATE {state}")
    return errors.CatalogueError(reason=f"SQLSTATE {state}")


def translate(error: SQLAlchemyError) -> errors.CatalogueError:
    """The catalogue's word for `error`, without a value of any row in it."""
    if isinstance(error, DBAPIError):
        if isinstance(error.orig, sqlite3.Error):
            return _sqlite(error.orig)
        if isinstance(error.orig, psycopg.Error):
            return _postgres(error.orig)
        if isinstance(error, IntegrityError):
            return errors.CatalogueConflict(reason=type(error).__name__)
    if isinstance(error, PoolTimeout):
        return errors.CatalogueBusy(reason="no free connection")
    return errors.CatalogueError(reason=type(error).__name__)


@contextmanager
def translated() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise translate(error) from None
    except sqlite3.Error as error:  # of what is put to the driver itself (`prepared.py`, `bulk.py`)
        raise _sqlite(error) from None
    except psycopg.Error as error:
        raise _postgres(error) from None
