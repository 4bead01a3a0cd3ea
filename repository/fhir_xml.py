"""FHIR JSON as FHIR XML (FHIR R4 2.6.1): properties become elements in the order in which they stand, values the
attribute `value`, a resource inside another an element of its own name; the address of an extension and the id of an
element are attributes."""

from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring  # for writing alone: nothing is parsed

NAMESPACE = "http://hl7.org/fhir"


def as_xml(resource: dict[str, Any]) -> bytes:
    """`resource`, whose properties stand in the order of the specification, as an XML document in UTF-8."""
    root = Element(resource["resourceType"], {"xmlns": NAMESPACE})
    _fill(root, resource)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _fill(parent: Element, value: dict[str, Any]) -> None:
    resource = "resourceType" in value
    for name, found in value.items():
        if name == "resourceType":
            continue
        if name == "id" and not resource:
            parent.set("id", str(found))
        elif name == "url" and parent.tag in ("extension", "modifierExtension"):
            parent.set("url", str(found))
        else:
            for each in found if isinstance(found, list) else [found]:
                _add(parent, name, each)


def _add(parent: Element, name: str, value: object) -> None:
    if not isinstance(value, dict):
        text = str(value).lower() if isinstance(value, bool) else str(value)
        SubElement(parent, name, {"value": text})
        return
    child = SubElement(parent, name)
    _fill(SubElement(child, value["resourceType"]) if "resourceType" in value else child, value)
