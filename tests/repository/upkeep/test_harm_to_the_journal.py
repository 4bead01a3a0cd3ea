"""Whatever is changed in a bundle, in a line or in what follows from the lines is found and named."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Integer, Table

from repository.catalogue.journal_tables import journal, journal_bundle
from repository.catalogue.projecting import FOLLOWING
from repository.findings import Finding
from repository.runtime import Archive
from repository.upkeep.checking import Level
from repository.upkeep.replaying import contradictions_of_journal
from storage.sealing.pack import HEADER, TRAILER
from tests.builders.archives_at_rest import AtRest, bare_package
from tests.builders.deeds import OTHER, PERSON, SURNAME
from tests.builders.faulty_stores import FalteringStore
from tests.repository.upkeep.journal_scene import FIRST, SECOND, TAIL, bundle_names, subject, with_journal
from tests.repository.upkeep.scene import EVERY_LEVEL, EXISTS, OPENED, SEALED, Findings, found, report

pytestmark = pytest.mark.requirement("R463-10.1.2", "R463-7.4")


@pytest.fixture(scope="module")
def unharmed(tmp_path_factory: pytest.TempPathFactory) -> AtRest:
    return with_journal(tmp_path_factory.mktemp("journal"))


@pytest.fixture
def archive(unharmed: AtRest, tmp_path: Path) -> AtRest:
    return unharmed.copy(tmp_path)


def codes(archive: AtRest, level: Level) -> set[str]:
    return {code for code, _ in found(archive, level)}


def flip(archive: AtRest, key: str, at: int) -> None:
    raw = bytearray(archive.store.content(key))
    raw[at] ^= 1
    archive.store.overwrite(key, bytes(raw))


def test_a_whole_journal_yields_nothing_at_any_level(archive: AtRest) -> None:
    for level in EVERY_LEVEL:
        said = report(archive, level)
        assert said.findings == ()
        assert said.whole
        assert said.tally.deeds >= TAIL  # a verification that opens is itself accounted for


def test_one_takeover_alone_has_no_journal(archive: AtRest, tmp_path: Path) -> None:
    archive.receive(bare_package(tmp_path / "package", {"a.txt": b"a"}))
    archive.sql("DELETE FROM journal WHERE number = 4")
    (takeover,) = archive.rows("SELECT id FROM takeover")
    assert [each.code for each in report(archive, SEALED, takeover=takeover[0]).findings] == ["VFY-ENTRY"]
    assert "VFY-JOURNAL-GAP" in codes(archive, SEALED)


@pytest.mark.parametrize("where", ["header", "sealed", "trailer"])
def test_a_bit_in_a_bundle_is_named(archive: AtRest, where: str) -> None:
    key, name = bundle_names(archive)[1], subject(archive, 1)
    size = len(archive.store.content(key))
    flip(archive, key, {"header": 80, "sealed": HEADER + 40, "trailer": size - 1}[where])
    code = "VFY-DESCRIPTION" if where == "sealed" else "VFY-FRAME"
    assert found(archive, EXISTS) == set()
    assert found(archive, SEALED) == {(code, name)}
    assert found(archive, OPENED) == {(code, name), ("VFY-JOURNAL-UNREAD", name)}


def test_a_bit_anywhere_in_a_bundle_is_found(archive: AtRest) -> None:
    key = bundle_names(archive)[0]
    good, size = archive.store.content(key), len(archive.store.content(key))
    for at in (5, 30, 50, 90, 127, *range(HEADER, size - TRAILER, size // 4), size - TRAILER, size - 20, size - 1):
        flip(archive, key, at)
        assert {name for _, name in found(archive, SEALED)} == {subject(archive, 0)}, at
        archive.store.overwrite(key, good)


def at_every_level(finding: tuple[str, str]) -> dict[Level, Findings]:
    return {level: {finding} for level in EVERY_LEVEL}


def gone(archive: AtRest) -> dict[Level, Findings]:
    archive.store.delete(bundle_names(archive)[0])
    name = subject(archive, 0)
    unread = {OPENED: {("VFY-MISSING", name), ("VFY-JOURNAL-UNREAD", name)}}
    return at_every_level(("VFY-MISSING", name)) | unread


def cut(archive: AtRest) -> dict[Level, Findings]:
    key, name = bundle_names(archive)[0], subject(archive, 0)
    archive.store.overwrite(key, archive.store.content(key)[:-1])
    unread = {OPENED: {("VFY-SIZE", name), ("VFY-JOURNAL-UNREAD", name)}}
    return at_every_level(("VFY-SIZE", name)) | unread


def another_in_its_place(archive: AtRest) -> dict[Level, Findings]:
    one, other = bundle_names(archive)
    name = subject(archive, 0)
    size = len(archive.store.content(one))
    archive.store.overwrite(one, archive.store.content(other)[:size].ljust(size, b"\0"))
    alien = {("VFY-ALIEN", name)}
    return {EXISTS: set(), SEALED: alien, OPENED: alien | {("VFY-JOURNAL-UNREAD", name)}}


def its_key_gone(archive: AtRest) -> dict[Level, Findings]:
    ((key,),) = archive.rows("SELECT value FROM archive WHERE name = 'journal_key'")
    archive.store.delete(next(name for name in archive.store.names("keys/") if key in name))
    missing = {("VFY-KEY-MISSING", f"journal/key/{key}")}
    unread = {("VFY-JOURNAL-UNREAD", subject(archive, at)) for at in (0, 1)}
    return {EXISTS: missing, SEALED: missing, OPENED: missing | unread}


def one_that_nobody_knows(archive: AtRest) -> dict[Level, Findings]:
    archive.store.overwrite("journal/" + "0" * 32, b"somebody's")
    return at_every_level(("VFY-STRAY", "journal/object/" + "0" * 32))


@pytest.mark.parametrize("harm", [gone, cut, another_in_its_place, its_key_gone, one_that_nobody_knows])
def test_harm_to_a_bundle_is_named(archive: AtRest, harm: Callable[[AtRest], dict[Level, Findings]]) -> None:
    expected = harm(archive)
    for level in EVERY_LEVEL:
        assert found(archive, level) == expected[level], level


def test_lines_removed_with_all_that_the_catalogue_says_of_them_are_told_by_a_bundle_that_nobody_knows(
    archive: AtRest,
) -> None:
    """The hardest case: the end of the journal, its entries and its bundle's row are gone, and nothing was signed."""
    name = subject(archive, 1)
    archive.sql("DELETE FROM log_entry WHERE [index] >= (SELECT log_index FROM journal WHERE number = ?)", FIRST + 1)
    archive.sql("DELETE FROM checkpoint WHERE size > (SELECT log_index FROM journal WHERE number = ?)", FIRST + 1)
    archive.sql("DELETE FROM journal WHERE number > ?", FIRST)
    archive.sql('DELETE FROM journal_bundle WHERE "first" > ?', FIRST)
    assert ("VFY-STRAY", name) in found(archive, EXISTS)
    assert ("VFY-JOURNAL-TOLD", name) in found(archive, OPENED)


def test_a_missing_line_is_named_at_every_level(archive: AtRest) -> None:
    archive.sql("DELETE FROM journal WHERE number = 4")
    for level in EVERY_LEVEL:
        said = found(archive, level)
        assert {("VFY-JOURNAL-GAP", "journal"), ("VFY-ENTRY", "log")} <= said
        assert (("VFY-JOURNAL-UNFOLLOWED", "journal") in said) == (level is not EXISTS)
        assert (("VFY-JOURNAL-TOLD", subject(archive, 0)) in said) == (level is OPENED)


def test_lines_missing_at_the_end_are_named(archive: AtRest) -> None:
    archive.sql("DELETE FROM journal WHERE number > 12")
    assert {("VFY-JOURNAL-BUNDLE", subject(archive, 1)), ("VFY-ENTRY", "log")} <= found(archive, EXISTS)


LINE = [
    ("number", "number + 1000", "VFY-JOURNAL-LINE"),
    ("kind", "'review'", "VFY-JOURNAL-LINE"),
    ("at", "'2020-01-01T00:00:00.000000Z'", "VFY-JOURNAL-LINE"),
    ("outcome", "'refused'", "VFY-JOURNAL-LINE"),
    ("body", "replace(body, 'worker', 'walker')", "VFY-JOURNAL-LINE"),
    ("body", "'{'", "VFY-JOURNAL-LINE"),
    ("body", "'[]'", "VFY-JOURNAL-LINE"),
    ("record", "CAST(replace(CAST(record AS TEXT), '2026', '2025') AS BLOB)", "VFY-JOURNAL-ENTRY"),
    ("log_index", "log_index + 1000", "VFY-JOURNAL-ENTRY"),
]


@pytest.mark.parametrize(("column", "value", "code"), LINE)
def test_a_changed_line_is_named_at_every_level(archive: AtRest, column: str, value: str, code: str) -> None:
    assert archive.sql(f"UPDATE journal SET {column} = {value} WHERE number = {TAIL}") == 1
    number = TAIL + 1000 if column == "number" else TAIL
    for level in (EXISTS, SEALED):
        assert (code, f"journal/{number}") in found(archive, level)
    assert {name for name, *_ in LINE} == {str(each.name) for each in journal.columns}


BUNDLE = [
    ("first", "2", "VFY-JOURNAL-BUNDLE", EXISTS),
    ("last", "7", "VFY-JOURNAL-BUNDLE", EXISTS),
    ("last", "7000000000000", "VFY-JOURNAL-BUNDLE", EXISTS),
    ("key", "'journal/elsewhere'", "VFY-MISSING", EXISTS),
    ("size", "size + 1", "VFY-SIZE", EXISTS),
    ("record_key", "'ff'", "VFY-KEY-MISSING", EXISTS),
    ("header_sha256", "randomblob(32)", "VFY-FRAME", SEALED),
    ("description_sha256", "randomblob(32)", "VFY-DESCRIPTION", SEALED),
]


@pytest.mark.parametrize(("column", "value", "code", "level"), BUNDLE)
def test_a_changed_row_of_a_bundle_is_named(archive: AtRest, column: str, value: str, code: str, level: Level) -> None:
    assert archive.sql(f'UPDATE journal_bundle SET "{column}" = {value} WHERE "first" = 1') == 1
    assert code in codes(archive, level)
    compared = {name for name, *_ in BUNDLE} | {"version"}  # a memory store has no versions: see VFY-VERSION of packs
    assert compared == {str(each.name) for each in journal_bundle.columns}


def columns() -> Iterator[tuple[Table, str, str]]:
    """Each column that follows from a deed, with another value for it."""
    for table in FOLLOWING:
        for column in table.columns:
            number = isinstance(column.type, Integer)
            yield table, str(column.name), f'"{column.name}" + 1000' if number else f"\"{column.name}\" || 'x'"


def contradicted(opened: Archive, folder: Path) -> list[Finding]:
    folder.mkdir()
    return list(contradictions_of_journal(opened.catalogue, archive=opened.id.hex, folder=folder))


def test_every_column_of_every_table_that_follows_counts(archive: AtRest, tmp_path: Path) -> None:
    tried = set()
    with archive.open() as opened, closing(sqlite3.connect(archive.database, isolation_level=None)) as database:
        database.execute("PRAGMA synchronous = OFF")
        for at, (table, column, other) in enumerate(columns()):
            whole = database.execute(f"SELECT * FROM {table.name}").fetchall()
            if not whole:
                continue  # demands have tests of their own
            key, keys = str(next(iter(table.primary_key.columns)).name), {str(c.name) for c in table.primary_key}
            last = f"{key} = (SELECT max({key}) FROM {table.name})"
            database.execute(f'UPDATE {table.name} SET "{column}" = {other} WHERE {last}')
            said = contradicted(opened, tmp_path / f"{at}")
            expected = {"VFY-JOURNAL-LOST", "VFY-JOURNAL-ADDED"} if column in keys else {"VFY-JOURNAL-CHANGED"}
            assert {(each.code, each.params["table"]) for each in said} == {(code, table.name) for code in expected}
            for secret in (SURNAME, PERSON["extension"], OTHER["extension"]):
                assert not [each for each in said if secret in each.en or secret in each.pl]
            database.execute(f"DELETE FROM {table.name}")
            database.executemany(f"INSERT INTO {table.name} VALUES ({', '.join('?' * len(whole[0]))})", whole)
            tried.add(table.name)
        assert len(tried) == 9
        assert contradicted(opened, tmp_path / "whole") == []


@pytest.mark.parametrize(
    "table", ["account", "account_patient", "permission", "protection", "relation", "after_death", "custody"]
)
def test_a_row_that_is_gone_is_named(archive: AtRest, table: str) -> None:
    assert archive.sql(f"DELETE FROM {table}") >= 1
    assert codes(archive, EXISTS) == set()
    assert codes(archive, SEALED) == {"VFY-JOURNAL-LOST"}


def test_a_row_that_was_made_by_hand_is_named(archive: AtRest) -> None:
    row: list[Any] = list(archive.rows("SELECT * FROM permission WHERE id = 'p-1' AND edition = 2")[0])
    archive.sql(f"INSERT INTO permission VALUES ({', '.join('?' * len(row))})", "forged", *row[1:])
    assert [(each.code, each.params) for each in report(archive, SEALED).findings] == [
        ("VFY-JOURNAL-ADDED", {"table": "permission", "row": "id forged, edition 2"})
    ]


@pytest.mark.parametrize("level", EVERY_LEVEL)
def test_a_run_cut_into_the_smallest_pieces_says_the_same_of_the_journal(archive: AtRest, level: Level) -> None:
    archive.sql("UPDATE custody SET until = 'x'")
    archive.sql("UPDATE journal SET outcome = 'x' WHERE number = 20")
    flip(archive, bundle_names(archive)[0], HEADER + 3)
    archive.store.overwrite("journal/" + "0" * 32, b"somebody's")
    at_once, sessions = report(archive, level), 0
    while not (piece := report(archive, level, max_seconds=1e-9)).complete:
        sessions += 1
        assert sessions < 100
    assert sessions > 4
    assert {(each.code, each.subject) for each in piece.findings} == {
        (each.code, each.subject) for each in at_once.findings
    }
    assert piece.tally.bundles == at_once.tally.bundles == 2


def test_a_store_that_is_silent_about_the_journal_is_no_damage(archive: AtRest) -> None:
    store = FalteringStore(archive.store, lambda key: key.startswith("journal/"))
    for level in EVERY_LEVEL:
        said = report(archive, level, store=store)
        assert {each.code for each in said.findings} == {"VFY-UNCHECKED"}
        assert (said.damage, said.complete) == ((), True)
    assert found(archive, SEALED) == set()


def test_what_was_not_sealed_yet_is_compared_with_the_log_alone(archive: AtRest) -> None:
    assert archive.rows("SELECT max(last) FROM journal_bundle") == [(SECOND,)]
    archive.sql("UPDATE journal SET at = at || '0' WHERE number = ?", TAIL)
    assert ("VFY-JOURNAL-LINE", f"journal/{TAIL}") in found(archive, EXISTS)
