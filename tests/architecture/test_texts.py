"""What the product says, it says in both languages, under a code of its own, and the pages repeat it."""

import json
from collections import Counter
from pathlib import Path
from string import Formatter

import pytest

from docs import generate
from storage.errors import ArchiveError, ObjectMissing, Text
from tests.architecture.sources import ROOT

CODES = sorted((ROOT / "repository" / "findings" / "codes").glob("*.json"))
LETTERS_OF_POLISH = set("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ")


def places(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def says_both(en: str, pl: str) -> bool:
    return bool(en.strip()) and bool(pl.strip()) and en != pl


def unique_pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    assert [key for key, count in Counter(key for key, _ in pairs).items() if count > 1] == []
    return dict(pairs)


@pytest.mark.parametrize("file", CODES, ids=lambda file: file.stem)
def test_every_finding_has_a_severity_and_equal_texts_in_both_languages(file: Path) -> None:
    for code, rule in json.loads(file.read_bytes(), object_pairs_hook=unique_pairs).items():
        assert code == code.upper().strip(), code
        assert set(rule) == {"severity", "en", "pl"}, code
        assert rule["severity"] in {"note", "warning", "error"}, code
        assert says_both(rule["en"], rule["pl"]), code
        assert places(rule["en"]) == places(rule["pl"]), code


def test_finding_codes_are_unique_across_files() -> None:
    codes = Counter(code for file in CODES for code in json.loads(file.read_bytes()))
    assert "RBD-UNCLAIMED" in codes
    assert [code for code, count in codes.items() if count > 1] == []


def errors() -> list[type[ArchiveError]]:
    found = generate.error_classes()
    assert ObjectMissing in found
    return found


def test_every_error_has_a_code_that_no_other_has() -> None:
    codes = Counter(error.code for error in errors())
    assert [error.__qualname__ for error in errors() if codes[error.code] > 1] == []
    assert codes[ArchiveError.code] == 0


def test_every_error_says_three_things_in_both_languages() -> None:
    for error in errors():
        for text in (error.what, error.kept, error.todo):
            assert isinstance(text, Text), error
            assert says_both(text.en, text.pl), error
            assert places(text.en) == places(text.pl), error
        assert not LETTERS_OF_POLISH & set(error.what.en + error.todo.en), error


def test_an_error_can_be_made_and_told_with_the_fields_that_its_texts_name() -> None:
    for error in errors():
        names = places(error.what.en) | places(error.todo.en)
        made = error.__new__(error)
        ArchiveError.__init__(made, **dict.fromkeys(names, "x"))
        assert "{" not in made.message.en + made.message.pl + made.advice.en + made.advice.pl, error
        assert str(made).startswith(f"{error.code}: ")


def test_exit_codes_are_those_that_the_readme_explains() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [error.__qualname__ for error in errors() if f"\n| {error.exit_code} |" not in readme] == []


@pytest.mark.parametrize("page", ["errors.md", "findings.md", "conformance.md"])
def test_the_pages_are_what_the_code_says(page: str) -> None:
    path = ROOT / "docs" / page
    assert path.read_text("utf-8") == generate.pages()[path], "run python docs/generate.py"
