"""C-FIND over one association, by a client of our own: a program of DCMTK's takes longer to start than to ask."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from pydicom import dcmread

from benchmarks.dicom_sides import TITLE
from dicom_gateway.contexts import EXPLICIT, STUDY_FIND
from dicom_gateway.protocol.association import Association
from dicom_gateway.protocol.commands import (
    AFFECTED_CLASS,
    C_FIND_RQ,
    DATA_SET,
    DATA_SET_TYPE,
    FIELD,
    MESSAGE_ID,
    PRIORITY,
    STATUS,
)
from dicom_gateway.protocol.messages import gathering
from dicom_gateway.protocol.negotiating import Asked, Proposed
from dicom_gateway.protocol.requesting import Address, associated
from dicom_gateway.protocol.wire import Patience
from dicom_gateway.statuses import PENDING, PENDING_UNSUPPORTED
from repository.formats.dicom.identifiers_writing import write_identifier

STUDY_DATE, ACCESSION, PATIENT_NAME, PATIENT_ID = 0x00080020, 0x00080050, 0x00100010, 0x00100020
STUDY_UID, COUNT = 0x0020000D, 0x00201208
TOLD = (STUDY_DATE, ACCESSION, PATIENT_NAME, PATIENT_ID, STUDY_UID, COUNT)
_VRS = {STUDY_DATE: "DA", ACCESSION: "SH", PATIENT_NAME: "PN", PATIENT_ID: "LO", STUDY_UID: "UI", COUNT: "IS"}
_PATIENCE = Patience(acse=60, dimse=120, network=60)


@contextmanager
def asking(port: int, title: str) -> Iterator[Association]:
    """An association with the server at `port` that may be asked for studies."""
    what = Asked(calling=TITLE, called=title, contexts=[Proposed(1, STUDY_FIND, (EXPLICIT,))])
    with associated(what, Address("127.0.0.1", port), patience=_PATIENCE) as line:
        yield line


def answers(line: Association, keys: Mapping[int, str]) -> int:
    """How many studies match `keys`, each told with the usual attributes."""
    context, number = line.terms.contexts[1], line.next_id()
    said = [(0x00080052, "CS", "STUDY"), *((tag, _VRS[tag], keys.get(tag, "")) for tag in TOLD)]
    command: dict[int, int | str] = {
        AFFECTED_CLASS: STUDY_FIND,
        FIELD: C_FIND_RQ,
        MESSAGE_ID: number,
        PRIORITY: 0,
        DATA_SET_TYPE: DATA_SET,
    }
    identifier = write_identifier(sorted(said), syntax=EXPLICIT)
    line.send(context, command, [identifier])
    found = 0
    while True:
        message = line.receive(gathering, patience=_PATIENCE.dimse)
        if message is None:
            raise RuntimeError("the association was released in the midst")
        status = message.command.number(STATUS)
        if status not in (PENDING, PENDING_UNSUPPORTED):
            break
        found += 1
    if status:
        raise RuntimeError(f"status {status:04X}")
    return found


def timed_each(line: Association, questions: Sequence[Mapping[int, str]], *, least: int = 0) -> list[float]:
    """Seconds of each. Raises `RuntimeError` for an answer of fewer than `least`."""
    found = []
    for keys in questions:
        began = time.perf_counter()
        count = answers(line, keys)
        found.append(time.perf_counter() - began)
        if count < least:
            raise RuntimeError(f"{count} answers, not {least}")
    return found


def uid_of(path: Path) -> str:
    """Of the study that an image is of."""
    return str(dcmread(path, stop_before_pixels=True).StudyInstanceUID)


def patient_of(content: bytes) -> str:
    return str(dcmread(BytesIO(content), stop_before_pixels=True).PatientID)
