"""Making, opening and upgrading a catalogue: the schema is exactly the code's, or it is refused by name."""

import stat
from collections import deque
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from repository.catalogue import migrating
from repository.catalogue.catalogue import create_catalogue, open_catalogue, upgrade_catalogue
from repository.catalogue.engine import Room, place, read_url
from repository.catalogue.errors import (
    CatalogueConflict,
    CatalogueDamaged,
    CatalogueExists,
    CatalogueFull,
    CatalogueMissing,
    CatalogueNeedsUpgrade,
    CatalogueReadOnly,
    CatalogueRefused,
    CatalogueTooNew,
    CatalogueUnavailable,
)
from repository.catalogue.tables import metadata
from tests.builders.holdings import image, opened, packed


def _room(url: str) -> Room:
    return Room(read_url(url))


def test_the_history_ends_at_the_tables_of_the_code(fresh: Callable[[], str]) -> None:
    room = _room(fresh())
    with room.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    room.close()


def test_a_catalogue_is_made_once_and_opened_again(empty: str) -> None:
    create_catalogue(empty).close()
    with pytest.raises(CatalogueExists):
        create_catalogue(empty)
    open_catalogue(empty).close()
    assert upgrade_catalogue(empty) == (migrating.NEWEST, migrating.NEWEST)


def test_every_older_schema_is_refused_and_upgraded_with_what_is_in_it(empty: str) -> None:
    if empty.startswith("sqlite"):
        Path(empty.removeprefix("sqlite:///")).parent.mkdir()
        Path(empty.removeprefix("sqlite:///")).touch()
    room = _room(empty)
    migrating.upgrade(room, to="0005")
    with room.writing() as connection:
        connection.execute(text("INSERT INTO archive VALUES ('id', 'kept')"))
    room.close()
    with pytest.raises(CatalogueNeedsUpgrade) as told:
        open_catalogue(empty)
    assert told.value.fields["found"] == "0005"
    assert upgrade_catalogue(empty) == ("0005", migrating.NEWEST)
    catalogue = open_catalogue(empty)
    assert catalogue.archive() == {"id": "kept"}
    catalogue.close()


def test_every_revision_can_be_reached_on_its_own(empty: str) -> None:
    if empty.startswith("sqlite"):
        Path(empty.removeprefix("sqlite:///")).parent.mkdir()
    room = _room(empty)
    for revision in reversed(migrating.revisions()):
        migrating.upgrade(room, to=revision)
        with room.reading() as connection:
            assert MigrationContext.configure(connection).get_current_revision() == revision
    room.close()
    open_catalogue(empty).close()


def test_a_schema_of_the_future_is_refused(fresh: Callable[[], str]) -> None:
    url = fresh()
    room = _room(url)
    with room.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    room.close()
    for deed in (open_catalogue, upgrade_catalogue):
        with pytest.raises(CatalogueTooNew):
            deed(url)


def test_a_database_without_a_catalogue_is_no_catalogue(empty: str) -> None:
    if empty.startswith("sqlite"):
        with pytest.raises(CatalogueMissing):
            open_catalogue(empty)
        assert not Path(empty.removeprefix("sqlite:///")).exists()
    else:
        with pytest.raises(CatalogueMissing):
            open_catalogue(empty)


def test_an_sqlite_catalogue_is_read_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.db"
    catalogue = create_catalogue(f"sqlite:///{path}")
    opened(catalogue)
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
    assert modes == dict.fromkeys([f"catalogue.db{each}" for each in ("", "-shm", "-turns", "-wal")], 0o600)
    catalogue.close()


def test_a_file_that_is_no_database_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.db"
    path.write_bytes(b"not a database " * 100)
    with pytest.raises(CatalogueDamaged):
        open_catalogue(f"sqlite:///{path}")


def test_a_damaged_page_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.db"
    catalogue = create_catalogue(f"sqlite:///{path}")
    number = opened(catalogue).number
    catalogue.record(number, [packed("aa", *(image(n) for n in range(1, 200)))])
    catalogue.close()
    octets = bytearray(path.read_bytes())
    for page in range(4096, len(octets), 4096):
        octets[page : page + 64] = b"\xff" * 64
    path.write_bytes(octets)
    with pytest.raises(CatalogueDamaged):
        list(open_catalogue(f"sqlite:///{path}").holdings(number))


def test_a_server_that_does_not_answer_is_unavailable_and_its_password_is_not_told(tmp_path: Path) -> None:
    with pytest.raises(CatalogueUnavailable) as told:
        open_catalogue(f"postgresql://archive:sesame@/archive?host={tmp_path}")
    assert told.value.retryable
    assert "sesame" not in f"{told.value}{told.value.message}{place(read_url('postgresql://a:sesame@h/d'))}"


@pytest.mark.parametrize("url", ["mysql://u:sesame@h/d", "sqlite://", "sqlite:///:memory:", "nonsense:sesame"])
def test_an_address_of_another_kind_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(CatalogueRefused) as told:
        open_catalogue(url)
    assert "sesame" not in str(told.value)


@pytest.mark.parametrize("fresh", ["sqlite"], indirect=True)  # max_page_count makes a full disk; PostgreSQL has none
def test_a_full_disk_is_told_as_such(fresh: Callable[[], str]) -> None:
    catalogue = open_catalogue(fresh())
    number = opened(catalogue).number
    with catalogue._room.reading() as connection:  # the one that is kept for whoever comes next
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 10}")
    packs = (packed(f"{start}", *(image(n) for n in range(start, start + 100))) for start in range(1, 100_000, 100))
    with pytest.raises(CatalogueFull):
        deque((catalogue.record(number, [pack]) for pack in packs), maxlen=0)
    assert len(list(catalogue.holdings(number))) == catalogue.log_size()
    catalogue.close()


@pytest.mark.parametrize("fresh", ["postgresql"], indirect=True)  # of SQLite it is shown in tests/faults
def test_a_database_that_may_only_be_read_says_so(fresh: Callable[[], str]) -> None:
    catalogue = open_catalogue(fresh() + "&options=-c%20default_transaction_read_only%3Don")
    with pytest.raises(CatalogueReadOnly):
        opened(catalogue)
    catalogue.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE takeover SET state = 'accepted'",
        "UPDATE log_entry SET entry = checkpoint.root FROM checkpoint",
        "DELETE FROM log_entry",
        "DELETE FROM checkpoint",
        "UPDATE checkpoint SET noted_at = ''",
    ],
)
def test_the_database_itself_guards_takeovers_and_log(fresh: Callable[[], str], statement: str) -> None:
    catalogue = open_catalogue(fresh())
    catalogue.record(opened(catalogue).number, [packed("aa", image(1))])
    catalogue.note_checkpoint(1, b"r" * 32, b"note")
    with pytest.raises(CatalogueConflict), catalogue._room.writing() as connection:
        connection.execute(text(statement))
    catalogue.close()


def test_the_revision_that_the_code_works_with_is_the_newest_there_is() -> None:
    assert migrating.revisions()[0] == migrating.NEWEST
