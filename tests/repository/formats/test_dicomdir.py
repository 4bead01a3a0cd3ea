"""What a DICOMDIR refers to, held against pydicom's own reading."""

from pathlib import Path

import pytest
from pydicom import dcmread

from repository.domain.describing import Kind
from repository.formats.dicom.dicomdir import ReferencedFile, referenced_files
from tests.repository.formats.items import codes, described, shipped

DIRECTORIES = [path for path in shipped() if path.name.startswith("DICOMDIR")]


@pytest.mark.parametrize("path", DIRECTORIES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_every_file_that_a_directory_refers_to_is_listed(path: Path) -> None:
    data = path.read_bytes()
    assert described(data).kind is Kind.DICOMDIR
    assert codes(described(data)) == []
    expected = []
    for record in dcmread(path).get("DirectoryRecordSequence", []):
        if record.get("ReferencedFileID"):
            parts = record.ReferencedFileID
            file_id = (parts,) if isinstance(parts, str) else tuple(parts)
            expected.append(ReferencedFile(file_id, str(record.get("ReferencedSOPInstanceUIDInFile", ""))))
    assert referenced_files(data) == expected
    assert "empty" in path.name or expected


@pytest.mark.parametrize("cut", [0, 10, 200, 400, 1000])
def test_a_damaged_directory_gives_what_can_be_read(cut: int) -> None:
    data = DIRECTORIES[0].read_bytes()
    found, every = referenced_files(data[:cut]), referenced_files(data)
    assert found[:-1] == every[: max(len(found) - 1, 0)]
    assert len(found) < len(every)
