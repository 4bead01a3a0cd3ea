"""Decisions by the rules in force, of people who are changed a little."""

from dataclasses import replace
from typing import Any

from repository.access.decision import Decision, decide
from repository.access.facts import Facts
from repository.access.principal import Principal
from repository.access.request import AccessRequest
from repository.access.rules import rules_at
from tests.builders.access import AT, consent, custody, facts

RULES = rules_at(AT.date())
KNOWN = facts(consent(), custody=(custody(),))


def decided(asked: AccessRequest, known: Facts) -> Decision:
    return decide(asked, known, rules=RULES)


def as_if(who: Principal, **changes: Any) -> Principal:
    return replace(who, **changes)
