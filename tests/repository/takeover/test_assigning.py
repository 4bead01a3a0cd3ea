"""Whose an item is: the rules on identifiers, and that nobody is ever merged."""

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from repository.domain.describing import Identifier, PatientFacts
from repository.domain.holding import PatientRecord
from repository.takeover.assigning import NOBODY, Patients

PESEL = "2.16.840.1.113883.3.4424.1.1.616"
ONE, TWO = "2.16.840.1.113883.3.4424.2.7.1.17.1", "2.16.840.1.113883.3.4424.2.7.2.17.1"


def facts(*identifiers: tuple[str, str], **known: str) -> PatientFacts:
    return PatientFacts(tuple(Identifier(*pair) for pair in identifiers), **known)


def restored(patients: Patients, *numbers: int) -> Patients:
    """The patients as the next run finds them in the catalogue."""
    fresh = Patients()
    for number in numbers:
        record = patients.record(number)
        assert record is not None
        fresh.restore(record)
    return fresh


def test_patients_are_numbered_as_they_come() -> None:
    patients = Patients()
    assert [patients.assign(facts((PESEL, value))) for value in "aba"] == [(1, False), (2, False), (1, False)]


def test_a_name_alone_names_nobody() -> None:
    patients = Patients()
    assert patients.assign(facts(name="Nowak^Anna", birth_date="19700101")) == (NOBODY, False)
    assert patients.assign(facts((PESEL, ""), name="Nowak^Anna")) == (NOBODY, False)
    assert patients.assign(None) == (NOBODY, False)
    assert patients.assign(facts((PESEL, "a"))) == (1, False)
    assert patients.record(NOBODY) is None


def test_two_people_of_one_name_and_birth_date_stay_two() -> None:
    patients = Patients()
    same = {"name": "Nowak^Anna", "birth_date": "19700101", "sex": "F"}
    assert [patients.assign(facts((PESEL, each), **same)) for each in "aba"] == [(1, False), (2, False), (1, False)]


def test_the_same_number_from_two_issuers_is_two_people() -> None:
    patients = Patients()
    assert patients.assign(facts((ONE, "5"))) == (1, False)
    assert patients.assign(facts((TWO, "5"))) == (2, False)


def test_a_number_without_issuer_belongs_to_the_only_patient_who_has_it() -> None:
    patients = Patients()
    patients.assign(facts((ONE, "5"), (PESEL, "a")))
    assert patients.assign(facts(("", "5"))) == (1, False)
    assert patients.assign(facts(("", "6"))) == (2, False)
    assert patients.assign(facts((TWO, "6"))) == (2, False)


def test_a_number_without_issuer_that_two_patients_have_belongs_to_neither() -> None:
    patients = Patients()
    patients.assign(facts((ONE, "5")))
    patients.assign(facts((TWO, "5")))
    assert patients.assign(facts(("", "5"))) == (3, False)


def test_a_number_without_issuer_is_no_bridge_between_two_issuers() -> None:
    for order in permutations([(ONE, "5"), ("", "5"), (TWO, "5")]):
        patients = Patients()
        numbers = {pair: patients.assign(facts(pair))[0] for pair in order}
        assert numbers[ONE, "5"] != numbers[TWO, "5"], order


def test_a_number_told_with_and_without_issuer_is_the_one_with() -> None:
    patients = Patients()
    patients.assign(facts((ONE, "5")))
    assert patients.assign(facts(("", "5"), (TWO, "5"))) == (2, False)
    assert patients.assign(facts(("", "5"))) == (3, False)
    assert patients.assign(facts(("", "5"))) == (3, False)
    assert patients.assign(facts((PESEL, "5"))) == (4, False)


def test_an_item_of_two_patients_goes_to_the_first_and_merges_nobody() -> None:
    patients = Patients()
    patients.assign(facts((PESEL, "a")))
    patients.assign(facts((PESEL, "b")))
    assert patients.assign(facts((PESEL, "a"), (PESEL, "b"), (ONE, "5"))) == (1, True)
    assert patients.assign(facts((PESEL, "b"), (PESEL, "a"))) == (2, True)
    assert patients.assign(facts((PESEL, "b"))) == (2, False)
    assert patients.record(1) == PatientRecord(1, facts((PESEL, "a")))
    assert patients.assign(facts((ONE, "5"))) == (3, False)


def test_what_is_known_first_stays_and_gaps_are_filled() -> None:
    patients = Patients()
    patients.assign(facts((PESEL, "a"), name="Nowak^Anna"))
    patients.assign(facts((PESEL, "a"), (ONE, "5"), name="Nowak^A.", birth_date="19700101"))
    patients.assign(facts((ONE, "5"), sex="F", birth_date="19700102"))
    known = facts((PESEL, "a"), (ONE, "5"), name="Nowak^Anna", birth_date="19700101", sex="F")
    assert patients.record(1) == PatientRecord(1, known)


def test_a_restored_patient_keeps_the_number_and_nobody_gets_one_twice() -> None:
    patients = Patients()
    for value in "abc":
        patients.assign(facts((PESEL, value)))
    later = restored(patients, 3, 1)
    assert later.assign(facts((PESEL, "c"))) == (3, False)
    assert later.assign(facts((PESEL, "b"))) == (4, False)
    assert later.assign(facts((PESEL, "a"))) == (1, False)


roots = st.sampled_from(["", ONE, TWO, PESEL])
items = st.lists(st.lists(st.tuples(roots, st.sampled_from("abcd")), min_size=1, max_size=3, unique=True), max_size=14)


@settings(max_examples=150, deadline=None)
@given(items, st.integers(0, 14))
def test_a_restart_changes_no_number(sequence: list[list[tuple[str, str]]], stop: int) -> None:
    straight = Patients()
    expected = [straight.assign(facts(*item)) for item in sequence]
    before = Patients()
    found = [before.assign(facts(*item)) for item in sequence[:stop]]
    after = restored(before, *sorted({number for number, _ in found}))
    assert found + [after.assign(facts(*item)) for item in sequence[stop:]] == expected


@settings(max_examples=150, deadline=None)
@given(items)
def test_an_identifier_with_an_issuer_has_one_owner_for_ever(sequence: list[list[tuple[str, str]]]) -> None:
    patients = Patients()
    owner: dict[tuple[str, str], int] = {}
    for item in sequence:
        number, ambiguous = patients.assign(facts(*item))
        for pair in item:
            if pair[0] and not ambiguous:
                assert owner.setdefault(pair, number) == number


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(roots, st.sampled_from("ab")), max_size=14))
def test_nothing_but_an_item_that_says_so_joins_two_identifiers(sequence: list[tuple[str, str]]) -> None:
    patients, owner = Patients(), dict[tuple[str, str], int]()
    for pair in sequence:
        number, _ = patients.assign(facts(pair))
        if pair[0]:
            owner[pair] = number
    assert len(set(owner.values())) == len(owner)


@settings(max_examples=100, deadline=None)
@given(items, st.randoms(use_true_random=False))
def test_the_order_of_identifiers_inside_of_an_item_decides_nothing(
    sequence: list[list[tuple[str, str]]], chance: object
) -> None:
    """But for the item that names two patients: it goes to the first that it names."""
    one, other = Patients(), Patients()
    for item in sequence:
        turned = item[::-1]
        (a, ambiguous), (b, also) = one.assign(facts(*item)), other.assign(facts(*turned))
        assert ambiguous == also
        assert ambiguous or a == b
