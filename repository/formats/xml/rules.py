"""The header rules of PIK HL7 CDA 1.3.2 that need nothing but the header, as findings XML-H01 and on.

All of them are warnings: old versions of the rules and official examples differ, and a document is kept as it is.
Rules that need value sets, the body or a register are not among them. Texts stand in `codes/xml.json`.
"""

import re
from collections.abc import Callable

from lxml import etree

from repository.findings import Finding
from repository.formats.identifiers import PESEL_ROOT, is_date, pesel_shaped
from repository.formats.xml.cda import LOINC, POLISH_ROOT, attribute, each, first, identifier

_RELEASE = re.compile(r"1\.\d(\.\d+){0,2}")
_CONFIDENTIALITY = "2.16.840.1.113883.5.25"
_LANGUAGES = frozenset({"pl-PL", "en-US", "en-GB"})
_POOLS_WITHOUT_COUNTRY = frozenset(f"{POLISH_ROOT}.1.{pool}" for pool in (1, 2, 3, 5))
_RELATIONS = frozenset({"RPLC", "APND", "XFRM"})


def broken_rules(root: etree._Element, *, stylesheet: str) -> tuple[Finding, ...]:
    """The rules that the header breaks, in their order."""
    broken = [code for code, holds in _RULES.items() if not holds(root)]
    if not _stylesheet_fits(root, stylesheet):
        broken.append("XML-H03")
    return tuple(Finding(code) for code in sorted(broken))


def _stylesheet_fits(root: etree._Element, stylesheet: str) -> bool:
    """H03: the instruction names the transformation of the release in templateId."""
    releases = [attribute(node, "extension") for node in each(root, "templateId") if node.get("extension")]
    found = re.search(r"""href\s*=\s*["']([^"']*)["']""", stylesheet)
    return bool(releases and found and found[1] == f"CDA_PL_IG_{releases[0]}.xsl")


def _type_id(root: etree._Element) -> bool:
    node = first(root, "typeId")
    return attribute(node, "root") == "2.16.840.1.113883.1.3" and attribute(node, "extension") == "POCD_HD000040"


def _template(root: etree._Element) -> bool:
    releases = [attribute(node, "extension") for node in each(root, "templateId") if node.get("extension")]
    return len(releases) == 1 and _RELEASE.fullmatch(releases[0]) is not None


def _full(root: etree._Element, name: str) -> bool:
    nodes = each(root, name)
    return len(nodes) == 1 and bool(attribute(nodes[0], "root") and attribute(nodes[0], "extension"))


def _code(root: etree._Element) -> bool:
    node = first(root, "code")
    return attribute(node, "codeSystem") == LOINC and bool(attribute(node, "code"))


def _title_and_time(root: etree._Element) -> bool:
    return first(root, "title") is not None and is_date(attribute(first(root, "effectiveTime"), "value")[:8])


def _confidentiality(root: etree._Element) -> bool:
    node = first(root, "confidentialityCode")
    return attribute(node, "code") in {"N", "R", "V"} and attribute(node, "codeSystem") == _CONFIDENTIALITY


def _language(root: etree._Element) -> bool:
    return attribute(first(root, "languageCode"), "code") in _LANGUAGES


def _version(root: etree._Element) -> bool:
    value = attribute(first(root, "versionNumber"), "value")
    return _full(root, "setId") and value.isascii() and value.isdigit() and value.strip("0") != ""


def _patient(root: etree._Element) -> bool:
    person = first(root, "recordTarget/patientRole/patient")
    if person is None or len(each(root, "recordTarget")) != 1:
        return False
    birth = first(person, "birthTime")
    born = birth is None or birth.get("nullFlavor") is not None or is_date(attribute(birth, "value")[:8])
    return born and first(person, "name/family") is not None and first(person, "name/given") is not None


def _patient_ids(root: etree._Element) -> list[etree._Element]:
    return each(root, "recordTarget/patientRole/id")


def _pesel(root: etree._Element) -> bool:
    numbers = [attribute(node, "extension") for node in _patient_ids(root) if attribute(node, "root") == PESEL_ROOT]
    return all(pesel_shaped(number) for number in numbers)


def _pools(root: etree._Element) -> bool:
    return all(attribute(node, "root") not in _POOLS_WITHOUT_COUNTRY for node in _patient_ids(root))


def _author(root: etree._Element) -> bool:
    times = {attribute(node, "value") for node in each(root, "author/time")}
    signed = {attribute(first(root, f"{who}/time"), "value") for who in ("legalAuthenticator", "authenticator")} - {""}
    return first(root, "author") is not None and (not signed or bool(times & signed))


def _custodian(root: etree._Element) -> bool:
    nodes = each(root, "custodian/assignedCustodian/representedCustodianOrganization/id")
    return bool(nodes) and all(attribute(node, "root") for node in nodes)


def _relations(root: etree._Element) -> bool:
    """H18: known kinds; a replacing document has another id, the same set and the next version."""
    own, own_set = identifier(first(root, "id")), identifier(first(root, "setId"))
    version = attribute(first(root, "versionNumber"), "value")
    for node in each(root, "relatedDocument"):
        parent = first(node, "parentDocument")
        if node.get("typeCode") not in _RELATIONS or parent is None:
            return False
        before = attribute(first(parent, "versionNumber"), "value")
        if node.get("typeCode") == "RPLC" and (
            identifier(first(parent, "id")) == own
            or identifier(first(parent, "setId")) != own_set
            or not (before.isdecimal() and version.isdecimal() and len(before) < 10 and len(version) < 10)
            or int(version) != int(before) + 1
        ):
            return False
    return True


def _orders(root: etree._Element) -> bool:
    return all(each(node, "id") for node in each(root, "inFulfillmentOf/order"))


_RULES: dict[str, Callable[[etree._Element], bool]] = {
    "XML-H01": _type_id,
    "XML-H02": _template,
    "XML-H04": lambda root: _full(root, "id"),
    "XML-H05": _code,
    "XML-H06": _title_and_time,
    "XML-H07": _confidentiality,
    "XML-H08": _language,
    "XML-H09": _version,
    "XML-H10": _patient,
    "XML-H11": _pesel,
    "XML-H12": _pools,
    "XML-H14": _author,
    "XML-H16": _custodian,
    "XML-H18": _relations,
    "XML-H21": _orders,
}
