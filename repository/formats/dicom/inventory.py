"""Inventories (PS3.3 C.38, Supplement 223): records of studies, series and instances → the bytes of a data set.

A writer of our own: the sequence of studies has no length said beforehand, so that it is written as they come, one in
memory at a time. There is no attribute for a digest among the inventory's: each instance has a private block,

    (0009,0010) LO  EDM ARCHIVE INVENTORY 1
    (0009,xx01) OB  SHA-256 of the bytes as received, of the whole file
    (0009,xx02) UV  how many bytes that are
    (0009,xx03) UV  index of its entry in the evidence log
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from struct import pack

from repository.formats.dicom.elements import EXPLICIT_LITTLE, IMPLICIT_LITTLE
from repository.formats.dicom.identifiers_writing import Element, encoded

INVENTORY_STORAGE = "1.2.840.10008.5.1.4.1.1.201.1"
SYNTAXES = (EXPLICIT_LITTLE, IMPLICIT_LITTLE)
CREATOR, BLOCK, _PRIVATE = "EDM ARCHIVE INVENTORY 1", 0x00091000, 0x00090010
COMPLETE, IN_USE, LEVEL = "COMPLETE", "N", "INSTANCE"
_STUDIES, _SERIES, _INSTANCES = 0x00080423, 0x00080424, 0x00080425
_UNDEFINED = 0xFFFFFFFF
_STUDY = {
    0x00080020: ("DA", "StudyDate"), 0x00080030: ("TM", "StudyTime"), 0x00080050: ("SH", "AccessionNumber"),
    0x00080061: ("CS", "ModalitiesInStudy"), 0x00080090: ("PN", "ReferringPhysicianName"),
    0x00081030: ("LO", "StudyDescription"), 0x00100010: ("PN", "PatientName"), 0x00100020: ("LO", "PatientID"),
    0x00100021: ("LO", "IssuerOfPatientID"), 0x00100030: ("DA", "PatientBirthDate"), 0x00100040: ("CS", "PatientSex"),
    0x0020000D: ("UI", "StudyInstanceUID"), 0x00200010: ("SH", "StudyID"),
}  # fmt: skip
_OF_SERIES = {
    0x00080060: ("CS", "Modality"), 0x0008103E: ("LO", "SeriesDescription"), 0x00180015: ("CS", "BodyPartExamined"),
    0x0020000E: ("UI", "SeriesInstanceUID"), 0x00200011: ("IS", "SeriesNumber"),
}  # fmt: skip
_OF_INSTANCE = {
    0x00080016: ("UI", "SOPClassUID"), 0x00080018: ("UI", "SOPInstanceUID"), 0x0008040E: ("UI", "TransferSyntaxUID"),
    0x00200013: ("IS", "InstanceNumber"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class InstanceRecord:
    """`values`: text by keyword, as the catalogue has it."""

    values: Mapping[str, str]
    sha256: bytes
    size: int
    log_index: int


@dataclass(frozen=True, slots=True)
class SeriesRecord:
    values: Mapping[str, str]
    instances: Sequence[InstanceRecord]


@dataclass(frozen=True, slots=True)
class StudyRecord:
    """`updated`: when the last of it was received (DT)."""

    values: Mapping[str, str]
    series: Sequence[SeriesRecord]
    updated: str

    @property
    def instances(self) -> int:
        return sum(len(each.instances) for each in self.series)


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryWriter:
    """One inventory. `at`: as things were then (`date_time`); `syntax`: one of `SYNTAXES`; text is in UTF-8."""

    uid: str
    at: str
    purpose: str
    description: str
    syntax: str = EXPLICIT_LITTLE

    def opening(self) -> bytes:
        """All before the first study. The scope is everything (PS3.3 C.38.2.1: an empty sequence)."""
        head = self._encoded([
            (0x00080005, "CS", "ISO_IR 192"), (0x00080016, "UI", INVENTORY_STORAGE), (0x00080018, "UI", self.uid),
            (0x00080023, "DA", self.at[:8]), (0x00080033, "TM", self.at[8:].partition("+")[0]),
            (0x00080070, "LO", "EDM Archive"), (0x00080201, "SH", "+0000"), (0x00080400, "SQ", ()),
            (0x00080401, "LT", self.purpose), (0x00080402, "LT", self.description), (0x00080403, "CS", LEVEL),
        ])  # fmt: skip
        vr = b"SQ\0\0" if self.syntax == EXPLICIT_LITTLE else b""
        return head + _tag(_STUDIES) + vr + pack("<I", _UNDEFINED)

    def study(self, record: StudyRecord) -> bytes:
        """The item of one study, with its series and their instances."""
        own = [
            *_told(_STUDY, record.values),
            (0x0008041F, "DT", record.updated),
            (_SERIES, "SQ", [self._series(each) for each in record.series]),
            (0x00201206, "IS", str(len(record.series))),
            (0x00201208, "IS", str(record.instances)),
        ]
        content = self._encoded(self._item(own))
        return _tag(0xFFFEE000) + pack("<I", len(content)) + content

    def closing(self, studies: int) -> bytes:
        """All behind the last of `studies`."""
        end = _tag(0xFFFEE0DD) + bytes(4)
        return end + self._encoded([
            (0x00080426, "CS", COMPLETE), (0x00080427, "UL", str(studies)), (0x00080428, "UV", pack("<Q", studies)),
        ])  # fmt: skip

    def _series(self, record: SeriesRecord) -> list[Element]:
        return self._item([
            *_told(_OF_SERIES, record.values),
            (_INSTANCES, "SQ", [self._instance(each) for each in record.instances]),
            (0x00201209, "IS", str(len(record.instances))),
        ])  # fmt: skip

    def _instance(self, record: InstanceRecord) -> list[Element]:
        return self._item([
            *_told(_OF_INSTANCE, record.values), (_PRIVATE, "LO", CREATOR), (BLOCK + 1, "OB", record.sha256),
            (BLOCK + 2, "UV", pack("<Q", record.size)), (BLOCK + 3, "UV", pack("<Q", record.log_index)),
        ])  # fmt: skip

    def _item(self, own: Iterable[Element]) -> list[Element]:
        """With what every record has, in the order of tags."""
        return sorted([*own, (0x00080404, "DT", self.at), (0x00080405, "CS", IN_USE)], key=lambda each: each[0])

    def _encoded(self, elements: Iterable[Element]) -> bytes:
        return encoded(elements, explicit=self.syntax == EXPLICIT_LITTLE, codec="utf-8")


def date_time(stamp: str) -> str:
    """`2026-05-04T03:02:01.000000Z` as DT."""
    return stamp.translate(str.maketrans("", "", "-:TZ")) + "+0000"


def _told(attributes: Mapping[int, tuple[str, str]], values: Mapping[str, str]) -> list[Element]:
    return [(tag, vr, values.get(keyword, "")) for tag, (vr, keyword) in attributes.items()]


def _tag(tag: int) -> bytes:
    return pack("<HH", tag >> 16, tag & 0xFFFF)
