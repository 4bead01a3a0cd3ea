"""Values of FHIR data types from what was found: what a type cannot hold is left out, and never made up.

Times without a zone are told as days: FHIR R4 wants the zone with each time, and nobody knows it.
"""

import re
from datetime import date, datetime
from typing import Any

from repository.accounting.telling import legible
from repository.domain.describing import Identifier

Json = dict[str, Any]
URI_SYSTEM = "urn:ietf:rfc:3986"
DICOM_UID_SYSTEM = "urn:dicom:uid"
ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_URI = re.compile(r"[a-z][a-z0-9+.-]{0,20}:[!-~]{1,400}")
_TS = re.compile(
    r"([0-9]{4})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})([0-9]{2})([0-9]{2})?(?:\.[0-9]+)?([+-][0-9]{4})?)?)?)?"
)
_GENDERS = {"M": "male", "F": "female", "O": "other", "UN": "other", "U": "unknown"}


def identifier(known: Identifier | None) -> Json:
    """Empty where there is nothing that FHIR can say."""
    if known is None:
        return {}
    root, extension = legible(known.root), legible(known.extension)
    if not extension:
        return {"system": URI_SYSTEM, "value": found} if (found := oid(root) or uri(root)) else {}
    if system := oid(root) or uri(root):
        return {"system": system, "value": extension}
    return {"value": extension} | ({"assigner": {"display": root}} if root else {})


def uid_identifier(uid: str) -> Json:
    return {"system": DICOM_UID_SYSTEM, "value": f"urn:oid:{uid}" if _OID.fullmatch(uid) else legible(uid)}


def oid(text: str) -> str:
    """`urn:oid:` and the UID (FHIR R4 2.24.0.1 oid); empty where it is none."""
    return f"urn:oid:{text}" if _OID.fullmatch(text) else ""


def system(text: str) -> str:
    """The address of a code system that we know by its OID or, where it came by FHIR, by its URI."""
    return oid(text) or uri(text)


def uri(text: str) -> str:
    """Itself where it is a URI, as identifiers that came by FHIR have; empty where it is none."""
    return text if _URI.fullmatch(text) else ""


def code(text: str) -> str:
    """As a code: without spaces at its ends, single ones inside."""
    return " ".join(legible(text).split())


def concept(system: str, text: str, *, display: str = "") -> Json:
    """A CodeableConcept; empty without a code."""
    found = code(text)
    return {"coding": [({"system": system} if system else {}) | {"code": found} | _display(display)]} if found else {}


def unknown() -> Json:
    """A CodeableConcept where a profile wants one and nobody knows it."""
    return {"coding": [{"system": ABSENT, "code": "unknown", "display": "Unknown"}]}


def _display(text: str) -> Json:
    return {"display": legible(text)} if legible(text) else {}


def day(text: str) -> str:
    """A DICOM or HL7 date as a FHIR date; empty where it is none."""
    try:
        return date.fromisoformat(text[:8]).isoformat() if re.fullmatch(r"[0-9]{8}.*", text) else ""
    except ValueError:
        return ""


def moment(text: str) -> str:
    """An HL7 TS as a FHIR dateTime, as exact as it can be said; empty where it is none."""
    found = _TS.fullmatch(text.strip())
    if found is None:
        return ""
    year, month, of_month, hour, minute, second, zone = found.groups()
    try:
        date(int(year), int(month or 1), int(of_month or 1))
        if not zone:
            return "-".join(filter(None, (year, month, of_month)))
        said = f"{year}-{month}-{of_month}T{hour}:{minute}:{second or '00'}{zone[:3]}:{zone[3:]}"
        return datetime.fromisoformat(said).isoformat()
    except ValueError:
        return ""


def period(start: str, stop: str) -> Json:
    ends = {"start": moment(start), "end": moment(stop)}
    return {name: each for name, each in ends.items() if each}


def name(text: str) -> Json:
    """A person name in DICOM form as a HumanName; empty without one."""
    family, *given = [legible(part).strip() for part in text.partition("=")[0].split("^")[:3]] or [""]
    return ({"family": family} if family else {}) | ({"given": kept} if (kept := [g for g in given if g]) else {})


def gender(text: str) -> str:
    return _GENDERS.get(text.strip().upper(), "unknown" if text.strip() else "")


def without_empty(value: Json) -> Json:
    """`value` without what is empty, in its order."""
    return {key: held for key, held in value.items() if held not in ("", [], {}, None)}
