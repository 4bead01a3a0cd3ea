"""A FHIR R4 Consent as a permission. What may limit it is understood, or the whole of it is refused by a typed error.

Passed over is only what cannot limit anything: narrative, identifiers, who manages it, contained resources.
"""

import base64
import binascii
import hashlib
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

from repository.access.permission import Grantee, GranteeKind, Grantor, Permission, PermissionKind
from repository.access.purpose import Purpose
from repository.accounting.fhir_dates import interval
from repository.consents import vocabulary as words
from repository.consents.elements import Element
from repository.consents.errors import ConsentNotUnderstood
from repository.consents.limits import identifier_in, scope_in, type_of
from repository.domain.describing import Identifier

_MEMBERS = (
    "resourceType", "id", "meta", "language", "text", "contained", "extension", "modifierExtension", "identifier",
    "status", "scope", "category", "patient", "dateTime", "performer", "organization", "sourceReference",
    "sourceAttachment", "policy", "provision",
)  # fmt: skip
_RULE = ("id", "modifierExtension", "type", "period", "actor", "purpose", "class", "data", "dataPeriod", "provision")


def permission_from(resource: Any, *, policies: Collection[str] = words.POLICIES) -> Permission:
    """The permission, as of the resource's dateTime. Raises `ConsentNotUnderstood`, which names the element.

    `policies`: the policies whose meaning is known. An `inactive` one has ended when our own extension says, or with
    its dateTime.
    """
    consent = Element(resource).only(*_MEMBERS)
    if consent.value.get("resourceType") != "Consent":
        raise consent.refused("is not a Consent", "resourceType")
    _refuse_other_matters(consent, policies)
    patient = identifier_in(consent.part("patient").only("identifier", "type", "display", "reference", "id"))
    recorded = _moments(consent, "dateTime")[0]
    permission = Permission(
        id=consent.text("id", ""),
        edition=_edition(consent),
        kind=PermissionKind.CONSENT,
        takeover=_takeover(consent),
        patient=patient,
        grantor=_grantor(consent, patient),
        grantee=Grantee(GranteeKind.ANYBODY),
        valid_from=recorded,
        evidence=_evidence(consent),
        recorded_at=recorded,
    )
    ruled = _ruled(consent.part("provision"), permission)
    return _ended(consent, ruled)


def _refuse_other_matters(consent: Element, policies: Collection[str]) -> None:
    scope = list(consent.part("scope").codings())
    if not any(each.is_coded(words.PRIVACY["system"], words.PRIVACY["code"]) for each in scope):
        raise consent.refused("is not about privacy", "scope")
    if not consent.parts("category"):
        raise consent.refused("is missing", "category")
    policy = consent.the_one("policy").only("uri", "id")
    if policy.text("uri") not in policies:
        raise policy.refused("is not a policy that is known here", "uri")


def _edition(consent: Element) -> int:
    version = (
        str(consent.value.get("meta", {}).get("versionId", "")) if isinstance(consent.value.get("meta"), dict) else ""
    )
    return int(version) if version.isascii() and version.isdecimal() and 0 < len(version) < 10 and int(version) else 1


def _takeover(consent: Element) -> str:
    found = ""
    for each in consent.parts("modifierExtension"):
        if each.only("url", "valueString").text("url") != words.TAKEOVER or found:
            raise each.refused("is not understood")
        found = each.text("valueString")
    return found


def _grantor(consent: Element, patient: Identifier) -> Grantor:
    """The first of those who gave it: others who joined in do not limit it."""
    performers = consent.parts("performer")
    if not performers:
        raise consent.refused("is missing", "performer")
    first = performers[0].only("extension", "type", "identifier", "display", "reference", "id")
    identifier = identifier_in(first) if first.has("identifier") else None
    said = [each for each in first.parts("extension") if each.only("url", "valueCode").text("url") == words.CAPACITY]
    if said:
        capacity = said[0].text("valueCode")
        if capacity not in words.PERFORMERS:
            raise said[0].refused("is not understood")
    elif identifier == patient:
        capacity = "patient"
    else:
        capacity = words.CAPACITIES.get(type_of(first), "")
        if not capacity:
            raise first.refused("does not say as what", "type")
    return Grantor(capacity, first.text("display", ""), identifier)


def _evidence(consent: Element) -> str:
    """Where the statement can be seen: the identifier or address of its source, or the digest of an attached one."""
    if consent.has("sourceReference"):
        source = consent.part("sourceReference").only("identifier", "reference", "display", "type", "id")
        if source.has("identifier"):
            known = source.part("identifier").only("use", "type", "system", "value", "period", "assigner", "id")
            system = known.text("system", "")
            return f"{system}|{known.text('value')}" if system else known.text("value")
        return source.text("reference", "")
    if not consent.has("sourceAttachment"):
        return ""
    attached = consent.part("sourceAttachment").only(
        "id", "contentType", "language", "data", "url", "size", "hash", "title", "creation"
    )
    if not attached.has("data"):
        return attached.text("url", "")
    try:
        content = base64.b64decode(attached.text("data"), validate=True)
    except (binascii.Error, ValueError):
        raise attached.refused("is not base64", "data") from None
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _ruled(rule: Element, permission: Permission) -> Permission:
    rule.only(*_RULE)
    kinds = {"permit": PermissionKind.CONSENT, "deny": PermissionKind.OBJECTION}
    kind = kinds.get(rule.text("type"))
    if kind is None:
        raise rule.refused("is neither permit nor deny", "type")
    valid_from, valid_to = _period(rule, permission.valid_from)
    purposes = _purposes(rule, kind)
    if rule.has("provision"):
        purposes = _but_for_emergencies(rule, kind, purposes)
    return replace(
        permission,
        kind=kind,
        valid_from=valid_from,
        valid_to=valid_to,
        grantee=_grantee(rule),
        purposes=purposes,
        scope=scope_in(rule),
    )


def _period(rule: Element, signed: datetime) -> tuple[datetime, datetime | None]:
    if not rule.has("period"):
        return signed, None
    period = rule.part("period").only("start", "end", "id")
    start = _moments(period, "start")[0] if period.has("start") else signed
    end = _moments(period, "end")[1] if period.has("end") else None
    if end is not None and end <= start:
        raise period.refused("ends before it begins")
    return start, end


def _moments(element: Element, name: str) -> tuple[datetime, datetime]:
    """The first moment of a FHIR date or dateTime, and the first after it; days are days in Poland."""
    said = element.text(name)
    try:
        first, after = interval(f"eq{said}" if said[0].isdigit() else "?")
    except ValueError:
        raise element.refused("is not a date since 1996", name) from None
    return datetime.fromisoformat(first), datetime.fromisoformat(after)


def _purposes(rule: Element, kind: PermissionKind) -> frozenset[Purpose]:
    """A permit must name one that the archive knows. A deny without any is to all; one that it does not know, or that
    has no counterpart, cannot be passed over there."""
    found: set[Purpose] = set()
    for each in rule.parts("purpose"):
        each.only("system", "code", "display", "version", "userSelected", "id")
        if each.value.get("system") != words.ACT_REASON or each.text("code") not in words.READ_PURPOSES:
            raise each.refused("is not a purpose that is known here")
        purpose = words.READ_PURPOSES[each.text("code")]
        if purpose is not None:
            found.add(purpose)
        elif kind is PermissionKind.OBJECTION:
            raise each.refused("has no counterpart here, and cannot be objected to alone")
    if kind is PermissionKind.CONSENT and not found:
        raise rule.refused("names none that data is read for here", "purpose")
    return frozenset(found)


def _but_for_emergencies(rule: Element, kind: PermissionKind, purposes: frozenset[Purpose]) -> frozenset[Purpose]:
    """PCF's break-glass: all is denied but for emergencies. Any other exception is not understood."""
    exception = rule.the_one("provision").only("type", "purpose", "id")
    allowed = exception.text("type") == "permit" and _purposes(exception, PermissionKind.CONSENT)
    if kind is not PermissionKind.OBJECTION or allowed != frozenset({Purpose.EMERGENCY}):
        raise exception.refused("is not understood")
    return (purposes or frozenset(Purpose)) - {Purpose.EMERGENCY}


def _grantee(rule: Element) -> Grantee:
    if not rule.has("actor"):
        return Grantee(GranteeKind.ANYBODY)
    actor = rule.the_one("actor").only("role", "reference", "id")
    roles = list(actor.part("role").codings())
    if not roles or not all(
        any(each.is_coded(words.PARTICIPATION, role) for role in words.RECIPIENTS) for each in roles
    ):
        raise actor.refused("is not that of a recipient", "role")
    who = actor.part("reference").only("type", "identifier", "display", "reference", "id")
    identifier, kind, name = identifier_in(who), type_of(who), who.text("display", "")
    if kind == "Organization":
        return Grantee(GranteeKind.ORGANISATION, identifier, name)
    if kind in words.PERSONS:
        return Grantee(GranteeKind.PERSON, identifier, name)
    if kind == "Device" and not identifier.root:
        return Grantee(GranteeKind.SYSTEM, identifier, name)
    raise who.refused("is not understood", "type")


def _ended(consent: Element, permission: Permission) -> Permission:
    status = consent.text("status")
    if status not in words.STATES:
        raise consent.refused("is not one that says what holds", "status")
    if status == "active":
        return permission
    at, reason = permission.recorded_at, words.STATES[status]
    for each in consent.parts("extension"):
        if isinstance(each.value, dict) and each.value.get("url") == words.ENDED:
            said = {part.text("url"): part for part in each.only("url", "extension").parts("extension")}
            at = _moments(said["at"], "valueInstant")[0] if "at" in said else at
            reason = said["reason"].text("valueString") if "reason" in said else ""
    return replace(permission, ended_at=at, end_reason=reason)


def permissions_in(
    bundle: Any, *, policies: Collection[str] = words.POLICIES
) -> list[Permission | ConsentNotUnderstood]:
    """Of a Bundle, or of one Consent, each permission, or why it is none; in their order."""
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        return [_attempt(bundle, policies)]
    whole = Element(bundle, "Bundle")
    return [_attempt(_resource(each), policies) for each in whole.parts("entry")]


def _resource(entry: Element) -> Any:
    return entry.value.get("resource") if isinstance(entry.value, dict) else None


def _attempt(resource: Any, policies: Collection[str]) -> Permission | ConsentNotUnderstood:
    try:
        return permission_from(resource, policies=policies)
    except ConsentNotUnderstood as refused:
        return refused
