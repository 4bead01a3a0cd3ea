"""FHIR data types of what is sent as facts of ours: the other direction of `fhir_form.values`."""

import re

from repository.domain.describing import Identifier, PatientFacts
from repository.fhir_form.values import URI_SYSTEM
from repository.mhd.elements import Element

_MOMENT = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T([0-9]{2}):([0-9]{2}):([0-9]{2}(?:\.[0-9]{1,9})?)(Z|[+-][0-9]{2}:[0-9]{2}))?)?)?"
)
_SEXES = {"male": "M", "female": "F", "other": "O", "unknown": "U"}


def identifier(said: Element) -> Identifier | None:
    """None where there is no value. An OID by itself has no extension; XDS writes ROOT^EXTENSION in its place."""
    value, system = said.text("value"), said.text("system")
    if not value:
        return None
    if system == URI_SYSTEM:
        root, _, extension = value.removeprefix("urn:oid:").partition("^")
        return Identifier(root, extension)
    return Identifier(system.removeprefix("urn:oid:"), value)


def moment(said: Element, name: str) -> str:
    """A date, dateTime or instant as an HL7 TS; empty where there is none."""
    text = said.text(name)
    found = _MOMENT.fullmatch(text)
    if found is None:
        if text:
            said.wrong("is not a date or time of FHIR", name)
        return ""
    *digits, zone = (part or "" for part in found.groups())
    return "".join(digits) + {"Z": "+0000"}.get(zone, zone.replace(":", ""))


def name(said: Element) -> str:
    """A HumanName in DICOM form: the first that says a family name, or a text."""
    for each in said.parts("name"):
        family, given = each.text("family"), each.texts("given")
        if family or given:
            return "^".join(filter(None, (family, *(part.replace("^", " ") for part in given)))) if family else (
                "^" + "^".join(given)
            )  # fmt: skip
        if text := each.text("text"):
            return text
    return ""


def patient(said: Element) -> PatientFacts:
    known = tuple(found for each in said.parts("identifier") if (found := identifier(each)))
    born = said.text("birthDate")
    if born and not re.fullmatch(r"[0-9]{4}(-[0-9]{2}){0,2}", born):
        said.wrong("is not a date of FHIR", "birthDate")
    return PatientFacts(known, name(said), born.replace("-", ""), _SEXES.get(said.text("gender"), ""))
