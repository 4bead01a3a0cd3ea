"""docs/access.md says what the rules say."""

from pathlib import Path

import pytest

from repository.access.purpose import Purpose, legal_bases
from repository.access.reasons import REASONS
from repository.access.rules import Rule, rules_at
from tests.builders.access import AT

PAGE = (Path(__file__).parents[3] / "docs" / "access.md").read_text("utf-8")
RULES = rules_at(AT.date())


def words(values: frozenset[str]) -> str:
    return ", ".join(sorted(values)) or "any"


def row(rule: Rule) -> str:
    conditions = " and ".join(f"`{each}`" for each in rule.conditions) or "–"
    limits = (words(rule.kinds), words(rule.purposes), words(rule.operations))
    cells = (f"`{rule.id}`", *limits, conditions, ", ".join(rule.duties) or "–", rule.source)
    return f"| {' | '.join(cells)} |"


def refusing_row(rule: Rule) -> str:
    whom = f"{words(rule.kinds)}; {words(rule.purposes)}; {words(rule.operations)}"
    conditions = " and ".join(f"`{each}`" for each in rule.conditions)
    return f"| `{rule.id}` | {rule.reason} | {conditions} | {whom} | {rule.source} |"


def table(name: str) -> list[str]:
    inside = PAGE.partition(f"<!-- {name} -->")[2].partition("<!-- end -->")[0]
    return [line for line in inside.strip().splitlines() if line.startswith("| `")]


def test_the_table_of_rights_is_that_of_the_rules() -> None:
    assert table("permitting") == [row(rule) for rule in RULES.permitting]


def test_the_table_of_refusals_is_that_of_the_rules() -> None:
    assert table("refusing") == [refusing_row(rule) for rule in RULES.refusing]


@pytest.mark.parametrize("word", [*(each.value for each in Purpose), *REASONS, *legal_bases(), RULES.version])
def test_every_purpose_reason_and_basis_is_on_the_page(word: str) -> None:
    assert f"`{word}`" in PAGE
