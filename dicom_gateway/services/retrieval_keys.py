"""The identifier of a retrieval (PS3.4 C.4.2.1.4, C.4.3.1.3): its level and the unique keys of that and of those above.

Every other key is left out of account: it may not be there (PS3.4 C.4.2.2.1).
"""

from dicom_gateway.contexts import PATIENT_GET, PATIENT_MOVE
from dicom_gateway.protocol.messages import Gathered, Sink
from dicom_gateway.services.call import Call
from dicom_gateway.statuses import DATA_SET_MISMATCH, Status
from repository.dicom_retrieval import Wanted
from repository.formats.dicom.identifiers import IdentifierUnreadable, read_identifier

_LEVELS = ("PATIENT", "STUDY", "SERIES", "IMAGE")
_KEYS = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")


def wanted_of(call: Call, data_set: Sink | None) -> Wanted | None:
    """What the identifier names; None after the answer that it names nothing."""
    content = data_set.content if isinstance(data_set, Gathered) else b""
    try:
        keys = read_identifier(content, syntax=call.context.syntax).keys
    except IdentifierUnreadable:
        call.answer(Status(DATA_SET_MISMATCH, "the identifier is not a data set"))
        return None
    level = keys.get("QueryRetrieveLevel", "").strip()
    by_patient = call.context.abstract in (PATIENT_GET, PATIENT_MOVE)
    if level not in _LEVELS[0 if by_patient else 1 :]:
        call.answer(Status(DATA_SET_MISMATCH, "QueryRetrieveLevel"))
        return None
    own = _KEYS[_LEVELS.index(level)]
    said = {name: _values(keys.get(name, "")) for name in _KEYS}
    if not said[own] or any("*" in each or "?" in each for name in _KEYS for each in said[name]):
        call.answer(Status(DATA_SET_MISMATCH, own))
        return None
    within = call.caller.within
    return Wanted(
        patient_id=keys.get("PatientID", "").strip() if by_patient else "",
        studies=said["StudyInstanceUID"],
        series=said["SeriesInstanceUID"],
        instances=said["SOPInstanceUID"],
        takeovers=within,
    )


def _values(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split("\\") if each.strip())
