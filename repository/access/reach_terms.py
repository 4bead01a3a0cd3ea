"""Each condition of the rules, said as data: the parts of the archive for which it holds.

A condition is not written a second time here. It is asked about one fact and a subject that fits nothing but that
fact; where it holds, the fact opens a part, and the part is what the fact names.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from repository.access.conditions import CONDITIONS, Unknown
from repository.access.extent import Objected, Part, SearchFacts
from repository.access.facts import AfterDeath, Approval, Facts
from repository.access.permission import Permission, PermissionKind
from repository.access.request import AccessRequest
from repository.access.subject import Scope, Subject
from repository.domain.describing import Identifier

NOTHING = Facts(protected=False, custody=(), permissions=(), relations=())
_ELSEWHERE = "?"  # a takeover that no fact names
Parts = tuple[Part, ...]


def _holds(name: str, request: AccessRequest, subject: Subject, facts: Facts = NOTHING) -> bool:
    return CONDITIONS[name](replace(request, subject=subject), facts)


def _of(identifier: Identifier | None, *, takeover: str = "") -> Subject:
    return Subject(takeover=takeover or _ELSEWHERE, patient_identifiers=() if identifier is None else (identifier,))


def _dead(facts: SearchFacts) -> tuple[tuple[Identifier, AfterDeath], ...]:
    if facts.deaths is None:
        raise Unknown
    return facts.deaths


def _alive(_: AccessRequest, facts: SearchFacts) -> Parts:
    return (Part(without=frozenset(known for known, _death in _dead(facts))),)


def _own_record(request: AccessRequest, _: SearchFacts) -> Parts:
    mine = request.principal.identifier
    if mine is None or not _holds("own_record", request, _of(mine)):
        return ()
    return (Part(patients=frozenset({mine})),)


def _author(request: AccessRequest, _: SearchFacts) -> Parts:
    mine = request.principal.identifier
    wrote = mine is not None and _holds("author", request, Subject(takeover=_ELSEWHERE, author=mine))
    return (Part(author=mine),) if wrote else ()


def _related(name: str) -> Callable[[AccessRequest, SearchFacts], Parts]:
    """Of each patient to whom the principal is what `name` asks, alive or as the record of the death lets it."""

    def parts(request: AccessRequest, facts: SearchFacts) -> Parts:
        found: list[Part] = []
        if facts.relations is None:
            raise Unknown
        deaths = _dead(facts)
        for each in facts.relations:
            subject, fact = _of(each.patient), replace(NOTHING, relations=(each,))
            if _holds(name, request, subject, fact):
                without = frozenset(known for known, _ in deaths)
                found.append(Part(patients=frozenset({each.patient}), without=without))
            told = {known: _holds(name, request, subject, replace(fact, after_death=after)) for known, after in deaths}
            without = frozenset(known for known, lets in told.items() if not lets)
            for known, lets in told.items():
                if lets:  # where two records of one death disagree, the one that forbids counts
                    found.append(Part(patients=frozenset({each.patient, known}), without=without))
        return tuple(found)

    return parts


def _custodian(request: AccessRequest, facts: SearchFacts) -> Parts:
    if facts.custody is None:
        raise Unknown
    asked, holds = replace(request, subject=_of(None)), CONDITIONS["custodian"]
    return tuple(
        Part(takeover=takeover)
        for takeover, each in facts.custody
        if takeover and holds(asked, replace(NOTHING, custody=(each,)))
    )


def _administrator(request: AccessRequest, facts: SearchFacts) -> Parts:
    if facts.authorisations is None:
        raise Unknown
    return tuple(
        Part(takeover=each.takeover)
        for each in facts.authorisations
        if _holds(
            "authorised_administrator",
            request,
            _of(None, takeover=each.takeover),
            replace(NOTHING, authorisations=(each,)),
        )
    )


def _known_permissions(facts: SearchFacts, kind: PermissionKind) -> tuple[Permission, ...]:
    if facts.permissions is None:
        raise Unknown
    return tuple(each for each in facts.permissions if each.kind is kind)


def _counts(name: str, each: Permission, request: AccessRequest) -> bool:
    """Whether the permission counts for what it is about, wherever in its scope."""
    whole = each if each.scope.whole else replace(each, scope=Scope())
    return _holds(name, request, _of(each.patient, takeover=each.takeover), replace(NOTHING, permissions=(whole,)))


def _permitted(kind: PermissionKind) -> Callable[[AccessRequest, SearchFacts], Parts]:
    def parts(request: AccessRequest, facts: SearchFacts) -> Parts:
        found: list[Part] = []
        for each in _known_permissions(facts, kind):
            scope = _sure(each.scope, everywhere=not each.takeover)
            if scope is not None and each.in_force(request.at) and _counts(kind.value, each, request):
                patients = frozenset() if each.patient is None else frozenset({each.patient})
                found.append(Part(takeover=each.takeover, patients=patients, scopes=() if scope.whole else (scope,)))
        return tuple(found)

    return parts


def _sure(scope: Scope, *, everywhere: bool) -> Scope | None:
    """`scope` with those of its limits alone that a subject can meet, None where one of them cannot be met at all."""
    if scope.whole:
        return scope

    def met(part: Scope, **said: object) -> bool:
        return part.covers(Subject(takeover=_ELSEWHERE, **said), everywhere=everywhere)  # type: ignore[arg-type]

    sure = replace(
        scope,
        documents=tuple(each for each in scope.documents if met(Scope(documents=(each,)), document=each)),
        classes=tuple(filter(None, scope.classes)),
        events=tuple(each for each in scope.events if met(Scope(events=(each,)), events=(each,))),
        studies=tuple(filter(None, scope.studies)),
        specialties=tuple(filter(None, scope.specialties)),
    )
    limits = ("documents", "classes", "events", "studies", "specialties")
    if any(getattr(scope, name) and not getattr(sure, name) for name in limits):
        return None
    days = Scope(first_day=scope.first_day, last_day=scope.last_day)
    return sure if days.whole or met(days, date=scope.first_day or scope.last_day) else None


def objections(request: AccessRequest, facts: SearchFacts) -> tuple[Objected, ...]:
    """All that counts against the principal. Raises `Unknown`."""
    found = (
        Objected(each.takeover, each.patient, each.scope)
        for each in _known_permissions(facts, PermissionKind.OBJECTION)
        if each.in_force(request.at) and _counts("objection", each, request)
    )
    return tuple(dict.fromkeys(found))


def protection(facts: SearchFacts) -> bool:
    """True: what is protected is hidden. Raises `Unknown` where it is not known what that is."""
    if not facts.protection_known:
        raise Unknown
    return True


_PROTECTED = replace(NOTHING, protected=True)
_HIDES = "protected_without_second_person"


def _lifted(request: AccessRequest, subject: Subject, *approvals: Approval) -> bool:
    return not _holds(_HIDES, request, subject, replace(_PROTECTED, approvals=approvals))


def sees_protected(request: AccessRequest, facts: SearchFacts) -> tuple[Identifier, ...]:
    """By which identifiers of a patient a protected record is seen: it is the principal's own, or approved by them."""
    mine = request.principal.identifier
    own = {mine} if mine is not None and _lifted(request, _of(mine)) else set()
    named = {
        each.identifier
        for each in facts.approvals or ()
        if each.identifier and not each.takeover and _lifted(request, _of(each.identifier), each)
    }
    return tuple(own | named)


def approved(request: AccessRequest, facts: SearchFacts) -> tuple[tuple[str, int], ...]:
    """The protected records, by takeover and number of the patient, that a second person lets it see."""
    return tuple(
        (each.takeover, each.patient)
        for each in facts.approvals or ()
        if each.takeover and _lifted(request, Subject(takeover=each.takeover, patient=each.patient), each)
    )


SUBTRACTED = frozenset({"objection", _HIDES})
PARTS: Mapping[str, Callable[[AccessRequest, SearchFacts], Parts]] = {
    "alive": _alive,
    "own_record": _own_record,
    "represents": _related("represents"),
    "represented_at_death": _related("represented_at_death"),
    "authorised_person": _related("authorised_person"),
    "close_person": _related("close_person"),
    "primary_care": _related("primary_care"),
    "author": _author,
    "custodian": _custodian,
    "authorised_administrator": _administrator,
    "consent": _permitted(PermissionKind.CONSENT),
    "grant": _permitted(PermissionKind.GRANT),
}
