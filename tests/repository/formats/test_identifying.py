"""Items are told apart by their first bytes."""

import gzip
import struct

import pytest

from repository.domain.describing import Kind
from repository.formats.identify import identify
from tests.builders import dicom
from tests.builders.archives import tar_bytes, zip_bytes
from tests.builders.cda import clinical_document
from tests.repository.formats.items import shipped

CDA = b'<ClinicalDocument xmlns="urn:hl7-org:v3"/>'


def kind(data: bytes) -> Kind:
    return identify(data, size=len(data))[0]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"%PDF-1.7\n", Kind.PDF),
        (b"\r\n\r\n%PDF-1.4", Kind.PDF),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Kind.PNG),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0", Kind.JPEG),
        (b"II*\0\x08\0\0\0", Kind.TIFF),
        (b"MM\0*\0\0\0\x08", Kind.TIFF),
        (zip_bytes({"a": b"b"}), Kind.ARCHIVE),
        (zip_bytes({}), Kind.ARCHIVE),
        (tar_bytes({"a": b"b"}), Kind.ARCHIVE),
        (gzip.compress(b"a", mtime=0), Kind.ARCHIVE),
        (b"7z\xbc\xaf\x27\x1c\0\4", Kind.ARCHIVE),
        (b"Rar!\x1a\x07\x01\0", Kind.ARCHIVE),
        (b"Opis badania: bez zmian\r\n", Kind.TEXT),
        ("Pacjentka zgłasza ból głowy i wątroby".encode("cp1250"), Kind.TEXT),
        ("Zażółć gęślą jaźń".encode("utf-16"), Kind.TEXT),
        (b"<!DOCTYPE html>\n<html></html>", Kind.TEXT),
        (b"<html><body></html>", Kind.TEXT),
        (b"5 < 6 and 7 > 3", Kind.TEXT),
        (b"", Kind.OPAQUE),
        (b"\0" * 300, Kind.OPAQUE),
        (b"\x01\x02\x03\x04", Kind.OPAQUE),
        (bytes(range(128, 256)) * 4, Kind.OPAQUE),
    ],
)
def test_content_says_what_an_item_is(data: bytes, expected: Kind) -> None:
    assert kind(data) is expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "iso-8859-2", "cp1250"])
@pytest.mark.parametrize("before", ["", "<?xml version='1.0'?>", "\n \t", "<!-- > ' <x> -->\n", "<?a b?><!--c-->"])
def test_a_clinical_document_is_known_by_its_root(encoding: str, before: str) -> None:
    if encoding in {"utf-16-le", "utf-16-be"} and before.isspace():
        return  # without a byte order mark UTF-16 shows by its first tag alone (XML 1.0 F.1)
    for root in (
        '<ClinicalDocument xmlns="urn:hl7-org:v3">',
        "<h:ClinicalDocument a='>' xmlns:x='y' xmlns:h='urn:hl7-org:v3'>",
    ):
        assert kind((before + root).encode(encoding)) is Kind.CDA
    for root in ("<ClinicalDocument>", '<h:ClinicalDocument xmlns="urn:hl7-org:v3"/>', "<a/>", "<łóżko xmlns='x'>"):
        assert kind((before + root).encode("utf-8" if "ł" in root else encoding)) is Kind.XML


@pytest.mark.parametrize("syntax", dicom.SYNTAXES[:3])
def test_dicom_is_known_with_and_without_preamble(syntax: str) -> None:
    found = dicom.data_set(1)
    assert kind(dicom.part10(found, syntax=syntax)) is Kind.DICOM
    bare = dicom.bare(dicom.data_set(1), syntax=syntax)
    assert kind(bare) is Kind.DICOM
    assert identify(bare[:64], size=len(bare))[0] is Kind.DICOM


def test_a_tiff_that_is_a_dicom_file_too_is_dicom() -> None:
    data = dicom.part10(dicom.data_set(1))
    assert kind(b"II*\0" + data[4:]) is Kind.DICOM


def test_bytes_that_merely_begin_like_a_data_set_are_not_dicom() -> None:
    assert kind(b"\x08\0" + b"\xff" * 40) is Kind.OPAQUE
    assert kind(b"\x08\0\x05\0" + struct.pack("<I", 0xFFFFFF) + bytes(30)) is Kind.OPAQUE
    assert kind(b"\x08\0\x05\0CS\x02\0ab" + b"\x08\0\x01\0CS\x02\0ab") is not Kind.DICOM


def test_nearly_every_example_of_pydicom_is_dicom() -> None:
    others = {path.name for path in shipped() if kind(path.read_bytes()) not in {Kind.DICOM, Kind.DICOMDIR}}
    assert others <= {"no_meta.dcm", "zipMR.gz", "README"}


def test_a_document_of_the_builder_is_a_clinical_document() -> None:
    assert identify(clinical_document(), size=1 << 30) == (Kind.CDA, "text/xml")
