"""What a principal may learn of, as data: one answer for a whole search instead of a decision for each of its hits.

`reach` reads the same rules as `decide` and asks the same conditions, one fact at a time; whatever a fact lets happen
is a `Part`. So for every subject `reach(...).holds(subject, ...)` is what `decide` would say of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from repository.access import reach_terms as terms
from repository.access.conditions import ABOUT_REQUEST, CONDITIONS, Condition, Unknown
from repository.access.decision import FACTS_MISSING
from repository.access.extent import Objected, Part, SearchFacts
from repository.access.principal import PrincipalKind
from repository.access.purpose import Purpose
from repository.access.request import AccessRequest
from repository.access.rules import Rule, RuleSet
from repository.access.subject import Operation, Subject
from repository.domain.describing import Identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What a principal may learn of: `takeovers` whole (None: every one) and `parts`, without what is `objections` and,
    if `hides_protected`, without protected records but those of a patient known by one of `sees_protected` and those
    that are `approved` (takeover, number of the patient; 0: what is of no patient).

    `refused`: reason codes why there is nothing at all. They are for the account, never for whoever asked: a search
    that is refused finds nothing.

    `granted_by`: ids of the rules that open any of it, in their order. `duties`: what follows from a search, for it
    shows at once what any of these rules opens: those of each rule that alone opens something.
    """

    takeovers: frozenset[str] | None = frozenset()
    parts: tuple[Part, ...] = ()
    objections: tuple[Objected, ...] = ()
    hides_protected: bool = True
    sees_protected: tuple[Identifier, ...] = ()
    approved: tuple[tuple[str, int], ...] = ()
    refused: tuple[str, ...] = ()
    rules: str = ""
    granted_by: tuple[str, ...] = ()
    duties: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Nothing is permitted, whatever is there."""
        return bool(self.refused) or (self.takeovers is not None and not self.takeovers and not self.parts)

    def holds(self, subject: Subject, *, protected: bool) -> bool:
        """Whether `subject`, which is `protected` or not, may be found."""
        whole = self.takeovers is None or subject.takeover in self.takeovers
        return (
            not self.refused
            and (whole or any(part.holds(subject) for part in self.parts))
            and not (protected and self.hides_protected and not self._excepts(subject))
            and not any(each.holds(subject) for each in self.objections)
        )

    def _excepts(self, subject: Subject) -> bool:
        by_name = any(each in subject.patient_identifiers for each in self.sees_protected)
        return by_name or (subject.takeover, subject.patient) in self.approved


def reach(request: AccessRequest, facts: SearchFacts, *, rules: RuleSet) -> Reach:
    """What `request.principal` may do `request.operation` with, for its purpose, at its moment. What the request says
    of a subject is not looked at. ValueError if the rules ask what cannot be said as data (`check`)."""
    check(rules)
    refused: list[str] = []
    objections: tuple[Objected, ...] = ()
    hides = False
    about = _concerning(rules, request.principal.kind, request.purpose, request.operation)
    for rule, rest in _holding(about.refusing, request):
        try:
            match rest:
                case ():
                    refused.append(rule.reason)
                case ("objection",):
                    objections = terms.objections(request, facts)
                case _:
                    hides = terms.protection(facts)
        except Unknown:
            refused.append(FACTS_MISSING)
    if refused:
        return Reach(refused=tuple(dict.fromkeys(refused)), rules=rules.version)
    permitting = _holding(about.permitting, request)
    granted = [(rule, parts) for rule, rest in permitting if (parts := _permitted(rest, request, facts))]
    parts = tuple(dict.fromkeys(each for _, found in granted for each in found))
    whole = frozenset(each.takeover for each in parts if each == Part(takeover=each.takeover))
    return Reach(
        takeovers=None if "" in whole else whole,
        parts=() if "" in whole else tuple(each for each in parts if each.takeover not in whole),
        objections=objections,
        hides_protected=hides,
        sees_protected=terms.sees_protected(request, facts) if hides else (),
        approved=terms.approved(request, facts) if hides else (),
        rules=rules.version,
        granted_by=tuple(rule.id for rule, _ in granted),
        duties=_duties(granted),
    )


def _duties(granted: Sequence[tuple[Rule, tuple[Part, ...]]]) -> tuple[str, ...]:
    """Of each rule that opens what no rule before it does; as a decision names the first rule that permits."""
    before: set[Part] = set()
    found: list[str] = []
    for rule, parts in granted:
        if Part() not in before and not before.issuperset(parts):
            found += rule.duties
        before.update(parts)
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=16)
def check(rules: RuleSet) -> None:
    """ValueError where a rule can be decided one by one and not for a search: then it must not be loaded."""
    for rule in rules.refusing:
        if _rest(rule) not in {(), ("objection",), ("protected_without_second_person",)}:
            raise ValueError(f"{rule.id}: a search cannot leave out what this refuses")
    for rule in rules.permitting:
        if unknown := set(_rest(rule)) - set(terms.PARTS):
            raise ValueError(f"{rule.id}: a search cannot say as data: {', '.join(sorted(unknown))}")


def _rest(rule: Rule) -> tuple[str, ...]:
    """The conditions that depend on what is found."""
    return tuple(name for name in rule.conditions if name not in ABOUT_REQUEST)


_Split = tuple[Rule, tuple[str, ...], tuple[Condition, ...]]
"""A rule, those of its conditions that depend on what is found, and those that the request alone answers."""


@dataclass(frozen=True, slots=True)
class _Concerning:
    refusing: tuple[_Split, ...]
    permitting: tuple[_Split, ...]


@lru_cache(maxsize=512)
def _concerning(rules: RuleSet, kind: PrincipalKind, purpose: Purpose | None, operation: Operation) -> _Concerning:
    """The rules that are about such requests. To look at all of them for each search took 50 µs."""

    def about(rule: Rule) -> bool:
        return (
            (not rule.kinds or kind in rule.kinds)
            and (not rule.purposes or purpose in rule.purposes)
            and (not rule.operations or operation in rule.operations)
        )

    def split(rule: Rule) -> _Split:
        return rule, _rest(rule), tuple(CONDITIONS[name] for name in rule.conditions if name in ABOUT_REQUEST)

    refusing, permitting = (
        tuple(split(rule) for rule in some if about(rule)) for some in (rules.refusing, rules.permitting)
    )
    return _Concerning(refusing, permitting)


def _holding(rules: Sequence[_Split], request: AccessRequest) -> Iterator[tuple[Rule, tuple[str, ...]]]:
    """Those of which all that they ask of the request alone is so."""
    for rule, rest, alone in rules:
        for condition in alone:
            if not condition(request, terms.NOTHING):
                break
        else:
            yield rule, rest


def _permitted(rest: Sequence[str], request: AccessRequest, facts: SearchFacts) -> tuple[Part, ...]:
    """What a rule opens that holds for the request; nothing where it needs a fact that is not known."""
    found: list[Part] = [Part()]
    try:
        for name in rest:
            more = terms.PARTS[name](request, facts)
            found = [both for one in found for other in more if (both := one.within(other)) is not None]
    except Unknown:
        return ()
    return tuple(found)
