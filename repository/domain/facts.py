"""Facts as plain JSON values and back: what a pack's description says of an item, and what the log commits to.

One form for both journeys: sealing writes it, rebuilding reads it, and `of_json(to_json(x)) == x` for every value
(`tests/repository/domain/test_facts.py`). Empty values are left out, so that the form of an old item does not change
when a new field is added with an empty default.
"""

from collections.abc import Mapping
from typing import Any

from repository.domain.describing import (
    Description,
    DicomFacts,
    DocumentFacts,
    EventFacts,
    Identifier,
    Kind,
    PatientFacts,
)
from repository.findings import Finding

Json = dict[str, Any]


def finding_to_json(finding: Finding) -> Json:
    found: Json = {"code": finding.code}
    if finding.subject:
        found["subject"] = finding.subject
    if finding.params:
        found["params"] = dict(finding.params)
    return found


def finding_of_json(value: Json) -> Finding:
    return Finding(value["code"], value.get("subject", ""), value.get("params", {}))


def patient_to_json(facts: PatientFacts) -> Json:
    return _without_empty(
        {
            "identifiers": [_pair(identifier) for identifier in facts.identifiers],
            "name": facts.name,
            "birth_date": facts.birth_date,
            "sex": facts.sex,
        }
    )


def patient_of_json(value: Json) -> PatientFacts:
    return PatientFacts(
        identifiers=tuple(Identifier(*pair) for pair in value.get("identifiers", ())),
        name=value.get("name", ""),
        birth_date=value.get("birth_date", ""),
        sex=value.get("sex", ""),
    )


def description_to_json(description: Description) -> Json:
    facts: Json = {"kind": description.kind.value, "media_type": description.media_type}
    if description.patient is not None:
        facts["patient"] = patient_to_json(description.patient)
    if description.dicom is not None:
        facts["dicom"] = _dicom_to_json(description.dicom)
    if description.document is not None:
        facts["document"] = _document_to_json(description.document)
    if description.findings:
        facts["findings"] = [finding_to_json(finding) for finding in description.findings]
    return facts


def description_of_json(value: Json) -> Description:
    return Description(
        kind=Kind(value["kind"]),
        media_type=value["media_type"],
        patient=patient_of_json(value["patient"]) if "patient" in value else None,
        dicom=_dicom_of_json(value["dicom"]) if "dicom" in value else None,
        document=_document_of_json(value["document"]) if "document" in value else None,
        findings=tuple(finding_of_json(finding) for finding in value.get("findings", ())),
    )


def _pair(identifier: Identifier) -> list[str]:
    return [identifier.root, identifier.extension]


def _without_empty(value: Json) -> Json:
    return {name: held for name, held in value.items() if held not in ("", [], None)}


def _dicom_to_json(facts: DicomFacts) -> Json:
    return {
        "sop_class_uid": facts.sop_class_uid,
        "sop_instance_uid": facts.sop_instance_uid,
        "study_instance_uid": facts.study_instance_uid,
        "series_instance_uid": facts.series_instance_uid,
        "transfer_syntax_uid": facts.transfer_syntax_uid,
        "attributes": dict(facts.attributes),
    }


def _dicom_of_json(value: Mapping[str, Any]) -> DicomFacts:
    return DicomFacts(**value)


def _document_to_json(facts: DocumentFacts) -> Json:
    value: Json = {
        name: getattr(facts, name)
        for name in (
            "version", "template", "code", "class_code", "title", "effective_time", "confidentiality", "language",
            "author",
        )
    }  # fmt: skip
    for name in ("set_id", "author_id", "custodian", "replaces"):
        identifier = getattr(facts, name)
        value[name] = _pair(identifier) if identifier is not None else None
    value["events"] = [_event_to_json(event) for event in facts.events]
    value["study_uids"] = list(facts.study_uids)
    value = _without_empty(value)
    value["identifier"] = _pair(facts.identifier)
    if facts.signed:
        value["signed"] = True
    return value


def _document_of_json(value: Mapping[str, Any]) -> DocumentFacts:
    fields = dict(value)
    for name in ("identifier", "set_id", "author_id", "custodian", "replaces"):
        if name in fields:
            fields[name] = Identifier(*fields[name])
    fields["events"] = tuple(_event_of_json(event) for event in fields.get("events", ()))
    fields["study_uids"] = tuple(fields.get("study_uids", ()))
    return DocumentFacts(**fields)


def _event_to_json(event: EventFacts) -> Json:
    return _without_empty(
        {
            "kind": event.kind,
            "code": event.code,
            "code_system": event.code_system,
            "start": event.start,
            "stop": event.stop,
        }
    ) | {"identifier": _pair(event.identifier)}


def _event_of_json(value: Mapping[str, Any]) -> EventFacts:
    return EventFacts(**{**value, "identifier": Identifier(*value["identifier"])})
