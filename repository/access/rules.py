"""Rules are data with versions and dates: `rules/<version>.json`, one file for each set that was ever in force."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from repository.access.conditions import CONDITIONS
from repository.access.principal import PrincipalKind
from repository.access.purpose import Purpose
from repository.access.subject import Operation
from repository.polish_time import in_poland

PREFIX, SUFFIX = "rules-", ".json"
DUTIES = frozenset({"prominent", "review"})
_SET_KEYS = frozenset({"version", "since", "rules"})
_RULE_KEYS = frozenset({"id", "effect", "source", "kinds", "purposes", "operations", "conditions", "reason", "duties"})


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

    def __hash__(self) -> int:
        return hash(self.version)  # quick: every decision looks up the rules that are about it


def rules_at(day: date) -> RuleSet:
    """The rules that are in force on `day` (a day in Poland); before the first set was, the first one."""
    sets = _sets()
    return next((each for each in reversed(sets) if each.since <= day), sets[0])


def rules_in_force(moment: datetime) -> RuleSet:
    """The rules that are in force at `moment`: on the day that it is then in Poland."""
    return rules_at(in_poland(moment).date())


def rules_of(version: str) -> RuleSet:
    """The rules of that version. Raises KeyError."""
    return {each.version: each for each in _sets()}[version]


@cache
def _sets() -> tuple[RuleSet, ...]:
    folder = files("repository.access").joinpath("rules")
    found = [each for each in folder.iterdir() if each.name.startswith(PREFIX) and each.name.endswith(SUFFIX)]
    return in_order({each.name: each.read_bytes() for each in found})


def in_order(contents: Mapping[str, bytes]) -> tuple[RuleSet, ...]:
    """The sets in these files (name → content), oldest first. ValueError where a file is not named for its version (the
    day on which it was written), or a later version is not in force later."""
    found = tuple(read_rules(contents[name]) for name in sorted(contents))
    for name, each in zip(sorted(contents), found, strict=True):
        if name != f"{PREFIX}{date.fromisoformat(each.version)}{SUFFIX}":
            raise ValueError(f"{name} holds the version {each.version}")
    if not found or any(one.since >= other.since for one, other in pairwise(found)):
        raise ValueError("there are no rules, or a later version is not in force later")
    return found


def read_rules(content: bytes) -> RuleSet:
    """The set that this JSON is. ValueError for what is not one: a word that is misspelt must not pass for no limit."""
    try:
        value = json.loads(content, object_pairs_hook=_once_each)
        return _set(value)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a set of rules: {error}") from None


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if twice := [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]:
        raise ValueError(f"said twice: {', '.join(twice)}")
    return dict(pairs)


def _set(value: dict[str, Any]) -> RuleSet:
    if set(value) != _SET_KEYS:
        raise ValueError("a set of rules has a version, a date and rules")
    every = [_rule(each) for each in value["rules"]]
    if len({each.id for each in every}) != len(every):
        raise ValueError("two rules have one id")
    return RuleSet(
        value["version"],
        date.fromisoformat(value["since"]),
        tuple(rule for rule in every if rule.effect is Effect.REFUSE),
        tuple(rule for rule in every if rule.effect is Effect.PERMIT),
    )


def _rule(value: dict[str, Any]) -> Rule:
    if unknown := set(value) - _RULE_KEYS:
        raise ValueError(f"unknown words: {', '.join(sorted(unknown))}")
    rule = Rule(
        id=_word(value["id"]),
        effect=Effect(value["effect"]),
        source=_word(value["source"]),
        kinds=frozenset(map(PrincipalKind, _words(value, "kinds"))),
        purposes=frozenset(map(Purpose, _words(value, "purposes"))),
        operations=frozenset(map(Operation, _words(value, "operations"))),
        conditions=_words(value, "conditions"),
        reason=_word(value["reason"]) if "reason" in value else "",
        duties=_words(value, "duties"),
    )
    _refuse_contradiction(rule)
    return rule


def _refuse_contradiction(rule: Rule) -> None:
    if unknown := (set(rule.conditions) - set(CONDITIONS)) | (set(rule.duties) - DUTIES):
        raise ValueError(f"{rule.id}: unknown conditions or duties: {', '.join(sorted(unknown))}")
    refuses = rule.effect is Effect.REFUSE
    if refuses != bool(rule.reason) or (refuses and rule.duties):
        raise ValueError(f"{rule.id}: a refusing rule, and no other, gives a reason; it has no duties")
    if refuses and not rule.conditions:
        raise ValueError(f"{rule.id}: a refusing rule without a condition shuts the archive")
    if not refuses and not (rule.kinds and rule.purposes and rule.operations):
        raise ValueError(f"{rule.id}: a permitting rule says for whom, what for and what")


def _word(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a word was expected")
    return value


def _words(value: dict[str, Any], name: str) -> tuple[str, ...]:
    """The list of that name; only limits and duties may be left out, conditions may not."""
    found = value[name] if name == "conditions" or name in value else []
    if not isinstance(found, list):
        raise TypeError(f"{name} is not a list")
    return tuple(map(_word, found))
