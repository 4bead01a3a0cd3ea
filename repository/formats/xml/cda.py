"""The header of a clinical document (HL7 CDA R2; PIK HL7 CDA 1.3.x) as facts.

A document that says less than the rules want gives fewer facts and no error: `rules` reports what is missing.
Null flavours are silence: an element with `nullFlavor` has no value.
"""

from collections.abc import Iterator
from functools import lru_cache

from lxml import etree

from repository.domain.describing import DocumentFacts, EventFacts, Identifier, PatientFacts
from repository.formats.xml.prolog import HL7

LOINC = "2.16.840.1.113883.6.1"
KLAS_DOK_P1 = "2.16.840.1.113883.3.4424.11.1.32"
POLISH_ROOT = "2.16.840.1.113883.3.4424"
_NS = f"{{{HL7}}}"
_TEXT_CAP = 1024
_UID_LIMIT = 64


@lru_cache(maxsize=128)
def at(path: str) -> str:
    """A path of HL7 element names, with the namespace on each step."""
    return "/".join(step if step == "." else _NS + step for step in path.split("/"))


def first(node: etree._Element, path: str) -> etree._Element | None:
    return node.find(at(path))


def each(node: etree._Element, path: str) -> list[etree._Element]:
    return node.findall(at(path))


def attribute(node: etree._Element | None, name: str) -> str:
    """The attribute, stripped; empty where the element or the attribute is not there."""
    return (node.get(name) or "").strip()[:_TEXT_CAP] if node is not None else ""


def identifier(node: etree._Element | None) -> Identifier | None:
    root, extension = attribute(node, "root"), attribute(node, "extension")
    return Identifier(root=root, extension=extension) if root or extension else None


def document_of(root: etree._Element, *, signed: bool) -> DocumentFacts | None:
    """The facts of the document; None where it has no identifier, without which it cannot be named."""
    own = identifier(first(root, "id"))
    if own is None:
        return None
    code = first(root, "code")
    version = attribute(first(root, "versionNumber"), "value")
    author = first(root, "author/assignedAuthor")
    return DocumentFacts(
        identifier=own,
        set_id=identifier(first(root, "setId")),
        version=int(version) if version.isascii() and version.isdigit() and len(version) < 10 else None,
        template=_template(root),
        code=attribute(code, "code"),
        class_code=_class_code(code),
        title=_text(first(root, "title")),
        effective_time=attribute(first(root, "effectiveTime"), "value"),
        confidentiality=attribute(first(root, "confidentialityCode"), "code"),
        language=attribute(first(root, "languageCode"), "code"),
        author=_name(first(author, "assignedPerson/name")) if author is not None else "",
        author_id=identifier(first(author, "id")) if author is not None else None,
        custodian=identifier(first(root, "custodian/assignedCustodian/representedCustodianOrganization/id")),
        replaces=_replaced(root),
        signed=signed,
        events=tuple(_events(root)),
        study_uids=tuple(dict.fromkeys(_study_uids(root))),
    )


def patient_of(root: etree._Element) -> PatientFacts | None:
    """Whom the document is about; the first one where, against the rules, there are several."""
    role = first(root, "recordTarget/patientRole")
    if role is None:
        return None
    person = first(role, "patient")
    found = (identifier(node) for node in each(role, "id"))
    return PatientFacts(
        identifiers=tuple(dict.fromkeys(one for one in found if one is not None and one.extension)),
        name=_name(first(person, "name")) if person is not None else "",
        birth_date=attribute(first(person, "birthTime"), "value")[:8] if person is not None else "",
        sex=attribute(first(person, "administrativeGenderCode"), "code") if person is not None else "",
    )


def _template(root: etree._Element) -> str:
    for node in each(root, "templateId"):
        if node.get("extension"):
            return f"{attribute(node, 'root')}^{attribute(node, 'extension')}"
    return ""


def _class_code(code: etree._Element | None) -> str:
    for node in each(code, "translation") if code is not None else ():
        if node.get("codeSystem") == KLAS_DOK_P1:
            return attribute(node, "code")
    return ""


def _replaced(root: etree._Element) -> Identifier | None:
    for node in each(root, "relatedDocument"):
        if node.get("typeCode") == "RPLC":
            return identifier(first(node, "parentDocument/id"))
    return None


def _text(node: etree._Element | None) -> str:
    return " ".join("".join(map(str, node.itertext())).split())[:_TEXT_CAP] if node is not None else ""


def _name(name: etree._Element | None) -> str:
    """The name in DICOM form: families joined by a space, the first given name, the others."""
    if name is None:
        return ""
    families = [_component(node) for node in each(name, "family")]
    givens = [_component(node) for node in each(name, "given")]
    if not families and not givens:
        return _component(name)
    parts = (" ".join(filter(None, families)), "".join(givens[:1]), " ".join(filter(None, givens[1:])))
    return "^".join(parts).rstrip("^")


def _component(node: etree._Element) -> str:
    """Text of one part of a name, without the delimiters of DICOM names."""
    return _text(node).replace("^", " ").replace("=", " ").replace("\\", " ")


def _events(root: etree._Element) -> Iterator[EventFacts]:
    """Encounter, services and orders of the header (R463-2.3); an event without identifier is found by its code."""
    for kind, path in (
        ("encounter", "componentOf/encompassingEncounter"),
        ("service", "documentationOf/serviceEvent"),
        ("order", "inFulfillmentOf/order"),
    ):
        for node in each(root, path):
            code, time = first(node, "code"), first(node, "effectiveTime")
            start, stop = _interval(time)
            for one in [identifier(child) for child in each(node, "id")] or [None]:
                if kind == "service" and one is not None and _is_study_uid(one):
                    continue
                event = EventFacts(
                    kind=kind,
                    identifier=one or Identifier(root="", extension=""),
                    code=attribute(code, "code"),
                    code_system=attribute(code, "codeSystem"),
                    start=start,
                    stop=stop,
                )
                if one or event.code or start:
                    yield event


def _interval(time: etree._Element | None) -> tuple[str, str]:
    """Start and stop of a TS or IVL_TS as found; a point in time is a start alone."""
    if time is None:
        return "", ""
    return (
        attribute(time, "value") or attribute(first(time, "low"), "value"),
        attribute(first(time, "high"), "value"),
    )


def _study_uids(root: etree._Element) -> Iterator[str]:
    """Study Instance UIDs that the document names: identifiers that are a UID alone, outside the national root."""
    nodes = each(root, "documentationOf/serviceEvent/id")
    nodes += [child for node in root.iter(_NS + "externalDocument") for child in each(node, "id")]
    for node in nodes:
        one = identifier(node)
        if one is not None and _is_study_uid(one):
            yield one.root


def _is_study_uid(one: Identifier) -> bool:
    parts = one.root.split(".")
    return (
        not one.extension
        and len(one.root) <= _UID_LIMIT
        and len(parts) >= 3  # 2.25.N, a UID made of a UUID (PS3.5 B.2), has three
        and all(part.isascii() and part.isdigit() for part in parts)
        and one.root != POLISH_ROOT
        and not one.root.startswith(POLISH_ROOT + ".")
    )
