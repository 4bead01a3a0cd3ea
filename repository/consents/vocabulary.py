"""Words of FHIR R4 Consent and IHE PCF 1.1 that stand for ours, as tables."""

from collections.abc import Mapping

from repository.access.purpose import Purpose
from repository.accounting.codes import PURPOSES
from repository.domain.identifiers import CEZ

HL7 = "http://terminology.hl7.org/CodeSystem/"
ACT_REASON = HL7 + "v3-ActReason"
PARTICIPATION = HL7 + "v3-ParticipationType"
PROFILES = "https://profiles.ihe.net/ITI/PCF/StructureDefinition/"
BASIC, INTERMEDIATE = PROFILES + "IHE.PCF.consentBasic", PROFILES + "IHE.PCF.consentIntermediate"
PRIVACY = {"system": HL7 + "consentscope", "code": "patient-privacy"}
CATEGORY = {"system": "http://loinc.org", "code": "59284-0", "display": "Consent"}
KLAS_DOK_P1 = f"urn:oid:{CEZ}.11.1.32"
DICOM_UID = "urn:dicom:uid"

OWN = "https://edm-archive.example/fhir/"  # a name, not an address: nothing is fetched from it
POLICY = OWN + "policy/access-to-medical-documentation"
POLICIES = frozenset({POLICY})
"""Policies whose meaning the archive knows. PCF itself defines none; others are admitted by whoever imports."""
ENDED, CAPACITY = OWN + "ended", OWN + "capacity"
TAKEOVER, SPECIALTY = OWN + "takeover", OWN + "specialty"  # modifiers: they narrow, and nobody may pass them over

RECIPIENTS = frozenset({"IRCP", "PRCP"})  # PCF asks for IRCP; others write the primary recipient
READ_PURPOSES: Mapping[str, Purpose | None] = {
    **{code.code: Purpose(purpose) for purpose, code in PURPOSES.items()},
    "CAREMGT": Purpose.CONTINUITY,
    "CLINTRCH": None,
    "ETREAT": Purpose.EMERGENCY,
    "ERTREAT": Purpose.EMERGENCY,
    "HMARKT": None,
    "HOPERAT": None,  # operations of a provider: nobody reads here for them
    "HRESCH": None,
    "PUBHLTH": None,
}
"""By v3-ActReason code. None: known, and nothing is ever read here for it; a permit gives nothing by it."""
STATES: Mapping[str, str] = {
    "active": "",
    "inactive": "withdrawn",
    "rejected": "rejected",
    "entered-in-error": "entered-in-error",
}
"""Consent.status → why it has ended; empty where it has not."""
PERSONS = frozenset({"Practitioner", "RelatedPerson", "Patient", "Person"})
CAPACITIES: Mapping[str, str] = {"Patient": "patient", "RelatedPerson": "representative"}
"""Type of the performer → capacity of the grantor. Nobody else speaks for a patient without saying as what."""
PERFORMERS: Mapping[str, str] = {
    "patient": "Patient",
    "representative": "RelatedPerson",
    "custodian": "Organization",
    "administrator": "Practitioner",
    "court": "Organization",
}
