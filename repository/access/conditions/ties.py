"""Questions about what ties the principal to the record: own, a patient's people, author, custodian, second persons."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from repository.access.conditions.answers import Unknown, known
from repository.access.facts import AfterDeath, Approval, Facts, Relation, RelationKind
from repository.access.identity import names, same
from repository.access.principal import PrincipalKind
from repository.access.request import AccessRequest
from repository.access.subject import Subject
from repository.domain.describing import Identifier
from repository.polish_time import in_poland


def alive(_: AccessRequest, facts: Facts) -> bool:
    return _death(facts) is None


def own_record(request: AccessRequest, _: Facts) -> bool:
    return _is_of(request.principal.identifier, request.subject)


def represents(request: AccessRequest, facts: Facts) -> bool:
    return _is_now(request, facts, RelationKind.STATUTORY_REPRESENTATIVE)


def represented_at_death(request: AccessRequest, facts: Facts) -> bool:
    return _was_at_death(request, facts, RelationKind.STATUTORY_REPRESENTATIVE)


def authorised_person(request: AccessRequest, facts: Facts) -> bool:
    kind = RelationKind.AUTHORISED
    return _is_now(request, facts, kind) or _was_at_death(request, facts, kind)


def close_person(request: AccessRequest, facts: Facts) -> bool:
    """After death, unless somebody objected and no court has let this person in (UPP art. 26(2)-(2b))."""
    after = _death(facts)
    if after is None or not any(_lasts(each, request.at) for each in _related(request, facts, RelationKind.CLOSE)):
        return False
    return not after.objected or any(same(request.principal.identifier, each) for each in after.overridden_for)


def primary_care(request: AccessRequest, facts: Facts) -> bool:
    return _is_now(request, facts, RelationKind.PRIMARY_CARE)


def author(request: AccessRequest, _: Facts) -> bool:
    return same(request.principal.identifier, request.subject.author)


def custodian(request: AccessRequest, facts: Facts) -> bool:
    organisation = request.principal.organisation
    return organisation is not None and any(
        same(each.custodian, organisation.identifier)
        and each.since <= request.at
        and (each.until is None or request.at < each.until)
        for each in known(facts.custody)
    )


def authorised_administrator(request: AccessRequest, facts: Facts) -> bool:
    return any(
        each.person == request.principal.id
        and each.given_by.strip() not in {"", each.person.strip()}
        and each.takeover in {"", request.subject.takeover}
        and each.since <= request.at < each.until
        for each in known(facts.authorisations)
    )


def protected_without_second_person(request: AccessRequest, facts: Facts) -> bool:
    """Special protection, and neither the patient in person nor a second person who lets it happen."""
    if not known(facts.protected) or (request.principal.kind is PrincipalKind.PATIENT and own_record(request, facts)):
        return False
    return not any(_approves(each, request) for each in known(facts.approvals))


def _approves(approval: Approval, request: AccessRequest) -> bool:
    return (
        approval.requester == request.principal.id
        and approval.approver.strip() not in {"", approval.requester.strip()}
        and _is_for(approval, request.subject)
        and approval.since <= request.at < approval.until
    )


def _is_for(approval: Approval, subject: Subject) -> bool:
    """It names this record; what names none is for none."""
    if approval.takeover:
        return approval.takeover == subject.takeover and approval.patient == subject.patient
    return _is_of(approval.identifier, subject)


def _death(facts: Facts) -> AfterDeath | None:
    if not facts.death_known:
        raise Unknown
    return facts.after_death


def _is_of(identifier: Identifier | None, subject: Subject) -> bool:
    return names(identifier) and identifier in subject.patient_identifiers


def _related(request: AccessRequest, facts: Facts, kind: RelationKind) -> Iterator[Relation]:
    for relation in known(facts.relations):
        mine = relation.kind is kind and same(relation.person, request.principal.identifier)
        if mine and relation.since <= request.at and _is_of(relation.patient, request.subject):
            yield relation


def _is_now(request: AccessRequest, facts: Facts, kind: RelationKind) -> bool:
    """In the patient's life."""
    return _death(facts) is None and any(_lasts(each, request.at) for each in _related(request, facts, kind))


def _was_at_death(request: AccessRequest, facts: Facts, kind: RelationKind) -> bool:
    """UPP art. 26(2) asks what somebody was to the patient at the hour of death; the day is what is recorded."""
    after = _death(facts)
    return after is not None and any(
        _day(each.since) <= after.died_on and (each.until is None or _day(each.until) >= after.died_on)
        for each in _related(request, facts, kind)
    )


def _lasts(relation: Relation, at: datetime) -> bool:
    return relation.until is None or at < relation.until


def _day(moment: datetime) -> str:
    """In Poland. Who was born before 1996 may have been represented since then: winter time is near enough."""
    utc = moment.astimezone(UTC)
    local = in_poland(utc) if utc.year >= 1996 else utc + timedelta(hours=1)
    return local.date().isoformat()
