"""A DICOM item described: its facts, and what is not as it should be about the file that holds it."""

from collections.abc import Callable
from typing import BinaryIO

from repository.domain.describing import Description, DicomFacts, Kind
from repository.findings import Finding
from repository.formats.dicom.attributes import CATALOGUED
from repository.formats.dicom.classes import is_known_syntax
from repository.formats.dicom.elements import DEFLATED, EXPLICIT_BIG, IMPLICIT_LITTLE, EndsEarly, UnusualEncoding
from repository.formats.dicom.ending import is_cut
from repository.formats.dicom.facts import facts_of, is_usable
from repository.formats.dicom.part10 import MEDIA_STORAGE_DIRECTORY, beginning, has_preamble, looks_like_data_set
from repository.formats.dicom.reading import Header, HeaderUnreadable, read_header

MEDIA_TYPE = "application/dicom"
HEADER_CAP = 64 << 20  # bytes read for the sake of a header; pixel data begins long before in any image
_ROWS = 0x00280010
_FILE_SET_GROUP = b"\4\0"


def kind_of(head: bytes, *, size: int) -> Kind | None:
    """DICOM or DICOMDIR if the bytes are that, with or without preamble."""
    if not has_preamble(head) and not looks_like_data_set(head, size=size):
        return None
    if MEDIA_STORAGE_DIRECTORY.encode() not in head[:1024] and head[:2] != _FILE_SET_GROUP:
        return Kind.DICOM
    try:
        start = beginning(head)
    except UnusualEncoding:
        return Kind.DICOM
    if start.sop_class == MEDIA_STORAGE_DIRECTORY or head[start.start : start.start + 2] == _FILE_SET_GROUP:
        return Kind.DICOMDIR
    return Kind.DICOM


def describe_dicom(head: bytes, *, size: int, open_rest: Callable[[], BinaryIO]) -> Description:
    """The facts of the DICOM item of `size` bytes that begins with `head`."""
    data, header = _header(head, size=size, open_rest=open_rest)
    if header is None:
        code = "DCM-002" if len(data) >= size else "DCM-019"
        dicom = _by_heading(head)
        return Description(kind=Kind.DICOM, media_type=MEDIA_TYPE, dicom=dicom, findings=(Finding(code),))
    findings: list[Finding] = []
    if not header.start.preamble:
        findings.append(Finding("DCM-003"))
    if not header.start.transfer_syntax:
        findings.append(Finding("DCM-004", params={"syntax": header.syntax}))
    if header.truncated or _is_cut(header, size=size):
        findings.append(Finding("DCM-001"))
    elif header.stop >= len(header.data) and _ROWS in header.elements.values:
        findings.append(Finding("DCM-020"))
    dicom, patient, noticed = facts_of(header)
    return Description(
        kind=Kind.DICOM,
        media_type=MEDIA_TYPE,
        patient=patient,
        dicom=dicom or _by_heading(head),
        findings=(*findings, *noticed),
    )


def _by_heading(head: bytes) -> DicomFacts | None:
    """What the file meta information says of a data set that only the maker of its transfer syntax can read."""
    try:
        start = beginning(head)
    except UnusualEncoding:
        return None
    said = start.sop_class, start.sop_instance, start.transfer_syntax
    if not all(map(is_usable, said)) or is_known_syntax(start.transfer_syntax) or start.start >= len(head):
        return None
    return DicomFacts(start.sop_class, start.sop_instance, "", "", start.transfer_syntax, {})


def _header(head: bytes, *, size: int, open_rest: Callable[[], BinaryIO]) -> tuple[bytes, Header | None]:
    """The bytes that were needed, and the header, if there is one to be read in them."""
    whole = len(head) >= size
    try:
        return head, read_header(head, whole=whole, plan=CATALOGUED)
    except (EndsEarly, HeaderUnreadable):
        if whole:
            return head, None
    with open_rest() as stream:
        data = stream.read(min(size, HEADER_CAP))
    try:
        return data, read_header(data, whole=True, plan=CATALOGUED)
    except HeaderUnreadable:
        return data, None


def _is_cut(header: Header, *, size: int) -> bool:
    if header.syntax in DEFLATED:
        return is_cut(header.data, header.stop, size=len(header.data), explicit=True)
    return is_cut(
        header.data,
        header.stop,
        size=size,
        explicit=header.syntax != IMPLICIT_LITTLE,
        little=header.syntax != EXPLICIT_BIG,
    )
