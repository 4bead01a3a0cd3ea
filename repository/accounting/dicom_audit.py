"""An account as a DICOM audit message (PS3.15 A.5.1), the form in which ATNA repositories take it.

Break-glass is a Security Alert with the event type Emergency Override Started; what was done then is its second event
type. Details are base64 of the values as the account holds them.
"""

import base64
from xml.etree.ElementTree import Element, SubElement, tostring  # for writing alone: nothing is parsed

from repository.access.account import PERMITTED, Account
from repository.access.purpose import Purpose
from repository.access.subject import Operation
from repository.accounting import codes
from repository.accounting.codes import EVENTS, SYSTEM_NAMES, Code
from repository.accounting.telling import NOBODY, details, holding_id, legible, patient_id, person, searched

PATIENT_NUMBER = Code(codes.RFC3881, "2", "Patient Number")
REPORT_NUMBER = Code(codes.RFC3881, "9", "Report Number")
SEARCH_CRITERIA = Code(codes.RFC3881, "10", "Search Criteria")
URI = Code(codes.RFC3881, "12", "URI")
STUDY_UID = Code(codes.DCM, "110180", "Study Instance UID")
HOLDING = Code(codes.OWN, "holding", "Holding")
TAKEOVER = Code(codes.OWN, "takeover", "Takeover")
DECISION = Code(codes.OWN, "decision", "Decision")
MEDIA_URI = Code(codes.DCM, "110037", "URI")  # PS3.16 CID 405; of the others the account knows only its own word
PEER_DOORS = frozenset({"dicomweb", "dimse"})
PATIENT, REPORT, RESOURCE, SECURITY, REPOSITORY, QUERY = "1", "3", "4", "13", "17", "24"
SYSTEM_OBJECT, OTHER = "2", "4"


def audit_message(account: Account, *, archive: str) -> bytes:
    """The AuditMessage as an XML document in UTF-8. `archive` names this archive (a DNS name)."""
    root = Element("AuditMessage")
    _event(root, account)
    _participants(root, account, archive=archive)
    source = SubElement(root, "AuditSourceIdentification", {"AuditSourceID": archive})
    SubElement(source, "AuditSourceTypeCode", {"csd-code": codes.APPLICATION_SERVER.code})
    if patient_id(account):
        name = legible(account.patient_name)
        _named(root, ("1", PATIENT), PATIENT_NUMBER, id=patient_id(account), name=name)
    _object(root, account, archive=archive)
    _decision(root, account)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def event_of(account: Account) -> Code:
    """What happened, as PS3.16 CID 400 names it, break-glass or not."""
    match account.operation:
        case Operation.SEARCH:
            return codes.QUERY
        case Operation.ACCOUNTS:
            return codes.LOG_USED
        case Operation.READ | Operation.EXPORT if account.study and account.door in PEER_DOORS:
            return codes.TRANSFERRED
        case Operation.EXPORT:
            return codes.EXPORT
        case _:
            return codes.ACCESSED if account.study else codes.PATIENT_RECORD


def _event(root: Element, account: Account) -> None:
    event, override = event_of(account), account.purpose == Purpose.EMERGENCY
    action = "E" if override else EVENTS[account.operation].action
    outcome = codes.SUCCESS if account.outcome == PERMITTED else codes.FAILURE
    found = {"EventActionCode": action, "EventDateTime": account.at, "EventOutcomeIndicator": outcome}
    made = SubElement(root, "EventIdentification", found)
    _code(made, "EventID", codes.ALERT if override else event)
    for each in (codes.OVERRIDE, event) if override else ():
        _code(made, "EventTypeCode", each)
    if account.reasons:
        SubElement(made, "EventOutcomeDescription").text = ", ".join(map(legible, account.reasons))


def _participants(root: Element, account: Account, *, archive: str) -> None:
    """Whoever asked, the archive, and the medium where one left: in the roles of the data's way."""
    ours, theirs = codes.SOURCE_ROLE, codes.DESTINATION_ROLE
    if not EVENTS[account.operation].outward:
        ours, theirs = theirs, ours
    known = {
        "UserID": legible(account.id) or NOBODY,
        "AlternativeUserID": legible(account.npwz),
        "UserName": person(account),
        "UserIsRequestor": "true",
        "NetworkAccessPointID": f"{archive}/{account.door}",
        "NetworkAccessPointTypeCode": "5",
    }
    asking = SubElement(root, "ActiveParticipant", {name: value for name, value in known.items() if value})
    _code(asking, "RoleIDCode", theirs)
    _code(asking, "RoleIDCode", Code(codes.OWN, account.kind, account.kind))
    us = {"UserID": archive, "UserIsRequestor": "false", "NetworkAccessPointID": archive}
    _code(SubElement(root, "ActiveParticipant", us | {"NetworkAccessPointTypeCode": "1"}), "RoleIDCode", ours)
    if event_of(account) == codes.EXPORT:
        manner = legible(account.manner) or "unknown"
        medium = SubElement(root, "ActiveParticipant", {"UserID": manner, "UserIsRequestor": "false"})
        _code(medium, "RoleIDCode", codes.DESTINATION_MEDIA)
        kind = MEDIA_URI if manner == "electronic" else Code(codes.OWN, manner, manner)
        _code(SubElement(medium, "MediaIdentifier"), "MediaType", kind)


def _object(root: Element, account: Account, *, archive: str) -> None:
    study, document, holding = legible(account.study), account.document, holding_id(account)
    if account.operation == Operation.SEARCH:
        made = _identified(root, (SYSTEM_OBJECT, QUERY), SEARCH_CRITERIA, id=str(account.number))
        SubElement(made, "ParticipantObjectQuery").text = _base64(searched(account))
        return
    if account.operation == Operation.ACCOUNTS:
        _named(root, (SYSTEM_OBJECT, SECURITY), URI, id=archive, name="Security Audit Log")
    if study:
        _named(root, (SYSTEM_OBJECT, REPORT), STUDY_UID, id=study)
    if document:
        place = f"{legible(document.extension)}^^^&{legible(document.root)}&ISO"  # HL7 v2 CX, as IHE writes identifiers
        _named(root, (SYSTEM_OBJECT, REPORT), REPORT_NUMBER, id=place)
    if holding:
        _named(root, (SYSTEM_OBJECT, RESOURCE), HOLDING, id=holding)
    elif legible(account.takeover) and not (study or document):
        _named(root, (SYSTEM_OBJECT, REPOSITORY), TAKEOVER, id=legible(account.takeover))


def _decision(root: Element, account: Account) -> None:
    made = _named(root, (OTHER, SECURITY), DECISION, id=str(account.number), name=legible(account.rules))
    for name, value in details(account):
        SubElement(made, "ParticipantObjectDetail", {"type": name, "value": _base64(value)})


def _named(root: Element, role: tuple[str, str], code: Code, *, id: str, name: str = "") -> Element:  # noqa: A002  the attribute's name
    made = _identified(root, role, code, id=id)
    SubElement(made, "ParticipantObjectName").text = name
    return made


def _identified(root: Element, role: tuple[str, str], code: Code, *, id: str) -> Element:  # noqa: A002  the attribute's name
    kind, part = role
    found = {"ParticipantObjectID": id, "ParticipantObjectTypeCode": kind, "ParticipantObjectTypeCodeRole": part}
    made = SubElement(root, "ParticipantObjectIdentification", found)
    _code(made, "ParticipantObjectIDTypeCode", code)
    return made


def _code(parent: Element, name: str, code: Code) -> None:
    """PS3.15 A.5.1: `originalText` is the code's meaning."""
    SubElement(
        parent,
        name,
        {"csd-code": code.code, "codeSystemName": SYSTEM_NAMES[code.system], "originalText": code.display},
    )


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "backslashreplace")).decode()
