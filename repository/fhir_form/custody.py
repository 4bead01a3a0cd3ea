"""What came with what, and how the archive came to have it: List (IHE MHD SubmissionSet) and Provenance."""

from collections.abc import Sequence
from uuid import UUID, uuid5

from repository.accounting.telling import legible
from repository.domain.takeover import Takeover
from repository.fhir_form import ids, people
from repository.fhir_form.documents import SHA256, Told
from repository.fhir_form.values import URI_SYSTEM, Json, without_empty

LIST_TYPES = "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes"
SUBMISSION_SET = "submissionset"
SOURCE_ID = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-sourceId"
LOG_ENTRY, LOG_PROOF = "urn:edm-archive:fhir:log-entry", "urn:edm-archive:fhir:log-proof"
_PARTICIPANTS = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"


def submission_set(takeover: Takeover, patient: int, *, documents: Sequence[Told]) -> Json:
    """What one takeover brought of one patient, as one submission: `documents` that may be told of."""
    name = uuid5(UUID(takeover.id), str(patient))  # the same each time it is told
    made = people.producer(takeover.handover.producer, id="producer")
    known = made.get("identifier", [])
    source = known[0] if known else {"system": URI_SYSTEM, "value": f"urn:uuid:{takeover.id}"}
    return without_empty(
        {
            "resourceType": "List",
            "id": ids.numbered(takeover.id, patient),
            "contained": [made] if made else [],
            "extension": [{"url": SOURCE_ID, "valueIdentifier": source}],
            "identifier": [
                {"use": "usual", "system": URI_SYSTEM, "value": f"urn:oid:2.25.{name.int}"},
                {"use": "official", "system": URI_SYSTEM, "value": name.urn},
            ],
            "status": "current",
            "mode": "working",
            "title": legible(takeover.handover.producer.name),
            "code": {"coding": [{"system": LIST_TYPES, "code": SUBMISSION_SET}]},
            "subject": {"reference": f"Patient/{ids.numbered(takeover.id, patient)}"},
            "date": takeover.closed_at or takeover.opened_at,
            "source": {"reference": "#producer"} if made else {},
            "entry": [{"item": {"reference": f"DocumentReference/{each.id}"}} for each in documents],
        }
    )


def provenance(told: Told, *, archive: str, proof: str) -> Json:
    """How a document came into custody. `proof`: the address of the proof that the log commits to it."""
    made = people.producer(told.takeover.handover.producer, id="producer")
    ours = {"identifier": {"value": archive}, "display": "EDM Archive"}
    agents = [{"type": _participant("custodian"), "who": ours}]
    if made:
        agents.append({"type": _participant("author"), "who": {"reference": "#producer"}})
    return without_empty(
        {
            "resourceType": "Provenance",
            "id": told.id,
            "contained": [made] if made else [],
            "extension": [
                {"url": SHA256, "valueString": told.holding.sha256.hex()},
                {"url": LOG_ENTRY, "valueString": told.holding.entry.hex()},
                {"url": LOG_PROOF, "valueUri": proof},
            ],
            "target": [{"reference": f"DocumentReference/{told.id}"}],
            "occurredDateTime": told.holding.received_at,
            "recorded": told.holding.received_at,
            "activity": {"text": "ingestion"},
            "agent": agents,
        }
    )


def _participant(code: str) -> Json:
    return {"coding": [{"system": _PARTICIPANTS, "code": code}]}
