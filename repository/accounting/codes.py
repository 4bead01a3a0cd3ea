"""The codes by which others know an account: DICOM PS3.16 (DCM), FHIR R4, IHE BALP 1.1.3, HL7 v3 ActReason."""

from collections.abc import Mapping
from dataclasses import dataclass

from repository.access.purpose import Purpose
from repository.access.subject import Operation


@dataclass(frozen=True, slots=True)
class Code:
    """`system` is a FHIR one; in DICOM it goes by the name in `SYSTEM_NAMES`."""

    system: str
    code: str
    display: str


HL7 = "http://terminology.hl7.org/CodeSystem/"
DCM = "http://dicom.nema.org/resources/ontology/DCM"
RFC3881 = "RFC-3881"
OWN = "edm-archive"
INTERACTION = "http://hl7.org/fhir/restful-interaction"
SYSTEM_NAMES = {DCM: "DCM", RFC3881: RFC3881, OWN: OWN}

SOURCE_ROLE = Code(DCM, "110153", "Source Role ID")
DESTINATION_ROLE = Code(DCM, "110152", "Destination Role ID")
DESTINATION_MEDIA = Code(DCM, "110154", "Destination Media")
RECIPIENT = Code(HL7 + "v3-ParticipationType", "IRCP", "information recipient")
PROVIDER = Code(HL7 + "v3-RoleClass", "PROV", "healthcare provider")
CUSTODIAN = Code("http://snomed.info/sct", "159541003", "Record keeping/library clerk")
APPLICATION_SERVER = Code(HL7 + "security-source-type", "4", "Application Server")

QUERY = Code(DCM, "110112", "Query")
ACCESSED = Code(DCM, "110103", "DICOM Instances Accessed")
TRANSFERRED = Code(DCM, "110104", "DICOM Instances Transferred")
EXPORT = Code(DCM, "110106", "Export")
PATIENT_RECORD = Code(DCM, "110110", "Patient Record")
LOG_USED = Code(DCM, "110101", "Audit Log Used")
ALERT = Code(DCM, "110113", "Security Alert")
OVERRIDE = Code(DCM, "110127", "Emergency Override Started")

REST = Code(HL7 + "audit-event-type", "rest", "Restful Operation")
DISCLOSE = Code(HL7 + "iso-21089-lifecycle", "disclose", "Disclose Record Lifecycle Event")
ACCESS = Code(HL7 + "iso-21089-lifecycle", "access", "Access/View Record Lifecycle Event")

PERSON = Code(HL7 + "audit-entity-type", "1", "Person")
OBJECT = Code(HL7 + "audit-entity-type", "2", "System Object")
OTHER = Code(HL7 + "audit-entity-type", "4", "Other")
PATIENT_ROLE = Code(HL7 + "object-role", "1", "Patient")
REPORT_ROLE = Code(HL7 + "object-role", "3", "Report")
RESOURCE_ROLE = Code(HL7 + "object-role", "4", "Domain Resource")
SECURITY_ROLE = Code(HL7 + "object-role", "13", "Security Resource")
QUERY_ROLE = Code(HL7 + "object-role", "24", "Query")


@dataclass(frozen=True, slots=True)
class Event:
    """How FHIR names an operation. `profile` and `patient_profile` are ids of BALP, empty where none fits; `role` is
    that of the object. `outward`: data flows from the archive to whoever asks; a query flows the other way."""

    type: Code
    subtypes: tuple[Code, ...]
    action: str
    role: Code
    profile: str = ""
    patient_profile: str = ""
    outward: bool = True


EVENTS: Mapping[str, Event] = {
    Operation.SEARCH: Event(
        REST, (Code(INTERACTION, "search", "search"),), "E", QUERY_ROLE, "IHE.BasicAudit.Query",
        "IHE.BasicAudit.PatientQuery", outward=False,
    ),
    Operation.READ: Event(
        REST, (Code(INTERACTION, "read", "read"),), "R", RESOURCE_ROLE, "IHE.BasicAudit.Read",
        "IHE.BasicAudit.PatientRead",
    ),
    Operation.EXPORT: Event(
        EXPORT, (DISCLOSE,), "R", REPORT_ROLE, "", "IHE.BasicAudit.PrivacyDisclosure.Source",
    ),
    Operation.ACCOUNTS: Event(LOG_USED, (), "R", SECURITY_ROLE),
    Operation.UPKEEP: Event(ACCESS, (), "R", RESOURCE_ROLE),
}  # fmt: skip
"""By operation. BALP's profile of a disclosure is about a patient: one of a whole takeover claims none."""


def _act_reason(code: str, display: str) -> Code:
    return Code(HL7 + "v3-ActReason", code, display)


PURPOSES: Mapping[str, Code] = {
    Purpose.TREATMENT: _act_reason("TREAT", "treatment"),
    Purpose.CONTINUITY: _act_reason("COC", "coordination of care"),
    Purpose.EMERGENCY: _act_reason("BTG", "break the glass"),
    Purpose.PATIENT_REQUEST: _act_reason("PATRQT", "patient requested"),
    Purpose.CUSTODY: _act_reason("RECORDMGT", "records management"),
    Purpose.STATUTORY: _act_reason("HLEGAL", "legal"),
    Purpose.PAYER: _act_reason("HPAYMT", "healthcare payment"),
    Purpose.AUDIT: _act_reason("HCOMPL", "health compliance"),
    Purpose.MAINTENANCE: _act_reason("HSYSADMIN", "health system administration"),
}
"""By purpose; one to one, so that a search by either code finds the same accounts."""

SUCCESS, FAILURE = "0", "8"
"""Outcomes: done, and a serious failure, which is what a refusal is."""
