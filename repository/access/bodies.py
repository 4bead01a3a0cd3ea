"""The facts of access as canonical JSON values, as deeds carry them, and back.

Moments are texts in UTC with microseconds and Z, or null. Each pair of functions is inverse.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from repository.access.facts import AfterDeath, Approval, Authorisation, Custody, Lifting, Relation, RelationKind
from repository.access.permission import Grantee, GranteeKind, Grantor, Permission, PermissionKind
from repository.access.purpose import Purpose
from repository.access.subject import Scope
from repository.clock import instant
from repository.domain.describing import Identifier

Body = dict[str, Any]
Read = Mapping[str, Any]


def _moment_or_none(at: datetime | None) -> str | None:
    return None if at is None else instant(at)


def read_moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _read_moment_or_none(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def identifier_body(known: Identifier | None) -> Body | None:
    return None if known is None else {"root": known.root, "extension": known.extension}


def identifier_of(body: Read | None) -> Identifier | None:
    return None if body is None else Identifier(body["root"], body["extension"])


def _sure(body: Read) -> Identifier:
    return Identifier(body["root"], body["extension"])


def scope_body(scope: Scope) -> Body:
    return {
        "documents": [identifier_body(each) for each in scope.documents],
        "classes": list(scope.classes),
        "events": [identifier_body(each) for each in scope.events],
        "studies": list(scope.studies),
        "specialties": list(scope.specialties),
        "first_day": scope.first_day,
        "last_day": scope.last_day,
    }


def scope_of(body: Read) -> Scope:
    return Scope(
        documents=tuple(_sure(each) for each in body["documents"]),
        classes=tuple(body["classes"]),
        events=tuple(_sure(each) for each in body["events"]),
        studies=tuple(body["studies"]),
        specialties=tuple(body["specialties"]),
        first_day=body["first_day"],
        last_day=body["last_day"],
    )


def permission_body(known: Permission) -> Body:
    """Of an edition as it was recorded. Its end is a deed of its own, and so is not in it."""
    return {
        "id": known.id,
        "edition": known.edition,
        "kind": known.kind.value,
        "takeover": known.takeover,
        "patient": identifier_body(known.patient),
        "grantor": {
            "capacity": known.grantor.capacity,
            "name": known.grantor.name,
            "identifier": identifier_body(known.grantor.identifier),
        },
        "grantee": {
            "kind": known.grantee.kind.value,
            "identifier": identifier_body(known.grantee.identifier),
            "name": known.grantee.name,
        },
        "scope": scope_body(known.scope),
        "purposes": sorted(purpose.value for purpose in known.purposes),
        "valid_from": instant(known.valid_from),
        "valid_to": _moment_or_none(known.valid_to),
        "evidence": known.evidence,
        "recorded_at": instant(known.recorded_at),
    }


def permission_of(body: Read, *, ended_at: datetime | None = None, end_reason: str = "") -> Permission:
    grantor, grantee = body["grantor"], body["grantee"]
    return Permission(
        id=body["id"],
        edition=body["edition"],
        kind=PermissionKind(body["kind"]),
        takeover=body["takeover"],
        patient=identifier_of(body["patient"]),
        grantor=Grantor(grantor["capacity"], grantor["name"], identifier_of(grantor["identifier"])),
        grantee=Grantee(GranteeKind(grantee["kind"]), identifier_of(grantee["identifier"]), grantee["name"]),
        scope=scope_of(body["scope"]),
        purposes=frozenset(map(Purpose, body["purposes"])),
        valid_from=read_moment(body["valid_from"]),
        valid_to=_read_moment_or_none(body["valid_to"]),
        evidence=body["evidence"],
        recorded_at=read_moment(body["recorded_at"]),
        ended_at=ended_at,
        end_reason=end_reason,
    )


def relation_body(known: Relation) -> Body:
    return {
        "kind": known.kind.value,
        "person": identifier_body(known.person),
        "patient": identifier_body(known.patient),
        "since": instant(known.since),
        "until": _moment_or_none(known.until),
    }


def relation_of(body: Read) -> Relation:
    return Relation(
        RelationKind(body["kind"]),
        _sure(body["person"]),
        _sure(body["patient"]),
        read_moment(body["since"]),
        _read_moment_or_none(body["until"]),
    )


def after_death_body(known: AfterDeath) -> Body:
    return {
        "died_on": known.died_on,
        "objected": known.objected,
        "overridden_for": [identifier_body(each) for each in known.overridden_for],
    }


def after_death_of(body: Read) -> AfterDeath:
    return AfterDeath(body["died_on"], body["objected"], tuple(_sure(each) for each in body["overridden_for"]))


def custody_body(known: Custody) -> Body:
    return {
        "custodian": identifier_body(known.custodian),
        "since": instant(known.since),
        "until": _moment_or_none(known.until),
    }


def custody_of(body: Read) -> Custody:
    return Custody(_sure(body["custodian"]), read_moment(body["since"]), _read_moment_or_none(body["until"]))


def authorisation_body(known: Authorisation) -> Body:
    return {
        "id": known.id,
        "person": known.person,
        "takeover": known.takeover,
        "given_by": known.given_by,
        "reason": known.reason,
        "since": instant(known.since),
        "until": instant(known.until),
    }


def authorisation_of(body: Read) -> Authorisation:
    words: dict[str, str] = {name: body[name] for name in ("id", "person", "takeover", "given_by", "reason")}
    return Authorisation(**words, since=read_moment(body["since"]), until=read_moment(body["until"]))


def approval_body(known: Approval) -> Body:
    return {
        "id": known.id,
        "person": known.requester,
        "given_by": known.approver,
        "takeover": known.takeover,
        "patient": known.patient,
        "identifier": identifier_body(known.identifier),
        "since": instant(known.since),
        "until": instant(known.until),
    }


def approval_of(body: Read) -> Approval:
    return Approval(
        id=body["id"],
        approver=body["given_by"],
        requester=body["person"],
        since=read_moment(body["since"]),
        until=read_moment(body["until"]),
        takeover=body["takeover"],
        patient=body["patient"],
        identifier=identifier_of(body["identifier"]),
    )


def lifting_body(known: Lifting) -> Body:
    return {
        "id": known.id,
        "flag": known.flag,
        "asked_by": known.asked_by,
        "since": instant(known.since),
        "until": instant(known.until),
    }


def lifting_of(body: Read) -> Lifting:
    words: dict[str, str] = {name: body[name] for name in ("id", "flag", "asked_by")}
    return Lifting(**words, since=read_moment(body["since"]), until=read_moment(body["until"]))
