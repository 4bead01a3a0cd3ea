"""Rows of the catalogue that were changed, removed or added by hand are found and named."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import Boolean, Column, Integer, LargeBinary, Table

from repository.catalogue import tables
from repository.catalogue.dumping import DERIVED
from tests.builders.archives_at_rest import AtRest
from tests.repository.upkeep.scene import EVERY_LEVEL, EXISTS, OPENED, SEALED, Place, found, places, report, rich

pytestmark = pytest.mark.requirement("R463-7.3", "R463-7.4")

# What a holding's record commits to is compared with it at every level.
COMMITTED = [
    ("holding", "path", "'data/elsewhere'", "ordinal"),
    ("holding", "size", "size + 1", "ordinal"),
    ("holding", "sha256", "randomblob(32)", "ordinal"),
    ("holding", "received_at", "'2020-01-01T00:00:00Z'", "ordinal"),
    ("holding", "media_type", "'text/html'", "ordinal"),
    ("holding", "disposition", "'unexpected'", "ordinal"),
    ("holding", "conflicts_with", "99", "ordinal"),
    ("holding", "record", "CAST(replace(CAST(record AS TEXT), '2', '3') AS BLOB)", "ordinal"),
    ("instance", "sop_instance_uid", "'1.2.3'", "ordinal"),
    ("instance", "instance_number", "'77'", "ordinal"),
    ("document", "title", "'Another title'", "ordinal"),
    ("document", "confidentiality", "'V'", "ordinal"),
    ("document", "author", "'Nobody^At all'", "ordinal"),
]
# All else is told by the sealed descriptions, which take keys to read.
TOLD = [
    ("patient", "name", "'Somebody^Else'"),
    ("patient", "birth_date", "'19990101'"),
    ("patient_identifier", "extension", "'00000000000'"),
    ("study", "study_date", "'19990101'"),
    ("study", "accession_number", "'A-1'"),
    ("series", "modality", "'MR'"),
    ("item", "disposition", "'duplicate'"),
    ("item", "declared_digests", "'{}'"),
    ("producer", "name", "'Another provider'"),
    ("custody_event", "detail", "'another'"),
    ("takeover", "legal_basis", "'none'"),
    ("takeover", "package", "'/elsewhere'"),
    ("takeover", "fingerprint", "'0'"),
    ("takeover", "declared", "0"),
]


def changed(found: set[tuple[str, str]]) -> set[str]:
    return {code for code, _ in found}


def last(archive: AtRest, table: str, key: str) -> int:
    number: int = archive.rows(f"SELECT max({key}) FROM {table}")[0][0]
    return number


@pytest.mark.parametrize(("table", "column", "value", "key"), COMMITTED)
def test_a_row_that_its_record_contradicts_is_named_at_every_level(
    archive: AtRest, table: str, column: str, value: str, key: str
) -> None:
    ordinal = last(archive, table, key)
    assert archive.sql(f"UPDATE {table} SET {column} = {value} WHERE {key} = ?", ordinal) == 1
    takeover = places(archive)[0].takeover.id
    assert found(archive, EXISTS) == {("VFY-ROW", f"{takeover}/{ordinal}")}
    everything = {(each.code, each.subject, each.params.get("table")) for each in report(archive, OPENED).findings}
    extra = {("VFY-DIGEST", f"{takeover}/{ordinal}", None)} if column == "sha256" else set()
    assert everything == extra | {
        ("VFY-ROW", f"{takeover}/{ordinal}", None),
        ("VFY-ROW-CHANGED", takeover, table),
    }


@pytest.mark.parametrize(("table", "column", "value"), TOLD)
def test_a_row_that_the_store_contradicts_is_named_once_the_descriptions_are_read(
    archive: AtRest, table: str, column: str, value: str
) -> None:
    where = {"takeover": "number = 1", "custody_event": "kind = 'validation'", "item": "ordinal = 3"}
    one = where.get(table, f"rowid = (SELECT min(rowid) FROM {table})" if table in ("study", "series") else "true")
    assert archive.sql(f"UPDATE {table} SET {column} = {value} WHERE {one}") >= 1
    takeover = places(archive)[0].takeover.id
    assert found(archive, SEALED) == set()
    said = report(archive, OPENED)
    assert {(each.code, each.subject, each.params["table"]) for each in said.findings} == {
        ("VFY-ROW-CHANGED", takeover, table)
    }
    assert all("Else" not in each.en and "00000000000" not in each.en for each in said.findings)


@pytest.mark.parametrize("state", ["receiving", "received", "balanced", "rejected"])
def test_a_takeover_in_another_state_than_its_protocol_says_is_named(archive: AtRest, state: str) -> None:
    """But for the one step back that a crash may leave: the last move is then made by the next `receive`."""
    archive.sql(
        "UPDATE takeover SET state = ?, closed_at = CASE WHEN ? = 'balanced' THEN '' ELSE closed_at END", state, state
    )
    expected = set() if state == "balanced" else {("VFY-ROW-CHANGED", places(archive)[0].takeover.id)}
    assert found(archive, OPENED) == expected


LEFT_OUT = {"takeover", "log_index", "epoch"}  # keys of the partition; what another place keeps


def columns() -> Iterator[tuple[Table, Column[Any], str]]:
    """Each column that is compared, with another value for it in SQL."""
    for table in (tables.takeover, *DERIVED):
        own = LEFT_OUT | ({"number"} if table is tables.takeover else set())
        for column in (each for each in table.columns if each.name not in own):
            if isinstance(column.type, LargeBinary):
                yield table, column, "randomblob(16)"
            elif isinstance(column.type, Boolean):
                yield table, column, f'1 - "{column.name}"'
            elif isinstance(column.type, Integer):
                yield table, column, f'"{column.name}" + 1000'
            else:
                yield table, column, f"coalesce(\"{column.name}\", '') || 'x'"


def test_every_column_of_every_table_counts(two: AtRest) -> None:
    """Each changed by itself: what is compared differs, in that table. All that is left out is kept elsewhere."""
    tried = 0
    with two.open() as opened, closing(sqlite3.connect(two.database)) as database:
        database.execute("PRAGMA synchronous = OFF")
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        before = [set(opened.catalogue.dump(number)) for number in (1, 2)]
        for table, column, other in columns():
            number = "number" if table is tables.takeover else "takeover"
            whose, row = f"SELECT max({number}) FROM {table.name}", f"SELECT * FROM {table.name} WHERE {number}"
            (takeover,) = database.execute(whose).fetchone()
            kept = database.execute(f"{row} = {takeover}").fetchall()
            key = ", ".join(f'"{each.name}"' for each in table.primary_key.columns)
            one = f"({key}) = (SELECT {key} FROM {table.name} WHERE {number} = {takeover} LIMIT 1)"
            database.execute(f'UPDATE {table.name} SET "{column.name}" = {other} WHERE {one}')
            database.commit()
            differing = {name for name, _ in set(opened.catalogue.dump(takeover)) ^ before[takeover - 1]}
            database.execute(f"DELETE FROM {table.name} WHERE {number} = {takeover}")
            database.executemany(f"INSERT INTO {table.name} VALUES ({', '.join('?' * len(kept[0]))})", kept)
            database.commit()
            assert differing == {table.name}, column.name
            tried += 1
        assert [set(opened.catalogue.dump(number)) for number in (1, 2)] == before
    assert tried > 120


def test_a_holding_removed_leaves_a_gap_and_an_entry_without_row(archive: AtRest) -> None:
    place = rich(archive)
    holding = place.holdings[1]
    index = archive.rows("SELECT log_index FROM holding WHERE ordinal = ?", holding.ordinal)[0][0]
    archive.sql("DELETE FROM holding WHERE ordinal = ?", holding.ordinal)
    said = report(archive, EXISTS).findings
    assert {(each.code, each.subject) for each in said} == {("VFY-GAP", place.name), ("VFY-ENTRY", "log")}
    assert [each.params for each in said if each.code == "VFY-ENTRY"] == [{"first": index, "count": 1}]


def all_rows_of(archive: AtRest, place: Place) -> Iterator[str]:
    ordinals = ", ".join(str(holding.ordinal) for holding in place.holdings)
    for table in ("holding", "item", "instance", "document", "document_study", "medical_event", "finding"):
        yield f"DELETE FROM {table} WHERE takeover = {place.takeover.number} AND ordinal IN ({ordinals or '-1'})"
    yield f"DELETE FROM stored_object WHERE object_id = '{place.pack.object_id}'"


def test_an_object_forgotten_with_all_its_rows_is_still_in_the_log(archive: AtRest) -> None:
    place = next(each for each in places(archive) if each.holdings)
    for statement in all_rows_of(archive, place):
        archive.sql(statement)
    for level in (EXISTS, SEALED):
        assert changed(found(archive, level)) == {"VFY-STRAY", "VFY-ENTRY"}
    assert not report(archive, SEALED).whole


def test_the_rows_of_an_object_that_has_none_are_named(archive: AtRest) -> None:
    place = rich(archive)
    archive.sql("DELETE FROM stored_object WHERE object_id = ?", place.pack.object_id)
    assert found(archive, EXISTS) == {("VFY-ROW-ORPHAN", place.name), ("VFY-STRAY", place.name)}


def test_a_whole_takeover_forgotten_is_still_in_the_log(two: AtRest) -> None:
    for (table,) in two.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
        if "takeover" in {row[1] for row in two.rows(f"PRAGMA table_info({table})")}:
            two.sql(f"DELETE FROM {table} WHERE takeover = 2")
    two.sql("DELETE FROM takeover WHERE number = 2")
    for level in EVERY_LEVEL:
        assert found(two, level) == {("VFY-ENTRY", "log")}


@pytest.mark.parametrize(
    ("removed", "code"),
    [
        ("DELETE FROM patient WHERE number = 1", "VFY-ROW-LOST"),
        ("DELETE FROM patient_name WHERE number = 1", "VFY-ROW-LOST"),
        ("DELETE FROM patient_identifier WHERE number = 1", "VFY-ROW-LOST"),
        ("DELETE FROM study", "VFY-ROW-LOST"),
        ("DELETE FROM series", "VFY-ROW-LOST"),
        ("DELETE FROM item WHERE disposition = 'missing'", "VFY-ROW-LOST"),
        ("DELETE FROM finding WHERE ordinal = 0", "VFY-ROW-LOST"),
        ("DELETE FROM producer WHERE role = 'successor'", "VFY-ROW-LOST"),
        ("INSERT INTO item VALUES (1, 9999, 'data/x', 1, 0, -1, '{}', 'missing', 0, 0, '')", "VFY-ROW-ADDED"),
        ("INSERT INTO patient_name VALUES (1, 1, 'SOMEBODY^ELSE')", "VFY-ROW-ADDED"),
        ("INSERT INTO finding VALUES (1, 0, 0, x'01', 'TKO-COUNT', '', '{}')", "VFY-ROW-ADDED"),
    ],
)  # fmt: skip
def test_rows_removed_and_added_are_named(two: AtRest, removed: str, code: str) -> None:
    assert two.sql(removed) >= 1
    assert changed(found(two, SEALED)) == set()
    assert changed(found(two, OPENED)) == {code}


def test_a_finding_of_an_item_removed_is_found_without_keys(two: AtRest) -> None:
    assert two.sql("DELETE FROM finding WHERE ordinal > 0 AND code = (SELECT max(code) FROM finding WHERE ordinal > 0)")
    assert changed(found(two, EXISTS)) == {"VFY-ROW"}


def test_a_custody_event_that_points_to_another_entry_is_named(archive: AtRest) -> None:
    assert archive.sql("UPDATE custody_event SET log_index = 1 WHERE kind = 'validation'") == 1
    assert changed(found(archive, EXISTS)) == {"VFY-ENTRY"}
    assert changed(found(archive, OPENED)) == {"VFY-ENTRY", "VFY-ROW-CHANGED"}


def test_a_custody_event_removed_is_found_without_keys(archive: AtRest) -> None:
    assert archive.sql("DELETE FROM custody_event WHERE kind = 'validation'") == 1
    assert changed(found(archive, EXISTS)) == {"VFY-ENTRY"}
    assert changed(found(archive, OPENED)) == {"VFY-ENTRY", "VFY-ROW-LOST"}


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE holding SET kind = 'novel' WHERE ordinal = (SELECT max(ordinal) FROM holding)", "VFY-ROWS-UNREAD"),
        ("UPDATE holding SET disposition = 'lost' WHERE ordinal = 2", "VFY-ROWS-UNREAD"),
        ("UPDATE shared_facts SET body = '{'", "VFY-ROWS-UNREAD"),
        ("UPDATE stored_object SET object_id = 'xyz' WHERE patient = 1", "VFY-ROW-ORPHAN"),
        ("UPDATE record_key SET id = 'xyz' WHERE patient = 1", "VFY-KEY-MISSING"),
        ("UPDATE holding SET log_index = 9999 WHERE ordinal = 2", "VFY-GAP"),
        ("UPDATE holding SET object_id = 'ffff' WHERE ordinal = 2", "VFY-ROW-ORPHAN"),
    ],
)  # fmt: skip
def test_nonsense_in_a_row_is_named_and_stops_nothing(archive: AtRest, statement: str, code: str) -> None:
    archive.sql(statement)
    for level in EVERY_LEVEL:
        said = report(archive, level)
        assert code in {each.code for each in said.damage}
        assert said.complete
