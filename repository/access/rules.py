"""Rules are data with versions and dates: `rules/<version>.json`, one file for each set that was ever in force."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from repository.access.conditions import CONDITIONS
from repository.access.principal import PrincipalKind
from repository.access.purpose import Purpose
from repository.access.subject import Operation

PREFIX = "rules-"


class Effect(StrEnum):
    PERMIT = "permit"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Rule:
    """It is about requests of these kinds, purposes and operations (empty: any) and holds if all conditions do.

    `source` is the law; `reason` the code that a refusing rule gives; `duties` what a permitting one brings with it.
    """

    id: str
    effect: Effect
    source: str
    kinds: frozenset[PrincipalKind]
    purposes: frozenset[Purpose]
    operations: frozenset[Operation]
    conditions: tuple[str, ...]
    reason: str
    duties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules in force from `since` on, until a later set is."""

    version: str
    since: date
    refusing: tuple[Rule, ...]
    permitting: tuple[Rule, ...]


def rules_at(day: date) -> RuleSet:
    """The rules that are in force on `day`; before the first set was, the first one."""
    sets = _sets()
    return next((each for each in reversed(sets) if each.since <= day), sets[0])


def rules_of(version: str) -> RuleSet:
    """The rules of that version. Raises KeyError."""
    return {each.version: each for each in _sets()}[version]


@cache
def _sets() -> tuple[RuleSet, ...]:
    folder = files("repository.access").joinpath("rules")
    found = [each for each in folder.iterdir() if each.name.startswith(PREFIX) and each.name.endswith(".json")]
    return tuple(sorted((read_rules(each.read_bytes()) for each in found), key=lambda each: each.since))


def read_rules(content: bytes) -> RuleSet:
    """The set that this JSON is. Raises ValueError or KeyError for what is not one, an unknown condition above all."""
    value = orjson.loads(content)
    every = [_rule(each) for each in value["rules"]]
    return RuleSet(
        value["version"],
        date.fromisoformat(value["since"]),
        tuple(rule for rule in every if rule.effect is Effect.REFUSE),
        tuple(rule for rule in every if rule.effect is Effect.PERMIT),
    )


def _rule(value: dict[str, Any]) -> Rule:
    conditions = tuple(value.get("conditions", ()))
    if unknown := set(conditions) - set(CONDITIONS):
        raise ValueError(f"unknown conditions: {', '.join(sorted(unknown))}")
    effect = Effect(value["effect"])
    if (effect is Effect.REFUSE) != bool(value.get("reason")):
        raise ValueError("a refusing rule, and no other, gives a reason")
    return Rule(
        id=value["id"],
        effect=effect,
        source=value["source"],
        kinds=frozenset(map(PrincipalKind, value.get("kinds", ()))),
        purposes=frozenset(map(Purpose, value.get("purposes", ()))),
        operations=frozenset(map(Operation, value.get("operations", ()))),
        conditions=conditions,
        reason=value.get("reason", ""),
        duties=tuple(value.get("duties", ())),
    )
