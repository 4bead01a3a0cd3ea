"""The one decision: a request and the facts that bear on it → permit, or refuse with reasons (R463-7.1, 7.2).

A request is permitted if no refusing rule holds and some permitting rule does. Therefore adding a refusing rule, or
taking away a permitting one, never permits more. A rule that needs a fact which is not known refuses, whichever kind
it is. The same request with the same facts under the same rules is decided the same way, always.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import TypeAlias

from repository.access.conditions import CONDITIONS, Condition, Unknown
from repository.access.facts import Facts
from repository.access.principal import PrincipalKind
from repository.access.purpose import Purpose
from repository.access.request import AccessRequest
from repository.access.rules import Rule, RuleSet
from repository.access.subject import Operation, Subject

_CONSENT = {"consent": "fails"}  # all that keeps a rule from permitting
_Conditions: TypeAlias = tuple[Condition, ...]
_Rules: TypeAlias = tuple[tuple[Rule, _Conditions], ...]

FACTS_MISSING, CONSENT_MISSING, AUTHZ_INCOMPLETE = "FACTS_MISSING", "CONSENT_MISSING", "AUTHZ_INCOMPLETE"
"""What the decision says by itself; all other reasons are the rules'."""
SECRET = frozenset({"SECOND_PERSON_MISSING"})
"""Reasons that would disclose special protection (R463-10.2)."""
OBJECTION = "OBJECTION"
"""A reason that would disclose that the patient is there: only who would be let in without it is told of it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """`reasons`: codes of all refusing rules that held, or why nothing permits; empty if permitted. They may disclose
    special protection: `told` is what may be said and written down, and `reason` the first of it. `instead`: what is
    told in place of reasons that say something of the patient; empty where none does.

    `rule`: the permitting rule. `duties`: what has to follow, `prominent` (the account stands out) and `review` (a
    person looks at it afterwards). `rules`: the version that was applied.
    """

    reasons: tuple[str, ...]
    rule: str
    duties: tuple[str, ...]
    rules: str
    at: datetime
    instead: tuple[str, ...] = ()

    @property
    def permitted(self) -> bool:
        return bool(self.rule) and not self.reasons

    @property
    def told(self) -> tuple[str, ...]:
        """What is told of whom nothing is known, where the reasons say more; never empty for a refusal."""
        if self.permitted:
            return ()
        if self.instead and any(each in SECRET or each == OBJECTION for each in self.reasons):
            return self.instead
        return tuple(each for each in self.reasons if each not in SECRET) or (AUTHZ_INCOMPLETE,)

    @property
    def reason(self) -> str:
        return "" if self.permitted else self.told[0]


def decide(request: AccessRequest, facts: Facts, *, rules: RuleSet) -> Decision:
    """The decision on `request` at `request.at`."""
    decision = _decided(request, facts, rules=rules)
    if SECRET.isdisjoint(decision.reasons) and (
        OBJECTION not in decision.reasons or _is_all_that_refuses(OBJECTION, decision, (request, facts), rules)
    ):
        return decision
    return replace(decision, instead=_of_nobody(request, facts, rules=rules))


def _decided(request: AccessRequest, facts: Facts, *, rules: RuleSet) -> Decision:
    refusing, permitting = _concerning(rules, request)
    found = (_refusal(rule, conditions, ask=(request, facts)) for rule, conditions in refusing)
    reasons = tuple(dict.fromkeys(reason for reason in found if reason))
    if not SECRET.issuperset(reasons):
        return Decision(reasons, "", (), rules.version, request.at)
    granted, missing = _granted(permitting, request, facts)
    if granted is None or reasons:
        return Decision((*reasons, missing) if missing else reasons, "", (), rules.version, request.at)
    return Decision((), granted.id, granted.duties, rules.version, request.at)


def _is_all_that_refuses(reason: str, decision: Decision, ask: tuple[AccessRequest, Facts], rules: RuleSet) -> bool:
    """Whether the request would be permitted without that reason: whoever is let in knows that the patient is there."""
    return decision.reasons == (reason,) and _granted(_concerning(rules, ask[0])[1], *ask)[0] is not None


def _of_nobody(request: AccessRequest, facts: Facts, *, rules: RuleSet) -> tuple[str, ...]:
    """What the same request is told about somebody of whom nothing is known. A fact that could not be asked is still
    one that could not be: while the catalogue does not answer, it answers about nobody."""
    nobody = replace(request, subject=Subject(takeover=request.subject.takeover))
    nothing = Facts(
        protected=False,
        custody=None if facts.custody is None else (),
        permissions=None if facts.permissions is None else (),
        relations=None if facts.relations is None else (),
        authorisations=None if facts.authorisations is None else (),
        approvals=None if facts.approvals is None else (),
        death_known=facts.death_known,
    )
    return _decided(nobody, nothing, rules=rules).told or (AUTHZ_INCOMPLETE,)


def explain(request: AccessRequest, facts: Facts, *, rules: RuleSet) -> Mapping[str, Mapping[str, str]]:
    """Each rule that is about this request → each of its conditions → `holds`, `fails` or `unknown`."""
    refusing, permitting = _concerning(rules, request)
    return {
        rule.id: {name: _told(CONDITIONS[name], request, facts) for name in rule.conditions}
        for rule, _ in (*refusing, *permitting)
    }


def _concerning(rules: RuleSet, request: AccessRequest) -> tuple[_Rules, _Rules]:
    """The refusing and the permitting rules that are about this request."""
    return _about(rules, request.principal.kind, (request.purpose, request.operation))


@lru_cache(maxsize=1024)
def _about(rules: RuleSet, kind: PrincipalKind, what: tuple[Purpose | None, Operation]) -> tuple[_Rules, _Rules]:
    """An empty list is no limit. A request without a purpose is concerned by whatever has no limit on purposes."""
    purpose, operation = what

    def concerning(every: tuple[Rule, ...]) -> _Rules:
        return tuple(
            (rule, tuple(CONDITIONS[name] for name in rule.conditions))
            for rule in every
            if (not rule.kinds or kind in rule.kinds)
            and (not rule.purposes or purpose in rule.purposes)
            and (not rule.operations or operation in rule.operations)
        )

    return concerning(rules.refusing), concerning(rules.permitting)


def _refusal(rule: Rule, conditions: _Conditions, *, ask: tuple[AccessRequest, Facts]) -> str:
    """The reason that the rule gives, or none. Only a condition that is known to fail holds a refusing rule off."""
    reason = rule.reason
    for condition in conditions:
        try:
            if not condition(*ask):
                return ""
        except Unknown:
            reason = FACTS_MISSING
    return reason


def _told(condition: Condition, request: AccessRequest, facts: Facts) -> str:
    try:
        return "holds" if condition(request, facts) else "fails"
    except Unknown:
        return "unknown"


def _granted(permitting: _Rules, request: AccessRequest, facts: Facts) -> tuple[Rule | None, str]:
    """The first rule that permits; or why none does: a fact that might have let one, the consent that would have, or
    the right that is not there."""
    reason = AUTHZ_INCOMPLETE
    for rule, conditions in permitting:
        unmet = {
            name: told
            for name, condition in zip(rule.conditions, conditions, strict=True)
            if (told := _told(condition, request, facts)) != "holds"
        }
        if not unmet:
            return rule, ""
        if "fails" not in unmet.values():
            reason = FACTS_MISSING
        elif unmet == _CONSENT and reason is not FACTS_MISSING:
            reason = CONSENT_MISSING
    return None, reason
