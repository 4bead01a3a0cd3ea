"""A catalogue of a million studies for `reaching`: made inside of the engine, with custody, consents and flags.

Studies lie in 20 takeovers, one in two of a patient's two.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from repository.access.bodies import custody_body, identifier_body, permission_body
from repository.access.permission import Permission
from repository.access.subject import Scope
from repository.catalogue.catalogue import Catalogue, create_catalogue, open_catalogue
from repository.catalogue.engine import read_url
from repository.clock import instant
from repository.domain.deed import Deed
from repository.domain.describing import Identifier
from repository.domain.identifiers import PESEL_OID
from tests.builders.access import AT, OURS, SUCCESSOR, consent, custody
from tests.builders.holdings import opened
from tests.peers.postgres import postgres

TAKEOVERS, KEPT, PROTECTED = 20, (3, 9, 15), 50
SETTINGS = {"shared_buffers": "512MB", "work_mem": "16MB", "max_wal_size": "4GB", "maintenance_work_mem": "256MB"}
_UID = "'1.2.826.0.1.3680043.10.' || {s}"
_DAYS = 7000

# Table → select list over `{s}`, the number of a study from 0: takeover 1 + s / {each}, patient 1 + (s % {each}) / 2.
# Words that the engines spell differently: {day} is a date of the study's, {pad} the patient's number in 11 digits.
FILL = {
    "patient": "1 + {s} / {each}, 1 + ({s} % {each}) / 2, 'Nazwisko^Imie', {s}, '19700101', '19700101', {s}, 'F', {s}",
    "patient_name": "1 + {s} / {each}, 1 + ({s} % {each}) / 2, 'nazwisko^imie'",
    "name_word": "1 + {s} / {each}, 'nazwisko^imie', 'nazwisko', 'nazvisku'",
    "patient_identifier": "1 + {s} / {each}, 1 + ({s} % {each}) / 2, {pad},"
    f" '{PESEL_OID}', '{PESEL_OID}', {{pad}}",
    "study": f"1 + {{s}} / {{each}}, 1 + ({{s}} % {{each}}) / 2, {_UID}, {{s}} + 1, {{day}}, '101112',"
    " 'ACC' || {s}, '1', 'TK', 'Lekarski^Jan', 'Nazwisko^Imie', '1', '', '19700101', 'F', {day}, 'lekarski^jan'",
    "series": f"1 + {{s}} / {{each}}, 1 + ({{s}} % {{each}}) / 2, {_UID}, {_UID} || '.1', {{s}} + 1, 'CT', '1', 'opis',"
    " 'HEAD', '', {day}, '101112', 'protokol', 'TK1', 'Producent'",
}  # fmt: skip
_BY_PATIENT = ("patient", "patient_name", "patient_identifier")


def pesel(study: int) -> Identifier:
    """Of the patient of that study, as the archive is filled."""
    return Identifier(PESEL_OID, f"{study // 2 + 1:011d}")


def _selects(studies: int, *, sqlite: bool) -> Iterator[str]:
    pad = "lpad(({s} / 2 + 1)::text, 11, '0')"
    day = f"to_char(date '2005-01-01' + ({{s}} % {_DAYS})::int, 'YYYYMMDD')"
    if sqlite:
        pad = "printf('%011d', {s} / 2 + 1)"
        day = f"strftime('%Y%m%d', '2005-01-01', '+' || ({{s}} % {_DAYS}) || ' days')"
    series = f"WITH RECURSIVE n(s) AS (SELECT 0 UNION ALL SELECT s + 1 FROM n WHERE s < {studies - 1})"
    for table, columns in FILL.items():
        words = {"each": str(studies // TAKEOVERS), "s": "s"}
        chosen = columns.replace("{pad}", pad).replace("{day}", day).format(**words)
        every = 2 if table in _BY_PATIENT else studies // TAKEOVERS if table == "name_word" else 1
        only = f" WHERE s % {every} = 0"
        if sqlite:
            yield f"{series} INSERT INTO {table} SELECT * FROM (SELECT {chosen} FROM n{only})".replace(
                f"{series} INSERT INTO {table} SELECT * FROM (", f"INSERT INTO {table} SELECT * FROM ({series} ", 1
            )
        else:
            yield f"INSERT INTO {table} SELECT {chosen} FROM generate_series(0::bigint, {studies - 1}) s{only}"


def fill(url: str, studies: int) -> None:
    """The empty catalogue at `url` has `studies`, an even number for each of `TAKEOVERS`. Rows are made inside the
    engine, which is quicker than to send them. Foreign keys hold by construction; to check them doubles the time."""
    read = read_url(url)
    if read.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(str(read.database), isolation_level=None)) as file:
            file.executescript("PRAGMA foreign_keys=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-262144; BEGIN;")
            for statement in _selects(studies, sqlite=True):
                file.execute(statement).close()
            file.execute("COMMIT")
        return
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in _selects(studies, sqlite=False):
            connection.execute(statement.encode())
        connection.execute("VACUUM ANALYZE")


def _project(catalogue: Catalogue, kind: str, body: dict[str, object]) -> None:
    """The deed is in the journal, with what follows from it."""

    def made(number: int) -> Deed:
        record = f"{number} {kind}".encode()
        return Deed(number, kind, instant(AT), "done", body, record, sha256(record).digest())

    catalogue.journal.write([made])


def _give(catalogue: Catalogue, each: Permission) -> None:
    _project(catalogue, "permission", permission_body(each))


def protect(catalogue: Catalogue, studies: int) -> None:
    for n in range(PROTECTED):
        known = identifier_body(pesel(n * (studies // PROTECTED) + 8))
        _project(catalogue, "protection", {"id": f"flag-{n}", "patient": known, "takeover": ""})


def know(catalogue: Catalogue, studies: int) -> None:
    """Custody of 3 takeovers, and one consent to a class, and one to all, are recorded."""
    for number in range(1, TAKEOVERS + 1):
        whose = custody(OURS if number in KEPT else SUCCESSOR)
        _project(catalogue, "custody", {"takeover": f"takeover-{number}", "name": "", **custody_body(whose)})
    part = Scope(classes=("01.10",))
    _give(catalogue, consent(id="part", patient=pesel(studies // 4), scope=part))
    _give(catalogue, consent(id="whole", patient=pesel(studies // 4 + 2)))


def filled(url: str, studies: int, *, made: bool = False) -> Catalogue:
    """A catalogue of `studies` with all that `requests` need; `made`: an empty one is there."""
    catalogue = open_catalogue(url) if made else create_catalogue(url)
    for number in range(1, TAKEOVERS + 1):
        opened(catalogue, str(number))
    fill(url, studies)
    know(catalogue, studies)
    return catalogue


@contextmanager
def on_sqlite(studies: int) -> Iterator[Catalogue]:
    with TemporaryDirectory(prefix="edm-reach-", dir=os.environ.get("EDM_BENCH_DIR")) as folder:
        yield filled(f"sqlite:///{Path(folder) / 'catalogue.db'}", studies)


@contextmanager
def on_postgresql(studies: int) -> Iterator[Catalogue]:
    with postgres(SETTINGS) as server, server.database() as url:
        yield filled(url, studies)


ENGINES: dict[str, Callable[[int], AbstractContextManager[Catalogue]]] = {
    "SQLite": on_sqlite, "PostgreSQL": on_postgresql,
}  # fmt: skip
