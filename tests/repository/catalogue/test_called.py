"""Fuzzy matching of names, held to a second, plain reading of docs/decisions/0018 over names in memory."""

import re
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repository.catalogue.catalogue import Catalogue
from repository.catalogue.conditions import leads
from repository.catalogue.folding import folded_name
from repository.catalogue.query import Level, Query
from repository.catalogue.sounding import sound_of
from tests.builders.holdings import image, opened, packed, person
from tests.repository.catalogue.test_search import SHARED

# The names of each patient, by takeover: a file may carry another one than the file before.
PEOPLE: Mapping[tuple[int, int], Sequence[str]] = {
    (1, 1): ["Kowalski^Jan"],
    (1, 2): ["Kowalska-Nowak^Żaneta", "Nowak^Żaneta"],
    (1, 3): ["Wójcik^Anna Maria^^dr"],
    (1, 4): ["WUJCIK^ANNA"],
    (1, 5): ["O'Hara^Seán", "Ohara^John"],
    (1, 6): ["Müller^Jürgen=山田"],
    (1, 7): ["Иванов^Пётр"],
    (1, 8): ["Ja^Li"],
    (1, 9): ["␛0000\0[x]%_^Łoś"],
    (2, 1): ["Kowalsky^Jan"],
    (2, 2): ["Rzak^Michael " + "von " * 100],
    (2, 3): ["=山田^太郎"],
}
PHYSICIANS = {person: names[0] for person, names in PEOPLE.items()}


@pytest.fixture
def filled(catalogue: Catalogue) -> Catalogue:
    for takeover in (1, 2):
        assert opened(catalogue, str(takeover)).number == takeover
        packs, ordinal = [], 0
        for (of, number), names in PEOPLE.items():
            if of != takeover:
                continue
            images = []
            for name in names:
                ordinal += 1
                referred = {"ReferringPhysicianName": PHYSICIANS[of, number]}
                whose, uid = person(number, name=name), f"1.{of}.{number}"
                images.append(
                    image(ordinal, patient=number, facts=whose, study=uid, series=f"{uid}.1", attributes=referred)
                )
            packs.append(packed(f"{takeover}{number:02x}", *images, takeover=takeover))
        catalogue.record(takeover, packs)
    return catalogue


def found(
    catalogue: Catalogue, asked: str, *, fuzzy: bool = True, level: Level = Level.PATIENT
) -> set[tuple[int, int]]:
    query = Query(level=level, patient_name=asked, fuzzy=fuzzy)
    return {(hit.takeover, hit.patient) for hit in catalogue.search(query).hits}


def referred(catalogue: Catalogue, asked: str) -> set[tuple[int, int]]:
    query = Query(level=Level.STUDY, referring_physician=asked, fuzzy=True)
    return {(hit.takeover, hit.patient) for hit in catalogue.search(query).hits}


def expected(asked: str, people: Mapping[tuple[int, int], Sequence[str]] = PEOPLE) -> set[tuple[int, int]]:
    return {whose for whose, names in people.items() if any(matches(asked, name) for name in names)}


def matches(asked: str, name: str) -> bool:
    words = [each for each in split(asked) if each.strip("*")]
    if not words:
        return literally(folded_name(asked), folded_name(name))
    if all(any(alike(word, other) for other in split(name)) for word in words):
        return True
    over = any(set(each.strip("*")) & set("*?") or "?" in each for each in words)
    return over and literally(folded_name(asked), folded_name(name))


def split(name: str) -> list[str]:
    return [
        each for each in re.split(r"[ ^.,=()\[\]_-]", folded_name(name).replace("'", "").replace("\u2019", "")) if each
    ]


def alike(asked: str, word: str) -> bool:
    if "*" in asked or "?" in asked:
        return literally(asked, word)
    return asked == word or (len(asked) > 2 and word.startswith(asked)) or sound_of(asked) == sound_of(word)


def literally(asked: str, name: str) -> bool:
    pattern = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in asked)
    return re.fullmatch(pattern, name, re.DOTALL) is not None


JANS, NOWAK, WOJCIK, WUJCIK = {(1, 1), (2, 1)}, {(1, 2)}, (1, 3), (1, 4)


@pytest.mark.parametrize(
    ("asked", "people"),
    [
        ("Kowalska^Jan", JANS),
        ("jan kowalski", JANS),
        ("Kowalski", JANS | NOWAK),
        ("Kowal", JANS | NOWAK),
        ("Ko", set()),
        ("Li", {(1, 8)}),
        ("Jan", JANS),
        ("Nowak^Kowalski", NOWAK),
        ("Nowak^Żaneta", NOWAK),
        ("Wujcik^Ana", {WOJCIK, WUJCIK}),
        ("Wójcik^Maria", {WOJCIK}),
        ("Wójcik^Jan", set()),
        ("Zak^Michał", {(2, 2)}),
        ("Mueller", {(1, 6)}),
        ("Miller", set()),
        ("ivanov", set()),
        ("ИВАНОВ", {(1, 7)}),
        ("=山田", {(2, 3)}),
        ("ohara", {(1, 5)}),
        ("O\u2019Hara^John", {(1, 5)}),
        ("O'Hara^Seán John", set()),
        ("kow*^*an", JANS),
        ("Kowalsk?^Jan", JANS),
        ("?ujcik", {WUJCIK}),
        ("kow*jan", JANS),
        ("Kowalski?Jan", {(1, 1)}),
        ("*", set(PEOPLE)),
        ("*^*", set(PEOPLE)),
        ("-", set()),
        ("[x]%_", {(1, 9)}),
    ],
)
def test_who_is_found(filled: Catalogue, asked: str, people: set[tuple[int, int]]) -> None:
    assert found(filled, asked) == people
    assert expected(asked) == people


PIECES = st.sampled_from(
    ["Kowalski", "kowalska", "Jan", "ja", "Wujcik", "wojc", "Ann", "Nowak", "Mueller", "zak", "li", "O'Hara", "x", "山",
        "łoś", "*", "?", "kow*", "*an", "?an", "k*i", "w?jcik", "*a*", "von"]
)  # fmt: skip
ASKED = st.builds(
    lambda pieces, apart: apart.join(pieces), st.lists(PIECES, min_size=1, max_size=3), st.sampled_from("^ -=")
)


@SHARED
@given(asked=st.lists(ASKED, min_size=1, max_size=4))
def test_whatever_is_asked_finds_who_has_its_words(filled: Catalogue, asked: list[str]) -> None:
    for each in asked:
        assert found(filled, each) == expected(each), each
        assert found(filled, each, level=Level.STUDY) == expected(each), each
        if each.strip("*"):
            own = {whose: [name] for whose, name in PHYSICIANS.items()}
            assert referred(filled, each) == expected(each, own), each


@SHARED
@given(asked=st.lists(ASKED, min_size=1, max_size=4))
def test_who_asks_for_more_never_finds_less(filled: Catalogue, asked: list[str]) -> None:
    for each in asked:
        assert found(filled, each, fuzzy=False) <= found(filled, each), each


def test_every_one_is_found_by_his_own_name_and_within_his_own_takeover(filled: Catalogue) -> None:
    for whose, names in PEOPLE.items():
        for name in names:
            assert whose in found(filled, name)
            within = Query(level=Level.STUDY, patient_name=name, referring_physician=name, takeovers=(2,), fuzzy=True)
            assert {hit.takeover for hit in filled.search(within).hits} <= {2}
            one = Query(level=Level.PATIENT, patient_name=name, takeovers=whose[:1], patient=whose[1], fuzzy=True)
            assert len(filled.search(one).hits) == 1


@pytest.mark.parametrize(("end", "many"), [("", 30), ("*", 160)])
def test_of_a_name_of_many_words_the_longest_are_asked_for(filled: Catalogue, end: str, many: int) -> None:
    """A database that was asked for all of them had not answered when its memory ended."""
    whose = " ".join(f"Nazwisko{letter * 9}" for letter in "abcdefgh")
    short = [f"{one}{other}" for one in "abcdefghijklmno" for other in "pqrstuvwxyz"]
    few = " ".join(short[:many])
    opened(filled, "3")
    filled.record(3, [packed("aa", image(1, facts=person(1, name=whose)), takeover=3)])
    assert found(filled, f"{few} {whose}{end}") == {(3, 1)}
    assert found(filled, f"{few}{end}") == set()


def test_words_of_two_names_are_not_one_name(filled: Catalogue) -> None:
    assert found(filled, "O'Hara^Sean") == {(1, 5)}
    assert found(filled, "John^Seán") == set()


def test_a_question_leads_by_a_word_that_begins_with_a_letter(filled: Catalogue) -> None:
    with filled._room.reading() as connection:
        dialect = connection.dialect
    sure = dialect.name == "sqlite"
    assert leads(Query(level=Level.STUDY, patient_name="*ski^Jan", fuzzy=True), dialect) is sure
    assert not leads(Query(level=Level.STUDY, patient_name="*ski^*an", fuzzy=True), dialect)
