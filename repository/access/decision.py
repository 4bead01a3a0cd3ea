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


@dataclass(frozen=True, slots=True)
class Decision:
    """`reasons`: codes of all refusing rules that held, the first being the one that is told; empty if permitted.

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
        return not self.reasons

    @property
    def reason(self) -> str:
        return self.reasons[0] if self.reasons else ""


def decide(request: AccessRequest, facts: Facts, *, rules: RuleSet) -> Decision:
    """The decision on `request` at `request.at`."""
    reasons = tuple(dict.fromkeys(rule.reason for rule in rules.refusing if _refuses(rule, request, facts)))
    granted = None if reasons else next((rule for rule in rules.permitting if _permits(rule, request, facts)), None)
    if granted is not None:
        return Decision((), granted.id, granted.duties, rules.version, request.at)
    return Decision(reasons or (_missing(rules, request, facts),), "", (), rules.version, request.at)


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


def _refuses(rule: Rule, request: AccessRequest, facts: Facts) -> bool:
    """Only a condition that is known to fail holds a refusing rule off."""
    if not _concerns(rule, request):
        return False
    told = [_told(name, request, facts) for name in rule.conditions]
    return "fails" not in told


def _permits(rule: Rule, request: AccessRequest, facts: Facts) -> bool:
    return _concerns(rule, request) and all(_told(name, request, facts) == "holds" for name in rule.conditions)


def _told(name: str, request: AccessRequest, facts: Facts) -> str:
    try:
        return "holds" if CONDITIONS[name](request, facts) else "fails"
    except Unknown:
        return "unknown"


def _missing(rules: RuleSet, request: AccessRequest, facts: Facts) -> str:
    """Why nothing permits: the consent that would have, or the right that is not there."""
    if facts.permissions is None:
        return "FACTS_MISSING"
    for rule in rules.permitting:
        unmet = [name for name in rule.conditions if _told(name, request, facts) != "holds"]
        if _concerns(rule, request) and unmet == ["consent"]:
            return "CONSENT_MISSING"
    return "AUTHZ_INCOMPLETE"
