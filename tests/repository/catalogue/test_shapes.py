"""A statement that was made for another question of the same shape finds what one of its own finds."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from repository.catalogue import shapes
from repository.catalogue.catalogue import Catalogue
from repository.catalogue.layouts import MOST, Layouts
from repository.catalogue.matching import Form, Slot
from repository.catalogue.paging import PageLayouts, page
from repository.catalogue.query import Level, Manner, Match, Query
from repository.catalogue.shapes import shape_of
from repository.domain.describing import Identifier, Kind
from tests.builders.holdings import image, opened, packed, paper, person

SHARED = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
WORDS = st.text("aAŁ1 %_\\[]*?␛\0", max_size=3)
NUMBERS = st.sampled_from(["1.2.3", "1.2.4", "1.2.3.1", "9.1", "9.4", "study_uids exact"])
DAYS = st.sampled_from(["20200102", "20200101-20201231", "-20210101", "20200102-", "2020.01.02", "-", "never", "2020"])
ASKED = st.fixed_dictionaries(
    {"level": st.sampled_from(Level)},
    optional={
        "patient_id": WORDS, "patient_name": WORDS, "accession_number": WORDS, "modality": WORDS,
        "referring_physician": WORDS, "dates": DAYS, "birth_date": DAYS, "study_uids": st.tuples(NUMBERS),
        "series_uids": st.tuples(NUMBERS), "sop_instance_uids": st.tuples(NUMBERS), "limit": st.integers(1, 3),
        "kind": st.sampled_from([None, Kind.DICOM, Kind.CDA]), "imaged": st.booleans(),
    },
)  # fmt: skip


@pytest.fixture
def filled(catalogue: Catalogue) -> Catalogue:
    number = opened(catalogue).number
    words = ["a", "Ał%", "1_", "[1]", "a\\", "␛1", ""]
    packs = []
    for place, word in enumerate(words, 1):
        whose = person(place, name=f"{word}^A", birth_date=f"2020010{place % 3 + 1}")
        said = {
            "StudyDate": f"2020010{place}",
            "AccessionNumber": word,
            "Modality": word,
            "ReferringPhysicianName": word,
        }
        study = f"1.2.{place + 2}"
        made = image(
            place, patient=place, facts=whose, study=study, series=f"{study}.1", sop=f"9.{place}", attributes=said
        )
        packs.append(packed(f"a{place}", made))
    packs.append(packed("b", paper(len(words) + 1, facts=person(1, name="a^A"))))
    catalogue.record(number, packs)
    return catalogue


@SHARED
@given(asked=ASKED, before=ASKED)
def test_whatever_was_asked_before_the_same_is_found(
    filled: Catalogue, asked: dict[str, Any], before: dict[str, Any]
) -> None:
    layouts, query = PageLayouts(), Query(**asked)
    with filled._room.reading() as connection:
        alone = page(query, connection, None).rows
        other = Query(**{**asked, **{name: said for name, said in before.items() if name in asked and name != "level"}})
        for each in (other, other, query, query):
            found = page(each, connection, None, layouts=layouts).rows
        assert [tuple(row) for row in found] == [tuple(row) for row in alone]


EVERY: dict[str, Any] = {
    "patient_id": "a", "patient_name": "b*", "accession_number": "*c", "modality": "CT", "referring_physician": "d?",
    "dates": "20200101-20201231", "birth_date": "20200101-", "study_uids": ("1",), "series_uids": ("2",),
    "sop_instance_uids": ("3",),
}  # fmt: skip


@pytest.mark.parametrize("name", EVERY)
def test_what_is_said_is_left_open_in_the_statement(filled: Catalogue, name: str) -> None:
    """The text of the statement is the same whatever is said, and it is not made again."""
    query, layouts, heard = Query(level=Level.STUDY, **{name: EVERY[name]}), PageLayouts(), list[str]()
    sqlite = filled._room.sqlite
    shape = shape_of(query, sqlite=sqlite)
    assert shape is not None
    assert shape.values
    with filled._room.reading() as connection:
        page(query, connection, None, layouts=layouts)
        page(query, connection, None, layouts=layouts)

        def hear(_connection: object, _cursor: object, text: str, *_more: object) -> None:
            heard.append(text)

        engine = filled._room.engine
        event.listen(engine, "before_cursor_execute", hear)
        page(query, connection, None, layouts=layouts)
        event.remove(engine, "before_cursor_execute", hear)
    assert len(heard) == 1
    made = layouts.of(shape.template, lambda: pytest.fail("it is made already"))
    assert [each.prepared(with_state=False)._made[connection.dialect.name].text for each in made] == heard


@pytest.mark.parametrize(
    "said",
    [
        {"after": "x"}, {"takeovers": (1,)}, {"takeovers": ()}, {"patient": 1}, {"patient_root": ""}, {"sex": "F"},
        {"matching": (Match(Level.STUDY, "StudyID", Manner.TEXT, "1"),)}, {"document_id": "1"}, {"document_root": "1"},
        {"set_id": Identifier("1", "2")}, {"replaces": Identifier("1", "2")}, {"class_code": "1"}, {"author": "A"},
        {"event_id": Identifier("1", "2")}, {"study_uids": ("1", "2")}, {"dates": "never"}, {"birth_date": "-"},
    ],
)  # fmt: skip
def test_a_question_that_says_what_has_no_slot_has_no_shape(said: dict[str, Any]) -> None:
    assert shape_of(Query(level=Level.STUDY, **said), sqlite=True) is None


def test_every_field_of_a_query_is_in_its_shape_or_keeps_it_from_having_one() -> None:
    """Whoever adds a condition says here what becomes of it: one that a shape forgets would not be asked."""
    told = {"limit", "skip", "above", "all_values", "time_zone", "sop_classes"}  # no conditions, or open in each
    kept = {"level", "kind", "imaged", "placed"}
    slotted = {*shapes._UIDS, *shapes._TEXTS, *shapes._DAYS}
    assert set(Query.__slots__) == slotted | set(shapes._WITHOUT) | told | kept


def test_what_stands_for_a_text_is_never_said_by_somebody() -> None:
    slot = Slot("study_uids", Form.EXACT)
    one, other = (shape_of(Query(level=Level.STUDY, study_uids=(said,)), sqlite=True) for said in (str(slot), "1"))
    assert one is not None
    assert other is not None
    assert one.template == other.template
    assert one.values == {"study_uids_": "study_uids exact"}


def test_layouts_are_made_when_asked_for_again_and_the_oldest_are_forgotten() -> None:
    layouts, made = Layouts[str](), list[str]()

    def make() -> list[str]:
        made.append("once")
        return ["made"]

    first = Query(level=Level.STUDY)
    assert layouts.of(first, make) == ()
    assert layouts.of(first, make) == ["made"]
    assert layouts.of(first, make) == ["made"]
    assert made == ["once"]
    for limit in range(1, MOST + 1):
        layouts.of(Query(level=Level.SERIES, limit=limit), make)
    assert layouts.of(first, make) == ()
