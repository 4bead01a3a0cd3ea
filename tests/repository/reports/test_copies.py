"""The first copy is free, document by document, and no page costs more than the law lets it (UPP art. 28)."""

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.domain.describing import Identifier
from repository.reports.copies import MAXIMA, first_copy, maximum_fee, not_first, note_copy, scope_key
from repository.reports.errors import CopyWrong, WageWrong
from tests.repository.reports.conftest import ANNA, BOGDAN, House

NUMBER = Identifier("1.2.3", "A-7")


def test_a_first_copy_is_free_and_the_same_again_is_not(house: House) -> None:
    assert first_copy(house.archive, [ANNA], ["a", "b"])
    assert note_copy(house.archive, [ANNA], ["a", "b"], by="clerk")
    assert not first_copy(house.archive, [ANNA], ["b", "a", "a"])
    assert not note_copy(house.archive, [ANNA], ["b", "a"], by="clerk")
    assert first_copy(house.archive, [BOGDAN], ["a", "b"])


def test_scopes_are_compared_document_by_document(house: House) -> None:
    note_copy(house.archive, [ANNA], ["a", "b"], by="clerk")
    assert not first_copy(house.archive, [ANNA], ["a"])
    assert first_copy(house.archive, [ANNA], ["a", "c"])
    assert not_first(house.archive, [ANNA], ["a", "c"]) == {"a"}
    note_copy(house.archive, [ANNA], ["c"], by="clerk")
    assert not first_copy(house.archive, [ANNA], ["a", "c"])


def test_a_patient_is_known_by_any_identifier(house: House) -> None:
    note_copy(house.archive, [ANNA, NUMBER], ["a"], by="clerk")
    assert not first_copy(house.archive, [NUMBER], ["a"])
    assert not first_copy(house.archive, [ANNA, BOGDAN], ["a"])


def test_of_copies_at_one_moment_one_is_the_first(house: House) -> None:
    with ThreadPoolExecutor(4) as pool:
        several = [[ANNA, NUMBER], [NUMBER, BOGDAN], [NUMBER], [BOGDAN, NUMBER]]
        free = list(pool.map(lambda known: note_copy(house.archive, known, ["a"], by="clerk"), several))
    assert free.count(True) == 1


def test_a_deed_names_who_gave_out_what(house: House) -> None:
    note_copy(house.archive, [ANNA], ["b", "a"], by="clerk")
    (deed,) = house.archive.catalogue.journal.deeds(kind="first-copy")
    assert deed.body == {
        "patient": {"root": ANNA.root, "extension": ANNA.extension},
        "scope": scope_key(["a", "b"]),
        "documents": ["a", "b"],
        "by": "clerk",
    }


@pytest.mark.parametrize("scope", [[], [""], ["a", ""]])
def test_there_is_no_copy_of_nothing(house: House, scope: list[str]) -> None:
    with pytest.raises(CopyWrong):
        first_copy(house.archive, [ANNA], scope)
    with pytest.raises(CopyWrong):
        note_copy(house.archive, [ANNA], scope, by="clerk")


def test_there_is_no_copy_for_nobody(house: House) -> None:
    for nobody in ([], [Identifier("", "7")], [Identifier(ANNA.root, "00000000000")]):
        with pytest.raises(CopyWrong):
            note_copy(house.archive, nobody, ["a"], by="clerk")
    assert house.archive.catalogue.journal.size() == 0


@settings(max_examples=50)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6), min_size=1, max_size=5))
def test_the_key_of_a_scope_does_not_depend_on_order_or_repetition(names: list[str]) -> None:
    assert scope_key(names) == scope_key([*reversed(names), names[0]])
    assert scope_key(names) != scope_key([*names, "another document"])


def test_fees_are_those_of_the_law() -> None:
    parts = {kind: Fraction(each.parts, each.of) for kind, each in MAXIMA.items()}
    assert parts == {"extract": Fraction("0.002"), "copy": Fraction("0.00007"), "carrier": Fraction("0.0004")}
    wage = 8_962_28  # grosze
    assert maximum_fee("extract", 1, average_wage=wage) == 17_92
    assert maximum_fee("copy", 10, average_wage=wage) == 6_20
    assert maximum_fee("carrier", 1, average_wage=wage) == 3_58
    assert maximum_fee("copy", 0, average_wage=wage) == 0


@given(st.sampled_from(sorted(MAXIMA)), st.integers(0, 10**6), st.integers(1, 10**10))
def test_no_page_costs_more_than_the_law_lets_it(kind: str, count: int, wage: int) -> None:
    exact = Fraction(MAXIMA[kind].parts, MAXIMA[kind].of) * wage
    fee = maximum_fee(kind, count, average_wage=wage)
    assert count * (exact - 1) < fee <= count * exact or count == 0 == fee


@pytest.mark.parametrize(("count", "wage"), [(1, 0), (1, -5), (-1, 100)])
def test_what_cannot_be_a_wage_or_a_count_is_refused(count: int, wage: int) -> None:
    with pytest.raises(WageWrong):
        maximum_fee("copy", count, average_wage=wage)
