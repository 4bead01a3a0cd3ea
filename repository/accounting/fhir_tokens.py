"""Values of FHIR search parameters, and what the codes of AuditEvent stand for among accounts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from repository.access.account import PERMITTED, REFUSED
from repository.access.principal import PrincipalKind
from repository.access.purpose import Purpose
from repository.access.subject import Operation
from repository.accounting import codes
from repository.accounting.codes import EVENTS, Code
from repository.accounting.fhir import DICOM_UID_SYSTEM, URI_SYSTEM
from repository.domain.describing import Identifier

Condition = tuple[str, tuple[Any, ...]]
"""A field of `AccountQuery` and the values it may have; none: no account meets it."""

_PATIENT = re.compile(r"(?:.*/)?Patient/(.+)\.([0-9]{1,18})|([^/|]+)\.([0-9]{1,18})")
_HOLDING = re.compile(r"([^/|]+)/([0-9]{1,18})")
_SYSTEM = re.compile(r"((?:[^\\|]|\\.)*)\|(.*)", re.DOTALL)
_ESCAPE = re.compile(r"\\([\\,|$])")


@dataclass(frozen=True, slots=True)
class Token:
    """`system` None: any; empty: none (FHIR R4 3.1.1.4.10)."""

    system: str | None
    code: str

    def met_by(self, wanted: "Token") -> bool:
        return wanted.code == self.code and wanted.system in (None, self.system)


def split(value: str) -> list[str]:
    """The alternatives in `value`, commas that are escaped left in them (FHIR R4 3.1.1.4.0.3). ValueError if empty."""
    found, escaped = [""], False
    for letter in value:
        if letter == "," and not escaped:
            found.append("")
        else:
            found[-1] += letter
        escaped = letter == "\\" and not escaped
    if not all(found):
        raise ValueError("an empty value")
    return found


def token(value: str) -> Token:
    parts = _SYSTEM.fullmatch(value)
    return Token(plain(parts[1]), plain(parts[2])) if parts else Token(None, plain(value))


def plain(value: str) -> str:
    return _ESCAPE.sub(r"\1", value)


def id_of(value: str) -> str:
    """The value of an identifier with or without system, or the id of a reference."""
    return token(value).code


def patient(value: str) -> tuple[str, int]:
    """(takeover, number) of `Patient/TAKEOVER.NUMBER`, with an address before it or without the type."""
    match = _PATIENT.fullmatch(value)
    if match is None:
        raise ValueError("not of the form Patient/TAKEOVER.NUMBER")
    return (match[1] or match[3], int(match[2] or match[4]))


def entity(value: str) -> Condition | None:
    """What is rendered as `entity.what`: a patient by reference, anything else by identifier."""
    if "Patient/" in value:
        return "patients", (patient(value),)
    wanted = token(value)
    if wanted.system == DICOM_UID_SYSTEM:
        return "studies", (wanted.code.removeprefix("urn:oid:"),)
    if wanted.system == URI_SYSTEM and wanted.code.startswith("urn:oid:"):
        return "documents", (Identifier(wanted.code.removeprefix("urn:oid:"), ""),)
    if wanted.system:
        return "documents", (Identifier(wanted.system.removeprefix("urn:oid:"), wanted.code),)
    if match := _HOLDING.fullmatch(wanted.code):
        return "holdings", ((match[1], int(match[2])),)
    return "takeovers", (wanted.code,)


def access_point(value: str, *, archive: str) -> str | None:
    """The door that an address names, empty for the archive itself, None for an address of somebody else."""
    place = unquote(plain(value))
    if place == archive:
        return ""
    return place.removeprefix(f"{archive}/") if place.startswith(f"{archive}/") else None


def _by_code(pairs: list[tuple[Code, str]]) -> dict[Token, Condition]:
    found: dict[Token, tuple[str, ...]] = {}
    for code, operation in pairs:
        known = Token(code.system, code.code)
        found[known] = (*found.get(known, ()), operation)
    return {known: ("operations", operations) for known, operations in found.items()}


def _named(system: str, table: Mapping[str, Condition]) -> dict[Token, Condition]:
    return {Token(system, code): condition for code, condition in table.items()}


_EVERY: Condition = ("operations", tuple(each.value for each in Operation))
ACTIONS = _named(
    "http://hl7.org/fhir/audit-event-action",
    {
        each: ("operations", tuple(operation for operation, event in EVENTS.items() if event.action == each))
        for each in "CRUDE"
    },
)
OUTCOMES = _named(
    codes.HL7 + "audit-event-outcome",
    {"0": ("outcomes", (PERMITTED,)), "4": ("outcomes", ()), "8": ("outcomes", (REFUSED,)), "12": ("outcomes", ())},
)
KINDS = _named(codes.OWN, {each.value: ("kinds", (each.value,)) for each in PrincipalKind})
TYPES = _by_code([(event.type, operation) for operation, event in EVENTS.items()])
SUBTYPES: Mapping[Token, Condition] = {
    **_by_code([(each, operation) for operation, event in EVENTS.items() for each in event.subtypes]),
    Token(codes.DCM, codes.OVERRIDE.code): ("purposes", (Purpose.EMERGENCY.value,)),
}
PURPOSES: Mapping[Token, Condition] = {
    Token(code.system, code.code): ("purposes", (purpose,)) for purpose, code in codes.PURPOSES.items()
}
ENTITY_TYPES: Mapping[Token, Condition] = {
    Token(codes.PERSON.system, codes.PERSON.code): ("about_a_patient", (True,)),
    Token(codes.OBJECT.system, codes.OBJECT.code): _EVERY,
    Token(codes.OTHER.system, codes.OTHER.code): _EVERY,
}
ENTITY_ROLES: Mapping[Token, Condition] = {
    Token(codes.PATIENT_ROLE.system, codes.PATIENT_ROLE.code): ("about_a_patient", (True,)),
    **_by_code([(event.role, operation) for operation, event in EVENTS.items()]),
    Token(codes.SECURITY_ROLE.system, codes.SECURITY_ROLE.code): _EVERY,  # the decision is in every event
}
