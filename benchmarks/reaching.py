"""What filtering costs a search of a million studies: the same question with a reach and without, in turns.

    python -m benchmarks.reaching --rows 1000000

Studies lie in 20 takeovers, one in two of a patient's two. Both engines; each question is asked of a warm database, as
the doors ask it (`Catalogue.search`: the page, its counts and modalities). The reach is made beforehand; what gathering
its facts costs is a line of its own.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from sqlalchemy import event, text

from benchmarks.measuring import Row, median
from repository.access.bodies import custody_body, identifier_body, permission_body
from repository.access.permission import Permission
from repository.access.purpose import Purpose
from repository.access.reach import Reach, reach
from repository.access.request import AccessRequest
from repository.access.rules import rules_at
from repository.access.subject import Operation, Scope
from repository.catalogue.catalogue import Catalogue, create_catalogue, open_catalogue
from repository.catalogue.conditions import leads
from repository.catalogue.engine import Room, read_url
from repository.catalogue.grounding import grounded
from repository.catalogue.paging import page_statements
from repository.catalogue.query import Level, Query
from repository.catalogue.seeing import Sight
from repository.clock import instant
from repository.domain.deed import Deed
from repository.domain.describing import Identifier
from repository.domain.identifiers import PESEL_OID
from tests.builders.access import AT, OURS, SUCCESSOR, acting, consent, custody, patient, request, worker
from tests.builders.holdings import opened
from tests.peers.postgres import postgres

STUDIES, TAKEOVERS, KEPT, PROTECTED, ROUNDS = 1_000_000, 20, (3, 9, 15), 50, 9
WARM = 6  # psycopg prepares what it has been asked five times
AIM = 1.3
SETTINGS = {"shared_buffers": "512MB", "work_mem": "16MB", "max_wal_size": "4GB", "maintenance_work_mem": "256MB"}
_UID = "'1.2.826.0.1.3680043.10.' || {s}"
_DAYS = 7000

# Table → select list over `{s}`, the number of a study from 0: takeover 1 + s / {each}, patient 1 + (s % {each}) / 2.
# Words that the engines spell differently: {day} is a date of the study's, {pad} the patient's number in 11 digits.
FILL = {
    "patient": "1 + {s} / {each}, 1 + ({s} % {each}) / 2, 'Nazwisko^Imie', {s}, '19700101', '19700101', {s}, 'F', {s}",
    "patient_name": "1 + {s} / {each}, 1 + ({s} % {each}) / 2, 'nazwisko^imie'",
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
        only = " WHERE s % 2 = 0" if table in _BY_PATIENT else ""
        if sqlite:
            yield f"{series} INSERT INTO {table} SELECT * FROM (SELECT {chosen} FROM n{only})".replace(
                f"{series} INSERT INTO {table} SELECT * FROM (", f"INSERT INTO {table} SELECT * FROM ({series} ", 1
            )
        else:
            yield f"INSERT INTO {table} SELECT {chosen} FROM generate_series(0::bigint, {studies - 1}) s{only}"


def fill(url: str, studies: int) -> None:
    """The empty catalogue at `url` has `studies`, an even number for each of `TAKEOVERS`."""
    room = Room(read_url(url))
    with room.writing() as connection:
        for statement in _selects(studies, sqlite=room.sqlite):
            connection.execute(text(statement.replace(":", "\\:")))
    room.close()
    if read_url(url).get_backend_name() != "sqlite":
        with psycopg.connect(url, autocommit=True) as connection:
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


def requests(studies: int) -> dict[str, AccessRequest]:
    own = patient(pesel(studies // 2))
    search = {"operation": Operation.SEARCH}
    return {
        "custodian of 3 of 20 takeovers": request(acting(), purpose=Purpose.CUSTODY, **search),
        "custodian who treats, with consents": request(worker(), purpose=Purpose.TREATMENT, **search),
        "patient's own": request(own, purpose=Purpose.PATIENT_REQUEST, **search),
        "consent to one class and one to all": request(acting(), purpose=Purpose.TREATMENT, **search),
        "everything (emergency)": request(worker(), purpose=Purpose.EMERGENCY, reason="unconscious", **search),
    }


def questions(studies: int, catalogue: Catalogue, whose: Identifier | None = None) -> dict[str, Query]:
    """Of which each finds something in the middle of takeover 9; by the patient id of `whose`, if that is said."""
    middle = studies // TAKEOVERS * 8 + studies // TAKEOVERS // 2
    deep = catalogue.search(Query(level=Level.STUDY, takeovers=(9,), patient=studies // TAKEOVERS // 4, limit=1))
    if not deep.next:
        raise RuntimeError("the archive is too small for a deep page")
    return {
        "by patient id": Query(level=Level.STUDY, patient_id=(whose or pesel(middle)).extension),
        "of ten days, 100 at most": Query(level=Level.STUDY, dates="20100101-20100110", limit=100),
        "by accession number A*": Query(level=Level.STUDY, accession_number=f"ACC{middle // 100}*", limit=100),
        "first page of all": Query(level=Level.STUDY, limit=100),
        "deep page of all": Query(level=Level.STUDY, limit=100, after=deep.next),
    }


def _theirs(said: AccessRequest, studies: int) -> Identifier | None:
    """Whom the asker may see, so that a question by patient id costs its counts on either side."""
    if said.purpose is Purpose.PATIENT_REQUEST:
        return said.principal.identifier
    return pesel(studies // 4 + 2) if said == requests(studies)["consent to one class and one to all"] else None


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds, medians of rounds in turns; `asked`: statements of either; `found` hits on the filtered page."""

    engine: str
    who: str
    what: str
    plain: float
    filtered: float
    asked: tuple[int, int]
    found: int

    @property
    def ratio(self) -> float:
        return self.filtered / self.plain


def _once(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _in_turn(catalogue: Catalogue, query: Query, seen: Reach) -> tuple[float, float]:
    return _once(partial(catalogue.search, query)), _once(partial(catalogue.search, query, seen))


def _asked(catalogue: Catalogue, query: Query, seen: Reach | None) -> int:
    """How many statements a search makes."""
    counted: list[object] = []
    engine = catalogue._room.engine  # noqa: SLF001  what no verb of the catalogue tells

    def count(*told: object) -> None:
        counted.append(told)

    event.listen(engine, "after_cursor_execute", count)
    catalogue.search(query, seen)
    event.remove(engine, "after_cursor_execute", count)
    return len(counted)


def measured(catalogue: Catalogue, studies: int, engine: str) -> Iterator[Measured]:
    for protected in (False, True):
        if protected:
            protect(catalogue, studies)
        for who, said in requests(studies).items():
            seen = _reach(catalogue, said)
            name = f"{who}, {PROTECTED} protected" if protected else who
            for what, query in questions(studies, catalogue, _theirs(said, studies)).items():
                for _ in range(WARM):
                    found = len(catalogue.search(query, seen).hits)
                    catalogue.search(query)
                times = [_in_turn(catalogue, query, seen) for _ in range(ROUNDS)]
                plain, filtered = (median([each[place] for each in times]) for place in (0, 1))
                asked = _asked(catalogue, query, None), _asked(catalogue, query, seen)
                yield Measured(engine, name, what, plain, filtered, asked, found)
            gathering = median([_once(partial(_reach, catalogue, said)) for _ in range(ROUNDS)])
            yield Measured(engine, name, "(gathering its facts)", float("nan"), gathering, (0, 0), 0)


def _reach(catalogue: Catalogue, said: AccessRequest) -> Reach:
    return reach(said, catalogue.reaching.facts_for_search(said.principal), rules=rules_at(AT.date()))


def plans(catalogue: Catalogue, studies: int) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(who, what, tables of studies, patients or identifiers that PostgreSQL reads whole for it)."""
    from benchmarks.catalogue_plan import explain

    for who, said in requests(studies).items():
        seen = _reach(catalogue, said)
        for what, query in questions(studies, catalogue).items():
            with catalogue._room.reading() as connection:  # noqa: SLF001  the statement as the search puts it
                sight = Sight(grounded(connection, seen), connection.dialect, led=leads(query, connection.dialect))
                for statement in chain.from_iterable(page_statements(query, connection, sight)):
                    yield who, what, explain(connection, what, statement).scanned


def filled(url: str, studies: int, *, made: bool = False) -> Catalogue:
    """A catalogue of `studies` with all that `requests` need; `made`: an empty one is there."""
    catalogue = open_catalogue(url) if made else create_catalogue(url)
    for number in range(1, TAKEOVERS + 1):
        opened(catalogue, str(number))
    fill(url, studies)
    know(catalogue, studies)
    return catalogue


def on_sqlite(studies: int) -> Iterator[Measured]:
    with TemporaryDirectory(prefix="edm-reach-") as folder:
        catalogue = filled(f"sqlite:///{Path(folder) / 'catalogue.db'}", studies)
        yield from measured(catalogue, studies, "SQLite")
        catalogue.close()


def on_postgresql(studies: int) -> Iterator[Measured]:
    with postgres(SETTINGS) as server, server.database() as url:
        catalogue = filled(url, studies)
        yield from measured(catalogue, studies, "PostgreSQL")
        catalogue.close()


ENGINES: dict[str, Callable[[int], Iterator[Measured]]] = {"sqlite": on_sqlite, "postgresql": on_postgresql}


def run(studies: int, engines: Iterable[str] = ENGINES) -> Iterator[Measured]:
    for engine in engines:
        yield from ENGINES[engine](studies)


def reaching(_folder: Path) -> list[Row]:
    """The rows of this topic in the table of benchmarks."""
    return [
        Row(f"{each.engine}: {each.who}: studies {each.what}", f"{each.filtered:.2f} ms", f"{each.plain:.2f} ms",
            f"{each.ratio:.2f}", f"≤ {AIM}")
        for each in run(STUDIES)
    ]  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=STUDIES)
    parser.add_argument("--engine", action="append", choices=list(ENGINES))
    said = parser.parse_args()
    for each in run(said.rows // (2 * TAKEOVERS) * 2 * TAKEOVERS, said.engine or ENGINES):
        print(
            f"{each.engine:11} {each.who:52} {each.what:28} {each.plain:8.2f} ms {each.filtered:8.2f} ms "
            f"{each.ratio:6.2f} {each.asked[0]:3}{each.asked[1]:3} {each.found:4}",
            flush=True,
        )
    sys.exit(0)
