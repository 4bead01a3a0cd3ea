"""Which passwords and names are taken."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repository.people.errors import NameRefused, PasswordGuessable, PasswordRefused
from repository.people.names import checked_name, is_name
from repository.people.passphrases import checked_password, octets_of


@pytest.mark.parametrize(
    "password",
    [
        "elevenchars", "", "            ", "aaaaaaaaaaaaaaa", "abcabcabcabc", "123456789012", "0987654321098",
        "qwertyuiopas", "password1234", "Password!!!!", "haslohaslo12", "hasło hasło!", "a.nowak.a.nowak",
        "Nowak Nowak 1", "administrator1", "zaq12wsxzaq12wsx", "EDM archive 2026",
    ],
)  # fmt: skip
def test_what_is_guessed_first_is_refused(password: str) -> None:
    with pytest.raises(PasswordRefused) as told:
        checked_password(password, names=("a.nowak", "Ada", "Nowak"))
    assert password.strip() == "" or password not in str(told.value)


@pytest.mark.parametrize(
    "password",
    [
        "trzy koty na płocie",
        "correct horse battery staple",
        "Xk2!vR9#mQ4$",
        "żółć gęślą jaźń",
        "nowak lubi zielone jabłka",
    ],
)
def test_a_sentence_or_a_random_one_is_taken(password: str) -> None:
    assert checked_password(password, names=("a.nowak", "Ada", "Nowak")) == octets_of(password)


def test_a_row_of_keys_is_told_to_be_guessable() -> None:
    with pytest.raises(PasswordGuessable):
        checked_password("asdfghjklzxcv", names=())


@given(st.text(max_size=40))
def test_the_same_letters_typed_on_another_keyboard_are_the_same_password(password: str) -> None:
    assert octets_of(unicodedata.normalize("NFD", password)) == octets_of(unicodedata.normalize("NFC", password))


@pytest.mark.parametrize("password", ["ą" * 513, "x" * 1025, "\ufdfa" * 60, "trzy koty na płocie\ud800"])
def test_too_much_and_what_is_no_text_is_refused_by_the_same_rule_when_set_and_when_tried(password: str) -> None:
    assert octets_of(password) == b""
    with pytest.raises(PasswordRefused):
        checked_password(password, names=())


@given(st.text(max_size=60), st.lists(st.text(max_size=12), max_size=3))
def test_a_password_is_taken_whole_or_refused(password: str, names: list[str]) -> None:
    try:
        octets = checked_password(password, names=tuple(names))
    except PasswordRefused:
        return
    assert len(octets.decode()) >= 12
    assert len(octets) <= 1024


@pytest.mark.parametrize("name", ["abc", "a.nowak", "jan-maria.rokita", "x" * 32, "a1_2", "lab3"])
def test_plain_names_are_taken(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "ab", "x" * 33, "A.Nowak", "a..b", "a.", ".ab", "1ab", "a b", "a.nowak\n", "łukasz", "a?1", "a/../b", "a\0b"],
)
def test_other_names_are_refused_and_not_repeated(name: str) -> None:
    assert not is_name(name)
    with pytest.raises(NameRefused) as told:
        checked_name(name)
    assert told.value.fields == {}
