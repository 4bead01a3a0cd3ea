"""The one decision: a request and the facts that bear on it → permit, or refuse with reasons (R463-7.1, 7.2).

A request is permitted if no refusing rule holds and some permitting rule does. Therefore adding a refusing rule, or
taking away a permitting one, never permits more. A rule that needs a fact which is not known refuses, whichever kind
it is. The same request with the same facts under the same rules is decided the same way, always.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from repository.access.conditions import CONDITIONS, Unknown
from repository.access.facts import Facts
from repository.access.request import AccessRequest
from repository.access.rules import Rule, RuleSet

FACTS_MISSING, CONSENT_MISSING, AUTHZ_INCOMPLETE = "FACTS_MISSING", "CONSENT_MISSING", "AUTHZ_INCOMPLETE"
"""What the decision says by itself; all other reasons are the rules'."""
SECRET = frozenset({"SECOND_PERSON_MISSING"})
"""Reasons that would disclose special protection (R463-10.2)."""


@dataclass(frozen=True, slots=True)
class Decision:
    """`reasons`: codes of all refusing rules that held, or why nothing permits; empty if permitted. They may disclose
    special protection: `told` is what may be said and written down, and `reason` the first of it.

    `rule`: the permitting rule. `duties`: what has to follow, `prominent` (the account stands out) and `review` (a
    person looks at it afterwards). `rules`: the version that was applied.
    """

    reasons: tuple[str, ...]
    rule: str
    duties: tuple[str, ...]
    rules: str
    at: datetime

    @property
    def permitted(self) -> bool:
        return bool(self.rule) and not self.reasons

    @property
    def told(self) -> tuple[str, ...]:
        """As if there were no special protection, where there are other reasons; it is never empty for a refusal."""
        if self.permitted:
            return ()
        return tuple(each for each in self.reasons if each not in SECRET) or (AUTHZ_INCOMPLETE,)

    @property
    def reason(self) -> str:
        return "" if self.permitted else self.told[0]


def decide(request: AccessRequest, facts: Facts, *, rules: RuleSet) -> Decision:
    """The decision on `request` at `request.at`."""
    found = (_refusal(rule, request, facts) for rule in rules.refusing if _concerns(rule, request))
    reasons = tuple(dict.fromkeys(reason for reason in found if reason))
    if not SECRET.issuperset(reasons):
        return Decision(reasons, "", (), rules.version, request.at)
    granted = next((rule for rule in rules.permitting if _permits(rule, request, facts)), None)
    if granted is None:
        return Decision((*reasons, _missing(rules, request, facts)), "", (), rules.version, request.at)
    if reasons:
        return Decision(reasons, "", (), rules.version, request.at)
    return Decision((), granted.id, granted.duties, rules.version, request.at)


def explain(request: AccessRequest, facts: Facts, *, rules: RuleSet) -> Mapping[str, Mapping[str, str]]:
    """Each rule that is about this request → each of its conditions → `holds`, `fails` or `unknown`."""
    return {
        rule.id: {name: _told(name, request, facts) for name in rule.conditions}
        for rule in (*rules.refusing, *rules.permitting)
        if _concerns(rule, request)
    }


def _concerns(rule: Rule, request: AccessRequest) -> bool:
    """An empty list is no limit. A request without a purpose is concerned by whatever has no limit on purposes."""
    return (
        (not rule.kinds or request.principal.kind in rule.kinds)
        and (not rule.purposes or request.purpose in rule.purposes)
        and (not rule.operations or request.operation in rule.operations)
    )


def _refusal(rule: Rule, request: AccessRequest, facts: Facts) -> str:
    """The reason that the rule gives, or none. Only a condition that is known to fail holds a refusing rule off."""
    told = [_told(name, request, facts) for name in rule.conditions]
    if "fails" in told:
        return ""
    return FACTS_MISSING if "unknown" in told else rule.reason


def _permits(rule: Rule, request: AccessRequest, facts: Facts) -> bool:
    return _concerns(rule, request) and all(_told(name, request, facts) == "holds" for name in rule.conditions)


def _told(name: str, request: AccessRequest, facts: Facts) -> str:
    try:
        return "holds" if CONDITIONS[name](request, facts) else "fails"
    except Unknown:
        return "unknown"


def _missing(rules: RuleSet, request: AccessRequest, facts: Facts) -> str:
    """Why nothing permits: a fact that might have, the consent that would have, or the right that is not there."""
    unmet = [
        {name: told for name in rule.conditions if (told := _told(name, request, facts)) != "holds"}
        for rule in rules.permitting
        if _concerns(rule, request)
    ]
    if any("fails" not in each.values() for each in unmet):
        return FACTS_MISSING
    return CONSENT_MISSING if {"consent": "fails"} in unmet else AUTHZ_INCOMPLETE
