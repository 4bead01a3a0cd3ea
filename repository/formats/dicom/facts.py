"""A header in raw values to the facts that the catalogue keeps, with findings for what is not as it should be."""

import re
from collections.abc import Iterator
from functools import lru_cache

from pydicom.uid import UID

from repository.domain.describing import DicomFacts, Identifier, PatientFacts
from repository.findings import Finding
from repository.formats.dicom import attributes as table
from repository.formats.dicom.charsets import Charset, settle
from repository.formats.dicom.classes import OF_NOBODY
from repository.formats.dicom.elements import SPECIFIC_CHARACTER_SET, Elements
from repository.formats.dicom.reading import Header
from repository.formats.dicom.values import CHARSET_VRS, VALUE_CAP, text_of
from repository.formats.identifiers import PESEL_ROOT, is_date, pesel_findings, pesel_shaped

_BINARY = frozenset({"US", "SS", "UL", "SL", "UV", "SV"})
_TEXTUAL = CHARSET_VRS | {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UN", "UR"}
_PLACING = {
    "SOPClassUID": "(0008,0016)",
    "SOPInstanceUID": "(0008,0018)",
    "StudyInstanceUID": "(0020,000D)",
    "SeriesInstanceUID": "(0020,000E)",
}
_NAMING = frozenset({"SOPClassUID", "SOPInstanceUID"})
_OF_STUDIES = _PLACING.keys() - _NAMING
_DATES = ("PatientBirthDate", "StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate")
_ROWS = {row.path[0]: (row.keyword, row.vr) for row in table.ATTRIBUTES if len(row.path) == 1}
_NESTED = {
    sequence: [
        (row.path[1], row.keyword, row.vr) for row in table.ATTRIBUTES if len(row.path) == 2 and row.path[0] == sequence
    ]
    for sequence in table.CATALOGUED.sequences
}
# One value of plain ASCII needs no more than its padding taken off: the way of nearly all values
_EASY = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "PN", "SH", "TM", "UI"})
_AWKWARD = re.compile(rb"[^\x20-\x7e\0]|[\\=]|\0[^\0 ]|.{1025}", re.DOTALL).search
_OID = re.compile(r"[012](?:\.(?:0|[1-9][0-9]*))+").fullmatch
_TAGS = {row.keyword: f"({row.path[-1] >> 16:04X},{row.path[-1] & 0xFFFF:04X})" for row in table.ATTRIBUTES}
_CHARSET_TAGS = {row.path[0]: row.vr for row in table.ATTRIBUTES if len(row.path) == 1 and row.vr in CHARSET_VRS}
UID_LIMIT = 64  # PS3.5 9.1


def facts_of(header: Header) -> tuple[DicomFacts | None, PatientFacts, list[Finding]]:
    """The facts of one item; no `DicomFacts` where its data set does not say what it is. Where it names no study or no
    series, or not so that they could be used, those are empty."""
    findings: list[Finding] = []
    charset = _charset(header.elements)
    findings += charset.findings
    found = dict(_attributes(header.elements, charset, findings))
    patient = _patient(header.elements, found, charset)
    findings += _odd_values(found, patient, of_nobody=found.get("SOPClassUID", "") in OF_NOBODY)
    return _placed(header, found, findings), patient, findings


def _charset(elements: Elements) -> Charset:
    values = elements.values
    texts = [values[tag] for tag in _CHARSET_TAGS if tag in values]
    names = [values[tag] for tag, vr in _CHARSET_TAGS.items() if vr == "PN" and tag in values]
    for items in elements.items.values():
        texts += [raw for item in items for tag, raw in item.values.items() if tag != SPECIFIC_CHARACTER_SET]
    return settle(values.get(SPECIFIC_CHARACTER_SET, b""), names=names, texts=texts)


def _attributes(elements: Elements, charset: Charset, findings: list[Finding]) -> Iterator[tuple[str, str]]:
    """Keyword and text of each attribute that has a value."""
    odd = elements.vrs
    for tag, raw in elements.values.items():
        if not raw or tag not in _ROWS:
            continue
        keyword, vr = _ROWS[tag]
        easy = _easy(raw) if vr in _EASY and tag not in odd else None
        if easy is not None:
            text = easy
        else:
            text = _text(raw, keyword, vr=vr, found_vr=odd.get(tag, vr), charset=charset, findings=findings)
        if text:
            yield keyword, text
    for sequence, items in elements.items.items():
        for tag, keyword, vr in _NESTED.get(sequence, ()):
            texts = [
                _text(
                    item.values[tag], keyword, vr=vr, found_vr=item.vrs.get(tag, vr), charset=charset, findings=findings
                )
                for item in items
                if tag in item.values
            ]
            if any(texts):
                yield keyword, "\\".join(texts)[:VALUE_CAP]


@lru_cache(maxsize=8192)
def _easy(raw: bytes) -> str | None:
    """The text of a single plain value; None if it needs more care. Nearly all values of a series are the same."""
    return None if _AWKWARD(raw) else raw.decode("ascii").strip("\0 ")


def _text(raw: bytes, keyword: str, *, vr: str, found_vr: str, charset: Charset, findings: list[Finding]) -> str:
    if found_vr != vr:
        if found_vr not in _BINARY and found_vr not in _TEXTUAL:
            findings.append(Finding("DCM-015", params={"element": _TAGS[keyword], "found": "?", "expected": vr}))
            return ""
        if found_vr != "UN":
            params = {"element": _TAGS[keyword], "found": found_vr, "expected": vr}
            findings.append(Finding("DCM-015", params=params))
        # text under another text VR reads the same; numbers are read as what they are
        vr = found_vr if found_vr in _BINARY or (vr in _BINARY and found_vr != "UN") else vr
    text = text_of(raw, vr, charset)
    if "\ufffd" in text:
        findings.append(Finding("DCM-012", params={"element": _TAGS[keyword]}))
    if len(text) > VALUE_CAP:
        findings.append(Finding("DCM-017", params={"element": _TAGS[keyword], "kept": VALUE_CAP}))
        text = text[:VALUE_CAP]
    return text


def _patient(elements: Elements, found: dict[str, str], charset: Charset) -> PatientFacts:
    identifiers = []
    if found.get("PatientID") and found.get("TypeOfPatientID", "") in {"", "TEXT"}:
        identifiers.append(_identifier(found["PatientID"], elements, charset))
    for item in elements.items.get(table.OTHER_PATIENT_IDS_SEQUENCE, ()):
        number = text_of(item.values.get(table.PATIENT_ID, b""), "LO", charset)
        kind = text_of(item.values.get(table.TYPE_OF_PATIENT_ID, b""), "CS", charset)
        if number and kind in {"", "TEXT"}:
            identifiers.append(_identifier(number, item, charset))
    known = {identifier.extension for identifier in identifiers}
    others = [number for number in found.get("OtherPatientIDs", "").split("\\") if number and number not in known]
    identifiers += [Identifier(root="", extension=number) for number in others]
    return PatientFacts(
        identifiers=tuple(dict.fromkeys(identifiers)),
        name=found.get("PatientName", "").split("\\")[0],
        birth_date=found.get("PatientBirthDate", ""),
        sex=found.get("PatientSex", ""),
    )


def _identifier(number: str, level: Elements, charset: Charset) -> Identifier:
    """The identifier with the OID of its issuer, where the source names one: (0010,0024), or (0010,0021) if that
    holds an OID or the word PESEL."""
    for item in level.items.get(table.ISSUER_QUALIFIERS, ()):
        root = text_of(item.values.get(table.UNIVERSAL_ENTITY_ID, b""), "UT", charset).strip()
        kind = text_of(item.values.get(table.UNIVERSAL_ENTITY_ID_TYPE, b""), "CS", charset)
        if kind in {"ISO", ""} and is_oid(root):
            return Identifier(root=root, extension=number)
    issuer = text_of(level.values.get(table.ISSUER_OF_PATIENT_ID, b""), "LO", charset)
    if issuer.upper() == "PESEL" and pesel_shaped(number):
        return Identifier(root=PESEL_ROOT, extension=number)
    return Identifier(root=issuer if is_oid(issuer) else "", extension=number)


def is_oid(text: str) -> bool:
    """Whether the text is an OID as HL7 and DICOM write it; also the form of a DICOM UID but for its length."""
    return _OID(text) is not None


@lru_cache(maxsize=1024)
def _is_registered(uid: str) -> bool:
    """Whether the standard has a name for the UID (PS3.6 A)."""
    return UID(uid).name != uid


def _odd_values(found: dict[str, str], patient: PatientFacts, *, of_nobody: bool) -> Iterator[Finding]:
    for keyword in _DATES:
        if found.get(keyword) and not is_date(found[keyword]):
            yield Finding("DCM-013", params={"element": _TAGS[keyword]})
    if patient.sex not in {"", "M", "F", "O"}:
        yield Finding("DCM-014")
    if not patient.identifiers and not of_nobody:
        yield Finding("DCM-016")
    yield from _pesel_findings(patient)


@lru_cache(maxsize=1024)
def _pesel_findings(patient: PatientFacts) -> tuple[Finding, ...]:
    return tuple(pesel_findings(patient))


def _placed(header: Header, found: dict[str, str], findings: list[Finding]) -> DicomFacts | None:
    start, from_meta = header.start, False
    for keyword, meta in (("SOPClassUID", start.sop_class), ("SOPInstanceUID", start.sop_instance)):
        if keyword not in found and meta:
            found[keyword], from_meta = meta, True
            findings.append(Finding("DCM-008", params={"element": _PLACING[keyword]}))
    if start.sop_instance and start.sop_instance != found.get("SOPInstanceUID"):
        findings.append(Finding("DCM-009"))
    of_nobody = found.get("SOPClassUID", "") in OF_NOBODY
    usable: dict[str, str] = {}
    for keyword, element in _PLACING.items():
        uid = found.get(keyword, "")
        can_be_used, oddities = _judged(uid, element)
        if oddities and (uid or not (of_nobody and keyword in _OF_STUDIES)):
            findings += oddities
        if can_be_used:
            usable[keyword] = uid
    if not usable.keys() >= _NAMING:
        return None
    if from_meta and not usable.keys() >= _OF_STUDIES:
        return None  # bytes that say nothing of themselves are not an instance for what was written before them
    if is_oid(usable["SOPClassUID"]) and not _is_registered(usable["SOPClassUID"]):
        findings.append(Finding("DCM-018", params={"uid": usable["SOPClassUID"]}))
    return DicomFacts(
        sop_class_uid=usable["SOPClassUID"],
        sop_instance_uid=usable["SOPInstanceUID"],
        study_instance_uid=usable.get("StudyInstanceUID", ""),
        series_instance_uid=usable.get("SeriesInstanceUID", ""),
        transfer_syntax_uid=header.syntax,
        attributes=found,
    )


@lru_cache(maxsize=1024)
def _judged(uid: str, element: str) -> tuple[bool, tuple[Finding, ...]]:
    """Whether the UID can be used, and what is odd about it: that of a class, a study or a series comes again and
    again."""
    return is_usable(uid), tuple(_oddities(uid, element))


def _oddities(uid: str, element: str) -> Iterator[Finding]:
    if not uid:
        yield Finding("DCM-005", params={"element": element})
    elif not is_usable(uid):
        yield Finding("DCM-007", params={"element": element})
    elif not is_oid(uid):
        yield Finding("DCM-006", params={"element": element})


def is_usable(uid: str) -> bool:
    """Whether it can be kept and found as one UID, well formed or not."""
    return 0 < len(uid) <= UID_LIMIT and uid.isprintable() and "\\" not in uid
