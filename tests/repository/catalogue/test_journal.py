"""The journal: numbered without a gap, one transaction with what follows, and nothing in it ever changed."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import insert, select, text

from repository.catalogue import tables
from repository.catalogue.catalogue import Catalogue, open_catalogue, scratch_catalogue
from repository.catalogue.dumping import DERIVED
from repository.catalogue.errors import CatalogueConflict, CatalogueError
from repository.catalogue.journal import Bundle
from repository.catalogue.journal_tables import account, journal, journal_bundle
from repository.catalogue.projecting import FOLLOWING, PROJECTIONS
from repository.evidence.record import DeedRecord, parsed
from tests.builders.deeds import OTHER, PERSON, SURNAME, maker, permission, some_of_each
from tests.builders.deeds import account as account_body
from tests.builders.holdings import image, opened, packed

pytestmark = pytest.mark.requirement("R463-10.1.2")

# Tables that neither follow from the journal nor are told of by packs.
APART = {
    "archive", "takeover", "log_entry", "checkpoint", "verification_run", "verification_finding", "job", "journal",
    "journal_bundle",
    "person", "person_attempt", "person_session", "collector", "collector_failure",
    "client_assertion", "request_once", "series_header", "commitment",
}  # fmt: skip


def bundle(first: int, last: int, name: str = "aa") -> Bundle:
    return Bundle(first, last, f"journal/{name}", "", 300, "ff", b"h" * 32, b"d" * 32)


def everything(catalogue: Catalogue) -> list[tuple[str, str, bytes]]:
    return [(row.table, row.named, row.content) for row in catalogue.journal.following()]


def test_numbers_have_no_gap_and_indexes_ascend_under_concurrent_writers(catalogue: Catalogue) -> None:
    number = opened(catalogue).number

    def write(place: int) -> list[int]:
        if place % 3 == 0:  # entries of another kind come in between
            catalogue.record(number, [packed(f"{place:04x}", image(place + 1), takeover=number)])
        made = catalogue.journal.write([maker("account", account_body(ordinal=place))] * (1 + place % 3))
        return [deed.number for deed in made]

    with ThreadPoolExecutor(6) as pool:
        written = list(pool.map(write, range(36)))
    count = sum(1 + place % 3 for place in range(36))
    assert sorted(each for group in written for each in group) == list(range(1, count + 1))
    assert all(group == list(range(group[0], group[0] + len(group))) for group in written)
    lines = list(catalogue.journal.lines(after=0, last=count))
    assert [line.number for line in lines] == list(range(1, count + 1))
    indexes = [line.log_index for line in lines]
    assert indexes == sorted(set(indexes))
    assert all(line.deed is not None and line.entry == line.deed.entry for line in lines)
    assert catalogue.log_size() == count + 12
    assert list(catalogue.unheld()) == []


def test_what_is_written_is_read_again(catalogue: Catalogue) -> None:
    told = some_of_each()
    written = catalogue.journal.write([maker(*each) for each in told])
    assert list(catalogue.journal.deeds()) == written
    assert list(catalogue.journal.deeds(after=3, last=5)) == written[3:5]
    assert [deed.kind for deed in catalogue.journal.deeds(kind="permission")] == ["permission"] * 3
    assert (catalogue.journal.size(), catalogue.log_size()) == (len(told), len(told))
    assert [catalogue.journal.index_of(number) for number in (1, 2, len(told) + 1)] == [0, 1, None]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("permission", permission(edition=2)),  # that edition is there
        ("permission-end", {"id": "p-2", "edition": 1, "reason": "withdrawn"}),
        ("protection-end", {"id": "pr-2"}),  # has ended
        ("review", {"account": 1}),  # is done
        ("leave-end", {"id": "a-1"}),
    ],
)
def test_a_deed_that_contradicts_leaves_nothing(catalogue: Catalogue, kind: str, body: dict[str, object]) -> None:
    catalogue.journal.write([maker(*each) for each in some_of_each()])
    before = catalogue.journal.size(), catalogue.log_size(), everything(catalogue)
    with pytest.raises(CatalogueConflict):
        catalogue.journal.write([maker("account", account_body()), maker(kind, body)])
    assert (catalogue.journal.size(), catalogue.log_size(), everything(catalogue)) == before
    (next_one,) = catalogue.journal.write([maker("account", account_body())])
    assert next_one.number == before[0] + 1


CHANGES = [
    "UPDATE journal SET body = '{}' WHERE number = 1",
    "UPDATE journal SET log_index = log_index + 100",
    "DELETE FROM journal WHERE number = 2",
    "DELETE FROM journal",
    "UPDATE journal_bundle SET last = 1",
    "DELETE FROM journal_bundle",
]


@pytest.mark.parametrize("statement", CHANGES)
def test_the_database_refuses_to_change_or_delete_a_line(catalogue: Catalogue, statement: str) -> None:
    catalogue.journal.write([maker(*each) for each in some_of_each()])
    catalogue.journal.note_bundle(bundle(1, 2))
    before = list(catalogue.journal.deeds()), catalogue.journal.bundles()
    with pytest.raises(CatalogueError), catalogue._room.writing() as connection:
        connection.execute(text(statement))
    assert (list(catalogue.journal.deeds()), catalogue.journal.bundles()) == before


def test_a_line_is_not_replaced_by_an_insert_either(catalogue: Catalogue) -> None:
    """SQLite deletes what is in the way of INSERT OR REPLACE, without asking the trigger for DELETE."""
    deeds = catalogue.journal.write([maker("account", account_body())] * 2)
    catalogue.journal.note_bundle(bundle(1, 1))
    row = {"number": 1, "kind": "x", "at": "", "outcome": "", "body": "{}", "record": b"", "log_index": 9}
    replacing = "OR REPLACE" if catalogue._room.sqlite else ""
    for changed in (row, row | {"number": 9, "log_index": 1}):
        with pytest.raises(CatalogueConflict), catalogue._room.writing() as connection:
            connection.execute(insert(journal).prefix_with(replacing), changed)
    with catalogue._room.reading() as connection:
        other = connection.execute(select(journal_bundle)).one()._asdict() | {"last": 2}
    with pytest.raises(CatalogueConflict), catalogue._room.writing() as connection:
        connection.execute(insert(journal_bundle).prefix_with(replacing), other)
    assert list(catalogue.journal.deeds()) == deeds
    assert catalogue.journal.bundles() == [bundle(1, 1)]


def test_bundles_follow_each_other(catalogue: Catalogue) -> None:
    catalogue.journal.write([maker("account", account_body())] * 5)
    for wrong in (bundle(2, 3), bundle(1, 6), bundle(1, 0)):
        with pytest.raises(CatalogueConflict):
            catalogue.journal.note_bundle(wrong)
    assert (catalogue.journal.bundled(), catalogue.journal.covered()) == (0, 0)
    catalogue.journal.note_bundle(bundle(1, 3))
    with pytest.raises(CatalogueConflict):
        catalogue.journal.note_bundle(bundle(1, 3, "bb"))
    assert (catalogue.journal.bundled(), catalogue.journal.covered()) == (3, 3)
    catalogue.journal.note_bundle(bundle(4, 5, "bb"))
    assert catalogue.journal.bundles() == [bundle(1, 3), bundle(4, 5, "bb")]
    assert (catalogue.journal.bundled(), catalogue.journal.covered()) == (5, 5)


def test_what_may_be_signed_ends_before_the_first_line_without_a_bundle(catalogue: Catalogue) -> None:
    number = opened(catalogue).number
    assert catalogue.journal.covered() == 0
    catalogue.record(number, [packed("aa", image(1), image(2), takeover=number)])
    assert catalogue.journal.covered() == 2
    catalogue.journal.write([maker("account", account_body())])
    catalogue.record(number, [packed("bb", image(3), takeover=number)])
    catalogue.journal.write([maker("account", account_body())])
    assert catalogue.journal.covered() == 2
    catalogue.journal.note_bundle(bundle(1, 1))
    assert (catalogue.journal.covered(), catalogue.log_size()) == (4, 5)
    catalogue.journal.note_bundle(bundle(2, 2, "bb"))
    assert catalogue.journal.covered() == 5
    assert [catalogue.journal.signed_up_to(size) for size in (0, 2, 3, 4, 5, 9)] == [0, 0, 1, 1, 2, 2]


def test_records_in_the_log_name_nobody(catalogue: Catalogue) -> None:
    deeds = catalogue.journal.write([maker(*each) for each in some_of_each()])
    assert len(deeds) == len(some_of_each())
    for deed in deeds:
        said = parsed(deed.record)
        assert isinstance(said, DeedRecord)
        assert (said.number, said.event, said.outcome, said.at) == (deed.number, deed.kind, deed.outcome, deed.at)
        for secret in (SURNAME, PERSON["extension"], OTHER["extension"], "NZOZ", "worker-1"):
            assert secret.encode() not in deed.record
            assert json.dumps(secret).strip('"').encode() not in deed.record


def test_what_follows_is_named_without_naming_anybody(catalogue: Catalogue) -> None:
    catalogue.journal.write([maker(*each) for each in some_of_each()])
    names = {(row.table, row.named) for row in catalogue.journal.following()}
    assert {table for table, _ in names} == {"account", "account_patient", "permission", "protection", "relation",
                                             "after_death", "custody", "leave", "first_copy"}  # fmt: skip
    assert ("permission", "id p-1, edition 2") in names
    assert ("after_death", "place 1") in names
    assert not [named for _, named in names if "9001" in named or SURNAME in named]


def test_the_same_follows_when_deeds_are_restored(fresh: Callable[[], str]) -> None:
    one, other = (open_catalogue(fresh()) for _ in range(2))
    deeds = one.journal.write([maker(*each) for each in some_of_each()])
    other.restore_log(0, one.entries(0, 18)[:10])  # the last eight were not yet in the tiles
    with pytest.raises(CatalogueConflict):
        other.journal.restore(deeds[1:])
    with pytest.raises(CatalogueConflict):
        other.journal.restore([deeds[0], deeds[2]])
    assert other.journal.size() == 0
    other.journal.restore(deeds[:7])
    other.journal.restore(deeds[7:])
    assert everything(other) == everything(one)
    assert list(other.journal.deeds()) == deeds
    assert (other.log_size(), other.unclaimed(), other.entries(0, 18)) == (18, 0, one.entries(0, 18))
    for each in (one, other):
        each.close()


def test_both_engines_and_a_scratch_give_the_rows_in_one_order(catalogue: Catalogue, tmp_path: object) -> None:
    odd = ["a", "B", "ą", "\U0001f600", "￿", "a b", "a\0b", "Ż"]
    told = [maker("permission", permission(name)) for name in odd]
    deeds = catalogue.journal.write(told)
    scratch = scratch_catalogue(tmp_path / "s.sqlite")  # type: ignore[operator]
    scratch.journal.restore(deeds)
    keys = [row.key for row in catalogue.journal.following()]
    assert keys == sorted(keys) == [row.key for row in scratch.journal.following()]
    assert everything(catalogue) == everything(scratch)
    scratch.close()


def test_a_kind_without_a_projection_is_not_written(catalogue: Catalogue) -> None:
    with pytest.raises(KeyError):
        catalogue.journal.write([maker("of a later version", {})])
    assert (catalogue.journal.size(), catalogue.log_size()) == (0, 0)
    assert "of a later version" not in PROJECTIONS


def test_lines_that_are_none_are_given_as_such(catalogue: Catalogue) -> None:
    (deed,) = catalogue.journal.write([maker("account", account_body())])
    with catalogue._room.writing() as connection:
        bad = {"number": 2, "kind": "x", "at": "", "outcome": "", "body": "{", "record": b"", "log_index": 7}
        connection.execute(insert(journal), bad)
    lines = list(catalogue.journal.lines(after=0, last=9))
    assert [(line.number, line.deed, line.entry) for line in lines] == [(1, deed, deed.entry), (2, None, None)]


def test_every_table_is_told_of_by_packs_or_follows_from_the_journal_or_stands_apart() -> None:
    """Whoever adds a table says here where it comes from: else no verification would compare it."""
    seeded = {name for name, table in tables.metadata.tables.items() if table.info.get("seeded")}
    told, following = {table.name for table in DERIVED}, {table.name for table in FOLLOWING}
    assert not told & following
    assert not (told | following) & APART
    assert set(tables.metadata.tables) - seeded <= told | following | APART


def test_an_account_under_review_is_due_until_it_was_looked_at(catalogue: Catalogue) -> None:
    catalogue.journal.write([maker("account", account_body()), maker("account", account_body(duties=[]))])

    def reviews() -> list[str]:
        with catalogue._room.reading() as connection:
            return list(connection.execute(select(account.c.review).order_by(account.c.number)).scalars())

    assert reviews() == ["due", ""]
    catalogue.journal.write([maker("review", {"account": 1})])
    assert reviews() == ["done", ""]
    with pytest.raises(CatalogueConflict):
        catalogue.journal.write([maker("review", {"account": 2})])


def test_a_bundle_is_a_value(catalogue: Catalogue) -> None:
    catalogue.journal.write([maker("account", account_body())])
    catalogue.journal.note_bundle(replace(bundle(1, 1), version="v 1", size=7))
    assert catalogue.journal.bundles()[0] == replace(bundle(1, 1), version="v 1", size=7)
