"""Shows that the catalogue's questions stay index-backed as it grows: fills a real PostgreSQL and reads its plans.

    python -m benchmarks.catalogue_plan --rows 10000000

Rows are made inside the server (generate_series) in the shape of the catalogue's own tables: studies of 4 series of
100 images. Then every question that a door asks is explained, exactly as the catalogue would put it. The planner is
left as it is configured by default; nothing is forbidden to it. A plan that reads a whole table of images, holdings,
series or studies for a selective question fails the run.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import Connection, select, text

from repository.access.extent import Part
from repository.access.reach import Reach
from repository.catalogue.catalogue import create_catalogue
from repository.catalogue.engine import Room, read_url
from repository.catalogue.paging import Statement, page_statements
from repository.catalogue.query import Level, Query
from repository.catalogue.reading import holdings_page
from repository.catalogue.search import Sights
from repository.catalogue.tables import holding, instance, log_entry
from repository.domain.describing import Identifier
from tests.builders.holdings import opened
from tests.peers.postgres import postgres

IN_STUDY = 400  # images, in 4 series
OF_AUTHOR = 20  # documents
LARGE = ("instance", "holding", "series", "study", "log_entry", "patient_name", "name_word", "patient_identifier",
    "document")  # fmt: skip

SMALL_PAGES = 100  # reading a table of 800 KiB whole can be the right plan, and is quick

# Table → select list over the numbers from 0; `s` studies, `r` series, `i` images, `p` patients (one in two studies).
_UID = "'1.2.826.0.1.3680043.10.' || "
_PESEL = "'2.16.840.1.113883.3.4424.1.1.616'"
FILL = {
    "patient": """1, p + 1, 'Nazwisko' || p + 1 || '^Imie', p, '19700101',
        to_char(date '1930-01-01' + (p % 30000)::int, 'YYYYMMDD'), p, 'F', p
        FROM generate_series(0, {patients} - 1) p""",
    "patient_name": "1, p + 1, 'nazwisko' || p + 1 || '^imie' FROM generate_series(0, {patients} - 1) p",
    "name_word": """1, 'nazwisko' || p + 1 || '^imie', w, replace(replace(w, 'w', 'v'), 'o', 'u')
        FROM generate_series(0, {patients} - 1) p, unnest(ARRAY['nazwisko' || p + 1, 'imie']) w""",
    "patient_identifier": f"""1, p + 1, lpad((p + 1)::text, 11, '0'), {_PESEL}, {_PESEL},
        lpad((p + 1)::text, 11, '0') FROM generate_series(0, {{patients}} - 1) p""",
    "stored_object": """1, lpad(to_hex(s), 32, '0'), 'takeovers/t/' || s, 52428800, '', 'k' || s % {patients} + 1,
        s % {patients} + 1, sha256(s::text::bytea), 1, 1, sha256(s::text::bytea)
        FROM generate_series(0, {studies} - 1) s""",
    "study": f"""1, s % {{patients}} + 1, {_UID} s, s * {{in_study}} + 1,
        to_char(date '2005-01-01' + (s % 7000)::int, 'YYYYMMDD'), '101112', 'ACC' || s, s::text, 'TK', 'Lekarski^Jan',
        'Nazwisko^Imie', s::text, '', '19700101', 'F', to_char(date '2005-01-01' + (s % 7000)::int, 'YYYYMMDD'),
        'lekarski^jan' FROM generate_series(0, {{studies}} - 1) s""",
    "series": f"""1, (r / 4) % {{patients}} + 1, {_UID} r / 4, {_UID} r / 4 || '.' || r % 4, r * {{in_study}} / 4 + 1,
        (ARRAY['CT','CT','CT','MR','US'])[1 + r % 5], (r % 4)::text, 'opis', 'HEAD', '', '20200101', '101112',
        'protokol', 'TK1', 'Producent' FROM generate_series(0, {{studies}} * 4 - 1) r""",
    "holding": """1, i + 1, 'dicom/' || lpad(i::text, 9, '0') || '.dcm', (i / {in_study}) % {patients} + 1, 524288,
        sha256(i::text::bytea), sha256(('s' || i)::bytea), lpad(to_hex(i / {in_study}), 32, '0'),
        (i % {in_study}) * 524800, 524800, convert_to(repeat('r', 380), 'UTF8'), i, '2026-01-02T03:04:05Z', 'dicom',
        'application/dicom', 'kept', 0, NULL FROM generate_series(0::bigint, {rows} - 1) i""",
    "instance": f"""1, i + 1, (i / {{in_study}}) % {{patients}} + 1, {_UID} i / {{in_study}},
        {_UID} i / {{in_study}} || '.' || i % 4, {_UID} i / {{in_study}} || '.' || i % 4 || '.' || i,
        '1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.1.2.1', (i / 4 % 100)::text, '512', '512', '16', NULL, '20200101',
        '101112', '{{{{"AcquisitionNumber":"1","SOPInstanceUID":null}}}}'
        FROM generate_series(0::bigint, {{rows}} - 1) i""",
    "log_entry": "i, sha256(('e' || i)::bytea), 1 FROM generate_series(0::bigint, {rows} + {studies} - 1) i",
}
_PLACE = "lpad(to_hex(s), 32, '0'), {in_study} * 524800, 4096"
# One document for each study, behind its images; twenty of each author `a`.
DOCUMENTS = {
    "holding": f"""1, {{rows}} + s + 1, 'cda/' || s || '.xml', s % {{patients}} + 1, 4000, sha256(('d' || s)::bytea),
        sha256(('sd' || s)::bytea), {_PLACE}, convert_to(repeat('r', 380), 'UTF8'), {{rows}} + s,
        '2026-01-02T03:04:05Z', 'cda', 'text/xml', 'kept', 0, NULL
        FROM generate_series(0::bigint, {{studies}} - 1) s""",
    "document": """1, {rows} + s + 1, s % {patients} + 1, '1.2.616.1^' || s, s, '1.2.616.1', s, '1.2.616.2^' || s,
        '1.2.616.2', s, '1', '2.16.840.1.113883.3.4424.13.10.1.3', '11502-2', '00.30', '00.30', 'Opis badania',
        '20200103120000+0100', '20200103', 'N', 'pl-PL', 'Łękarz' || a || '^Jan', '2.16.840.1.113883.3.4424.1.6.2', a,
        '2.16.840.1.113883.3.4424.2.3.1', '1', NULL, NULL, true, 'lekarz' || a || '^jan',
        '2.16.840.1.113883.3.4424.1.6.2^' || a
        FROM (SELECT s, lpad((s % {authors})::text, 7, '0') a FROM generate_series(0::bigint, {studies} - 1) s) d""",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What PostgreSQL would do: `scanned` are the tables it would read whole, `milliseconds` what it took."""

    name: str
    scanned: tuple[str, ...]
    used: tuple[str, ...]
    milliseconds: float
    found: int


def fill(url: str, rows: int, *, in_study: int = IN_STUDY) -> int:
    """The database holds at least `rows` images in takeover 1, whole studies with a document each. Returns how many."""
    studies = max(1, rows // in_study)
    numbers = {"rows": studies * in_study, "studies": studies, "patients": max(1, studies // 2), "in_study": in_study,
        "authors": max(1, studies // OF_AUTHOR)}  # fmt: skip
    with psycopg.connect(url, autocommit=True) as connection:
        # Foreign keys hold by construction here; checking them row by row would triple the time.
        connection.execute("SET session_replication_role = replica")
        for table, rows_of in (*FILL.items(), *DOCUMENTS.items()):
            began = time.monotonic()
            connection.execute(f"INSERT INTO {table} SELECT {rows_of.format(**numbers)}".encode())
            print(f"  {table:20} {time.monotonic() - began:8.1f} s", file=sys.stderr)
        connection.execute("VACUUM ANALYZE")
    return numbers["rows"]


def questions(room: Room, rows: int, *, in_study: int) -> Iterator[tuple[str, Any]]:
    """Everything that doors and journeys ask, about something in the middle of the data."""
    s = rows // in_study // 2
    patients = max(1, rows // in_study // 2)
    p = s % patients + 1
    study, author = f"1.2.826.0.1.3680043.10.{s}", f"{s % max(1, rows // in_study // OF_AUTHOR):07d}"
    asked = {
        "C-FIND study by patient id": Query(level=Level.STUDY, patient_id=f"{p:011d}"),
        "C-FIND study by patient name": Query(level=Level.STUDY, patient_name=f"Nazwisko{p}^*"),
        "C-FIND study by the sound of a name": Query(
            level=Level.STUDY, patient_name=f"Imie^Nazwysko{p}", fuzzy=True, dates="20050101-20251231"
        ),
        "C-FIND patient by the end of a name": Query(level=Level.PATIENT, patient_name=f"Nazw*o{p}", fuzzy=True),
        "C-FIND study by accession number": Query(level=Level.STUDY, accession_number=f"ACC{s}"),
        "C-FIND study by date and name": Query(
            level=Level.STUDY, patient_name=f"NAZWISKO{p}*", dates="20050101-20251231"
        ),
        "QIDO studies by UID": Query(level=Level.STUDY, study_uids=(study,)),
        "QIDO studies of a day": Query(level=Level.STUDY, dates="20100615"),
        "QIDO studies of a SOP instance": Query(level=Level.STUDY, sop_instance_uids=(f"{study}.0.{s * in_study}",)),
        "C-FIND series of a study": Query(level=Level.SERIES, study_uids=(study,)),
        "C-FIND series of a study by modality": Query(level=Level.SERIES, study_uids=(study,), modality="CT"),
        "C-FIND instances of a series": Query(level=Level.INSTANCE, study_uids=(study,), series_uids=(f"{study}.1",)),
        "WADO instances of a study": Query(level=Level.INSTANCE, study_uids=(study,)),
        "WADO instance by UID": Query(level=Level.INSTANCE, sop_instance_uids=(f"{study}.0.{s * in_study}",)),
        "patient by identifier": Query(level=Level.PATIENT, patient_id=f"{p:011d}"),
        "patient by birth date and name": Query(level=Level.PATIENT, birth_date="19500101", patient_name="nazw*"),
        "holdings of a patient": Query(level=Level.HOLDING, takeovers=(1,), patient=p),
        "documents by author": Query(level=Level.DOCUMENT, author=f"ŁĘKARZ{author}^Jan"),
        "documents by author's beginning": Query(level=Level.DOCUMENT, author=f"lekarz{author}*"),
        "patients by author of a document": Query(level=Level.PATIENT, author=f"lekarz{author}^*"),
    }
    wrote = Reach(parts=(Part(author=Identifier("2.16.840.1.113883.3.4424.1.6.2", author)),))
    with room.reading() as connection:
        for name, query in asked.items():
            yield name, next(page_statements(query, connection, None))[0]
        every = Query(level=Level.DOCUMENT)
        sight = Sights(connection, wrote).of(every, connection.dialect)
        yield "documents that the asker wrote", next(page_statements(every, connection, sight))[0]
    yield (
        "next page of all instances",
        select(instance)
        .where(instance.c.takeover == 1, instance.c.ordinal > rows // 2)
        .order_by(instance.c.takeover, instance.c.ordinal)
        .limit(100),
    )
    yield "holding by ordinal", select(holding).where(holding.c.takeover == 1, holding.c.ordinal == rows // 2)
    yield (
        "holding by digest",
        select(holding.c.ordinal).where(holding.c.sha256 == b"\x00" * 32, holding.c.takeover == 1),
    )
    yield "verification goes on", holdings_page(1, (f"{s:032x}", 5))
    yield (
        "log entries of a tile",
        select(log_entry).where(log_entry.c.index >= rows // 2, log_entry.c.index < rows // 2 + 256),
    )
    yield "unclaimed log entries", select(log_entry.c.index).where(text("claimed = 0")).limit(1)


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def explain(connection: Connection, name: str, statement: Statement) -> Plan:
    compiled = statement.compile(connection, compile_kwargs={"render_postcompile": True})
    parameters = compiled.construct_params()
    processors = compiled._bind_processors  # noqa: SLF001  as SQLAlchemy itself would bind them
    bound = {key: processors[key](value) if key in processors else value for key, value in parameters.items()}
    row = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {compiled.string}", bound).scalar_one()
    told = (json.loads(row) if isinstance(row, str) else row)[0]
    nodes = list(_nodes(told["Plan"]))
    big = text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relpages > :pages")
    large = set(connection.execute(big, {"pages": SMALL_PAGES}).scalars())
    read = {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"}
    scanned = tuple(sorted(read & large))
    used = tuple(sorted({node["Index Name"] for node in nodes if "Index Name" in node}))
    return Plan(name, scanned, used, told["Execution Time"], told["Plan"]["Actual Rows"])


def plans(room: Room, rows: int, *, in_study: int = IN_STUDY) -> Iterator[Plan]:
    for name, statement in questions(room, rows, in_study=in_study):
        with room.reading() as connection:
            yield explain(connection, name, statement)


def sizes(url: str) -> Iterator[tuple[str, int, int]]:
    """(table, bytes of rows, bytes of indexes) of the tables that grow."""
    with psycopg.connect(url) as connection:
        for table in LARGE:
            sized = connection.execute("SELECT pg_table_size(%s), pg_indexes_size(%s)", [table, table]).fetchone()
            if sized is not None:
                yield table, sized[0], sized[1]


def run(rows: int) -> int:
    settings = {"shared_buffers": "512MB", "work_mem": "16MB", "max_wal_size": "4GB", "maintenance_work_mem": "256MB"}
    with postgres(settings) as server, server.database() as url:
        catalogue = create_catalogue(url)
        opened(catalogue)
        catalogue.close()
        filled, room = fill(url, rows), Room(read_url(url))
        bad = 0
        for plan in plans(room, filled):
            bad += bool(plan.scanned)
            told = f"READS WHOLE {', '.join(plan.scanned)}" if plan.scanned else ", ".join(plan.used)
            print(f"{plan.name:40} {plan.found:6.0f} rows {plan.milliseconds:9.2f} ms  {told}")
        print(f"\nbytes per image at {filled:,} images")
        for table, own, indexes in sizes(url):
            print(f"{table:20} {own / filled:8.1f} rows {indexes / filled:8.1f} indexes")
        room.close()
    return 1 if bad else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=10_000_000)
    sys.exit(run(parser.parse_args().rows))
