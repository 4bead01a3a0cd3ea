"""What may be found is exactly what a decision on each subject would permit, for any rules' words and any facts."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.access.conditions import ABOUT_REQUEST, CONDITIONS
from repository.access.decision import FACTS_MISSING, decide
from repository.access.extent import Part, SearchFacts
from repository.access.facts import AfterDeath, Approval, Facts, RelationKind
from repository.access.purpose import Purpose
from repository.access.reach import Reach, check, reach
from repository.access.reach_terms import PARTS, SUBTRACTED
from repository.access.request import AccessRequest
from repository.access.rules import Effect, Rule, RuleSet, rules_at
from repository.access.subject import Operation, Scope, Subject
from repository.domain.describing import Identifier
from tests.builders.access import (
    ANNA,
    AT,
    BOGDAN,
    CELINA,
    DARIUSZ,
    OTHER_TAKEOVER,
    TAKEOVER,
    acting,
    approval,
    consent,
    custody,
    died,
    objection,
    patient,
    person,
    record,
    relation,
    request,
    subject,
    worker,
)
from tests.builders.access_strategies import ROOTLESS, known_facts, requests, scopes, subjects

RULES = rules_at(AT.date())
TAKEOVERS = st.sampled_from((TAKEOVER, OTHER_TAKEOVER))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[SearchFacts, frozenset[Identifier]]:
    """Facts about everything, of which some may be missing, and the identifiers that are protected."""
    known = draw(known_facts())
    after = {} if known.after_death is None else {draw(st.sampled_from((ANNA, BOGDAN))): known.after_death}
    said = st.builds(
        lambda each, takeover, number, named: replace(each, takeover=takeover, patient=number, identifier=named),
        st.sampled_from(known.approvals or (Approval("a", "b", "c", AT, AT),)),
        st.sampled_from(("", TAKEOVER, OTHER_TAKEOVER)),
        st.sampled_from((0, 1, 2)),
        st.sampled_from((None, ANNA, BOGDAN, ROOTLESS)),
    )
    facts = SearchFacts(
        custody=tuple((draw(TAKEOVERS), each) for each in known.custody or ()),
        permissions=known.permissions,
        relations=known.relations,
        deaths=tuple(after.items()),
        authorisations=known.authorisations,
        approvals=tuple(draw(st.lists(said, max_size=2))),
    )
    names = ("custody", "permissions", "relations", "deaths", "authorisations", "approvals", "protection_known")
    gone = draw(st.lists(st.sampled_from(names), max_size=1))
    missing = dict.fromkeys(gone, None) | ({"protection_known": False} if "protection_known" in gone else {})
    changes: dict[str, Any] = missing if draw(st.integers(0, 3)) == 0 else {}
    protected = draw(st.frozensets(st.sampled_from((ANNA, BOGDAN, ROOTLESS)), max_size=2))
    return replace(facts, **changes), protected


def about(subject: Subject, facts: SearchFacts, protected: frozenset[Identifier]) -> Facts:
    """What `decide` would be told of one subject."""
    deaths = facts.deaths or ()
    return Facts(
        protected=any(each in protected for each in subject.patient_identifiers) if facts.protection_known else None,
        custody=None
        if facts.custody is None
        else tuple(each for takeover, each in facts.custody if takeover == subject.takeover),
        permissions=facts.permissions,
        relations=facts.relations,
        after_death=next((after for known, after in deaths if known in subject.patient_identifiers), None),
        authorisations=facts.authorisations,
        approvals=facts.approvals,
        death_known=facts.deaths is not None,
    )


def agree(asked: AccessRequest, facts: SearchFacts, protected: frozenset[Identifier], found: list[Subject]) -> bool:
    """Whether both say the same of all of `found`; True if something was permitted."""
    seen = reach(asked, facts, rules=RULES)
    permitted = []
    for each in found:
        wanted = decide(replace(asked, subject=each), about(each, facts, protected), rules=RULES).permitted
        shut = any(known in protected for known in each.patient_identifiers)
        assert seen.holds(each, protected=shut) is wanted, (each, seen)
        permitted.append(wanted)
    return any(permitted)


@settings(max_examples=70, deadline=None)
@given(requests(), worlds(), st.lists(subjects(), min_size=1, max_size=6))
def test_what_may_be_found_is_what_would_be_permitted(
    asked: AccessRequest, world: tuple[SearchFacts, frozenset[Identifier]], found: list[Subject]
) -> None:
    agree(asked, *world, found)


@settings(max_examples=70, deadline=None)
@given(
    st.sampled_from(
        (
            (worker(), Purpose.TREATMENT), (worker(), Purpose.CUSTODY), (acting(), Purpose.CONTINUITY),
            (patient(), Purpose.PATIENT_REQUEST), (person(), Purpose.PATIENT_REQUEST),
            (person(DARIUSZ), Purpose.PATIENT_REQUEST), (worker(), Purpose.EMERGENCY),
        )
    ),
    worlds(),
    st.lists(subjects(), min_size=1, max_size=6),
)  # fmt: skip
def test_nothing_is_missing_and_nothing_too_much_for_those_who_are_known(
    who: tuple[Any, Purpose], world: tuple[SearchFacts, frozenset[Identifier]], found: list[Subject]
) -> None:
    agree(request(who[0], purpose=who[1], operation=Operation.SEARCH, reason="unconscious"), *world, found)


@settings(max_examples=60, deadline=None)
@given(scopes(), scopes(), st.lists(subjects(), min_size=1, max_size=6), st.sampled_from(("", TAKEOVER)))
def test_a_consent_to_a_part_less_an_objection_to_another(
    given_to: Scope, not_to: Scope, found: list[Subject], takeover: str
) -> None:
    facts = SearchFacts(
        custody=(),
        permissions=(
            consent(scope=given_to, takeover=takeover),
            objection(scope=not_to, patient=BOGDAN),
            consent(id="consent-2", patient=ROOTLESS, takeover=takeover),
        ),
        relations=(),
    )
    agree(request(operation=Operation.SEARCH), facts, frozenset(), found)


def test_every_condition_is_said_as_data() -> None:
    """Whoever adds a word to the rules says here what it means for a search."""
    assert ABOUT_REQUEST | SUBTRACTED | set(PARTS) == set(CONDITIONS)


def _rule(effect: Effect, *conditions: str) -> Rule:
    reason = "NO" if effect is Effect.REFUSE else ""
    every = frozenset[Any]()
    return Rule("new", effect, "law", every, every, every, conditions, reason, ())


@pytest.mark.parametrize("conditions", [("custodian",), ("objection", "protected_without_second_person"), ("unheard",)])
def test_a_refusing_rule_that_no_search_can_apply_is_not_loaded(conditions: tuple[str, ...]) -> None:
    rules = RuleSet("x", RULES.since, (_rule(Effect.REFUSE, *conditions),), ())
    with pytest.raises(ValueError, match="new"):
        check(rules)


@pytest.mark.parametrize("conditions", [("unheard",), ("custodian", "objection")])
def test_a_permitting_rule_that_no_search_can_apply_is_not_loaded(conditions: tuple[str, ...]) -> None:
    rules = RuleSet("x", RULES.since, (), (_rule(Effect.PERMIT, *conditions),))
    with pytest.raises(ValueError, match="new"):
        reach(request(), NONE, rules=rules)


NONE = SearchFacts(custody=(), permissions=(), relations=())


def _search(who: Any, purpose: Purpose, facts: SearchFacts = NONE, **said: str) -> Reach:
    return reach(request(who, purpose=purpose, operation=Operation.SEARCH, **said), facts, rules=RULES)


def test_two_conditions_meet_in_what_is_in_both() -> None:
    rules = RuleSet("x", RULES.since, (), (_rule(Effect.PERMIT, "custodian", "consent"),))
    facts = replace(NONE, custody=((TAKEOVER, custody()),), permissions=(consent(), consent(takeover=OTHER_TAKEOVER)))
    found = reach(request(), facts, rules=rules)
    assert found.parts == (Part(takeover=TAKEOVER, patients=frozenset({ANNA})),)


def test_a_custodian_sees_takeovers_and_a_doctor_in_need_everything() -> None:
    kept = replace(NONE, custody=((TAKEOVER, custody()), (OTHER_TAKEOVER, custody(CELINA))))
    assert _search(acting(), Purpose.CUSTODY, kept).takeovers == frozenset({TAKEOVER})
    assert _search(worker(), Purpose.EMERGENCY, reason="unconscious").takeovers is None
    assert _search(worker(), Purpose.EMERGENCY).refused == ("REASON_MISSING",)


def test_a_fact_that_is_missing_refuses_the_whole_search() -> None:
    assert _search(worker(), Purpose.TREATMENT, replace(NONE, permissions=None)).refused == (FACTS_MISSING,)
    assert _search(worker(), Purpose.CUSTODY, replace(NONE, protection_known=False)).refused == (FACTS_MISSING,)
    unknown = _search(acting(), Purpose.CUSTODY, replace(NONE, custody=None))
    assert (unknown.refused, unknown.takeovers, unknown.parts) == ((), frozenset(), ())


def test_who_may_see_what_is_protected() -> None:
    assert _search(patient(), Purpose.PATIENT_REQUEST).sees_protected == (ANNA,)
    let = replace(NONE, approvals=(approval(takeover=TAKEOVER, patient=1), approval(requester="worker-9")))
    found = _search(worker(), Purpose.EMERGENCY, let, reason="x y")
    assert (found.hides_protected, found.sees_protected, found.approved) == (True, (), ((TAKEOVER, 1),))
    assert found.holds(record(), protected=True)
    assert not found.holds(record(patient=2), protected=True)
    assert found.holds(record(patient=2), protected=False)


def test_after_death_the_record_that_forbids_counts() -> None:
    dead: tuple[tuple[Identifier, AfterDeath], ...] = ((ANNA, died()), (BOGDAN, died(objected=True)))
    facts = replace(NONE, relations=(relation(RelationKind.CLOSE),), deaths=dead)
    found = _search(person(), Purpose.PATIENT_REQUEST, facts)
    assert found.holds(subject(), protected=False)
    assert not found.holds(subject(patient_identifiers=(ANNA, BOGDAN)), protected=False)
