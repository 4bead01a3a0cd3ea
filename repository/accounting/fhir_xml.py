"""FHIR JSON as FHIR XML (FHIR R4 2.6.1): properties become elements in the order in which they stand, values the
attribute `value`, a resource inside another an element of its own name."""

from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring  # for writing alone: nothing is parsed

from repository.access.account import Account
from repository.accounting.fhir import audit_event

NAMESPACE = "http://hl7.org/fhir"


def audit_event_xml(account: Account, *, archive: str) -> bytes:
    """The AuditEvent of `fhir.audit_event` as an XML document in UTF-8."""
    return as_xml(audit_event(account, archive=archive))


def as_xml(resource: dict[str, Any]) -> bytes:
    """`resource`, whose properties stand in the order of the specification, as an XML document in UTF-8."""
    root = Element(resource["resourceType"], {"xmlns": NAMESPACE})
    _fill(root, resource)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _fill(parent: Element, value: dict[str, Any]) -> None:
    for name, found in value.items():
        if name == "resourceType":
            continue
        for each in found if isinstance(found, list) else [found]:
            _add(parent, name, each)


def _add(parent: Element, name: str, value: object) -> None:
    if not isinstance(value, dict):
        text = str(value).lower() if isinstance(value, bool) else str(value)
        SubElement(parent, name, {"value": text})
        return
    child = SubElement(parent, name)
    _fill(SubElement(child, value["resourceType"]) if "resourceType" in value else child, value)
