"""DocumentReference (FHIR R4; IHE MHD 4.2 Comprehensive, as far as the archive knows what it asks for).

`attachment.hash` is SHA-1 in FHIR R4: made at intake, beside the SHA-256 that everything here rests on, and told of
what was taken over since. Of older documents it is left out: to make it, each of a list would have to be opened, for
nobody's reading. The SHA-256 is an extension beside it, and `Repr-Digest` (RFC 9530) of the bytes. The archive is the
custodian; the provider that closed is an author.
"""

import base64
from dataclasses import dataclass

from repository.accounting.telling import legible
from repository.consents.vocabulary import KLAS_DOK_P1
from repository.domain.describing import DocumentFacts, EventFacts, Identifier, PatientFacts
from repository.domain.holding import Holding
from repository.domain.takeover import Takeover
from repository.fhir_form import ids, people, values
from repository.fhir_form.values import Json, without_empty

SHA256 = "urn:edm-archive:fhir:sha-256"
LOINC = "http://loinc.org"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
LANGUAGES = "urn:ietf:bcp:47"
FORMATS = "urn:edm-archive:fhir:template"
RELATION = "replaces"
MINIMAL, COMPREHENSIVE = (
    f"https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.{each}.DocumentReference"
    for each in ("Minimal", "Comprehensive")
)


@dataclass(frozen=True, slots=True)
class Told:
    """A document that may be told of. `superseded`: a later one of its set replaces it; `replaced`: the id of the
    DocumentReference that it replaces, where that may be told of as well."""

    takeover: Takeover
    holding: Holding
    superseded: bool = False
    replaced: str = ""

    @property
    def id(self) -> str:
        return ids.numbered(self.takeover.id, self.holding.ordinal)

    @property
    def facts(self) -> DocumentFacts:
        """What it says of itself; by its name in the archive where it says nothing."""
        found = self.holding.description.document
        return found or DocumentFacts(Identifier("", self.id), effective_time="")

    @property
    def status(self) -> str:
        return "superseded" if self.superseded else "current"


def document_reference(told: Told, *, base: str, archive: str) -> Json:
    """`base`: the address of the FHIR service, without a slash at its end; `archive` names this archive."""
    facts = told.facts
    contained = _contained(told)
    replaced = f"DocumentReference/{told.replaced}" if told.replaced else ""
    other = values.identifier(facts.replaces)
    target = {"reference": replaced} if replaced else ({"identifier": other} if other else {})
    made = without_empty(
        {
            "resourceType": "DocumentReference",
            "id": told.id,
            "meta": {"versionId": "2" if told.superseded else "1"},
            "language": values.code(facts.language),
            "contained": contained,
            "masterIdentifier": {"use": "usual"} | (values.identifier(facts.identifier) or {"value": told.id}),
            "identifier": [found] if (found := values.identifier(facts.set_id)) else [],
            "status": told.status,
            "type": values.concept(LOINC, facts.code),
            "category": [found] if (found := values.concept(KLAS_DOK_P1, facts.class_code)) else [],
            "subject": _subject(told),
            "date": told.holding.received_at,
            "author": [{"reference": f"#{each['id']}"} for each in contained if each["id"] != "patient"],
            "custodian": {"identifier": {"value": archive}, "display": "EDM Archive"},
            "relatesTo": [{"code": RELATION, "target": target}] if target else [],
            "description": legible(facts.title),
            "securityLabel": [found] if (found := values.concept(CONFIDENTIALITY, facts.confidentiality)) else [],
            "content": [_content(told, base)],
            "context": _context(facts, contained),
        }
    )
    if profile := _profile(made):
        made["meta"]["profile"] = [profile]
    return made


def _profile(made: Json) -> str:
    """The narrowest profile that it keeps; empty where its identifier names no issuer, which all of them ask for."""
    (content,) = made["content"]
    if "system" not in made["masterIdentifier"]:
        return ""
    whole = {"type", "category", "subject", "securityLabel"} <= made.keys()
    whole = whole and {"language", "creation"} <= content["attachment"].keys() and "format" in content
    return COMPREHENSIVE if whole and "sourcePatientInfo" in made["context"] else MINIMAL


def _contained(told: Told) -> list[Json]:
    whose = told.holding.description.patient
    parts = (
        people.author(told.facts.author, identifier=told.facts.author_id, id="author"),
        people.producer(told.takeover.handover.producer, id="producer"),
        people.patient(whose, id="patient") if whose is not None and whose != PatientFacts() else {},
    )
    return [each for each in parts if each]


def _subject(told: Told) -> Json:
    number = told.holding.patient
    return {"reference": f"Patient/{ids.numbered(told.takeover.id, number)}"} if number else {}


def _content(told: Told, base: str) -> Json:
    facts, holding = told.facts, told.holding
    attachment = {
        "extension": [{"url": SHA256, "valueString": holding.sha256.hex()}],
        "contentType": values.code(holding.description.media_type),
        "language": values.code(facts.language),
        "url": f"{base}/Binary/{told.id}",
        "size": holding.size,
        "hash": base64.b64encode(holding.sha1).decode(),
        "title": legible(facts.title),
        "creation": values.moment(facts.effective_time),
    }
    if holding.size >= 2**31:  # no unsignedInt
        del attachment["size"]
    made: Json = {"attachment": without_empty(attachment)}
    template = values.code(facts.template)
    return made | ({"format": {"system": FORMATS, "code": template}} if template else {})


def _context(facts: DocumentFacts, contained: list[Json]) -> Json:
    said = [each for each in (_event(event) for event in facts.events) if each]
    starts = sorted(filter(None, (event.start for event in facts.events)))
    stops = sorted(filter(None, (event.stop for event in facts.events)))
    return without_empty(
        {
            "event": said,
            "period": values.period(starts[0] if starts else "", stops[-1] if stops else ""),
            "facilityType": values.unknown(),
            "practiceSetting": values.unknown(),
            "sourcePatientInfo": {"reference": "#patient"}
            if any(each["id"] == "patient" for each in contained)
            else {},
            "related": [
                *(
                    {"type": "ImagingStudy", "identifier": values.uid_identifier(uid)}
                    for uid in facts.study_uids
                    if uid
                ),
                *({"identifier": known} for each in facts.events if (known := values.identifier(each.identifier))),
            ],
        }
    )


def _event(event: EventFacts) -> Json:
    return values.concept(values.system(event.code_system), event.code)
