"""Questions about what the patient and the custodian have said: consent, grant, objection (R463-10.1.4, 10.1.5).

What permits is read narrowly: it counts only where everything that it names is known to fit. What forbids is read
widely: it counts unless something is known not to fit.
"""

from collections.abc import Iterable

from repository.access.conditions.answers import known
from repository.access.facts import Facts
from repository.access.identity import NPWZ_ROOTS, may_be, names, names_here, same
from repository.access.permission import Grantee, GranteeKind, Permission, PermissionKind
from repository.access.permission_index import PermissionIndex
from repository.access.principal import PEOPLE, Principal, PrincipalKind
from repository.access.request import AccessRequest
from repository.access.subject import Subject
from repository.domain.describing import Identifier


def consent(request: AccessRequest, facts: Facts) -> bool:
    return any(_allows(each, request) for each in _candidates(facts, request, PermissionKind.CONSENT))


def grant(request: AccessRequest, facts: Facts) -> bool:
    return any(_allows(each, request) for each in _candidates(facts, request, PermissionKind.GRANT))


def objection(request: AccessRequest, facts: Facts) -> bool:
    return any(_forbids(each, request) for each in _candidates(facts, request, PermissionKind.OBJECTION))


def _candidates(facts: Facts, request: AccessRequest, kind: PermissionKind) -> Iterable[Permission]:
    permissions = known(facts.permissions)
    if isinstance(permissions, PermissionIndex):
        return permissions.concerning(kind, request.subject, principal=request.principal)
    return (each for each in permissions if each.kind is kind)


def _allows(permission: Permission, request: AccessRequest) -> bool:
    """Asked first, here and in `_forbids`: what tells those apart that an index finds for one patient and principal."""
    return (
        permission.in_force(request.at)
        and request.purpose in permission.purposes
        and permission.scope.covers(request.subject, everywhere=not permission.takeover)
        and grants_to(permission.grantee, request.principal)
        and _is_about(permission, request.subject)
    )


def _forbids(permission: Permission, request: AccessRequest) -> bool:
    """Without purposes it is to all of them."""
    return (
        permission.in_force(request.at)
        and (not permission.purposes or request.purpose in permission.purposes)
        and permission.scope.touches(request.subject)
        and may_mean(permission.grantee, request.principal)
        and _may_be_about(permission, request.subject)
    )


def _is_about(permission: Permission, subject: Subject) -> bool:
    """Whether it is known to be about this record. A grant alone can be about all of a takeover."""
    if permission.patient is None:
        return permission.kind is PermissionKind.GRANT and permission.takeover == subject.takeover != ""
    if permission.patient not in subject.patient_identifiers:
        return False
    if permission.takeover:
        return permission.takeover == subject.takeover and names_here(permission.patient)
    return names(permission.patient)


def _may_be_about(permission: Permission, subject: Subject) -> bool:
    """An identifier without a root says something in one takeover only, even here."""
    patient = permission.patient
    if permission.takeover:
        return permission.takeover == subject.takeover and (patient is None or patient in subject.patient_identifiers)
    return patient is not None and patient.root != "" and patient in subject.patient_identifiers


def grants_to(grantee: Grantee, principal: Principal) -> bool:
    """Whether `principal` is known to be whom `grantee` names."""
    match grantee.kind:
        case GranteeKind.ANYBODY:
            return True
        case GranteeKind.PERSON:
            return same(grantee.identifier, principal.identifier)
        case GranteeKind.ORGANISATION:
            return principal.organisation is not None and same(grantee.identifier, principal.organisation.identifier)
        case GranteeKind.SYSTEM:
            named = grantee.identifier.extension if grantee.identifier and not grantee.identifier.root else ""
            return principal.kind is PrincipalKind.SYSTEM and bool(named) and named == principal.id


def may_mean(grantee: Grantee, principal: Principal) -> bool:
    """Whether `principal` may be whom `grantee` names, for all that is known of both."""
    named, organisation = grantee.identifier, principal.organisation
    if grantee.kind is GranteeKind.ANYBODY or named is None or not named.extension.strip():
        return True
    match grantee.kind:
        case GranteeKind.PERSON:
            return principal.kind in PEOPLE and _may_be_person(named, principal)
        case GranteeKind.ORGANISATION:
            return organisation is None or may_be(named, organisation.identifier)
        case GranteeKind.SYSTEM:
            return principal.kind is PrincipalKind.SYSTEM and named.extension == principal.id


def _may_be_person(named: Identifier, principal: Principal) -> bool:
    """A worker may be known by licence alone, and somebody else by nothing that can be compared."""
    licence, official = principal.npwz.strip(), principal.identifier
    if licence and licence == named.extension.strip():
        return True
    if official is not None and names(official):
        return may_be(named, official)
    return not (licence and named.root.startswith(NPWZ_ROOTS))
