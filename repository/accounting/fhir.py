"""An account as FHIR R4 AuditEvent in the patterns of IHE BALP 1.1.3, and many of them as a searchset Bundle.

An account keeps no network address: the client's access point is named by the door it came through, `ARCHIVE/DOOR`.
Profiles describe what succeeded; a refusal has the same form, outcome 8 and no profile (FHIR R4 6.1.0.7).
"""

import base64
import re
from collections.abc import Sequence
from typing import Any

from repository.access.account import PERMITTED, Account
from repository.access.principal import PEOPLE
from repository.access.purpose import Purpose
from repository.access.subject import Operation
from repository.accounting import codes
from repository.accounting.codes import EVENTS, PURPOSES, Code
from repository.accounting.telling import NOBODY, details, holding_id, legible, patient_id, person, searched
from repository.domain.describing import Identifier

Json = dict[str, Any]
PROFILES = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/"
URI_SYSTEM = "urn:ietf:rfc:3986"
DICOM_UID_SYSTEM = "urn:dicom:uid"
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")


def audit_event(account: Account, *, archive: str) -> Json:
    """The AuditEvent with the account's number as its id. `archive` names this archive (a DNS name).

    Keys stand in the order of the elements in FHIR XML, which `fhir_xml` relies on.
    """
    event = EVENTS[account.operation]
    permitted = account.outcome == PERMITTED
    profile = event.patient_profile if patient_id(account) else event.profile
    made: Json = {"resourceType": "AuditEvent", "id": str(account.number)}
    if permitted and profile:
        made["meta"] = {"profile": [PROFILES + profile]}
    made["type"] = _coding(event.type)
    subtypes = [*event.subtypes, *([codes.OVERRIDE] if account.purpose == Purpose.EMERGENCY else [])]
    if subtypes:
        made["subtype"] = [_coding(each) for each in subtypes]
    made |= {"action": event.action, "recorded": account.at}
    made["outcome"] = codes.SUCCESS if permitted else codes.FAILURE
    if account.reasons:
        made["outcomeDesc"] = ", ".join(map(legible, account.reasons))
    if purpose := _purpose(account):
        made["purposeOfEvent"] = purpose
    made["agent"] = _agents(account, archive=archive)
    made["source"] = {"site": archive, "observer": _archive(archive), "type": [_coding(codes.APPLICATION_SERVER)]}
    made["entity"] = _entities(account, archive=archive)
    return made


def bundle(
    accounts: Sequence[Account], *, archive: str, base: str, self_url: str, next_url: str = "", total: int | None = None
) -> Json:
    """A searchset of one page. `base` is the address of the FHIR service, without a slash at its end."""
    links = [{"relation": "self", "url": self_url}] + ([{"relation": "next", "url": next_url}] if next_url else [])
    made: Json = {"resourceType": "Bundle", "type": "searchset"}
    if total is not None:
        made["total"] = total
    made["link"] = links
    if accounts:
        made["entry"] = [
            {
                "fullUrl": f"{base}/AuditEvent/{each.number}",
                "resource": audit_event(each, archive=archive),
                "search": {"mode": "match"},
            }
            for each in accounts
        ]
    return made


def _coding(code: Code) -> Json:
    return {"system": code.system, "code": code.code, "display": code.display}


def _concept(code: Code) -> Json:
    return {"coding": [_coding(code)]}


def _purpose(account: Account) -> list[Json]:
    return [_concept(PURPOSES[account.purpose])] if account.purpose else []


def _archive(archive: str) -> Json:
    return {"identifier": {"value": archive}, "display": "EDM Archive"}


def _agents(account: Account, *, archive: str) -> list[Json]:
    """Client and server always; the person who acts through the client; its organisation; whoever keeps the record."""
    event = EVENTS[account.operation]
    ours, theirs = codes.SOURCE_ROLE, codes.DESTINATION_ROLE
    if not event.outward:
        ours, theirs = theirs, ours
    human = account.kind in PEOPLE
    client: Json = {"type": _concept(theirs)}
    client |= {"who": {"display": f"door: {account.door}"}, "requestor": False} if human else _who(account)
    client["network"] = {"address": f"{archive}/{account.door}", "type": "5"}
    server: Json = {
        "type": _concept(ours),
        "who": _archive(archive),
        "requestor": False,
        "policy": [account.rules],
        "network": {"address": archive, "type": "1"},
    }
    agents = [client, server]
    if human:
        agents.append({"type": _concept(codes.RECIPIENT)} | _who(account))
    for agent in agents:
        if agent["requestor"] and account.purpose:
            agent["purposeOfUse"] = _purpose(account)
    organisation = _named(account.organisation_id, legible(account.organisation)) if human else {}
    if organisation:
        kind = {"type": _concept(codes.PROVIDER)} if account.organisation_role == "provider" else {}
        agents.append(kind | {"who": organisation, "requestor": False})
    if account.operation == Operation.EXPORT:
        agents.append({"type": _concept(codes.CUSTODIAN), "who": _archive(archive), "requestor": False})
    return agents


def _who(account: Account) -> Json:
    """The requestor; its kind is the first role, so that a search by `agent-role` finds it."""
    name, role, npwz = person(account), legible(account.role), legible(account.npwz)
    made: Json = {"role": [{"coding": [{"system": codes.OWN, "code": account.kind}]}]}
    if role:
        made["role"].append({"text": role})
    made["who"] = {"identifier": {"value": legible(account.id) or NOBODY}} | ({"display": name} if name else {})
    if npwz:
        made["altId"] = npwz
    if name:
        made["name"] = name
    return made | {"requestor": True}


def _named(identifier: Identifier | None, display: str) -> Json:
    """A Reference by identifier; empty where there is nothing to refer by."""
    known = _identifier(identifier) if identifier else {}
    return ({"identifier": known} if known else {}) | ({"display": display} if display else {})


def _identifier(identifier: Identifier) -> Json:
    root, extension = legible(identifier.root), legible(identifier.extension)
    if not extension:
        return {"system": URI_SYSTEM, "value": f"urn:oid:{root}"} if _OID.fullmatch(root) else {}
    if _OID.fullmatch(root):
        return {"system": f"urn:oid:{root}", "value": extension}
    return {"value": extension} | ({"assigner": {"display": root}} if root else {})


def _entities(account: Account, *, archive: str) -> list[Json]:
    entities = [_patient(account)] if patient_id(account) else []
    if account.operation == Operation.SEARCH:
        entities.append(_query(account))
    else:
        entities.append(_object(account, archive=archive))
    return [*entities, _decision(account)]


def _patient(account: Account) -> Json:
    name = legible(account.patient_name)
    made: Json = {
        "what": {"reference": f"Patient/{patient_id(account)}", "type": "Patient"},
        "type": _coding(codes.PERSON),
        "role": _coding(codes.PATIENT_ROLE),
    }
    return made | ({"name": name} if name else {})


def _query(account: Account) -> Json:
    query = searched(account)
    made: Json = {"type": _coding(codes.OBJECT), "role": _coding(codes.QUERY_ROLE)}
    return made | {
        "query": _base64(query) or _base64("?")
    }  # FHIR has no empty value: `?` is a query without conditions


def _object(account: Account, *, archive: str) -> Json:
    """The narrowest thing that was named: a document, a study, a holding, the takeover; else the archive itself."""
    study = legible(account.study)
    known = _identifier(account.document) if account.document else {}
    if not known and study:
        known = {"system": DICOM_UID_SYSTEM, "value": f"urn:oid:{study}" if _OID.fullmatch(study) else study}
    if not known:
        known = {"value": holding_id(account) or legible(account.takeover) or archive}
    made: Json = {"what": {"identifier": known}, "type": _coding(codes.OBJECT)}
    made["role"] = _coding(EVENTS[account.operation].role)
    if account.operation == Operation.ACCOUNTS:
        made["name"] = "Security Audit Log"
    return made


def _decision(account: Account) -> Json:
    """What the decision went by; a value that no FHIR string can hold is there as its bytes."""
    return {
        "type": _coding(codes.OTHER),
        "role": _coding(codes.SECURITY_ROLE),
        "name": "decision",
        "detail": [{"type": name} | _value(value) for name, value in details(account)],
    }


def _value(value: str) -> Json:
    return {"valueString": value} if legible(value) == value else {"valueBase64Binary": _base64(value)}


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "backslashreplace")).decode()
