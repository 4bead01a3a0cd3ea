"""Whatever the bytes are, a description comes back."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.domain.describing import Kind
from repository.findings import rules
from repository.formats import HOSTILE
from tests.builders import dicom
from tests.builders.cda import clinical_document
from tests.repository.formats.items import codes, described, described_from, shipped

SMALL = [
    dicom.part10(dicom.data_set(2), syntax=syntax, undefined_lengths=n % 2 == 1)
    for n, syntax in enumerate(dicom.SYNTAXES)
]
DOCUMENT = clinical_document(2, study_uid="1.2.826.0.1.3680043.10.1234.1.1", signed=True)


def is_sound(data: bytes) -> None:
    """A description whose findings have texts, and whose facts can be stored."""
    description = described(data)
    for finding in description.findings:
        assert finding.code in rules()
        assert finding.en
        assert finding.pl
    if description.dicom is not None:
        assert description.dicom.sop_class_uid
        assert description.dicom.sop_instance_uid
        assert all("\0" not in text for text in description.dicom.attributes.values())
    if description.patient is not None:
        assert all(identifier.extension for identifier in description.patient.identifiers)


@pytest.mark.parametrize("data", SMALL, ids=["implicit", "explicit", "big endian", "deflated"])
def test_a_dicom_file_may_break_off_anywhere(data: bytes) -> None:
    for cut in range(len(data)):
        is_sound(data[:cut])
    for cut in range(500, len(data) - 1):  # the last byte of a deflated file is padding
        description = described(data[:cut])
        assert description.kind is Kind.DICOM
        # an end between two elements of a header without Rows is the one that cannot be told
        told = {"DCM-001", "DCM-002", "DCM-020"} & set(codes(description))
        assert told or "Rows" not in getattr(description.dicom, "attributes", {})


def test_a_document_may_break_off_anywhere() -> None:
    for cut in range(len(DOCUMENT)):
        description = described(DOCUMENT[:cut])
        assert description.document is None
        assert HOSTILE.isdisjoint(codes(description))


def test_a_document_may_break_off_anywhere_as_a_stream() -> None:
    for cut in range(100, len(DOCUMENT), 37):
        assert described_from(DOCUMENT[:cut], head=90) == described(DOCUMENT[:cut])


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SMALL), st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=12))
def test_any_bytes_of_a_dicom_file_may_be_wrong(data: bytes, damage: list[tuple[int, int]]) -> None:
    changed = bytearray(data)
    for at, value in damage:
        changed[at % len(data)] = value
    is_sound(bytes(changed))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9000), st.integers(0, 255)), min_size=1, max_size=12))
def test_any_bytes_of_a_document_may_be_wrong(damage: list[tuple[int, int]]) -> None:
    changed = bytearray(DOCUMENT)
    for at, value in damage:
        changed[at % len(DOCUMENT)] = value
    is_sound(bytes(changed))


BEGINNINGS = [
    b"",
    bytes(128) + b"DICM",
    b"\x08\0\x05\0CS",
    b"\x08\0\x05\0",
    b"<?xml version='1.0'?><",
    b"<a>",
    b"\xff\xfe<\0",
    b"\0\x08\0\x05CS",
    b"\x02\0\0\0UL\x04\0",
    b"\x1f\x8b",
    b"%PDF-",
    b"\x08\0\x05\0CS\x04\0ISO ",
]


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(BEGINNINGS), st.binary(max_size=400))
def test_random_bytes_are_described(beginning: bytes, rest: bytes) -> None:
    is_sound(beginning + rest)


def test_longer_random_bytes_are_described() -> None:
    chance = random.Random(20240506)
    for beginning in BEGINNINGS:
        is_sound(beginning + chance.randbytes(20_000))


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.name)
def test_every_example_of_pydicom_is_described(path: object) -> None:
    data = open(str(path), "rb").read()  # noqa: PTH123, SIM115 - one read of a small file
    is_sound(data)
    assert described_from(data, head=600) == described(data) or len(data) <= 600


def test_nothing_is_an_empty_file() -> None:
    assert codes(described(b"")) == ["FMT-001"]
