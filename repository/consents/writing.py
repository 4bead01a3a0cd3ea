"""A permission as a FHIR R4 Consent, in the profiles Basic or Intermediate of IHE PCF where they have words for it."""

import re
from datetime import timedelta
from typing import Any

from repository.access.identity import NPWZ_ROOTS
from repository.access.permission import Grantee, GranteeKind, Grantor, Permission, PermissionKind
from repository.access.subject import Scope
from repository.accounting.codes import PURPOSES
from repository.clock import instant
from repository.consents import vocabulary as words
from repository.consents.errors import ConsentNotExpressible
from repository.domain.describing import Identifier

Json = dict[str, Any]
OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)


def consent_resource(permission: Permission, *, archive: str) -> Json:
    """The Consent; `archive` names this archive. Raises `ConsentNotExpressible`, and then nothing was left out."""
    if permission.kind is PermissionKind.GRANT or permission.patient is None:
        raise ConsentNotExpressible(reason="a grant is the custodian's, and no consent of a patient")
    if permission.kind is PermissionKind.CONSENT and not permission.purposes:
        raise ConsentNotExpressible(reason="it names no purpose")
    made: Json = {"resourceType": "Consent"}
    if permission.id:
        made["id"] = permission.id
    made["meta"] = {"versionId": str(permission.edition)} | _profile(permission.scope)
    if permission.ended_at is not None:
        at, why = {"url": "at", "valueInstant": instant(permission.ended_at)}, permission.end_reason
        parts = [at, {"url": "reason", "valueString": why}] if why else [at]
        made["extension"] = [{"url": words.ENDED, "extension": parts}]
    if permission.takeover:
        made["modifierExtension"] = [{"url": words.TAKEOVER, "valueString": permission.takeover}]
    made["status"] = _status(permission)
    made["scope"] = {"coding": [dict(words.PRIVACY)]}
    made["category"] = [{"coding": [dict(words.CATEGORY)]}]
    made["patient"] = {"type": "Patient", "identifier": identifier_json(permission.patient)}
    made["dateTime"] = instant(permission.recorded_at)
    made["performer"] = [_performer(permission.grantor)]
    made["organization"] = [{"identifier": {"value": archive}, "display": "EDM Archive"}]
    evidence = {"identifier": {"value": permission.evidence}} if permission.evidence else {"display": "not recorded"}
    made["sourceReference"] = evidence
    made["policy"] = [{"uri": words.POLICY}]
    made["provision"] = _provision(permission)
    return made


def identifier_json(identifier: Identifier) -> Json:
    if not identifier.extension.strip():
        raise ConsentNotExpressible(reason="an identifier without a number")
    if not identifier.root:
        return {"value": identifier.extension}
    if not OID.fullmatch(identifier.root):
        raise ConsentNotExpressible(reason="the issuer of an identifier is no OID")
    return {"system": f"urn:oid:{identifier.root}", "value": identifier.extension}


def _profile(scope: Scope) -> Json:
    """PCF has no words for classes and specialties."""
    if scope.classes or scope.specialties:
        return {}
    return {"profile": [words.BASIC if scope.whole else words.INTERMEDIATE]}


def _status(permission: Permission) -> str:
    if permission.ended_at is None:
        return "active"
    return permission.end_reason if permission.end_reason in {"rejected", "entered-in-error"} else "inactive"


def _performer(grantor: Grantor) -> Json:
    kind = words.PERFORMERS.get(grantor.capacity)
    if kind is None:
        raise ConsentNotExpressible(reason="the capacity of who gave it")
    made: Json = {"extension": [{"url": words.CAPACITY, "valueCode": grantor.capacity}], "type": kind}
    if grantor.identifier is not None:
        made["identifier"] = identifier_json(grantor.identifier)
    return made | ({"display": grantor.name} if grantor.name else {})


def _provision(permission: Permission) -> Json:
    made: Json = {}
    scope = permission.scope
    if scope.specialties:
        made["modifierExtension"] = [{"url": words.SPECIALTY, "valueCode": each} for each in scope.specialties]
    made["type"] = "deny" if permission.kind is PermissionKind.OBJECTION else "permit"
    made["period"] = {"start": instant(permission.valid_from)}
    if permission.valid_to is not None:  # the end of a Period is in it (FHIR R4 2.24.0.11), ours is not
        made["period"]["end"] = instant(permission.valid_to - timedelta(microseconds=1))
    if permission.grantee.kind is not GranteeKind.ANYBODY:
        made["actor"] = [_actor(permission.grantee)]
    codes = [PURPOSES[each] for each in sorted(permission.purposes)]
    if codes:
        made["purpose"] = [{"system": each.system, "code": each.code, "display": each.display} for each in codes]
    if scope.classes:
        made["class"] = [{"system": words.KLAS_DOK_P1, "code": each} for each in scope.classes]
    if scope.first_day or scope.last_day:
        ends = {"start": scope.first_day, "end": scope.last_day}
        made["dataPeriod"] = {name: _day(day) for name, day in ends.items() if day}
    return made | _data(scope)


def _actor(grantee: Grantee) -> Json:
    if grantee.identifier is None:
        raise ConsentNotExpressible(reason="whom it is given to")
    kind = {GranteeKind.ORGANISATION: "Organization", GranteeKind.SYSTEM: "Device"}.get(grantee.kind, "")
    licensed = grantee.identifier.root.startswith(NPWZ_ROOTS)
    who: Json = {"type": kind or ("Practitioner" if licensed else "RelatedPerson")}
    who["identifier"] = identifier_json(grantee.identifier)
    who |= {"display": grantee.name} if grantee.name else {}
    return {"role": {"coding": [{"system": words.PARTICIPATION, "code": "IRCP"}]}, "reference": who}


def _data(scope: Scope) -> Json:
    """FHIR reads several data as any of them, a scope with two kinds of limits means both."""
    if sum(map(bool, (scope.documents, scope.studies, scope.events))) > 1:
        raise ConsentNotExpressible(reason="limits to documents, studies and events at the same time")
    data = [("instance", "DocumentReference", identifier_json(each)) for each in scope.documents]
    data += [("related", "Encounter", identifier_json(each)) for each in scope.events]
    for each in scope.studies:
        if not OID.fullmatch(each):
            raise ConsentNotExpressible(reason="a study whose UID is none")
        data.append(("instance", "ImagingStudy", {"system": words.DICOM_UID, "value": f"urn:oid:{each}"}))
    made = [{"meaning": how, "reference": {"type": kind, "identifier": known}} for how, kind, known in data]
    return {"data": made} if made else {}


def _day(day: str) -> str:
    match = _DAY.fullmatch(day)
    if match is None:
        raise ConsentNotExpressible(reason="a day that is none")
    return "-".join(match.groups())
