"""The walker reads what pydicom reads: pydicom is the oracle."""

import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import config
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32, VR

from repository.formats.dicom import attributes
from repository.formats.dicom.elements import SPECIFIC_CHARACTER_SET, Elements, UnusualEncoding
from repository.formats.dicom.reading import HeaderUnreadable, ask_pydicom, read_header, walk_header
from repository.formats.dicom.walker import LONG_VRS, SHORT_VRS
from tests.builders import dicom
from tests.repository.formats.items import shipped

PLAN = attributes.CATALOGUED


def unpadded(elements: Elements) -> Elements:
    """pydicom gives the character set converted, and so without its padding."""
    if SPECIFIC_CHARACTER_SET in elements.values:
        elements.values[SPECIFIC_CHARACTER_SET] = (
            elements.values[SPECIFIC_CHARACTER_SET].strip(b"\0 ").replace(b" \\", b"\\")
        )
    for items in elements.items.values():
        for item in items:
            unpadded(item)
    return elements


def test_the_table_agrees_with_the_dictionary_of_the_standard() -> None:
    for row in attributes.ATTRIBUTES:
        assert ".".join(keyword_for_tag(tag) for tag in row.path) == row.keyword
        assert dictionary_VR(row.path[-1]) == row.vr
        assert all(dictionary_VR(tag) == "SQ" for tag in row.path[:-1])
    assert len({row.keyword for row in attributes.ATTRIBUTES}) == len(attributes.ATTRIBUTES)


def test_what_queries_must_be_able_to_ask_for_is_in_the_table() -> None:
    required = (  # PS3.4 tables C.6-1 to C.6-4 and PS3.18 tables 10.6.1-5, keys that are in the objects
        "PatientName PatientID IssuerOfPatientID PatientBirthDate PatientSex StudyDate StudyTime AccessionNumber "
        "StudyID StudyInstanceUID StudyDescription ReferringPhysicianName TimezoneOffsetFromUTC Modality SeriesNumber "
        "SeriesInstanceUID SeriesDescription PerformedProcedureStepStartDate PerformedProcedureStepStartTime "
        "RequestAttributesSequence.ScheduledProcedureStepID RequestAttributesSequence.RequestedProcedureID "
        "InstanceNumber SOPInstanceUID SOPClassUID Rows Columns BitsAllocated NumberOfFrames"
    )
    assert set(required.split()) <= set(attributes.LEVELS)


def test_the_value_representations_are_those_that_pydicom_knows() -> None:
    assert {str(vr) for vr in EXPLICIT_VR_LENGTH_32} == LONG_VRS
    known = {vr.value for vr in VR if len(vr.value) == 2}
    assert known - LONG_VRS == SHORT_VRS


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.name)
def test_the_walker_and_pydicom_find_the_same_in_every_example_file(path: Path) -> None:
    data = path.read_bytes()
    try:
        walked = walk_header(data, plan=PLAN)
    except (UnusualEncoding, HeaderUnreadable):
        return  # left to pydicom by design; test_damaged_items describes these files as well
    try:
        oracle = ask_pydicom(data, plan=PLAN)
    except HeaderUnreadable:
        assert walked.syntax == "1.2.840.10008.1.2.1.99" or not walked.elements.values
        return
    assert unpadded(walked.elements) == unpadded(oracle.elements)
    assert (walked.syntax, walked.start.sop_instance) == (oracle.syntax, oracle.start.sop_instance)


def test_nearly_all_example_files_go_the_fast_way() -> None:
    slow = 0
    for path in shipped():
        try:
            walk_header(path.read_bytes(), plan=PLAN)
        except (UnusualEncoding, HeaderUnreadable):
            slow += 1
    assert slow < len(shipped()) // 8


TEXT = st.text(string.ascii_letters + string.digits + " ^-.=\\", max_size=20)
TAGS = sorted(
    {row.path[0] for row in attributes.ATTRIBUTES if len(row.path) == 1}
    | {0x00080064, 0x00100101, 0x00180050, 0x00200052, 0x00280030, 0x00281050, 0x00324000, 0x40080042}
)


@st.composite
def generated(draw: st.DrawFn, depth: int = 0) -> Dataset:
    """A data set of catalogued and other elements, private ones, and sequences within sequences."""
    found = Dataset()
    for tag in draw(st.lists(st.sampled_from(TAGS), unique=True, max_size=14)):
        vr = dictionary_VR(tag)
        if vr == "US":
            found.add_new(tag, vr, draw(st.integers(0, 65535)))
        elif vr in {"IS", "DS"}:
            found.add_new(tag, vr, str(draw(st.integers(0, 99999))))
        elif vr != "SQ" and tag != SPECIFIC_CHARACTER_SET:
            found.add(DataElement(tag, vr, draw(TEXT), validation_mode=config.IGNORE))
    if draw(st.booleans()):
        block = found.private_block(0x0029, "SYNTHETIC", create=True)
        block.add_new(1, "UN", draw(st.binary(max_size=40)))
        block.add_new(2, "OB", draw(st.binary(max_size=40)))
        block.add_new(3, "SQ", Sequence([Dataset()]))
    if depth < 3:
        nested = [0x00081140, 0x00400275, 0x00101002, 0x00100024, 0x00081032, 0x0040A730]
        for tag in draw(st.lists(st.sampled_from(nested), unique=True, max_size=3)):
            items = draw(st.lists(generated(depth=depth + 1), max_size=2))
            found.add_new(tag, "SQ", Sequence(items))
            found[tag].is_undefined_length = draw(st.booleans())
            for item in items:
                item.is_undefined_length_sequence_item = draw(st.booleans())
    return found


@settings(max_examples=70, deadline=None)
@given(generated(), st.sampled_from([ImplicitVRLittleEndian, ExplicitVRLittleEndian]))
def test_the_walker_and_pydicom_find_the_same_in_generated_files(found: Dataset, syntax: str) -> None:
    found.SpecificCharacterSet = "ISO_IR 100"
    found.PixelData = b"\0" * 8
    data = dicom.part10(found, syntax=syntax)
    walked, oracle = walk_header(data, plan=PLAN), ask_pydicom(data, plan=PLAN)
    assert unpadded(walked.elements) == unpadded(oracle.elements)
    assert walked.elements.values  # the character set at least
    assert (walked.stop, walked.syntax) == (oracle.stop, oracle.syntax)


@settings(max_examples=60, deadline=None)
@given(generated(), st.data())
def test_the_fast_way_never_reads_a_damaged_file_differently(found: Dataset, data: st.DataObject) -> None:
    found.PixelData = b"\0" * 8
    whole = bytearray(dicom.part10(found))
    start = walk_header(bytes(whole), plan=PLAN).start.start
    whole[data.draw(st.integers(start, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        walked = walk_header(bytes(whole), plan=PLAN)
        oracle = ask_pydicom(bytes(whole), plan=PLAN)
    except (UnusualEncoding, HeaderUnreadable):
        return
    assert unpadded(walked.elements).values == unpadded(oracle.elements).values


def test_a_file_of_another_byte_order_is_read_to_the_same_values() -> None:
    little, big = (
        read_header(dicom.part10(dicom.data_set(4), syntax=s), whole=True, plan=PLAN) for s in dicom.SYNTAXES[1:3]
    )
    assert little.elements == big.elements


def test_nothing_of_a_patient_leaves_by_a_warning_or_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    found = dicom.data_set(5)
    dicom.put(found, "SpecificCharacterSet", "CS", "Kowalska")
    data = dicom.part10(found, syntax=dicom.SYNTAXES[2])
    with caplog.at_level("DEBUG", logger="pydicom"):
        caplog.clear()  # what pydicom says while it writes the file
        read_header(data, whole=True, plan=PLAN)
    assert not caplog.records
