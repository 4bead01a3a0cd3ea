"""Asking by C-FIND, as pynetdicom's SCU."""

from collections.abc import Sequence
from typing import Any

from pydicom import Dataset
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation

from dicom_gateway.settings import DEFAULT_TITLE
from tests.dicom_gateway.gateways import CUSTODIAN, EXPLICIT, IMPLICIT, Door

PATIENT_ROOT, STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.1.1", "1.2.840.10008.5.1.4.1.2.2.1"
PENDING, UNSUPPORTED = 0xFF00, 0xFF01


def asking(
    door: Door,
    model: str = STUDY_ROOT,
    *,
    extended: bytes = b"",
    syntax: str = EXPLICIT,
    called: str = DEFAULT_TITLE,
    title: str = CUSTODIAN.ae_title,
) -> Association:
    """An association for questions; `extended`: what is negotiated further, of which the first byte is for relational
    ones."""
    entity = AE(ae_title=title)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 60
    entity.add_requested_context(model, [syntax] if syntax == IMPLICIT else [syntax, IMPLICIT])
    more: list[Any] = []
    if extended:
        negotiated = SOPClassExtendedNegotiation()
        negotiated.sop_class_uid, negotiated.service_class_application_information = model, extended
        more.append(negotiated)
    made = entity.associate("127.0.0.1", door.port, ae_title=called, ext_neg=more)
    assert made.is_established
    return made


def question(level: str, **keys: object) -> Dataset:
    made = Dataset()
    made.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(made, keyword, value)
    return made


def answers(association: Association, asked: Dataset, model: str = STUDY_ROOT) -> tuple[list[Dataset], list[Dataset]]:
    """Statuses, and the identifiers of those that have one."""
    told = list(association.send_c_find(asked, model))
    return [status for status, _ in told], [found for _, found in told if found is not None]


def found(door: Door, asked: Dataset, model: str = STUDY_ROOT, **how: object) -> list[Dataset]:
    """What matches; the last status was success."""
    association = asking(door, model, **how)  # type: ignore[arg-type]
    statuses, identifiers = answers(association, asked, model)
    association.release()
    assert statuses[-1].Status == 0x0000, statuses[-1]
    return identifiers


def told(identifiers: Sequence[Dataset], keyword: str) -> set[str]:
    return {str(each[keyword].value) for each in identifiers}
