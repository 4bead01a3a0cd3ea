"""Describing bytes in tests: whole, or as a head with the rest behind it; and the DICOM files that pydicom ships."""

import io
from pathlib import Path
from typing import BinaryIO, NoReturn

import pydicom.data

from repository.domain.describing import Description
from repository.formats.describe import HEAD_BYTES, describe


def _never() -> NoReturn:
    raise AssertionError("the whole item was given: there is no reason to open it again")


def described(data: bytes) -> Description:
    if len(data) <= HEAD_BYTES:
        return describe(data, size=len(data), open_rest=_never)
    return described_from(data, head=HEAD_BYTES)


def described_from(data: bytes, *, head: int) -> Description:
    def open_rest() -> BinaryIO:
        return io.BytesIO(data)

    return describe(data[:head], size=len(data), open_rest=open_rest)


def codes(description: Description) -> list[str]:
    return [finding.code for finding in description.findings]


def shipped() -> list[Path]:
    """Every file inside the installed pydicom package that is an example; nothing is downloaded."""
    folder = Path(pydicom.data.__file__).parent
    found = [path for name in ("test_files", "charset_files") for path in (folder / name).rglob("*") if path.is_file()]
    return sorted(path for path in found if path.suffix not in {".py", ".pyc", ".txt", ".json", ".dump", ".icc"})
