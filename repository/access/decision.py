"""The one decision: a request and the facts that bear on it → permit, or refuse with reasons (R463-7.1, 7.2).

A request is permitted if no refusing rule holds and some permitting rule does. Therefore adding a refusing rule, or
taking away a permitting one, never permits more. A rule that needs a fact which is not known refuses, whichever kind
it is. The same request with the same facts under the same rules is decided the same way, always.

What is told outside of a refusal is decided as well, about somebody of whom nothing is known. Profiled, a second
decision from the start doubled the cost of such a refusal, and two thirds of it were spent on what cannot differ: who
asks, what for, on which ground. That is asked once (`_left`), and both go on with the rules that are then left.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TypeAlias

from repository.access.conditions import ABOUT_REQUEST, CONDITIONS, Condition, Unknown
from repository.access.facts import Facts
from repository.access.principal import PrincipalKind
from repository.access.purpose import Purpose
from repository.access.request import AccessRequest
from repository.access.rules import Rule, RuleSet
from repository.access.subject import Operation, Subject

_CONSENT = CONDITIONS["consent"]
_Conditions: TypeAlias = tuple[Condition, ...]
_Rules: TypeAlias = Iterable[tuple[Rule, _Conditions, _Conditions]]
"""Each rule, its conditions that the request alone answers, and those that ask the subject or a fact."""

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
    refusing, permitting = _about(rules, request.principal.kind, (request.purpose, request.operation))
    refusing = _left(refusing, request, facts)
    reasons = _refusals(refusing, request, facts)
    if reasons and SECRET.isdisjoint(reasons) and OBJECTION not in reasons:
        return Decision(reasons, "", (), rules.version, request.at)
    permitting = _left(permitting, request, facts)
    asked = SECRET.issuperset(reasons) or reasons == (OBJECTION,)
    granted, missing = _granted(permitting, request, facts) if asked else (None, "")
    if not reasons:
        if granted is None:
            return Decision((missing,), "", (), rules.version, request.at)
        return Decision((), granted.id, granted.duties, rules.version, request.at)
    if granted is not None and reasons == (OBJECTION,):  # who would be let in knows that the patient is there
        return Decision(reasons, "", (), rules.version, request.at)
    if missing and reasons != (OBJECTION,):
        reasons = (*reasons, missing)
    instead = _of_nobody(refusing, permitting, ask=(request, facts))
    return Decision(reasons, "", (), rules.version, request.at, instead)


def _of_nobody(refusing: _Rules, permitting: _Rules, *, ask: tuple[AccessRequest, Facts]) -> tuple[str, ...]:
    """What the same request is told about somebody of whom nothing is known, by the rules that are left of it."""
    nobody, nothing = _without_subject(ask[0]), _nothing(*_gathered(ask[1]))
    reasons = _refusals(refusing, nobody, nothing)
    if SECRET.issuperset(reasons):
        _, missing = _granted(permitting, nobody, nothing)
        reasons = (missing,) if missing else ()
    return tuple(each for each in reasons if each not in SECRET) or (AUTHZ_INCOMPLETE,)


def _without_subject(request: AccessRequest) -> AccessRequest:
    """In the same takeover; `replace` would take twice as long."""
    return AccessRequest(
        principal=request.principal,
        purpose=request.purpose,
        operation=request.operation,
        subject=_nobody(request.subject.takeover),
        at=request.at,
        door=request.door,
        basis=request.basis,
        reason=request.reason,
        evidence=request.evidence,
    )


@lru_cache(maxsize=256)
def _nobody(takeover: str) -> Subject:
    return Subject(takeover=takeover)


def _gathered(facts: Facts) -> tuple[bool, ...]:
    gathered = (facts.custody, facts.permissions, facts.relations, facts.authorisations, facts.approvals)
    return (*(each is not None for each in gathered), facts.death_known)


@lru_cache(maxsize=64)  # all that there are
def _nothing(*gathered: bool) -> Facts:
    """Facts about nobody. One that could not be asked is still one that could not be: while the catalogue does not
    answer, it answers about nobody."""
    custody, permissions, relations, authorisations, approvals, death_known = gathered
    return Facts(
        protected=False,
        custody=() if custody else None,
        permissions=() if permissions else None,
        relations=() if relations else None,
        authorisations=() if authorisations else None,
        approvals=() if approvals else None,
        death_known=death_known,
    )


def explain(request: AccessRequest, facts: Facts, *, rules: RuleSet) -> Mapping[str, Mapping[str, str]]:
    """Each rule that is about this request → each of its conditions → `holds`, `fails` or `unknown`."""
    refusing, permitting = _about(rules, request.principal.kind, (request.purpose, request.operation))
    return {
        rule.id: {name: _told(CONDITIONS[name], request, facts) for name in rule.conditions}
        for rule, _, _ in (*refusing, *permitting)
    }


def _told(condition: Condition, request: AccessRequest, facts: Facts) -> str:
    try:
        return "holds" if condition(request, facts) else "fails"
    except Unknown:
        return "unknown"


@lru_cache(maxsize=1024)
def _about(rules: RuleSet, kind: PrincipalKind, what: tuple[Purpose | None, Operation]) -> tuple[_Rules, _Rules]:
    """The refusing and the permitting rules that are about such a request. An empty list is no limit: a request without
    a purpose is concerned by whatever has no limit on purposes."""
    purpose, operation = what

    def concerning(every: tuple[Rule, ...]) -> _Rules:
        return tuple(
            (rule, _asked(rule, alone=True), _asked(rule, alone=False))
            for rule in every
            if (not rule.kinds or kind in rule.kinds)
            and (not rule.purposes or purpose in rule.purposes)
            and (not rule.operations or operation in rule.operations)
        )

    return concerning(rules.refusing), concerning(rules.permitting)


def _asked(rule: Rule, *, alone: bool) -> _Conditions:
    """Its conditions, each once: those that the request alone answers, or the others."""
    return tuple(CONDITIONS[name] for name in dict.fromkeys(rule.conditions) if (name in ABOUT_REQUEST) is alone)


def _left(rules: _Rules, request: AccessRequest, facts: Facts) -> _Rules:
    """Those that nothing in the request alone holds off. The others hold for no subject and no facts."""
    left = []
    for each in rules:
        for condition in each[1]:
            if not condition(request, facts):
                break
        else:
            left.append(each)
    return left


def _refusals(refusing: _Rules, request: AccessRequest, facts: Facts) -> tuple[str, ...]:
    """The reasons of those that hold, each once. Only a condition that is known to fail holds a refusing rule off."""
    reasons = []
    for rule, _, conditions in refusing:
        reason = rule.reason
        for condition in conditions:
            try:
                if not condition(request, facts):
                    break
            except Unknown:
                reason = FACTS_MISSING
        else:
            if reason not in reasons:
                reasons.append(reason)
    return tuple(reasons)


def _granted(permitting: _Rules, request: AccessRequest, facts: Facts) -> tuple[Rule | None, str]:
    """The first rule that permits; or why none does: a fact that might have let one, the consent that would have, or
    the right that is not there."""
    reason = AUTHZ_INCOMPLETE
    for rule, _, conditions in permitting:
        lacks = _lacks(conditions, request, facts)
        if not lacks:
            return rule, ""
        if lacks is FACTS_MISSING or (lacks is CONSENT_MISSING and reason is not FACTS_MISSING):
            reason = lacks
    return None, reason


def _lacks(conditions: _Conditions, request: AccessRequest, facts: Facts) -> str:
    """What alone keeps a rule from permitting: nothing, a fact that is not known, the consent; or else the right."""
    lacks = ""
    for condition in conditions:
        try:
            if condition(request, facts):
                continue
            fails = CONSENT_MISSING if condition is _CONSENT else AUTHZ_INCOMPLETE
        except Unknown:
            fails = FACTS_MISSING
        if fails is AUTHZ_INCOMPLETE or lacks not in ("", fails):
            return AUTHZ_INCOMPLETE
        lacks = fails
    return lacks
