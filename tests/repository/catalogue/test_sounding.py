"""Which names sound alike, and which do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repository.catalogue.folding import folded_name
from repository.catalogue.sounding import sound_of, words_of
from repository.catalogue.text import key

ALIKE = [
    ("Kowalski", "Kowalska"), ("Kowalski", "Kowalsky"), ("Potocki", "Potocka"), ("Zawadzki", "ZAWADZKA"),
    ("Wójcik", "Wujcik"), ("Wojcik", "Wujcik"), ("Górska", "Gurski"), ("Żak", "Rzak"), ("Marzec", "Mażec"),
    ("Andrzej", "Andżej"), ("Katarzyna", "Katażyna"), ("Krzysztof", "Kszysztof".replace("sz", "rz", 1)),
    ("Chmiel", "Hmiel"), ("Szymczak", "Symcak"), ("Ślusarz", "Szlusarz"), ("Ćwik", "Czwik"), ("Dźwig", "Dżwig"),
    ("Szczęsny", "Śćesny"), ("Walewska", "Valevski"), ("Lewandowski", "Lewandovsky"), ("Julia", "Julja"),
    ("Maria", "Marya"), ("Jadwiga", "Yadviga"), ("Quint", "Kwint"), ("Xawery", "Ksawery"), ("Anna", "Ana"),
    ("Łącki", "Lacka"), ("Wałęsa", "WALESA"), ("Dąbrowski", "Dombrowska"), ("Piątek", "Piontek"),
    ("Łępicki", "Lempicka"), ("Wałęsa", "Walensa"), ("Müller", "Mueller"), ("Müller", "Muller"), ("Böhm", "Boehm"),
    ("Schmidt", "Szmidt"), ("Schultz", "Szulc"), ("Michał", "Michael"), ("Raphael", "Rafał"), ("Philip", "Filip"),
    ("Święch", "Swiech"), ("Żółć", "Zulc"), ("Kos", "Kus"),
]  # fmt: skip
APART = [
    ("Kowalski", "Kowalczyk"), ("Kowalski", "Kowal"), ("Kowalski", "Kawalski"), ("Nowak", "Nowik"),
    ("Nowak", "Nowacki"),
    ("Müller", "Miller"), ("Wójcik", "Wójtowicz"), ("Żak", "Żuk"), ("Lis", "Las"), ("Kos", "Kot"), ("Zając", "Sajac"),
    ("Jan", "Jana"), ("Jan", "Jen"), ("Maria", "Marian"), ("Anna", "Hanna"), ("Wrona", "Wrana"), ("Mazur", "Masur"),
    ("Bartosz", "Bartek"), ("Adam", "Ada"), ("Ewa", "Iwa"), ("Kania", "Kana"), ("Halina", "Helena"), ("Deska", "Dech"),
    ("Osoba1", "Osoba11"), ("Osoba1", "Osoba2"), ("Иванов", "Иванова"), ("山田", "田山"),
]  # fmt: skip


def sound(word: str) -> str:
    return sound_of(folded_name(word))


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_these_sound_alike(one: str, other: str) -> None:
    assert sound(one) == sound(other)


@pytest.mark.parametrize(("one", "other"), APART)
def test_these_do_not(one: str, other: str) -> None:
    assert sound(one) != sound(other)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Łącka-Żółć^Anna Maria^^dr", ["lacka", "zolc", "anna", "maria", "dr"]),
        ("O'Hara^Seán", ["ohara", "sean"]),
        ("Kowalski, Jan (syn)", ["kowalski", "jan", "syn"]),
        ("Yamada^Tarou=山田^太郎", ["yamada", "tarou"]),
        ("=山田^太郎", ["山田", "太郎"]),
        ("kow*^?an", ["kow*", "?an"]),
        ("^ - ^", []),
        ("", []),
    ],
)
def test_a_name_is_its_words(name: str, words: list[str]) -> None:
    assert list(words_of(folded_name(name))) == words


def test_the_words_of_a_name_that_is_too_long_are_those_of_its_beginning() -> None:
    whole = key(folded_name("Kowalski^" + "Jan " * 200))
    assert list(words_of(whole))[:3] == ["kowalski", "jan", "jan"]
    assert all(each in ("kowalski", "jan", "ja", "j") for each in words_of(whole))


@given(name=st.text(st.characters(codec=None, exclude_categories=()), max_size=30))
def test_every_word_has_a_sound_and_nothing_that_keeps_words_apart(name: str) -> None:
    for word in words_of(key(folded_name(name))):
        assert word
        assert sound_of(word)
        assert not set(word) & set(" ^-=,.")
