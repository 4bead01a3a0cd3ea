"""What holds for every request, all facts and every set of rules (R463-7.1, 7.2, 10.1.4, 10.1.5)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from repository.access.conditions import CONDITIONS
from repository.access.decision import AUTHZ_INCOMPLETE, FACTS_MISSING, decide, explain
from repository.access.facts import Facts
from repository.access.permission import Permission, PermissionKind
from repository.access.permission_index import PermissionIndex
from repository.access.principal import PrincipalKind
from repository.access.purpose import Purpose
from repository.access.request import AccessRequest
from repository.access.rules import Effect, Rule, RuleSet
from repository.access.subject import Operation, Subject
from tests.builders.access import (
    AT,
    DOORS,
    INSTANT,
    administrator,
    approval,
    authorisation,
    consent,
    custody,
    died,
    facts,
    grant,
    objection,
    patient,
    record,
    relation,
    representative,
    request,
)
from tests.builders.access_cases import ENTITLED, Case, cases
from tests.builders.access_strategies import permissions
from tests.builders.rule_strategies import RULES, rule_sets, rules

FACTS = ("protected", "custody", "permissions", "relations", "authorisations", "approvals")
MANY = settings(max_examples=40)


def without(known: Facts, fact: str, value: object = None) -> Facts:
    changed: dict[str, Any] = {fact: False if fact == "death_known" else value}
    return replace(known, **changed)


def permitted(asked: AccessRequest, known: Facts, rules: RuleSet = RULES) -> bool:
    return decide(asked, known, rules=rules).permitted


@pytest.mark.requirement("R463-7.1")
@MANY
@given(cases(), rule_sets())
def test_the_same_is_always_decided_the_same(case: Case, rules: RuleSet) -> None:
    asked, known = case
    first = decide(asked, known, rules=rules)
    assert first == decide(replace(asked), replace(known), rules=rules)
    assert first.permitted == (first.reasons == ()) == bool(first.rule) == (first.told == ())
    assert first.reason == (first.told[0] if first.told else "")


@MANY
@given(cases(), rule_sets(), rules(Effect.REFUSE), st.integers(0, 3))
def test_one_more_refusing_rule_never_permits_more(case: Case, rules: RuleSet, more: Rule, place: int) -> None:
    asked, known = case
    stricter = replace(rules, refusing=(*rules.refusing[:place], more, *rules.refusing[place:]))
    assert permitted(asked, known, stricter) <= permitted(asked, known, rules)


@MANY
@given(cases(), rule_sets(), st.data())
def test_one_permitting_rule_less_never_permits_more(case: Case, rules: RuleSet, data: st.DataObject) -> None:
    asked, known = case
    gone = data.draw(st.sampled_from(rules.permitting))
    fewer = replace(rules, permitting=tuple(each for each in rules.permitting if each is not gone))
    assert permitted(asked, known, fewer) <= permitted(asked, known, rules)


@MANY
@given(cases(), permissions())
def test_one_more_objection_never_permits_more(case: Case, more: Permission) -> None:
    asked, known = case
    before = replace(known, permissions=known.permissions or ())
    objected = replace(before, permissions=(*(before.permissions or ()), replace(more, kind=PermissionKind.OBJECTION)))
    assert permitted(asked, objected) <= permitted(asked, before)


@MANY
@given(cases(), permissions())
def test_a_consent_or_grant_that_is_taken_away_never_permits_more(case: Case, given_: Permission) -> None:
    asked, known = case
    assume(given_.kind is not PermissionKind.OBJECTION)
    fewer = known.permissions or ()
    more = replace(known, permissions=(*fewer, given_))
    assert permitted(asked, replace(known, permissions=fewer)) <= permitted(asked, more)


@MANY
@given(cases(), rule_sets(), st.sampled_from((*FACTS, "death_known")))
def test_a_fact_that_is_not_known_never_permits_more(case: Case, rules: RuleSet, fact: str) -> None:
    asked, known = case
    assert permitted(asked, without(known, fact), rules) <= permitted(asked, known, rules)


@MANY
@given(cases())
def test_what_is_refused_for_a_fact_that_is_not_known_says_so(case: Case) -> None:
    """Unless an objection refuses as well, of which nobody hears by what else is wrong."""
    asked, known = case
    decision = decide(asked, replace(known, protected=None), rules=RULES)
    if asked.operation is Operation.UPKEEP or asked.principal.kind is PrincipalKind.SPECIAL_SERVICE:
        return
    assert FACTS_MISSING in decision.reasons
    if "OBJECTION" in decision.reasons:
        assert decision.told == told_of_nobody(asked)
    else:
        assert FACTS_MISSING in decision.told


@pytest.mark.parametrize("fact", FACTS)
def test_each_fact_that_a_right_rests_on_refuses_when_it_is_missing(fact: str) -> None:
    treated, kin = request(), request(representative(), purpose=Purpose.PATIENT_REQUEST)
    repaired = request(administrator(), purpose=Purpose.MAINTENANCE)
    rests: dict[str, tuple[AccessRequest, Facts]] = {
        "protected": (treated, facts(consent())),
        "custody": (treated, facts(custody=(custody(),))),
        "permissions": (treated, facts(consent())),
        "relations": (kin, facts(relations=(relation(),), after_death=died())),
        "authorisations": (repaired, facts(authorisations=(authorisation(),))),
        "approvals": (treated, facts(consent(), protected=True, approvals=(approval(),))),
    }
    asked, known = rests[fact]
    assert permitted(asked, known)
    assert decide(asked, without(known, fact), rules=RULES).told == (FACTS_MISSING,)
    if fact != "protected":
        assert not permitted(asked, without(known, fact, ()))


def test_each_permitting_rule_has_a_case_that_it_alone_permits() -> None:
    assert set(ENTITLED) == {rule.id for rule in RULES.permitting}
    for rule, (asked, known) in ENTITLED.items():
        assert decide(asked, known, rules=RULES).rule == rule
        others = tuple(each for each in RULES.permitting if each.id != rule)
        assert not permitted(asked, known, replace(RULES, permitting=others)), rule


def test_whether_somebody_has_died_must_be_known_to_his_people() -> None:
    for who in (patient(), representative()):
        asked = request(who, purpose=Purpose.PATIENT_REQUEST)
        assert permitted(asked, facts(relations=(relation(),)))
        unknown = facts(relations=(relation(),), death_known=False)
        assert decide(asked, unknown, rules=RULES).told == (FACTS_MISSING,)


@pytest.mark.requirement("R463-10.1.5")
@pytest.mark.parametrize("make", [consent, grant])
def test_a_revocation_holds_from_its_very_instant(make: Callable[..., Permission]) -> None:
    for ended, still in ((AT, False), (AT - INSTANT, False), (AT + INSTANT, True)):
        assert permitted(request(), facts(make(ended_at=ended, end_reason="withdrawn"))) is still
        assert permitted(request(), facts(make(valid_to=ended))) is still


def test_a_withdrawn_objection_binds_until_its_very_instant() -> None:
    for ended, bound in ((AT, False), (AT + INSTANT, True)):
        assert permitted(request(), facts(consent(), objection(ended_at=ended))) is not bound


@pytest.mark.parametrize("moment", ["valid_from", "recorded_at"])
def test_a_permission_is_not_in_force_before_it_is_valid_and_recorded(moment: str) -> None:
    assert permitted(request(), facts(consent(**{moment: AT})))
    assert not permitted(request(), facts(consent(**{moment: AT + INSTANT})))


@pytest.mark.parametrize("change", [{"since": AT + INSTANT}, {"until": AT}, {"until": AT - INSTANT}])
def test_custody_begins_and_ends_at_a_recorded_instant(change: dict[str, Any]) -> None:
    assert permitted(request(), facts(custody=(custody(since=AT, until=AT + INSTANT),)))
    assert not permitted(request(), facts(custody=(custody(**change),)))


@MANY
@given(cases())
def test_the_door_makes_no_difference(case: Case) -> None:
    asked, known = case
    assert len({decide(replace(asked, door=door), known, rules=RULES) for door in DOORS}) == 1


@settings(max_examples=80)
@given(cases(), st.lists(permissions(), max_size=12))
def test_an_index_and_a_tuple_of_permissions_decide_alike(case: Case, some: list[Permission]) -> None:
    asked, known = case
    plain, indexed = replace(known, permissions=tuple(some)), replace(known, permissions=PermissionIndex(some))
    assert decide(asked, plain, rules=RULES) == decide(asked, indexed, rules=RULES)
    assert plain == indexed
    assert hash(plain) == hash(indexed)
    for name in ("consent", "grant", "objection"):
        assert CONDITIONS[name](asked, plain) is CONDITIONS[name](asked, indexed)


@MANY
@given(cases())
def test_an_explanation_leads_to_the_decision(case: Case) -> None:
    asked, known = case
    decision, told = decide(asked, known, rules=RULES), explain(asked, known, rules=RULES)
    held = {rule.id for rule in RULES.refusing if rule.id in told and "fails" not in told[rule.id].values()}
    granting = [r.id for r in RULES.permitting if r.id in told and set(told[r.id].values()) <= {"holds"}]
    assert decision.permitted == (not held and bool(granting))
    if decision.permitted:
        assert decision.rule == granting[0]


def told_of_nobody(asked: AccessRequest) -> tuple[str, ...]:
    """What the same request is told where nothing is known of the patient; it may be permitted even then."""
    nobody = replace(asked, subject=Subject(takeover=asked.subject.takeover))
    return decide(nobody, facts(), rules=RULES).told or (AUTHZ_INCOMPLETE,)


@pytest.mark.requirement("R463-10.2")
@settings(max_examples=200)
@given(cases())
def test_special_protection_is_told_to_nobody(case: Case) -> None:
    """A refusal for protection sounds as it does about somebody of whom nothing is known, whatever else refuses."""
    asked, known = case
    gathered = {fact: getattr(known, fact) or () for fact in FACTS if fact != "protected"}
    known = replace(known, **gathered, protected=True, death_known=True)
    decision = decide(asked, known, rules=RULES)
    assert "SECOND_PERSON_MISSING" not in decision.told
    if "SECOND_PERSON_MISSING" in decision.reasons:
        assert decision.told == told_of_nobody(asked)


@settings(max_examples=200)
@given(cases())
def test_an_objection_is_told_to_those_alone_whom_nothing_else_keeps_out(case: Case) -> None:
    asked, known = case
    kept = replace(known, permissions=(*(known.permissions or ()), objection()), protected=False, death_known=True)
    kept = replace(kept, custody=kept.custody or (), relations=kept.relations or ())
    decision = decide(asked, kept, rules=RULES)
    if "OBJECTION" in decision.reasons:
        free = tuple(each for each in kept.permissions or () if each.kind is not PermissionKind.OBJECTION)
        if permitted(asked, replace(kept, permissions=free)):
            assert decision.told == ("OBJECTION",)
        else:
            assert decision.told == told_of_nobody(asked)


def test_a_protected_refusal_is_told_as_that_of_a_patient_who_is_not_there() -> None:
    """The worker who would be let in, and who would not be, hear the same: that a consent is missing."""
    for known in (facts(consent()), facts(), facts(consent(), objection()), facts(objection()), facts(grant())):
        decision = decide(request(), replace(known, protected=True), rules=RULES)
        assert decision.told == decide(request(), facts(), rules=RULES).told == ("CONSENT_MISSING",)
        assert "SECOND_PERSON_MISSING" in decision.reasons
    outsider = decide(request(), facts(objection()), rules=RULES)
    assert (outsider.reasons, outsider.told) == (("OBJECTION",), ("CONSENT_MISSING",))
    broken = request(purpose=Purpose.EMERGENCY, reason="unconscious")
    assert decide(broken, facts(protected=True), rules=RULES).told == (AUTHZ_INCOMPLETE,)
    assert decide(request(), facts(protected=True, permissions=None), rules=RULES).told == (FACTS_MISSING,)


def test_a_decision_without_a_rule_permits_nothing() -> None:
    made = decide(request(), facts(consent()), rules=RULES)
    assert made.permitted
    assert not replace(made, rule="").permitted


def test_without_rules_nothing_is_permitted() -> None:
    assert not permitted(request(), facts(consent()), replace(RULES, permitting=()))
    asked = request(patient(), purpose=Purpose.PATIENT_REQUEST, subject=record())
    assert not permitted(asked, facts(), replace(RULES, permitting=()))
