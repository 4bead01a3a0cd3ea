"""The words of names: written with what says them, whatever the order; filled in by the upgrade as they would be."""

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, text

from repository.catalogue import bulk, flattening, tables
from repository.catalogue.catalogue import Catalogue, open_catalogue, upgrade_catalogue
from repository.catalogue.engine import Room, read_url
from repository.catalogue.migrating import NEWEST
from repository.catalogue.text import fit
from repository.domain.describing import PatientFacts
from repository.domain.holding import Holding
from tests.builders.holdings import image, opened, packed, paper, person
from tests.repository.catalogue.conftest import Fresh
from tests.repository.catalogue.test_search import SHARED

ODD = ["Łącka-Żółć^Anna Maria", "␛0000\0^\ud800", "x" * 400, "O'Hara^Seán", "^ -", "", "=山田^太郎", "Kowalski, Jan"]


def words(catalogue: Catalogue, takeover: int = 1) -> list[bytes]:
    return [row for name, row in catalogue.dump(takeover) if name == "name_word"]


def said_by(names: Sequence[str]) -> list[Holding]:
    found, uids = [], iter(range(1, 1000))
    for ordinal, name in enumerate(names, 1):
        uid, whose = f"1.2.{next(uids)}", person(ordinal % 3 + 1, name=name)
        referred = {"ReferringPhysicianName": names[-ordinal]}
        found.append(image(ordinal, patient=ordinal % 3 + 1, facts=whose, study=uid, series=uid, attributes=referred))
    return found


def record(catalogue: Catalogue, holdings: Iterable[Holding]) -> None:
    """Each by itself, as they come."""
    for each in holdings:
        catalogue.record(1, [packed(f"{each.ordinal:02x}", each)])


def test_every_name_that_is_said_has_its_words_whatever_came_first(fresh: Fresh) -> None:
    made, found = said_by(ODD), []
    for order in (made, made[::-1]):
        catalogue = open_catalogue(fresh())
        opened(catalogue)
        record(catalogue, order)
        record(catalogue, order)  # again, as after a crash
        found.append(words(catalogue))
        catalogue.close()
    assert found[0] == found[1]
    said = [name for each in made for name in flattening.names_said(each.description.patient, each.description.dicom)]
    assert len(found[0]) == len({row for name in said for row in flattening.name_word_rows(1, name)})


def test_a_name_that_no_holding_says_has_its_words(catalogue: Catalogue) -> None:
    opened(catalogue)
    of_the_list = PatientFacts((), "Zupełnie^Inna", "", "")
    catalogue.record(1, [packed("aa", paper(1, facts=person(1, name="Osoba^Pewna")), facts=of_the_list)])
    found = b"".join(words(catalogue))
    assert b'"inna"' in found
    assert b'"pewna"' in found


def test_the_second_image_of_a_series_writes_no_word(catalogue: Catalogue) -> None:
    opened(catalogue)
    catalogue.record(1, [packed("aa", image(1))])
    heard: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        heard.append(statement)

    before = words(catalogue)
    event.listen(catalogue._room.engine, "before_cursor_execute", hear)
    catalogue.record(1, [packed("bb", *(image(n) for n in range(2, 9)))])
    event.remove(catalogue._room.engine, "before_cursor_execute", hear)
    assert sum("name_word" in each for each in heard) <= 1  # seven images in one go: at most one statement
    assert words(catalogue) == before


@SHARED
@given(name=st.text(st.characters(codec=None, exclude_categories=()), max_size=40))
def test_rows_fit_the_columns_and_are_one_for_each_word(name: str) -> None:
    rows = flattening.name_word_rows(1, name)
    assert len({row[2] for row in rows}) == len(rows)
    assert all(fit(part) == part or "␛" in part for row in rows for part in row[1:])


MANY = 2_300  # more than two portions


def test_the_upgrade_fills_in_what_recording_writes(fresh: Fresh) -> None:
    url = fresh()
    catalogue = open_catalogue(url)
    opened(catalogue)
    of_the_list = PatientFacts((), "Zupełnie^Inna", "", "")
    record(catalogue, said_by(ODD))
    catalogue.record(1, [packed("ff", paper(99, patient=4, facts=person(4)), facts=of_the_list)])
    more = [f"Nazwisko{n}^Imię-{n % 7}" for n in range(MANY)]
    with catalogue._room.writing() as connection:
        names = [flattening.patient_name_row(1, 10 + n, name) for n, name in enumerate(more)]
        bulk.insert(connection, tables.patient_name, names)
        rows = [row for name in more for row in flattening.name_word_rows(1, name)]
        bulk.insert_new(connection, tables.name_word, rows)
    before = words(catalogue)
    assert len(before) > 2 * MANY
    catalogue.close()
    room = Room(read_url(url))
    with room.writing() as connection:
        connection.execute(text("DROP TABLE name_word"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0016'"))
    room.close()
    assert upgrade_catalogue(url) == ("0016", NEWEST)
    catalogue = open_catalogue(url)
    assert words(catalogue) == before
    catalogue.close()


@pytest.mark.parametrize("facts", ["[null,{}]", '[[[],"",null,null],{}]', '[null,{"ReferringPhysicianName":null}]'])
def test_the_upgrade_reads_facts_that_say_nothing(fresh: Fresh, facts: str) -> None:
    url = fresh()
    catalogue = open_catalogue(url)
    opened(catalogue)
    with catalogue._room.writing() as connection:
        bulk.insert(connection, tables.shared_facts, [(1, b"digest", facts)])
        connection.execute(text("DROP TABLE name_word"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0016'"))
    catalogue.close()
    upgrade_catalogue(url)
    catalogue = open_catalogue(url)
    assert words(catalogue) == []
    catalogue.close()
