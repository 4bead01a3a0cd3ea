"""What a DICOMDIR says is on its medium (PS3.3 F, PS3.10 8.6), to be compared with what came."""

from dataclasses import dataclass

from repository.formats.dicom.charsets import PLAIN
from repository.formats.dicom.elements import Elements, Plan, UnusualEncoding
from repository.formats.dicom.reading import HeaderUnreadable, read_header
from repository.formats.dicom.values import text_of

_RECORDS = 0x00041220
_FILE_ID = 0x00041500
_INSTANCE = 0x00041511
_PLAN = Plan((), {_RECORDS: Plan([(_FILE_ID, "CS"), (_INSTANCE, "UI")])})


@dataclass(frozen=True, slots=True)
class ReferencedFile:
    """One file that a directory record refers to: the components of its File ID, from the root of the medium."""

    file_id: tuple[str, ...]
    sop_instance_uid: str = ""


def referenced_files(data: bytes) -> list[ReferencedFile]:
    """Every file that the DICOMDIR refers to, in the order of its records; none where it cannot be read.

    Records that are not in use still refer (PS3.3 F.3.2.2): an archive compares more rather than less.
    """
    try:
        header = read_header(data, whole=True, plan=_PLAN)
    except (UnusualEncoding, HeaderUnreadable):
        return []
    return [_referenced(record) for record in header.elements.items.get(_RECORDS, ()) if record.values.get(_FILE_ID)]


def _referenced(record: Elements) -> ReferencedFile:
    file_id = text_of(record.values[_FILE_ID], "CS", PLAIN)
    uid = text_of(record.values.get(_INSTANCE, b""), "UI", PLAIN)
    return ReferencedFile(file_id=tuple(part for part in file_id.split("\\") if part), sop_instance_uid=uid)
