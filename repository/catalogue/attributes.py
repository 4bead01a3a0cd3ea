"""Which DICOM attributes have a column of their own, and at which level of the information model (PS3.4 C.6.2).

Attributes of the patient, study and series are the same for hundreds of instances: those without a column, and the
values that a holding itself carried, are kept once for all holdings that agree (`shared_facts`).
"""

import re

STUDY = ("StudyDate", "StudyTime", "AccessionNumber", "StudyID", "StudyDescription", "ReferringPhysicianName",
    "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex")  # fmt: skip
SERIES = ("Modality", "SeriesNumber", "SeriesDescription", "BodyPartExamined", "Laterality", "SeriesDate",
    "SeriesTime", "ProtocolName", "StationName", "Manufacturer")  # fmt: skip
INSTANCE = ("InstanceNumber", "Rows", "Columns", "BitsAllocated", "NumberOfFrames", "ContentDate",
    "ContentTime")  # fmt: skip

# Same for all instances of a series, or nearly. A keyword in no list is taken to vary by instance.
ALIKE = frozenset({*STUDY, *SERIES,
    # patient
    "TypeOfPatientID", "PatientBirthTime", "OtherPatientIDs", "OtherPatientNames", "PatientBirthName", "EthnicGroup",
    "PatientComments",
    # study
    "TimezoneOffsetFromUTC", "NameOfPhysiciansReadingStudy", "AdmittingDiagnosesDescription", "StudyInstanceUID",
    "PatientAge", "PatientSize", "PatientWeight", "Occupation", "AdditionalPatientHistory",
    "ProcedureCodeSequence.CodeValue", "ProcedureCodeSequence.CodingSchemeDesignator",
    "ProcedureCodeSequence.CodingSchemeVersion", "ProcedureCodeSequence.CodeMeaning",
    "IssuerOfAccessionNumberSequence.LocalNamespaceEntityID", "IssuerOfAccessionNumberSequence.UniversalEntityID",
    "IssuerOfAccessionNumberSequence.UniversalEntityIDType",
    # series
    "InstitutionName", "InstitutionalDepartmentName", "PerformingPhysicianName", "OperatorsName",
    "ManufacturerModelName", "DeviceSerialNumber", "SeriesInstanceUID", "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime", "PerformedProcedureStepDescription",
    "RequestAttributesSequence.ScheduledProcedureStepID", "RequestAttributesSequence.RequestedProcedureID",
    "RequestAttributesSequence.AccessionNumber",
    # instance, with few values in a series
    "SpecificCharacterSet", "SOPClassUID", "ImageType", "InstanceCreationDate", "AcquisitionDate"})  # fmt: skip

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def column(keyword: str) -> str:
    """The column of an attribute: StudyInstanceUID → study_instance_uid, IssuerOfPatientID → issuer_of_patient_id."""
    return _WORD_START.sub("_", keyword).lower()
