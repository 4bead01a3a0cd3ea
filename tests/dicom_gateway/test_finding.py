"""C-FIND: what is asked, what matches, what is told of it; hierarchical and relational."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import Dataset

from repository.access.account_query import AccountQuery
from repository.domain.takeover import Takeover
from repository.entitlement import give_custody
from repository.intake import Order, receive
from repository.peers.registering import register
from repository.peers.titles import title_of
from tests.builders.access import OURS
from tests.builders.dicom import data_set, part10
from tests.dicom_gateway.finding import (
    PATIENT_ROOT,
    PENDING,
    STUDY_ROOT,
    UNSUPPORTED,
    answers,
    asking,
    found,
    question,
    told,
)
from tests.dicom_gateway.gateways import CUSTODIAN, EXPLICIT, IMPLICIT, Door, named, opened

RELATIONAL = b"\1"
OTHER = named(CUSTODIAN, "OTHER")


def study(seed: int, name: str, *, charset: str = "ISO_IR 192", number: int = 1, **more: object) -> list[Dataset]:
    """Two CT images in series 1, and one MR image in series 2."""
    made = [data_set(seed, charset=charset, study=number, series=1 + at // 2, instance=at) for at in range(3)]
    for each in made:
        each.PatientName, each.AccessionNumber = name, f"ACC{seed}.{number}"
        each.Modality = "CT" if each.SeriesNumber == 1 else "MR"
        each.StudyDescription = f"Study {number}"
        for keyword, value in more.items():
            setattr(each, keyword, value)
    return made


STUDIES = [
    *study(1, "Łoś^Świętosława", charset="ISO_IR 101"),
    *study(1, "Łoś^Świętosława", charset="ISO_IR 101", number=2, StudyDate="20240610", StudyTime="235959.5"),
    *study(2, "Müller^Jürgen", charset="ISO_IR 100", ManufacturerModelName="Größe 1"),
    *study(3, "Иванов^Пётр", StudyDate="20230101", StudyTime="0900"),
    *study(4, "Kowalski^Jan", charset="", StudyDate="19991231", StudyDescription="no letters but these"),
]
ALL = {"ACC1.1", "ACC1.2", "ACC2.1", "ACC3.1", "ACC4.1"}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("finding")
    with opened(folder, patients=0) as made:
        made.sample = taken_over(made, folder / "images", STUDIES)
        register(made.archive, named(CUSTODIAN, "ELSEWHERE", takeovers=(made.open_one.id,)))
        yield made


def taken_over(door: Door, package: Path, images: list[Dataset]) -> Takeover:
    package.mkdir()
    for at, each in enumerate(images):
        (package / f"{at}.dcm").write_bytes(part10(each))
    takeover = receive(door.archive, Order(package), progress=lambda _: None)
    give_custody(door.archive, takeover.id, OURS, name="Nasza Przychodnia")
    return takeover


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
    for match in found(door, asked):
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


@pytest.mark.parametrize(
    ("model", "level", "keys", "element"),
    [
        (STUDY_ROOT, "PATIENT", {}, 0x00080052),
        (STUDY_ROOT, "", {}, 0x00080052),
        (STUDY_ROOT, "STUDIES", {}, 0x00080052),
        (STUDY_ROOT, "SERIES", {"SeriesInstanceUID": ""}, 0x0020000D),
        (STUDY_ROOT, "SERIES", {"StudyInstanceUID": ""}, 0x0020000D),
        (STUDY_ROOT, "SERIES", {"StudyInstanceUID": ["1.2", "1.3"]}, 0x0020000D),
        (STUDY_ROOT, "IMAGE", {"StudyInstanceUID": "1.2"}, 0x0020000E),
        (PATIENT_ROOT, "STUDY", {}, 0x00100020),
        (PATIENT_ROOT, "STUDY", {"PatientID": "1*"}, 0x00100020),
        (PATIENT_ROOT, "SERIES", {"PatientID": "1"}, 0x0020000D),
    ],
)
def test_a_question_that_the_model_does_not_have_is_refused(
    door: Door, model: str, level: str, keys: dict[str, object], element: int
) -> None:
    association = asking(door, model)
    (status,), _ = answers(association, question(level, **keys), model)
    association.release()
    assert (status.Status, status.OffendingElement) == (0xA900, element)
    assert status.ErrorComment


@pytest.mark.parametrize("keys", [{"StudyDate": "yesterday"}, {"StudyTime": "9999"}, {"PatientBirthDate": "2024*"}])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_value_that_is_none_of_its_kind_is_refused(door: Door, keys: dict[str, object]) -> None:
    asked = Dataset()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("pydicom.config.settings._reading_validation_mode", 0)
        patched.setattr("pydicom.config.settings._writing_validation_mode", 0)
        asked = question("STUDY", **keys)
        association = asking(door)
        (status,), _ = answers(association, asked)
        association.release()
    assert status.Status == 0xC000
    assert status.ErrorComment


@pytest.mark.parametrize("count", [4999, 5001])
def test_a_list_of_uids_may_be_long_and_not_without_end(door: Door, count: int) -> None:
    uids = [f"1.2.3.{number}" for number in range(count)]
    association = asking(door)
    told_of, identifiers = answers(
        association, question("STUDY", StudyInstanceUID=[*uids, STUDIES[0].StudyInstanceUID])
    )
    association.release()
    assert (told_of[-1].Status, len(identifiers)) == ((0, 1) if count < 5000 else (0xA700, 0))


def test_relational_questions_are_answered_to_whoever_negotiated_them(door: Door) -> None:
    asked = question("IMAGE", SOPInstanceUID="", PatientName="los*", StudyDate="20240506", Modality="MR")
    association = asking(door, extended=b"\1\1\1\1\1")
    (answer,) = association.acceptor.user_information[-1:]
    assert association.acceptor.sop_class_extended == {STUDY_ROOT: b"\1\0\0\0\0"}, answer
    _, identifiers = answers(association, asked)
    association.release()
    assert told(identifiers, "SOPInstanceUID") == {STUDIES[2].SOPInstanceUID}
    hierarchical = asking(door, extended=b"\0\1")
    assert hierarchical.acceptor.sop_class_extended == {STUDY_ROOT: b"\0\0"}
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
