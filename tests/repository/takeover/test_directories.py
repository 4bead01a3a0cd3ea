"""What a DICOMDIR names is held against what came."""

from io import BytesIO

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MediaStorageDirectoryStorage

from repository.takeover.directories import absent


def directory(*files: list[str]) -> bytes:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    meta.MediaStorageSOPInstanceUID = "2.25.1"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    held = Dataset()
    held.file_meta = meta
    held.FileSetID = "DISC"
    records = []
    for parts in files:
        record = Dataset()
        record.OffsetOfTheNextDirectoryRecord = 0
        record.RecordInUseFlag = 0xFFFF
        record.OffsetOfReferencedLowerLevelDirectoryEntity = 0
        record.DirectoryRecordType = "IMAGE"
        record.ReferencedFileID = parts
        records.append(record)
    held.DirectoryRecordSequence = records
    out = BytesIO()
    held.save_as(out, enforce_file_format=True)
    return out.getvalue()


def test_a_file_that_did_not_come_is_named_below_the_directory() -> None:
    content = directory(["IMAGES", "I0001"], ["IMAGES", "I0002"])
    found = list(absent("disc1/DICOMDIR", content, ["disc1/DICOMDIR", "disc1/IMAGES/I0001"]))
    assert [(finding.code, finding.subject) for finding in found] == [("TKO-DIRECTORY", "disc1/IMAGES/I0002")]


@pytest.mark.parametrize("name", ["images/i0001", "IMAGES/I0001.dcm", "IMAGES/I0001;1"])
def test_names_as_copies_of_discs_have_them_are_recognised(name: str) -> None:
    assert not list(absent("DICOMDIR", directory(["IMAGES", "I0001"]), [name]))


def test_a_directory_that_cannot_be_read_names_nothing() -> None:
    assert not list(absent("DICOMDIR", b"\0" * 200, []))
