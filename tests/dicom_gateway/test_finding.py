"""C-FIND: what is asked and what matches; hierarchical and relational."""

import pytest
from pydicom import Dataset

from repository.access.account_query import AccountQuery
from repository.peers.titles import title_of
from tests.builders.dicom import data_set
from tests.dicom_gateway.finding import (
    PATIENT_ROOT,
    PENDING,
    STUDY_ROOT,
    answers,
    asking,
    found,
    question,
    told,
)
from tests.dicom_gateway.gateways import Door
from tests.dicom_gateway.studies import ALL, STUDIES

RELATIONAL = b"\1"


@pytest.fixture(scope="module")
def door(studied: Door) -> Door:
    return studied


@pytest.mark.parametrize(
    ("keys", "matches"),
    [
        ({}, ALL),
        ({"PatientName": "los^swietoslawa"}, {"ACC1.1", "ACC1.2"}),
        ({"PatientName": "ŁOŚ*"}, {"ACC1.1", "ACC1.2"}),
        ({"PatientName": "łoś^Świętosława"}, {"ACC1.1", "ACC1.2"}),
        ({"PatientName": "*muller*"}, {"ACC2.1"}),
        ({"PatientName": "M?ller^J*"}, {"ACC2.1"}),
        ({"PatientName": "иванов*"}, {"ACC3.1"}),
        ({"PatientName": "Kowalski"}, set()),
        ({"PatientName": "*"}, ALL),
        ({"StudyDate": "20240506"}, {"ACC1.1", "ACC2.1"}),
        ({"StudyDate": "20240507-20240610"}, {"ACC1.2"}),
        ({"StudyDate": "-20230101"}, {"ACC3.1", "ACC4.1"}),
        ({"StudyDate": "20240601-"}, {"ACC1.2"}),
        ({"StudyTime": "0900"}, {"ACC3.1"}),
        ({"StudyTime": "230000-"}, {"ACC1.2"}),
        ({"StudyDate": "20240101-20241231", "StudyTime": "100000-110000"}, {"ACC1.1", "ACC2.1"}),
        ({"AccessionNumber": "ACC1*"}, {"ACC1.1", "ACC1.2"}),
        ({"AccessionNumber": "ACC?.1"}, {"ACC1.1", "ACC2.1", "ACC3.1", "ACC4.1"}),
        ({"ModalitiesInStudy": "MR"}, ALL),
        ({"ModalitiesInStudy": ["US", "MR"]}, ALL),
        ({"ModalitiesInStudy": "US"}, set()),
        ({"StudyDescription": "no letters*"}, {"ACC4.1"}),
        ({"PatientID": data_set(2).PatientID}, {"ACC2.1"}),
        ({"PatientID": "L-2"}, {"ACC2.1"}),
        ({"PatientID": data_set(1).PatientID[:-1] + "?"}, {"ACC1.1", "ACC1.2"}),
        ({"PatientBirthDate": data_set(3).PatientBirthDate}, {"ACC3.1"}),
        ({"StudyInstanceUID": data_set(1).StudyInstanceUID}, {"ACC1.1"}),
        ({"StudyInstanceUID": [data_set(2).StudyInstanceUID, data_set(3).StudyInstanceUID]}, {"ACC2.1", "ACC3.1"}),
        ({"StudyInstanceUID": "1.2.3"}, set()),
    ],
)
@pytest.mark.parametrize("charset", ["ISO_IR 192", "by the name"])
def test_studies_are_found_by_their_keys(door: Door, keys: dict[str, object], matches: set[str], charset: str) -> None:
    asked = question("STUDY", **({"AccessionNumber": ""} | keys))
    asked.SpecificCharacterSet = charset if charset != "by the name" else writable(str(keys.get("PatientName", "")))
    identifiers = found(door, asked)
    assert told(identifiers, "AccessionNumber") == matches
    assert len(identifiers) == len(matches)


def writable(name: str) -> str:
    for charset, codec in (("", "ascii"), ("ISO_IR 100", "latin-1"), ("ISO_IR 101", "iso8859-2")):
        if name.encode(codec, "ignore").decode(codec) == name:
            return charset
    return "ISO_IR 192"


def test_sex_and_several_keys_at_once_narrow_a_search(door: Door) -> None:
    sexes = {f"ACC{seed}.1": data_set(seed).PatientSex for seed in (1, 2, 3, 4)} | {"ACC1.2": data_set(1).PatientSex}
    for sex in ("M", "F", "O"):
        asked = question("STUDY", PatientSex=sex, AccessionNumber="")
        assert told(found(door, asked), "AccessionNumber") == {key for key, is_of in sexes.items() if is_of == sex}
    both = question("STUDY", PatientName="los*", StudyDate="20240610", ModalitiesInStudy="CT", AccessionNumber="")
    assert told(found(door, both), "AccessionNumber") == {"ACC1.2"}


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ({"PatientID": data_set(2).PatientID}, {"Müller^Jürgen"}),
        ({"PatientBirthDate": data_set(3).PatientBirthDate}, {"Иванов^Пётр"}),
        ({"PatientSex": "O"}, set()),
        ({"StudyInstanceUID": data_set(4).StudyInstanceUID}, {"Kowalski^Jan"}),
        ({}, {"Łoś^Świętosława", "Müller^Jürgen", "Иванов^Пётр", "Kowalski^Jan"}),
    ],
)
def test_patients_are_found_by_their_keys(door: Door, keys: dict[str, object], names: set[str]) -> None:
    asked = question("PATIENT", **({"PatientName": ""} | keys))
    assert told(found(door, asked, PATIENT_ROOT, extended=RELATIONAL), "PatientName") == names


def test_the_patient_root_leads_from_a_patient_to_images(door: Door) -> None:
    (patient,) = found(door, question("PATIENT", PatientID="", PatientName="muller*"), PATIENT_ROOT)
    studies = found(door, question("STUDY", PatientID=patient.PatientID, StudyInstanceUID=""), PATIENT_ROOT)
    keys = {"PatientID": patient.PatientID, "StudyInstanceUID": studies[0].StudyInstanceUID}
    series = found(door, question("SERIES", **keys, SeriesInstanceUID="", SeriesNumber="1"), PATIENT_ROOT)
    keys["SeriesInstanceUID"] = series[0].SeriesInstanceUID
    images = found(door, question("IMAGE", **keys, SOPInstanceUID=""), PATIENT_ROOT)
    assert (len(studies), len(series), len(images)) == (1, 1, 2)
    assert {each.PatientID for each in (*studies, *series, *images)} == {patient.PatientID}


def test_sequences_are_matched_by_and_told(door: Door) -> None:
    item = Dataset()
    item.RequestedProcedureID, item.ScheduledProcedureStepID = "R3", ""
    asked = question("SERIES", SeriesInstanceUID="", RequestAttributesSequence=[item])
    matches = found(door, asked, extended=RELATIONAL)
    assert told(matches, "StudyInstanceUID") == {data_set(3).StudyInstanceUID}
    (told_of,) = matches[0].RequestAttributesSequence
    assert (told_of.RequestedProcedureID, told_of.ScheduledProcedureStepID) == ("R3", "S3")
    asked.RequestAttributesSequence = []
    (told_of,) = found(door, asked, extended=RELATIONAL)[0].RequestAttributesSequence
    assert {"RequestedProcedureID", "ScheduledProcedureStepID", "AccessionNumber"} == set(told_of.dir())


def test_relational_questions_are_answered_to_whoever_negotiated_them(door: Door) -> None:
    asked = question("IMAGE", SOPInstanceUID="", PatientName="los*", StudyDate="20240506", Modality="MR")
    association = asking(door, extended=b"\1\1\1\1\1")
    (answer,) = association.acceptor.user_information[-1:]
    assert association.acceptor.sop_class_extended == {STUDY_ROOT: b"\1\1\1\0\0"}, answer
    _, identifiers = answers(association, asked)
    association.release()
    assert told(identifiers, "SOPInstanceUID") == {STUDIES[2].SOPInstanceUID}
    hierarchical = asking(door, extended=b"\0\1")
    assert hierarchical.acceptor.sop_class_extended == {STUDY_ROOT: b"\0\1"}
    (status,), _ = answers(hierarchical, asked)
    hierarchical.release()
    assert status.Status == 0xA900


def test_a_takeover_asked_by_its_own_title_tells_of_itself_alone(door: Door) -> None:
    assert door.sample is not None
    asked = question("STUDY", AccessionNumber="", StudyInstanceUID="")
    matches = found(door, asked, called=title_of(door.sample))
    assert told(matches, "AccessionNumber") == ALL
    assert told(matches, "RetrieveAETitle") == {title_of(door.sample)}
    assert found(door, asked, called=title_of(door.open_one)) == []


def test_a_peer_of_another_takeover_finds_nothing_and_counts_nothing(door: Door) -> None:
    asked = question("STUDY", AccessionNumber="", NumberOfPatientRelatedStudies="")
    assert found(door, asked, title="ELSEWHERE") == []


def test_a_search_has_an_account_that_names_the_patients_told(door: Door) -> None:
    assert door.sample is not None
    before = door.archive.catalogue.journal.size()
    found(door, question("STUDY", PatientName="los*"))
    (account,) = door.archive.catalogue.accounts.search(AccountQuery(after=before))
    assert (account.door, account.operation, account.count) == ("dicom", "search", 2)
    assert account.about == {(door.sample.id, account.patient)}
    assert "los*" in account.query


def test_several_questions_are_answered_on_one_association(door: Door) -> None:
    association = asking(door)
    for accession in sorted(ALL):
        statuses, identifiers = answers(association, question("STUDY", AccessionNumber=accession, PatientName=""))
        assert [each.Status for each in statuses] == [PENDING, 0]
        assert told(identifiers, "AccessionNumber") == {accession}
    association.release()
