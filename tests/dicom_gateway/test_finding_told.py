"""C-FIND: what is told of what matches, and in which character set."""

import pytest

from tests.dicom_gateway.finding import (
    PATIENT_ROOT,
    PENDING,
    UNSUPPORTED,
    answers,
    asking,
    found,
    question,
    told,
)
from tests.dicom_gateway.gateways import EXPLICIT, IMPLICIT, Door
from tests.dicom_gateway.studies import STUDIES

RELATIONAL = b"\1"


@pytest.fixture(scope="module")
def door(studied: Door) -> Door:
    return studied


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
def test_what_is_asked_of_a_study_is_told(door: Door, syntax: str) -> None:
    asked = question(
        "STUDY", AccessionNumber="ACC1.1", StudyInstanceUID="", PatientName="", PatientID="", PatientBirthDate="",
        StudyDate="", StudyTime="", StudyID="", StudyDescription="", ReferringPhysicianName="", ModalitiesInStudy="",
        SOPClassesInStudy="", NumberOfStudyRelatedSeries="", NumberOfStudyRelatedInstances="",
        NumberOfPatientRelatedStudies="", NumberOfPatientRelatedSeries="", NumberOfPatientRelatedInstances="",
        SpecificCharacterSet="ISO_IR 101", RetrieveAETitle="", InstanceAvailability="",
    )  # fmt: skip
    (match,) = found(door, asked, syntax=syntax)
    image = STUDIES[0]
    for keyword in ("AccessionNumber", "StudyInstanceUID", "PatientName", "PatientID", "PatientBirthDate", "StudyDate",
            "StudyTime", "StudyID", "StudyDescription", "ReferringPhysicianName"):  # fmt: skip
        assert match[keyword].value == image[keyword].value, keyword
    assert list(match.ModalitiesInStudy) == ["CT", "MR"]
    assert match.SOPClassesInStudy == image.SOPClassUID
    assert (match.NumberOfStudyRelatedSeries, match.NumberOfStudyRelatedInstances) == (2, 3)
    assert (match.NumberOfPatientRelatedStudies, match.NumberOfPatientRelatedSeries) == (2, 4)
    assert match.NumberOfPatientRelatedInstances == 6
    assert (match.QueryRetrieveLevel, match.RetrieveAETitle) == ("STUDY", "EDM-ARCHIVE")
    assert match.InstanceAvailability == "ONLINE"
    assert match.SpecificCharacterSet == "ISO_IR 101"


def test_series_are_told_with_what_is_above_them(door: Door) -> None:
    uid = STUDIES[6].StudyInstanceUID
    asked = question(
        "SERIES", StudyInstanceUID=uid, SeriesInstanceUID="", Modality="", SeriesNumber="", PatientName="",
        NumberOfSeriesRelatedInstances="", NumberOfStudyRelatedSeries="", ManufacturerModelName="",
        ModalitiesInStudy="",
    )  # fmt: skip
    series = {int(each.SeriesNumber): each for each in found(door, asked)}
    assert {number: each.Modality for number, each in series.items()} == {1: "CT", 2: "MR"}
    assert {number: each.NumberOfSeriesRelatedInstances for number, each in series.items()} == {1: 2, 2: 1}
    assert {str(each.PatientName) for each in series.values()} == {"Müller^Jürgen"}
    assert {each.ManufacturerModelName for each in series.values()} == {"Größe 1"}
    assert {each.NumberOfStudyRelatedSeries for each in series.values()} == {2}
    assert all(list(each.ModalitiesInStudy) == ["CT", "MR"] for each in series.values())
    asked.Modality = "MR"
    assert [int(each.SeriesNumber) for each in found(door, asked)] == [2]


def test_images_are_told_with_what_is_above_them(door: Door) -> None:
    image = STUDIES[0]
    asked = question(
        "IMAGE", StudyInstanceUID=image.StudyInstanceUID, SeriesInstanceUID=image.SeriesInstanceUID, SOPInstanceUID="",
        SOPClassUID="", InstanceNumber="", Rows=None, Columns=None, BitsAllocated=None, ImageType="", PatientName="",
        SeriesNumber="", AvailableTransferSyntaxUID="", PatientSex="",
    )  # fmt: skip
    images = {each.SOPInstanceUID: each for each in found(door, asked)}
    assert set(images) == {each.SOPInstanceUID for each in STUDIES[:2]}
    match = images[image.SOPInstanceUID]
    for keyword in ("SOPClassUID", "InstanceNumber", "Rows", "Columns", "BitsAllocated", "ImageType", "PatientName",
            "SeriesNumber", "PatientSex", "StudyInstanceUID", "SeriesInstanceUID"):  # fmt: skip
        assert match[keyword].value == image[keyword].value, keyword
    assert match.AvailableTransferSyntaxUID == EXPLICIT
    asked.InstanceNumber = 1
    assert told(found(door, asked), "InstanceNumber") == {"1"}
    asked.InstanceNumber, asked.SOPInstanceUID = "", list(images)
    assert len(found(door, asked)) == 2


def test_patients_are_told_with_how_much_there_is_of_them(door: Door) -> None:
    asked = question(
        "PATIENT", PatientName="los*", PatientID="", PatientSex="", PatientBirthDate="", IssuerOfPatientID="",
        NumberOfPatientRelatedStudies="", NumberOfPatientRelatedSeries="", NumberOfPatientRelatedInstances="",
    )  # fmt: skip
    (match,) = found(door, asked, PATIENT_ROOT)
    for keyword in ("PatientID", "PatientSex", "PatientBirthDate", "IssuerOfPatientID"):
        assert match[keyword].value == STUDIES[0][keyword].value, keyword
    assert str(match.PatientName) == "Łoś^Świętosława"
    assert (match.NumberOfPatientRelatedStudies, match.NumberOfPatientRelatedSeries) == (2, 4)
    assert (match.NumberOfPatientRelatedInstances, match.QueryRetrieveLevel) == (6, "PATIENT")


@pytest.mark.parametrize(
    ("wanted", "name", "said"),
    [
        ("ISO_IR 101", "los*", "ISO_IR 101"),
        ("ISO 2022 IR 101", "los*", "ISO_IR 101"),
        ("ISO_IR 192", "los*", "ISO_IR 192"),
        ("ISO_IR 100", "los*", "ISO_IR 192"),
        ("", "los*", "ISO_IR 192"),
        ("ISO_IR 144", "иванов*", "ISO_IR 192"),
        ("ISO_IR 100", "muller*", "ISO_IR 100"),
        ("ISO_IR 101", "muller*", "ISO_IR 101"),
        ("ISO_IR 100", "kowalski*", "ISO_IR 100"),
        ("", "kowalski*", ""),
    ],
)
def test_text_is_told_in_the_wanted_character_set_where_it_can(door: Door, wanted: str, name: str, said: str) -> None:
    asked = question("STUDY", PatientName="", AccessionNumber="", StudyInstanceUID="")
    asked.SpecificCharacterSet = wanted
    asked.PatientName = name if wanted == "ISO_IR 144" else name.replace("иванов", "*")
    matches = found(door, asked)
    assert matches, "somebody has that name"
    for match in matches:
        assert match.get("SpecificCharacterSet", "") == said
        original = next(each for each in STUDIES if each.AccessionNumber == match.AccessionNumber)
        assert str(match.PatientName) == str(original.PatientName)


def test_what_is_not_supported_is_empty_and_the_status_says_so(door: Door) -> None:
    asked = question("STUDY", AccessionNumber="ACC1.1", PatientName="")
    association = asking(door)
    statuses, _ = answers(association, asked)
    assert [each.Status for each in statuses] == [PENDING, 0]
    for keyword, value in (("PatientMotherBirthName", ""), ("Rows", None), ("InstitutionAddress", "Somewhere"),
            ("NumberOfStudyRelatedInstances", 3), ("NumberOfSeriesRelatedInstances", "")):  # fmt: skip
        more = question("STUDY", AccessionNumber="ACC1.1", **{keyword: value})
        statuses, (match,) = answers(association, more)
        assert [each.Status for each in statuses] == [UNSUPPORTED, 0], keyword
        assert keyword in match
    association.release()
