"""The words that rules are made of: each a question about a request and the facts, answered yes, no, or not known.

They are few, named for what they ask, and say nothing about what follows: that is in the rules.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from repository.access.facts import Approval, Facts, Relation, RelationKind
from repository.access.permission import Grantee, GranteeKind, Permission, PermissionKind
from repository.access.principal import PEOPLE, Assurance, Principal, PrincipalKind
from repository.access.purpose import LegalBasis, legal_bases
from repository.access.request import AccessRequest
from repository.access.subject import Subject
from repository.domain.describing import Identifier

SKEW = timedelta(minutes=5)  # how far the clock of whoever vouches for an identity may be ahead of ours


class Unknown(Exception):
    """The answer depends on a fact that could not be gathered."""


Fact = TypeVar("Fact")
Condition = Callable[[AccessRequest, Facts], bool]


def _no_identification(request: AccessRequest, _: Facts) -> bool:
    identification = request.principal.identification
    return identification is None or not identification.evidence or not request.principal.id


def _identification_not_current(request: AccessRequest, _: Facts) -> bool:
    identification = request.principal.identification
    return identification is None or not identification.at - SKEW <= request.at < identification.until


def _weak_identification(request: AccessRequest, _: Facts) -> bool:
    identification = request.principal.identification
    return identification is None or identification.assurance.rank < Assurance.SUBSTANTIAL.rank


def _unnamed_person(request: AccessRequest, _: Facts) -> bool:
    who = request.principal
    return who.kind in PEOPLE and not (who.given_name.strip() and who.surname.strip())


def _no_organisation(request: AccessRequest, _: Facts) -> bool:
    organisation = request.principal.organisation
    return organisation is None or not (organisation.name and organisation.identifier.extension)


def _no_npwz(request: AccessRequest, _: Facts) -> bool:
    return not request.principal.npwz.strip()


def _no_identifier(request: AccessRequest, _: Facts) -> bool:
    identifier = request.principal.identifier
    return identifier is None or not (identifier.root and identifier.extension)


def _no_purpose(request: AccessRequest, _: Facts) -> bool:
    return request.purpose is None


def _no_reason(request: AccessRequest, _: Facts) -> bool:
    return not request.reason.strip()


def _no_evidence(request: AccessRequest, _: Facts) -> bool:
    return not request.evidence.strip()


def _basis(request: AccessRequest) -> LegalBasis | None:
    """The legal basis that the request names, if its principal may invoke it on that day."""
    basis, organisation = legal_bases().get(request.basis), request.principal.organisation
    if basis is None or organisation is None or not basis.in_force(request.at.date()):
        return None
    return basis if organisation.role in basis.organisations else None


def _no_basis(request: AccessRequest, _: Facts) -> bool:
    return _basis(request) is None


def _basis_needs_consent(request: AccessRequest, _: Facts) -> bool:
    basis = _basis(request)
    return basis is None or basis.consent


def _basis_needs_no_consent(request: AccessRequest, facts: Facts) -> bool:
    return not _basis_needs_consent(request, facts)


def _protected(request: AccessRequest, facts: Facts) -> bool:
    """Special protection, and neither the patient in person nor a second person who lets it happen."""
    if facts.protected is None:
        raise Unknown
    if not facts.protected or (request.principal.kind is PrincipalKind.PATIENT and _own_record(request, facts)):
        return False
    return not any(_approves(each, request) for each in _known(facts.approvals))


def _approves(approval: Approval, request: AccessRequest) -> bool:
    return (
        approval.requester == request.principal.id
        and approval.approver != approval.requester
        and approval.since <= request.at < approval.until
    )


def _own_record(request: AccessRequest, _: Facts) -> bool:
    return _is_of(request.principal.identifier, request.subject)


def _is_of(identifier: Identifier | None, subject: Subject) -> bool:
    """An identifier without a root says nothing across providers, and so never leads to a patient."""
    return identifier is not None and bool(identifier.root) and identifier in subject.patient_identifiers


def _related(request: AccessRequest, facts: Facts, kind: RelationKind) -> Iterator[Relation]:
    for relation in _known(facts.relations):
        mine = relation.kind is kind and relation.person == request.principal.identifier
        if mine and relation.since <= request.at and _is_of(relation.patient, request.subject):
            yield relation


def _represents(request: AccessRequest, facts: Facts) -> bool:
    if facts.after_death is not None:
        return False
    return any(_lasts(each, request.at) for each in _related(request, facts, RelationKind.STATUTORY_REPRESENTATIVE))


def _represented_at_death(request: AccessRequest, facts: Facts) -> bool:
    return _held_at_death(request, facts, RelationKind.STATUTORY_REPRESENTATIVE)


def _authorised_person(request: AccessRequest, facts: Facts) -> bool:
    if facts.after_death is not None:
        return _held_at_death(request, facts, RelationKind.AUTHORISED)
    return any(_lasts(each, request.at) for each in _related(request, facts, RelationKind.AUTHORISED))


def _held_at_death(request: AccessRequest, facts: Facts, kind: RelationKind) -> bool:
    """UPP art. 26(2) asks what somebody was to the patient at the hour of death; the day is what is recorded."""
    if facts.after_death is None:
        return False
    day = facts.after_death.died_on
    return any(
        each.since.date().isoformat() <= day and (each.until is None or each.until.date().isoformat() >= day)
        for each in _related(request, facts, kind)
    )


def _close_person(request: AccessRequest, facts: Facts) -> bool:
    after = facts.after_death
    if after is None or not any(_lasts(each, request.at) for each in _related(request, facts, RelationKind.CLOSE)):
        return False
    return not after.objected or request.principal.identifier in after.overridden_for


def _lasts(relation: Relation, at: datetime) -> bool:
    return relation.until is None or at < relation.until


def _author(request: AccessRequest, _: Facts) -> bool:
    who = request.principal.identifier
    return who is not None and bool(who.root) and who == request.subject.author


def _custodian(request: AccessRequest, facts: Facts) -> bool:
    organisation = request.principal.organisation
    return organisation is not None and any(
        each.custodian == organisation.identifier
        and each.since <= request.at
        and (each.until is None or request.at < each.until)
        for each in _known(facts.custody)
    )


def _payer(request: AccessRequest, _: Facts) -> bool:
    return request.principal.organisation is not None and request.principal.organisation.role == "payer"


def _consent(request: AccessRequest, facts: Facts) -> bool:
    return any(_allows(each, request) for each in _of_kind(facts, PermissionKind.CONSENT))


def _grant(request: AccessRequest, facts: Facts) -> bool:
    return any(_allows(each, request) for each in _of_kind(facts, PermissionKind.GRANT))


def _objection(request: AccessRequest, facts: Facts) -> bool:
    return any(_forbids(each, request) for each in _of_kind(facts, PermissionKind.OBJECTION))


def _of_kind(facts: Facts, kind: PermissionKind) -> Iterator[Permission]:
    return (each for each in _known(facts.permissions) if each.kind is kind)


def _allows(permission: Permission, request: AccessRequest) -> bool:
    return (
        permission.in_force(request.at)
        and request.purpose in permission.purposes
        and grants_to(permission.grantee, request.principal)
        and _is_about(permission, request.subject)
        and permission.scope.covers(request.subject)
    )


def _forbids(permission: Permission, request: AccessRequest) -> bool:
    """An objection is read widely: without purposes it is to all of them."""
    return (
        permission.in_force(request.at)
        and (not permission.purposes or request.purpose in permission.purposes)
        and grants_to(permission.grantee, request.principal)
        and _is_about(permission, request.subject)
        and permission.scope.touches(request.subject)
    )


def _is_about(permission: Permission, subject: Subject) -> bool:
    if permission.takeover and permission.takeover != subject.takeover:
        return False
    if permission.patient is None:
        return bool(permission.takeover)
    if not permission.patient.root and not permission.takeover:
        return False
    return permission.patient in subject.patient_identifiers


def grants_to(grantee: Grantee, principal: Principal) -> bool:
    """Whether `principal` is whom `grantee` names."""
    match grantee.kind:
        case GranteeKind.ANYBODY:
            return True
        case GranteeKind.PERSON:
            return grantee.identifier is not None and grantee.identifier == principal.identifier
        case GranteeKind.ORGANISATION:
            organisation = principal.organisation
            return organisation is not None and grantee.identifier == organisation.identifier
        case GranteeKind.SYSTEM:
            return principal.kind is PrincipalKind.SYSTEM and grantee.identifier == Identifier("", principal.id)


def _authorised_administrator(request: AccessRequest, facts: Facts) -> bool:
    return any(
        each.person == request.principal.id
        and each.given_by != each.person
        and each.takeover in ("", request.subject.takeover)
        and each.since <= request.at < each.until
        for each in _known(facts.authorisations)
    )


def _known(fact: tuple[Fact, ...] | None) -> tuple[Fact, ...]:
    if fact is None:
        raise Unknown
    return fact


CONDITIONS: Mapping[str, Condition] = {
    "no_identification": _no_identification,
    "identification_not_current": _identification_not_current,
    "weak_identification": _weak_identification,
    "unnamed_person": _unnamed_person,
    "no_organisation": _no_organisation,
    "no_npwz": _no_npwz,
    "no_identifier": _no_identifier,
    "no_purpose": _no_purpose,
    "no_reason": _no_reason,
    "no_evidence": _no_evidence,
    "no_basis": _no_basis,
    "basis_needs_consent": _basis_needs_consent,
    "basis_needs_no_consent": _basis_needs_no_consent,
    "protected_without_second_person": _protected,
    "objection": _objection,
    "own_record": _own_record,
    "represents": _represents,
    "represented_at_death": _represented_at_death,
    "authorised_person": _authorised_person,
    "close_person": _close_person,
    "author": _author,
    "custodian": _custodian,
    "payer": _payer,
    "consent": _consent,
    "grant": _grant,
    "authorised_administrator": _authorised_administrator,
}
