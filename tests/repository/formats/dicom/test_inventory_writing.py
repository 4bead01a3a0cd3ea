"""Inventories by our writer, read by pydicom."""

import struct
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset

from repository.formats.dicom.elements import EXPLICIT_LITTLE
from repository.formats.dicom.heading import heading
from repository.formats.dicom.identifiers_writing import write_identifier
from repository.formats.dicom.inventory import (
    CREATOR,
    INVENTORY_STORAGE,
    SYNTAXES,
    InstanceRecord,
    InventoryWriter,
    SeriesRecord,
    StudyRecord,
    date_time,
)
from repository.formats.dicom.inventory_reading import Inventoried, InventoryUnreadable, read_inventory

UIDS = st.lists(st.integers(0, 9999), min_size=3, max_size=6).map(lambda each: "1.2." + ".".join(map(str, each)))
WORDS = st.text(st.characters(categories=("L", "N"), include_characters=" "), max_size=20).map(str.strip)
NUMBERS = st.integers(0, 2**63 - 1)
INSTANCES = st.builds(
    InstanceRecord,
    st.fixed_dictionaries({"SOPClassUID": UIDS, "SOPInstanceUID": UIDS, "TransferSyntaxUID": UIDS}),
    st.binary(min_size=32, max_size=32),
    NUMBERS,
    NUMBERS,
)
SERIES = st.builds(
    SeriesRecord,
    st.fixed_dictionaries({"SeriesInstanceUID": UIDS, "Modality": st.sampled_from(["CT", "MR", ""])}),
    st.lists(INSTANCES, max_size=3),
)
STUDIES = st.builds(
    StudyRecord,
    st.fixed_dictionaries({"StudyInstanceUID": UIDS, "PatientName": WORDS, "StudyDescription": WORDS}),
    st.lists(SERIES, max_size=3),
    st.just("20260504030201.000000+0000"),
)


def writer(syntax: str = EXPLICIT_LITTLE) -> InventoryWriter:
    return InventoryWriter(
        uid="2.25.1", at="20260504030201.500000+0000", purpose="Po co", description="Którego", syntax=syntax
    )


def read(content: bytes, syntax: str) -> Dataset:
    stream = DicomBytesIO(content)
    return read_dataset(stream, syntax != EXPLICIT_LITTLE, True)


def whole(made: InventoryWriter, studies: list[StudyRecord]) -> bytes:
    return b"".join([made.opening(), *map(made.study, studies), made.closing(len(studies))])


@settings(max_examples=60, deadline=None)
@given(st.lists(STUDIES, max_size=4), st.sampled_from(SYNTAXES))
def test_what_is_written_is_what_pydicom_reads(studies: list[StudyRecord], syntax: str) -> None:
    found = read(whole(writer(syntax), studies), syntax)
    assert (found.NumberOfStudyRecordsInInstance, found.TotalNumberOfStudyRecords) == (len(studies), len(studies))
    assert found.InventoryCompletionStatus == "COMPLETE"
    assert len(found.InventoriedStudiesSequence) == len(studies)
    for item, study in zip(found.InventoriedStudiesSequence, studies, strict=True):
        assert item.StudyInstanceUID == study.values["StudyInstanceUID"]
        assert str(item.PatientName) == study.values["PatientName"]
        assert (item.StudyDescription or "") == study.values["StudyDescription"]
        assert item.NumberOfStudyRelatedInstances == study.instances
        assert item.StudyUpdateDateTime == study.updated
        for below, series in zip(item.InventoriedSeriesSequence, study.series, strict=True):
            assert below.SeriesInstanceUID == series.values["SeriesInstanceUID"]
            assert below.NumberOfSeriesRelatedInstances == len(series.instances)
            compare(list(below.InventoriedInstancesSequence), series)


def compare(items: list[Dataset], series: SeriesRecord) -> None:
    assert len(items) == len(series.instances)
    for item, instance in zip(items, series.instances, strict=True):
        block = item.private_block(0x0009, CREATOR)
        values = [block[each].value for each in (1, 2, 3)]
        digest, *numbers = values
        if isinstance(numbers[0], bytes):  # implicit VR: nobody knows what they are
            numbers = [struct.unpack("<Q", each)[0] for each in numbers]
        assert (digest, numbers) == (instance.sha256, [instance.size, instance.log_index])
        assert item.SOPInstanceUID == instance.values["SOPInstanceUID"]
        assert item.StoredInstanceTransferSyntaxUID == instance.values["TransferSyntaxUID"]
        assert (item.RemovedFromOperationalUse, item.ItemInventoryDateTime) == ("N", writer().at)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_elements_stand_in_the_order_of_their_tags(syntax: str) -> None:
    instance = InstanceRecord({"SOPInstanceUID": "1.2"}, bytes(32), 1, 2)
    study = StudyRecord({"PatientName": "Łoś^Ewa"}, [SeriesRecord({"Modality": "CT"}, [instance])], "")

    def ascending(found: Dataset) -> None:
        tags = [int(each.tag) for each in found]
        assert tags == sorted(tags)
        for each in found:
            for item in each.value if each.VR == "SQ" else ():
                ascending(item)

    raw = whole(writer(syntax), [study])
    found = read(raw, syntax)
    ascending(found)
    assert [int(each) for each in found._dict] == sorted(int(each) for each in found._dict)
    assert found.InventoriedStudiesSequence[0].PatientName == "Łoś^Ewa"


def test_it_is_a_file_behind_its_heading() -> None:
    content = heading(INVENTORY_STORAGE, "2.25.1", EXPLICIT_LITTLE) + whole(writer(), [])
    found = dcmread(BytesIO(content))
    assert (found.SOPClassUID, found.SOPInstanceUID) == (INVENTORY_STORAGE, "2.25.1")
    assert (found.ContentDate, found.ContentTime) == ("20260504", "030201.500000")
    assert (found.InventoryLevel, found.InventoryPurpose, found.InventoryInstanceDescription) == (
        "INSTANCE", "Po co", "Którego",
    )  # fmt: skip
    assert list(found.ScopeOfInventorySequence) == []


def test_instants_are_told_as_date_times() -> None:
    assert date_time("2026-05-04T03:02:01Z") == "20260504030201+0000"
    assert date_time("2026-05-04T03:02:01.250000Z") == "20260504030201.250000+0000"


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=70), st.sampled_from(SYNTAXES))
def test_bytes_are_written_into_identifiers_and_padded(value: bytes, syntax: str) -> None:
    content = write_identifier([(0x00080052, "CS", "STUDY"), (0x0008041B, "OB", value)], syntax=syntax)
    assert (read(content, syntax).RecordKey or b"") == value + bytes(len(value) % 2)


@settings(max_examples=60, deadline=None)
@given(st.lists(STUDIES, max_size=4))
def test_what_is_written_is_read_back(studies: list[StudyRecord]) -> None:
    content = heading(INVENTORY_STORAGE, "2.25.1", EXPLICIT_LITTLE) + whole(writer(), studies)
    expected = [
        Inventoried(
            study.values["StudyInstanceUID"], each.values["SOPInstanceUID"], each.sha256, each.size, each.log_index
        )
        for study in studies
        for series in study.series
        for each in series.instances
    ]
    assert list(read_inventory(BytesIO(content))) == expected


@settings(max_examples=100, deadline=None)
@given(st.lists(STUDIES, max_size=3), st.data())
def test_what_ends_early_is_never_read_whole(studies: list[StudyRecord], data: st.DataObject) -> None:
    content = heading(INVENTORY_STORAGE, "2.25.1", EXPLICIT_LITTLE) + whole(writer(), studies)
    cut = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(InventoryUnreadable):
        list(read_inventory(BytesIO(content[:cut])))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400), st.booleans())
def test_any_bytes_are_read_or_refused(content: bytes, headed: bool) -> None:
    head = heading(INVENTORY_STORAGE, "2.25.1", EXPLICIT_LITTLE) + writer().opening() if headed else b""
    with pytest.raises(InventoryUnreadable):  # one that ends is written to its end, with how many studies it has
        list(read_inventory(BytesIO(head + content)))
