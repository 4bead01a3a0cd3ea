"""Statements that are put to the driver itself give what SQLAlchemy gives, and are heard by whoever listens."""

from collections.abc import Callable

import pytest
from sqlalchemy import bindparam, event, select

from repository.catalogue import tables
from repository.catalogue.catalogue import open_catalogue
from repository.catalogue.errors import CatalogueConflict
from repository.catalogue.people_tables import person
from repository.catalogue.prepared import Prepared, driver_of
from tests.builders.holdings import image, opened, packed

_WANTED = select(tables.holding).where(tables.holding.c.takeover == bindparam("takeover")).order_by(
    tables.holding.c.ordinal
)  # fmt: skip


def test_rows_and_values_are_those_that_sqlalchemy_gives(fresh: Callable[[], str]) -> None:
    catalogue = open_catalogue(fresh())
    number = opened(catalogue).number
    catalogue.record(number, [packed("a", image(1), image(2))])
    prepared = Prepared(_WANTED)
    with catalogue._room.reading() as connection:
        plain = connection.execute(_WANTED, {"takeover": number}).all()
        assert prepared.all(connection, {"takeover": number}) == [tuple(row) for row in plain]
        first = prepared.first(connection, {"takeover": number})
        assert first is not None
        assert first._asdict() == dict(plain[0]._mapping)
        assert prepared.first(connection, {"takeover": number + 1}) is None
    catalogue.close()


@pytest.mark.parametrize("text", ["plain", "zażółć", "nul\0", "lone\ud800", "escape␛", "100 % 'quoted' ?"])
def test_text_comes_and_goes_as_it_was_written(fresh: Callable[[], str], text: str) -> None:
    catalogue = open_catalogue(fresh())
    number = opened(catalogue).number
    asked = Prepared(
        select(bindparam("said", type_=person.c.surname.type).label("said"), tables.takeover.c.id).where(
            tables.takeover.c.number == bindparam("number")
        )
    )
    with catalogue._room.reading() as connection:
        row = asked.first(connection, {"said": text, "number": number})
    assert row is not None
    assert row.said == text
    catalogue.close()


def test_whoever_listens_to_statements_hears_these(fresh: Callable[[], str]) -> None:
    catalogue = open_catalogue(fresh())
    number, heard = opened(catalogue).number, list[str]()

    def hear(_connection: object, _cursor: object, said: str, *_more: object) -> None:
        heard.append(said)

    engine = catalogue._room.engine
    with catalogue._room.reading() as connection:
        assert driver_of(connection) is not None
    event.listen(engine, "before_cursor_execute", hear)
    with catalogue._room.reading() as connection:
        assert driver_of(connection) is None
        Prepared(_WANTED).all(connection, {"takeover": number})
    event.remove(engine, "before_cursor_execute", hear)
    assert sum("holding" in said for said in heard) == 1
    catalogue.close()


def test_what_the_driver_raises_is_told_in_the_words_of_the_catalogue(fresh: Callable[[], str]) -> None:
    catalogue = open_catalogue(fresh())
    number = opened(catalogue).number
    catalogue.record(number, [packed("a", image(1))])
    with pytest.raises(CatalogueConflict):
        catalogue.record(number, [packed("b", image(1))])
    assert [each.ordinal for each in catalogue.holdings(number)] == [1]
    catalogue.close()
