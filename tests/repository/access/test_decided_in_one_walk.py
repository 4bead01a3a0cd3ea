"""What is shared between a decision and what is told of it changes neither (R463-7.1, 10.2).

The two are computed here a second time, the long way: from `explain`, rule by rule, for the request and then for the
same request about somebody of whom nothing is known.
"""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.access.conditions import ABOUT_REQUEST, CONDITIONS
from repository.access.decision import (
    AUTHZ_INCOMPLETE,
    CONSENT_MISSING,
    FACTS_MISSING,
    OBJECTION,
    SECRET,
    decide,
    explain,
)
from repository.access.facts import Facts
from repository.access.principal import PrincipalKind
from repository.access.purpose import Purpose
from repository.access.request import AccessRequest
from repository.access.rules import Effect, Rule, RuleSet, rules_at
from repository.access.subject import Operation, Subject
from tests.builders.access import AT, objection
from tests.builders.access_cases import Case, cases
from tests.builders.access_strategies import any_facts, subjects
from tests.builders.access_table import AGAINST, Line, table

RULES = rules_at(AT.date())
LINES = tuple(table(3))
GATHERED = ("custody", "permissions", "relations", "authorisations", "approvals")


def reasons_of(asked: AccessRequest, known: Facts, rules: RuleSet) -> tuple[tuple[str, ...], str, str]:
    """The reasons of the refusing rules, the id of the permitting one, and why there is none."""
    told = explain(asked, known, rules=rules)
    reasons: list[str] = []
    for rule in (each for each in rules.refusing if each.id in told):
        answers = set(told[rule.id].values())
        if "fails" not in answers:
            reasons.append(FACTS_MISSING if "unknown" in answers else rule.reason)
    missing = AUTHZ_INCOMPLETE
    for rule in (each for each in rules.permitting if each.id in told):
        unmet = {name: answer for name, answer in told[rule.id].items() if answer != "holds"}
        if not unmet:
            return tuple(dict.fromkeys(reasons)), rule.id, ""
        if set(unmet.values()) == {"unknown"}:
            missing = FACTS_MISSING
        elif unmet == {"consent": "fails"} and missing != FACTS_MISSING:
            missing = CONSENT_MISSING
    return tuple(dict.fromkeys(reasons)), "", missing


def told_outside(asked: AccessRequest, known: Facts, rules: RuleSet) -> tuple[str, ...]:
    """What is told of somebody of whom nothing is known; a fact that could not be asked stays one."""
    nobody = replace(asked, subject=Subject(takeover=asked.subject.takeover))
    gathered = {name: None if getattr(known, name) is None else () for name in GATHERED}
    nothing = replace(known, protected=False, after_death=None, **gathered)  # type: ignore[arg-type]
    reasons, _, missing = reasons_of(nobody, nothing, rules)
    if set(reasons) <= SECRET:
        reasons = (missing,) if missing else ()
    return tuple(each for each in reasons if each not in SECRET) or (AUTHZ_INCOMPLETE,)


def check(asked: AccessRequest, known: Facts, rules: RuleSet = RULES) -> None:
    decision = decide(asked, known, rules=rules)
    reasons, rule, missing = reasons_of(asked, known, rules)
    known_to_be_there = reasons == (OBJECTION,) and bool(rule)
    if set(reasons) <= SECRET and missing:
        reasons = (*reasons, missing)
    assert decision.reasons == reasons
    assert decision.rule == ("" if reasons else rule)
    if known_to_be_there:
        assert decision.told == (OBJECTION,)
    elif OBJECTION in reasons or SECRET & set(reasons):
        assert decision.told == told_outside(asked, known, rules)
    else:
        assert decision.told == reasons


@pytest.mark.requirement("R463-10.2")
@pytest.mark.parametrize("against", AGAINST)
def test_each_line_of_the_table_is_decided_and_told_as_rule_by_rule(against: str) -> None:
    for line in (each for each in LINES if each.against == against):
        check(line.asked, line.known)


def rule(effect: Effect) -> st.SearchStrategy[Rule]:
    reasons = ("MADE_UP", OBJECTION, *SECRET)
    return st.builds(
        Rule,
        id=st.just(""),
        effect=st.just(effect),
        source=st.just("made up"),
        kinds=st.frozensets(st.sampled_from(PrincipalKind), max_size=1),
        purposes=st.frozensets(st.sampled_from(Purpose), max_size=1),
        operations=st.frozensets(st.sampled_from(Operation), max_size=1),
        conditions=st.lists(st.sampled_from(("consent", "consent", *sorted(CONDITIONS))), max_size=3).map(tuple),
        reason=st.sampled_from(reasons) if effect is Effect.REFUSE else st.just(""),
        duties=st.just(()),
    )


@st.composite
def rule_sets(draw: st.DrawFn) -> RuleSet:
    """Any that the words can make: with reasons that are secret in any place, and the consent asked for twice."""
    refusing = draw(st.lists(rule(Effect.REFUSE), max_size=4))
    permitting = draw(st.lists(rule(Effect.PERMIT), max_size=4))
    named = [replace(each, id=f"rule-{number}") for number, each in enumerate((*refusing, *permitting))]
    return RuleSet("random", RULES.since, tuple(named[: len(refusing)]), tuple(named[len(refusing) :]))


@settings(max_examples=150)
@given(cases(), st.just(RULES) | rule_sets(), st.booleans(), st.booleans())
def test_any_rules_are_decided_and_told_as_rule_by_rule(
    case: Case, rules: RuleSet, guarded: bool, objects: bool
) -> None:
    asked, known = case
    if guarded:
        known = replace(known, protected=True)
    if objects:
        known = replace(known, permissions=(*(known.permissions or ()), objection()))
    check(asked, known, rules)


@pytest.mark.parametrize("name", sorted(ABOUT_REQUEST))
@settings(max_examples=15)
@given(cases(), subjects(), any_facts())
def test_what_the_request_alone_answers_is_the_same_for_every_subject_and_all_facts(
    name: str, case: Case, subject: Subject, others: Facts
) -> None:
    """It is asked once, for the patient and for somebody of whom nothing is known."""
    asked, known = case
    answer = CONDITIONS[name](asked, known)
    assert answer is CONDITIONS[name](replace(asked, subject=subject), others)
    assert answer is CONDITIONS[name](asked, Facts(protected=None, custody=None, permissions=None, relations=None))


def _permitted(line: Line) -> bool:
    return decide(line.asked, line.known, rules=RULES).permitted


def test_the_table_that_is_measured_holds_what_it_says() -> None:
    """Every purpose, permitted and refused, protected and not, by whole permissions and by parts."""
    for limits in ("whole", "parts"):
        lines = [each for each in LINES if each.limits == limits]
        assert {each.asked.purpose for each in lines if _permitted(each)} == set(Purpose)
        assert {each.asked.purpose for each in lines if not _permitted(each)} == set(Purpose)
        assert {_permitted(each) for each in lines if each.known.protected} == {True, False}
    free = [each for each in LINES if each.against == "nothing against it"]
    assert {_permitted(each) for each in free if each.entitled == "entitled"} == {True}
    assert {_permitted(each) for each in free if each.entitled == "not identified"} == {False}
    for line in (each for each in LINES if each.limits == "parts"):
        mine = (each for each in line.known.permissions or () if each.patient in line.asked.subject.patient_identifiers)
        assert not any(each.scope.whole for each in mine)
