"""What is told of a push: the Store Instances Response (PS3.18 §10.5.3, Annex I.2), as DICOM JSON or as XML.

    00081199 ReferencedSOPSequence   what is kept, each with its address, and a warning where there is one
    00081198 FailedSOPSequence       what is not, with the reason; only where there is any

FailureReason     0110H processing failure · A700H out of resources: send it again · A900H not an instance that can be
                  kept · A901H of another study than the address names
WarningReason     B007H kept, and the data set is not as it should be · B00EH kept beside another instance of this UID
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

import orjson

from repository.domain.describing import DicomFacts
from storage.errors import ArchiveError

PROCESSING, RESOURCES, INVALID, OTHER_STUDY = 0x0110, 0xA700, 0xA900, 0xA901
MISMATCH, BESIDE = 0xB007, 0xB00E
JSON, XML = "application/dicom+json", "application/dicom+xml"
_XML_NAMES = {
    "00081150": "ReferencedSOPClassUID",
    "00081155": "ReferencedSOPInstanceUID",
    "00081190": "RetrieveURL",
    "00081196": "WarningReason",
    "00081197": "FailureReason",
    "00081198": "FailedSOPSequence",
    "00081199": "ReferencedSOPSequence",
}
DataSet = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Received:
    """What became of one part; `fault` is the error behind a failure that is not the sender's."""

    facts: DicomFacts | None = None
    failure: int = 0
    warning: int = 0
    fault: BaseException | None = None


def status_of(received: Sequence[Received]) -> int:
    """200 all kept; 202 some failed or have warnings; 409 nothing was kept. Raises the error that kept the archive from
    keeping anything at all, if it will pass by itself or is our own."""
    failed = [each for each in received if each.failure]
    if len(failed) < len(received):
        return 202 if failed or any(each.warning for each in received) else 200
    for each in failed:
        if each.fault is not None and not (isinstance(each.fault, ArchiveError) and each.fault.exit_code == 2):
            raise each.fault
    for each in failed:
        if each.fault is not None:
            raise each.fault
    return 409


def answer_of(received: Sequence[Received], *, base: str) -> DataSet:
    """The data set; `base` is the address of the service, to which a client adds `/studies/…`."""
    kept = [each.facts for each in received if not each.failure and each.facts is not None]
    found: DataSet = {}
    studies = {facts.study_instance_uid for facts in kept if facts.placed}
    if len(studies) == 1 and all(facts.placed for facts in kept):
        found["00081190"] = _one("UR", _study(base, kept[0]))
    failed = [_failed(each) for each in received if each.failure]
    if failed:
        found["00081198"] = {"vr": "SQ", "Value": failed}
    if kept:
        found["00081199"] = {"vr": "SQ", "Value": [_kept(each, base) for each in received if not each.failure]}
    return found


def as_json(answer: DataSet) -> bytes:
    return orjson.dumps(answer)


def as_xml(answer: DataSet) -> bytes:
    """The Native DICOM Model (PS3.19 A.1)."""
    inner = "".join(_elements(answer))
    namespace = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return f'{head}\n<NativeDicomModel xmlns="{namespace}">{inner}</NativeDicomModel>'.encode()


def _kept(each: Received, base: str) -> DataSet:
    facts = each.facts
    if facts is None:
        raise TypeError("internal: kept, and nothing is known of it")
    item = _reference(facts)
    series = f"{_study(base, facts)}/series/{_uid(facts.series_instance_uid)}"
    there = f"{series}/instances/{_uid(facts.sop_instance_uid)}"
    item["00081190"] = _one("UR", there if facts.placed else "")  # what is of no series has no address here
    if each.warning:
        item["00081196"] = _one("US", each.warning)
    return item


def _failed(each: Received) -> DataSet:
    return (_reference(each.facts) if each.facts else {}) | {"00081197": _one("US", each.failure)}


def _reference(facts: DicomFacts) -> DataSet:
    return {"00081150": _one("UI", facts.sop_class_uid), "00081155": _one("UI", facts.sop_instance_uid)}


def _study(base: str, facts: DicomFacts) -> str:
    return f"{base}/studies/{_uid(facts.study_instance_uid)}"


def _uid(uid: str) -> str:
    return quote(uid, safe="")


def _one(vr: str, value: str | int) -> dict[str, Any]:
    return {"vr": vr, "Value": [value]} if value != "" else {"vr": vr}


def _elements(answer: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for tag, element in sorted(answer.items()):
        yield f'<DicomAttribute tag="{tag}" vr="{element["vr"]}" keyword="{_XML_NAMES[tag]}">'
        for number, value in enumerate(element.get("Value", ()), 1):
            if element["vr"] == "SQ":
                yield f'<Item number="{number}">{"".join(_elements(value))}</Item>'
            else:
                yield f'<Value number="{number}">{_text(value)}</Value>'
        yield "</DicomAttribute>"


def _text(value: object) -> str:
    """Characters that XML 1.0 has no form for come from dirty data alone, and are left out."""
    return escape("".join(each for each in str(value) if each.isprintable()))
