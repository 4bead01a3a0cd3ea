"""Documents by who wrote them: found by an index, whatever is typed for the name, in catalogues of any age."""

from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from repository.access.extent import Part
from repository.access.reach import Reach
from repository.catalogue import migrating
from repository.catalogue.catalogue import Catalogue, open_catalogue, upgrade_catalogue
from repository.catalogue.engine import Room, read_url
from repository.catalogue.folding import folded_name
from repository.catalogue.paging import page_statements
from repository.catalogue.query import Level, Query
from repository.catalogue.search import Sights
from repository.catalogue.tables import document, metadata
from repository.catalogue.text import key
from repository.domain.describing import Identifier
from tests.builders.holdings import opened, packed, paper
from tests.repository.catalogue.conftest import Fresh
from tests.repository.catalogue.strategies import ANY, OPTIONAL, TEXT

SHARED = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NEW = {"author_folded", "author_key", "replaces_key", "sha1"}  # columns of revisions 0011 and 0015
LATER = {"name_word"}  # a table with rows, of revision 0017
WROTE = ("Łącka-Żółć^Anna^Maria", "LACKA^Anna", "Kowalski^Jan", "Kowalska^Łucja", "", "Nowak^^", "Ko\x00walski^\ud800")
NPWZ = "2.16.840.1.113883.3.4424.1.6.2"


def _recorded(catalogue: Catalogue, authors: tuple[str, ...] = WROTE, *, name: str = "one") -> int:
    number = opened(catalogue, name).number
    papers = [paper(n, author=author, author_id=None) for n, author in enumerate(authors, 1)]
    catalogue.record(number, [packed("aa", *papers, takeover=number)])
    return number


def _found(catalogue: Catalogue, author: str, level: Level = Level.DOCUMENT, **asked: Any) -> list[str]:
    hits = catalogue.search(Query(level=level, author=author, **asked)).hits
    return [hit.values["author" if level is Level.DOCUMENT else "PatientName"] for hit in hits]


@pytest.mark.parametrize(
    ("asked", "places"),
    [
        ("Łącka-Żółć^Anna^Maria", [0]),
        ("lacka-ZOLC^anna^maria", [0]),
        ("lacka*", [0, 1]),
        ("ŁĄC*", [0, 1]),
        ("lacka", []),
        ("kowalsk?^*", [2, 3]),
        ("KOWALSKA^lucja^^", [3]),
        ("*^anna*", [0, 1]),
        ("nowak", [5]),
        ("ko\x00*", [6]),
        ("KO\x00walski^\ud800", [6]),
        ("*", [0, 1, 2, 3, 4, 5, 6]),
        ("_*", []),
        ("%", []),
    ],
)
def test_documents_are_found_by_author_as_patients_by_name(catalogue: Catalogue, asked: str, places: list[int]) -> None:
    _recorded(catalogue)
    assert _found(catalogue, asked) == [WROTE[place] for place in places]


def test_an_author_is_one_condition_among_others_at_every_level(catalogue: Catalogue) -> None:
    number = opened(catalogue).number
    mine, other = paper(1, author="Łącka^Ewa"), paper(2, patient=2, author="Lis^Jan", class_code="11.00")
    catalogue.record(number, [packed("aa", mine), packed("bb", other)])
    assert _found(catalogue, "lacka*", class_code="00.30") == ["Łącka^Ewa"]
    assert _found(catalogue, "lacka*", class_code="11.00") == []
    assert _found(catalogue, "lis^jan", Level.PATIENT) == ["Przykładowa^Osoba2"]
    holdings = catalogue.search(Query(level=Level.HOLDING, author="LIS*")).hits
    assert [hit.ordinal for hit in holdings] == [2]
    assert _found(catalogue, "lis*", takeovers=()) == []


def test_nobody_is_found_by_the_author_of_a_document_that_may_not_be_seen(catalogue: Catalogue) -> None:
    number = opened(catalogue).number
    mine = paper(1, author="Lis^Jan", author_id=Identifier(NPWZ, "1"))
    hidden = paper(2, author="Łącka^Ewa", author_id=Identifier(NPWZ, "2"))
    catalogue.record(number, [packed("aa", mine, hidden)])
    reach = Reach(parts=(Part(author=Identifier(NPWZ, "1")),))
    for level in (Level.PATIENT, Level.DOCUMENT, Level.HOLDING):
        found = [len(catalogue.search(Query(level=level, author=each), reach).hits) for each in ("lis*", "lacka*", "")]
        assert found == [1, 0, 1]


def test_long_names_have_bounded_keys(catalogue: Catalogue) -> None:
    names = tuple(f"{'Ż' * 3000}^{last}" for last in "AB")
    _recorded(catalogue, names)
    assert _found(catalogue, names[1].lower()) == [names[1]]


@SHARED
@given(author=TEXT, other=ANY)
def test_any_author_is_found_by_its_own_name(catalogue: Catalogue, author: str, other: str) -> None:
    number = opened(catalogue, f"{catalogue.log_size()}").number
    papers = [paper(n, author=each) for n, each in enumerate((author, other, author.upper()), 1)]
    catalogue.record(number, [packed("aa", *papers, takeover=number)])
    asked = author.replace("*", "?") or "*"
    found = [
        hit.ordinal for hit in catalogue.search(Query(level=Level.DOCUMENT, takeovers=(number,), author=asked)).hits
    ]
    assert 1 in found
    if not set("*?") & set(asked):
        same = [n for n, each in enumerate(papers, 1) if key(folded_name(_author(each))) == key(folded_name(author))]
        assert found == same


def _author(each: Any) -> str:
    said: str = each.description.document.author
    return said


def _plan(connection: Connection, statement: Any) -> str:
    compiled = statement.compile(connection, compile_kwargs={"render_postcompile": True})
    processors, bound = compiled._bind_processors, compiled.construct_params()
    values = {name: processors[name](value) if name in processors else value for name, value in bound.items()}
    sqlite = connection.dialect.name == "sqlite"
    given = tuple(values[name] for name in compiled.positiontup) if sqlite else values
    said = connection.exec_driver_sql(("EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN ") + compiled.string, given)
    return "\n".join(str(row[-1]) for row in said)


@pytest.fixture
def many(catalogue: Catalogue) -> Catalogue:
    """3,000 documents of 300 authors, each with a number, and what the engine wants to know of them."""
    number = opened(catalogue).number
    papers = [
        paper(n, author=f"Lekarz{n % 300:03d}^Jan", author_id=Identifier(NPWZ, f"{n % 300}")) for n in range(1, 3001)
    ]
    catalogue.record(number, [packed(f"{at:02x}", *papers[at : at + 500]) for at in range(0, 3000, 500)])
    with catalogue._room.writing() as connection:
        connection.execute(text("ANALYZE"))
    return catalogue


@pytest.mark.parametrize("asked", ["LEKARZ123^jan", "lękarz123*", "lekarz12?^j*"])
def test_no_search_by_an_author_reads_all_documents(many: Catalogue, asked: str) -> None:
    query = Query(level=Level.DOCUMENT, author=asked)
    with many._room.reading() as connection:
        (statement,) = next(page_statements(query, connection, None))
        plan = _plan(connection, statement)
    assert "ix_document_author" in plan
    assert "SCAN document" not in plan
    assert "Seq Scan" not in plan
    assert len(_found(many, asked)) == (100 if "?" in asked else 10)


def test_what_somebody_wrote_is_found_by_an_index(many: Catalogue) -> None:
    """Who may see what they wrote and nothing else: the number that a document says of its author leads to it."""
    mine = Reach(takeovers=frozenset(), parts=(Part(author=Identifier(NPWZ, "123")),))
    query = Query(level=Level.DOCUMENT)
    with many._room.reading() as connection:
        sight = Sights(connection, mine).of(query, connection.dialect)
        (statement,) = next(page_statements(query, connection, sight))
        plan = _plan(connection, statement)
    assert "ix_document_author_key" in plan
    hits = many.search(query, mine).hits
    assert [hit.ordinal for hit in hits] == list(range(123, 3001, 300))
    assert many.search(query, Reach(takeovers=frozenset(), parts=(Part(author=Identifier("", "123")),))).hits == ()


def _copied(connection: Connection, rows: dict[str, list[tuple[Any, ...]]], *, without: set[str]) -> None:
    """The rows of a catalogue as the driver gave them, without these columns."""
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    for table in metadata.sorted_tables:
        names = [column.name for column in table.columns]
        kept = [place for place, name in enumerate(names) if table is not document or name not in without]
        columns = ", ".join(f'"{names[place]}"' for place in kept)
        marks = ", ".join([mark] * len(kept))
        if rows.get(table.name) and table.name not in LATER:
            connection.exec_driver_sql(
                f'INSERT INTO "{table.name}" ({columns}) VALUES ({marks})',
                [tuple(row[place] for place in kept) for row in rows[table.name]],
            )


def _rows(url: str) -> dict[str, list[tuple[Any, ...]]]:
    room, found = Room(read_url(url)), {}
    with room.reading() as connection:
        for table in metadata.sorted_tables:
            if not table.info.get("seeded"):
                columns = ", ".join(f'"{column.name}"' for column in table.columns)
                found[table.name] = [
                    tuple(row) for row in connection.exec_driver_sql(f'SELECT {columns} FROM "{table.name}"')
                ]
    room.close()
    return found


def _of_0010(url: str, rows: dict[str, list[tuple[Any, ...]]]) -> None:
    """A catalogue of revision 0010 with these rows."""
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(exist_ok=True)
    room = Room(read_url(url))
    migrating.upgrade(room, to="0010")
    with room.writing() as connection:
        _copied(connection, rows, without=NEW)
    room.close()


def test_documents_of_an_older_catalogue_are_found_by_their_authors_too(fresh: Fresh, empty: str) -> None:
    """More documents than are read at once, of two takeovers: afterwards nothing tells it from a catalogue that has
    had the columns from the beginning."""
    url, dumps = fresh(), []
    catalogue = open_catalogue(url)
    said = [
        {
            "author": f"Łącka{n % 7}^Ewa" if n % 5 else "",
            "author_id": Identifier(NPWZ, f"{n}") if n % 3 else None,
            "replaces": Identifier("1.2.3", f"{n - 1}") if n % 4 else None,
        }
        for n in range(700)
    ]
    odd = [{"author": name, "author_id": Identifier("1\x00", name + "Ż" * 300)} for name in WROTE]
    for name in ("one", "two"):
        number = opened(catalogue, name).number
        papers = [paper(n, **each) for n, each in enumerate([*said, *odd], 1)]  # type: ignore[arg-type]
        catalogue.record(number, [packed("aa", *papers, takeover=number)])
        dumps.append(list(catalogue.dump(number)))
    catalogue.close()
    _of_0010(empty, _rows(url))
    assert upgrade_catalogue(empty) == ("0010", migrating.NEWEST)
    catalogue = open_catalogue(empty)
    assert [list(catalogue.dump(number)) for number in (1, 2)] == dumps
    assert len(_found(catalogue, "LACKA3*", limit=1000)) == 2 * 80
    replacing = catalogue.search(Query(level=Level.DOCUMENT, replaces=Identifier("1.2.3", "4")))
    assert [hit.ordinal for hit in replacing.hits] == [6, 6]
    assert _found(catalogue, "ko\x00*") == [WROTE[-1]] * 2
    catalogue.close()


@settings(SHARED, max_examples=5)
@given(data=st.data())
def test_any_author_is_filled_in_as_it_would_have_been_recorded(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """On SQLite alone: what is filled in is made in Python."""
    folder = tmp_path_factory.mktemp("aged")
    copyfile(sqlite_template, folder / "new.db")
    url, older = (f"sqlite:///{folder / name}" for name in ("new.db", "older.db"))
    catalogue = open_catalogue(url)
    drawn = data.draw(st.lists(st.tuples(TEXT, OPTIONAL), min_size=1, max_size=4))
    number = opened(catalogue).number
    papers = [paper(n, author=author, author_id=known) for n, (author, known) in enumerate(drawn, 1)]
    catalogue.record(number, [packed("aa", *papers, takeover=number)])
    expected = list(catalogue.dump(number))
    catalogue.close()
    _of_0010(older, _rows(url))
    upgrade_catalogue(older)
    catalogue = open_catalogue(older)
    assert list(catalogue.dump(number)) == expected
    catalogue.close()
