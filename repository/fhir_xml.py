"""FHIR JSON as FHIR XML (FHIR R4 2.6.1), and back: properties become elements in the order in which they stand, values
the attribute `value`, a resource inside another an element of its own name; the address of an extension and the id of
an element are attributes.

Read back, what stands once is a value and what is repeated a list, for only a schema knows which is which; narrative is
passed over. Whoever reads takes one for a list of one. The parser is expat, which the interpreter brings: it has no
limit on the length of an attribute, and a document in base64 is one.
"""

from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring  # for writing alone: nothing is parsed
from xml.parsers import expat

from storage.errors import ArchiveError, Text

NAMESPACE, XHTML = "http://hl7.org/fhir", "http://www.w3.org/1999/xhtml"
DEEPEST, MOST_ELEMENTS = 64, 200_000
_MARK = " "  # between a namespace and a name
_ATTRIBUTES = frozenset({"id", "url", "value"})


class XmlUnreadable(ArchiveError):
    """`reason`: what is wrong with it, without a word of what it says."""

    code = "FHR-005"
    exit_code = 2
    what = Text(en="This is no FHIR XML: {reason}.", pl="To nie jest FHIR XML: {reason}.")
    todo = Text(
        en="Send UTF-8 without a document type, as FHIR R4 describes.",
        pl="Wyślij UTF-8 bez deklaracji typu dokumentu, zgodnie z FHIR R4.",
    )


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


def from_xml(content: bytes) -> dict[str, Any]:
    """The resource that `content` is. Raises `XmlUnreadable`: also for a document type, with which entities begin."""
    reading = _Reading()
    parser = expat.ParserCreate(encoding="utf-8", namespace_separator=_MARK)
    parser.StartElementHandler, parser.EndElementHandler = reading.start, reading.end
    parser.CharacterDataHandler = reading.text
    parser.StartDoctypeDeclHandler = reading.document_type
    try:
        parser.Parse(content, True)  # noqa: FBT003  expat takes it by place alone
    except expat.ExpatError as error:
        raise XmlUnreadable(reason=f"not well-formed in line {error.lineno}") from None
    return reading.resource


class _Reading:
    """Elements on their way to values; the innermost open one is the last of `_open`."""

    def __init__(self) -> None:
        self.resource: dict[str, Any] = {}
        self._open: list[tuple[str, dict[str, Any]]] = []
        self._skipped = 0
        self._seen = 0

    def document_type(self, *_: object) -> None:
        raise XmlUnreadable(reason="it has a document type")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._seen += 1
        if self._seen > MOST_ELEMENTS or len(self._open) + self._skipped >= DEEPEST:
            raise XmlUnreadable(reason=f"more than {MOST_ELEMENTS} elements, or deeper than {DEEPEST}")
        space, _, name = tag.rpartition(_MARK)
        if self._skipped or (space == XHTML and self._open):
            self._skipped += 1
            return
        if space != NAMESPACE:
            raise XmlUnreadable(reason=f"an element outside of {NAMESPACE}")
        if name == "resourceType":  # what a resource is, its own element's name says
            raise XmlUnreadable(reason="an element that FHIR has not")
        if self._open and not attributes.keys() <= _ATTRIBUTES:
            raise XmlUnreadable(reason="an attribute that FHIR has not")
        self._open.append((name, {"resourceType": name} if self._is_resource(name) else dict(attributes)))

    def _is_resource(self, name: str) -> bool:
        return name[:1].isupper() or not self._open

    def text(self, text: str) -> None:
        if text.strip() and not self._skipped:
            raise XmlUnreadable(reason="text between elements")

    def end(self, _tag: str) -> None:
        if self._skipped:
            self._skipped -= 1
            return
        name, value = self._open.pop()
        if not self._open:
            self.resource = value
        elif "" in self._open[-1][1] or ("resourceType" in value and self._open[-1][1]):
            raise XmlUnreadable(reason="a resource and something else in one element")
        elif "resourceType" in value:
            self._open[-1][1][""] = value  # the element around it is the resource
        else:
            self._put(self._open[-1][1], name, value)

    @staticmethod
    def _put(parent: dict[str, Any], name: str, value: dict[str, Any]) -> None:
        held: Any = value.get("", value)
        if "" not in value and "value" in value and value.keys() <= {"value", "id", "extension"}:
            held = value["value"]
        if name not in parent:
            parent[name] = held
        elif isinstance(parent[name], list):
            parent[name].append(held)
        else:
            parent[name] = [parent[name], held]
