"""The attributes that the catalogue keeps: what C-FIND (PS3.4 C.6) and QIDO-RS (PS3.18 10.6) ask for, and who the
patient is (PS3.3 C.7.1.1).

`ModalitiesInStudy` and the `NumberOf…` attributes are counted from the catalogue and not read. An attribute inside a
sequence is named by its path, `RequestAttributesSequence.RequestedProcedureID`. Tests hold the table to the
dictionary of pydicom.
"""

from dataclasses import dataclass
from enum import StrEnum

from repository.formats.dicom.elements import SPECIFIC_CHARACTER_SET, Plan


class Level(StrEnum):
    """The level of the query model that an attribute belongs to (PS3.4 C.6.1.1)."""

    PATIENT = "patient"
    STUDY = "study"
    SERIES = "series"
    INSTANCE = "instance"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One row: `path` is the tag, or the tags of sequence and element; `vr` as registered (PS3.6 6)."""

    path: tuple[int, ...]
    keyword: str
    vr: str
    level: Level


SOP_CLASS_UID = 0x00080016
SOP_INSTANCE_UID = 0x00080018
STUDY_INSTANCE_UID = 0x0020000D
SERIES_INSTANCE_UID = 0x0020000E
PATIENT_NAME = 0x00100010
PATIENT_ID = 0x00100020
ISSUER_OF_PATIENT_ID = 0x00100021
TYPE_OF_PATIENT_ID = 0x00100022
ISSUER_QUALIFIERS = 0x00100024
PATIENT_BIRTH_DATE = 0x00100030
PATIENT_SEX = 0x00100040
OTHER_PATIENT_IDS = 0x00101000
OTHER_PATIENT_IDS_SEQUENCE = 0x00101002
UNIVERSAL_ENTITY_ID = 0x00400032
UNIVERSAL_ENTITY_ID_TYPE = 0x00400033

_TABLE = """
patient  00100010 PN PatientName
patient  00100020 LO PatientID
patient  00100021 LO IssuerOfPatientID
patient  00100022 CS TypeOfPatientID
patient  00100030 DA PatientBirthDate
patient  00100032 TM PatientBirthTime
patient  00100040 CS PatientSex
patient  00101000 LO OtherPatientIDs
patient  00101001 PN OtherPatientNames
patient  00101005 PN PatientBirthName
patient  00102160 SH EthnicGroup
patient  00104000 LT PatientComments
study    00080020 DA StudyDate
study    00080030 TM StudyTime
study    00080050 SH AccessionNumber
study    00080090 PN ReferringPhysicianName
study    00080201 SH TimezoneOffsetFromUTC
study    00081030 LO StudyDescription
study    00081060 PN NameOfPhysiciansReadingStudy
study    00081080 LO AdmittingDiagnosesDescription
study    0020000D UI StudyInstanceUID
study    00200010 SH StudyID
study    00101010 AS PatientAge
study    00101020 DS PatientSize
study    00101030 DS PatientWeight
study    00102180 SH Occupation
study    001021B0 LT AdditionalPatientHistory
study    00081032.00080100 SH ProcedureCodeSequence.CodeValue
study    00081032.00080102 SH ProcedureCodeSequence.CodingSchemeDesignator
study    00081032.00080103 SH ProcedureCodeSequence.CodingSchemeVersion
study    00081032.00080104 LO ProcedureCodeSequence.CodeMeaning
study    00080051.00400031 UT IssuerOfAccessionNumberSequence.LocalNamespaceEntityID
study    00080051.00400032 UT IssuerOfAccessionNumberSequence.UniversalEntityID
study    00080051.00400033 CS IssuerOfAccessionNumberSequence.UniversalEntityIDType
series   00080021 DA SeriesDate
series   00080031 TM SeriesTime
series   00080060 CS Modality
series   00080070 LO Manufacturer
series   00080080 LO InstitutionName
series   00081010 SH StationName
series   0008103E LO SeriesDescription
series   00081040 LO InstitutionalDepartmentName
series   00081050 PN PerformingPhysicianName
series   00081070 PN OperatorsName
series   00081090 LO ManufacturerModelName
series   00180015 CS BodyPartExamined
series   00181000 LO DeviceSerialNumber
series   00181030 LO ProtocolName
series   0020000E UI SeriesInstanceUID
series   00200011 IS SeriesNumber
series   00200060 CS Laterality
series   00400244 DA PerformedProcedureStepStartDate
series   00400245 TM PerformedProcedureStepStartTime
series   00400254 LO PerformedProcedureStepDescription
series   00400275.00400009 SH RequestAttributesSequence.ScheduledProcedureStepID
series   00400275.00401001 SH RequestAttributesSequence.RequestedProcedureID
series   00400275.00080050 SH RequestAttributesSequence.AccessionNumber
instance 00080005 CS SpecificCharacterSet
instance 00080008 CS ImageType
instance 00080012 DA InstanceCreationDate
instance 00080013 TM InstanceCreationTime
instance 00080016 UI SOPClassUID
instance 00080018 UI SOPInstanceUID
instance 0008001A UI RelatedGeneralSOPClassUID
instance 00080022 DA AcquisitionDate
instance 00080023 DA ContentDate
instance 0008002A DT AcquisitionDateTime
instance 00080032 TM AcquisitionTime
instance 00080033 TM ContentTime
instance 00200012 IS AcquisitionNumber
instance 00200013 IS InstanceNumber
instance 00280008 IS NumberOfFrames
instance 00280010 US Rows
instance 00280011 US Columns
instance 00280100 US BitsAllocated
instance 00420010 ST DocumentTitle
instance 00420012 LO MIMETypeOfEncapsulatedDocument
instance 0040A032 DT ObservationDateTime
instance 0040A043.00080100 SH ConceptNameCodeSequence.CodeValue
instance 0040A043.00080102 SH ConceptNameCodeSequence.CodingSchemeDesignator
instance 0040A043.00080104 LO ConceptNameCodeSequence.CodeMeaning
instance 0040A491 CS CompletionFlag
instance 0040A493 CS VerificationFlag
"""


def _row(line: str) -> Attribute:
    level, path, vr, keyword = line.split()
    return Attribute(path=tuple(int(tag, 16) for tag in path.split(".")), keyword=keyword, vr=vr, level=Level(level))


ATTRIBUTES: tuple[Attribute, ...] = tuple(_row(line) for line in _TABLE.strip().splitlines())
LEVELS: dict[str, Level] = {attribute.keyword: attribute.level for attribute in ATTRIBUTES}


def _plan() -> Plan:
    """All of the table, and the identifiers of the patient with their issuers."""
    nested: dict[int, list[tuple[int, str]]] = {}
    for attribute in ATTRIBUTES:
        if len(attribute.path) == 2:
            nested.setdefault(attribute.path[0], []).append((attribute.path[1], attribute.vr))
    issuer = Plan([(UNIVERSAL_ENTITY_ID, "UT"), (UNIVERSAL_ENTITY_ID_TYPE, "CS")])
    other_ids = Plan(
        [
            (SPECIFIC_CHARACTER_SET, "CS"),
            (PATIENT_ID, "LO"),
            (ISSUER_OF_PATIENT_ID, "LO"),
            (TYPE_OF_PATIENT_ID, "CS"),
        ],
        {ISSUER_QUALIFIERS: issuer},
    )
    sequences = {tag: Plan([(SPECIFIC_CHARACTER_SET, "CS"), *rows]) for tag, rows in nested.items()}
    return Plan(
        [(attribute.path[0], attribute.vr) for attribute in ATTRIBUTES if len(attribute.path) == 1],
        {**sequences, ISSUER_QUALIFIERS: issuer, OTHER_PATIENT_IDS_SEQUENCE: other_ids},
    )


CATALOGUED: Plan = _plan()
