"""How a report looks: CSV without formulas, a page that runs nothing, and a word for everything."""

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.access.account import PERMITTED
from repository.access.purpose import Purpose
from repository.access.subject import Operation
from repository.domain.describing import Identifier
from repository.reports import who_looked as looking
from repository.reports import words
from repository.reports.page import as_page
from repository.reports.paper import Paper, as_csv, spoken
from repository.reports.special import special_report
from repository.reports.who_looked import who_looked
from tests.builders.access import auditor, special_service
from tests.builders.accounts import WORDS, account
from tests.repository.reports.conftest import ANNA, House, text

# --- papers for people


@pytest.fixture
def paper(house: House) -> Paper:
    house.looked(organisation="=1+2", reason="<b>", purpose=Purpose.EMERGENCY.value, duties=("prominent",))
    house.looked(organisation='<script>alert("x")</script>', operation=Operation.SEARCH.value, manner="")
    return who_looked(house.archive, house.errand(auditor()), patient=text(ANNA))


def test_csv_has_the_headings_and_the_cells_and_no_formula(house: House, paper: Paper) -> None:
    rows = list(csv.reader(io.StringIO(as_csv(paper).decode(), newline="")))
    assert rows[0] == [head.pl for _, head in paper.kind.columns]
    assert rows[1][1] == "'=1+2"
    assert [tuple(row) for row in rows[2:]] == list(paper.cells[1:])
    assert as_csv(paper, polish=False).startswith(b"First name and surname,Organisation,Day")


@settings(max_examples=50)
@given(st.lists(st.tuples(WORDS, WORDS), max_size=5))
def test_any_cell_comes_back_from_csv(cells: list[tuple[str, str]]) -> None:
    kind = replace(looking.KIND, columns=looking.KIND.columns[:2])
    rows = list(csv.reader(io.StringIO(as_csv(Paper(kind, {}, b"", tuple(cells))).decode(), newline="")))[1:]
    assert [tuple(each.removeprefix("'") for each in row) for row in rows] == [
        tuple(each.removeprefix("'") if each.startswith("''") else each for each in row) for row in cells
    ]
    assert not any(each.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for row in rows for each in row)


def test_the_page_shows_and_carries_the_paper_and_runs_nothing(house: House, paper: Paper) -> None:
    import base64

    page = as_page(paper, log_key=house.archive.log_key)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert base64.b64encode(paper.signed).decode() in page
    assert "TAK / YES" in page
    assert 'lang="en">Who has looked at the documentation' in page
    assert str(paper.value["complete_up_to"]["number"]) in page


def test_an_empty_report_has_a_page_as_well(house: House) -> None:
    empty = special_report(house.archive, house.errand(special_service()), patient=text(ANNA))
    assert "Brak pozycji." in as_page(empty, log_key=house.archive.log_key)
    assert as_csv(empty).decode() == "imię,nazwisko,dzień,godzina,cel\r\n"


def test_names_are_said_given_name_first() -> None:
    assert spoken("Kowalski^Jan^Maria=^") == "Jan Maria Kowalski"
    assert spoken("Kowalski") == "Kowalski"
    assert spoken("") == ""


def test_every_purpose_operation_and_outcome_has_words() -> None:
    assert set(words.PURPOSES) == {"", *Purpose}
    assert set(words.OPERATIONS) == set(Operation)
    assert PERMITTED in words.OUTCOMES
    assert words.told(words.PURPOSES, "other").pl == "other"


def test_the_scope_is_the_narrowest_thing_that_was_meant() -> None:
    plain = account(document=None, study="", ordinal=0, count=0, takeover="")
    assert words.scope(replace(plain, document=Identifier("", "D"))).en == "document D"
    assert words.scope(replace(plain, study="1.2", count=3)).pl == "badanie 1.2, pozycji: 3"
    assert words.scope(replace(plain, ordinal=4)).pl == "pozycja 4"
    assert words.scope(replace(plain, count=2)).en == "part of the record, items: 2"
    assert words.scope(plain).pl == "dokumentacja pacjenta"
    assert words.scope(replace(plain, patient=0)).en == "documentation"
