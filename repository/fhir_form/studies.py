"""ImagingStudy (FHIR R4) of a study as the catalogue has it, with the way to its pixels by DICOMweb."""

import re
from collections.abc import Mapping, Sequence

from repository.accounting.telling import legible
from repository.catalogue.query import Hit
from repository.fhir_form import ids, values
from repository.fhir_form.values import Json, without_empty

DCM = "http://dicom.nema.org/resources/ontology/DCM"
_UID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_WHOLE = re.compile(r"[0-9]{1,9}")


def imaging_study(
    study: Hit, *, takeover: str, address: str, images: Mapping[str, Sequence[Hit]], series: Sequence[Hit]
) -> Json:
    """`address`: of the DICOMweb service. `images` by UID of their series; a series of which none are given tells only
    how many it has."""
    said, uid = study.values, study.values["StudyInstanceUID"]
    modalities = filter(None, said.get("ModalitiesInStudy", "").split("\\"))
    accession = legible(said.get("AccessionNumber", ""))
    service = {
        "resourceType": "Endpoint",
        "id": "dicomweb",
        "status": "active",
        "connectionType": {
            "system": "http://terminology.hl7.org/CodeSystem/endpoint-connection-type", "code": "dicom-wado-rs",
        },
        "payloadType": [{"text": "DICOM"}],
        "address": address,
    }  # fmt: skip
    return without_empty(
        {
            "resourceType": "ImagingStudy",
            "id": ids.study(takeover, study.patient, uid=uid),
            "contained": [service],
            "identifier": [values.uid_identifier(uid)] + ([{"value": accession}] if accession else []),
            "status": "available",
            "modality": [_coding(each) for each in modalities if values.code(each)],
            "subject": _subject(takeover, study.patient),
            "started": values.day(said.get("StudyDate", "")),
            "endpoint": [{"reference": "#dicomweb"}],
            "numberOfSeries": study.counts.get("series", len(series)),
            "numberOfInstances": study.counts.get("instances", 0),
            "description": legible(said.get("StudyDescription", "")),
            "series": [_series(each, images.get(each.values["SeriesInstanceUID"], ())) for each in series],
        }
    )


def _subject(takeover: str, patient: int) -> Json:
    return {"reference": f"Patient/{ids.numbered(takeover, patient)}"} if patient else {"display": "unknown"}


def _coding(modality: str) -> Json:
    return {"system": DCM, "code": values.code(modality)}


def _series(series: Hit, images: Sequence[Hit]) -> Json:
    said = series.values
    return without_empty(
        {
            "uid": values.code(said["SeriesInstanceUID"]),
            "number": _number(said.get("SeriesNumber", "")),
            "modality": _coding(said.get("Modality", "") or "OT"),
            "description": legible(said.get("SeriesDescription", "")),
            "numberOfInstances": series.counts.get("instances", len(images)),
            "instance": [_image(each) for each in images],
        }
    )


def _image(image: Hit) -> Json:
    said = image.values
    sop_class = said.get("SOPClassUID", "")
    return without_empty(
        {
            "uid": values.code(said["SOPInstanceUID"]),
            "sopClass": _sop_class(sop_class),
            "number": _number(said.get("InstanceNumber", "")),
        }
    )


def _number(text: str) -> int | None:
    return int(text) if _WHOLE.fullmatch(text.strip()) else None


def _sop_class(uid: str) -> Json:
    return {"system": values.URI_SYSTEM, "code": f"urn:oid:{uid}" if _UID.fullmatch(uid) else "unknown"}
