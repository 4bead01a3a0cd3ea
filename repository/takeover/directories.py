"""A DICOMDIR says which files belong to its medium (PS3.3 F): those that did not come are named.

A medium without manifest declares its content here alone. File IDs are upper case by the standard and lower case on
many a copied disc, so they are compared without case and without a version suffix (";1" of ISO 9660).
"""

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from repository.findings import Finding
from repository.formats.dicom.dicomdir import referenced_files


def absent(directory: str, content: bytes, paths: Iterable[str]) -> Iterator[Finding]:
    """A finding for each file that the DICOMDIR at `directory` names and no item of `paths` is."""
    there = {_plain(path) for path in paths}
    root = PurePosixPath(directory).parent
    named = {str(root.joinpath(*file.file_id)) for file in referenced_files(content) if file.file_id}
    yield from (Finding("TKO-DIRECTORY", path) for path in sorted(named) if _plain(path) not in there)


def _plain(path: str) -> str:
    return path.partition(";")[0].removesuffix(".dcm").removesuffix(".DCM").casefold()
