"""C-FIND: questions that the models do not have, or that are too long."""

import pytest
from pydicom import Dataset

from tests.dicom_gateway.finding import (
    PATIENT_ROOT,
    STUDY_ROOT,
    answers,
    asking,
    question,
)
from tests.dicom_gateway.gateways import Door
from tests.dicom_gateway.studies import STUDIES


@pytest.fixture(scope="module")
def door(studied: Door) -> Door:
    return studied


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
