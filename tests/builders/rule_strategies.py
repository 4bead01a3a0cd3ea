"""Hypothesis strategies for rules: those in force, and any others that their words can make."""

from enum import StrEnum
from typing import TypeVar

from hypothesis import strategies as st

from repository.access.conditions import CONDITIONS
from repository.access.principal import PrincipalKind
from repository.access.purpose import Purpose
from repository.access.rules import Effect, Rule, RuleSet, rules_at
from repository.access.subject import Operation
from tests.builders.access import AT

RULES = rules_at(AT.date())
Word = TypeVar("Word", bound=StrEnum)


def some(values: type[Word]) -> st.SearchStrategy[frozenset[Word]]:
    return st.frozensets(st.sampled_from(values), max_size=4)


def rules(effect: Effect) -> st.SearchStrategy[Rule]:
    """Any rule that the words can make, sensible or not."""
    return st.builds(
        Rule,
        id=st.sampled_from(("x", "y")),
        effect=st.just(effect),
        source=st.just("made up"),
        kinds=some(PrincipalKind),
        purposes=some(Purpose),
        operations=some(Operation),
        conditions=st.lists(st.sampled_from(sorted(CONDITIONS)), max_size=3).map(tuple),
        reason=st.just("MADE_UP" if effect is Effect.REFUSE else ""),
        duties=st.just(()),
    )


def rule_sets() -> st.SearchStrategy[RuleSet]:
    """The rules in force, and others made of the same words."""
    return st.just(RULES) | st.builds(
        RuleSet,
        st.just("random"),
        st.just(RULES.since),
        st.lists(rules(Effect.REFUSE), max_size=3).map(tuple),
        st.lists(rules(Effect.PERMIT), min_size=1, max_size=4).map(tuple),
    )
