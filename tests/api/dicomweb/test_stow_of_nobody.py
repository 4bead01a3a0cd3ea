"""STOW-RS of what is of no study: kept as at the DICOM door, told with the same warnings, and read natively."""

from collections.abc import Iterator

import httpx
import pytest
from pydicom import Dataset

from api.dicomweb.stow_answer import BESIDE, INVALID, MISMATCH, OTHER_STUDY
from repository.access.purpose import Purpose
from repository.entitlement import give_custody
from tests.api.dicomweb.pushing import Open, listed, served_transfer
from tests.builders.dicom import data_set, part10
from tests.builders.pushing import CLINIC
from tests.builders.staff import Staff, session_of
from tests.peers.plain_http import PLAIN

REFERENCED, FAILED = "00081199", "00081198"
CLASS, INSTANCE, REASON, WARNING, ADDRESS = "00081150", "00081155", "00081197", "00081196", "00081190"
PALETTE, PRIVATE = "1.2.840.10008.5.1.4.39.1", "1.3.6.1.4.1.99999.5.1"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """Each test pushes instances of its own."""
    with served_transfer(tmp_path_factory.mktemp("nobody")) as found:
        give_custody(found.archive, found.takeover.id, CLINIC, name="Przychodnia")
        yield found


def of_no_study(uid: str, *, sop_class: str = PALETTE, label: str = "HOT_IRON") -> bytes:
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID, made.ContentLabel = sop_class, uid, label
    return part10(made)


def lost(*keywords: str, instance: int) -> bytes:
    made = data_set(1, instance=instance)
    for keyword in keywords:
        delattr(made, keyword)
    return part10(made)


@pytest.fixture(scope="module")
def custodian(served: Open) -> Iterator[httpx.Client]:
    token = session_of(served.archive, Staff(house=CLINIC), name="doctor").token
    headers = {"Authorization": f"Bearer {token}", "EDM-Purpose": Purpose.CUSTODY.value}
    with httpx.Client(base_url=served.url, headers=headers, timeout=60, trust_env=False, verify=PLAIN) as client:
        yield client


def read(served: Open, client: httpx.Client, uid: str) -> bytes:
    """What is kept under it, by its number."""
    number = served.takeover.number
    (ordinal,) = {
        each.ordinal
        for each in served.archive.catalogue.holdings(number)
        if each.description.dicom is not None and each.description.dicom.sop_instance_uid == uid
    }
    answer = client.get(f"/v1/holdings/{served.takeover.id}/{ordinal}")
    assert answer.status_code == 200, answer.text
    return answer.content


@pytest.mark.parametrize(("sop_class", "uid"), [(PALETTE, "1.2.3.1"), (PRIVATE, "1.2.3.2")])
def test_what_is_of_no_study_by_its_class_is_kept(
    served: Open, custodian: httpx.Client, sop_class: str, uid: str
) -> None:
    content = of_no_study(uid, sop_class=sop_class)
    before = served.holdings
    for _ in range(2):  # the second time as a duplicate
        answer = served.push(content)
        assert answer.status_code == 200
        assert ADDRESS not in answer.json(), "it is of no study that could be had"
        assert [listed(answer, REFERENCED, each) for each in (CLASS, INSTANCE, ADDRESS)] == [[sop_class], [uid], [None]]
        assert "Value" not in answer.json()[REFERENCED]["Value"][0][ADDRESS]
    assert served.holdings == before + 1
    assert read(served, custodian, uid) == content


def test_an_image_that_has_lost_its_study_is_kept_with_a_warning(served: Open, custodian: httpx.Client) -> None:
    content = lost("StudyInstanceUID", "SeriesInstanceUID", instance=2)
    answer = served.push(content)
    assert answer.status_code == 202
    assert listed(answer, REFERENCED, WARNING) == [MISMATCH]
    assert read(served, custodian, str(data_set(1, instance=2).SOPInstanceUID)) == content


def test_beside_whole_images_the_study_is_not_told_as_that_of_all(served: Open) -> None:
    whole = part10(data_set(1, instance=3))
    answer = served.push(whole, of_no_study("1.2.3.3"))
    assert answer.status_code == 200
    assert ADDRESS not in answer.json()
    there, nowhere = listed(answer, REFERENCED, ADDRESS)
    assert nowhere is None
    assert there.endswith(str(data_set(1, instance=3).SOPInstanceUID))
    assert ADDRESS in served.push(whole).json()


def test_other_bytes_of_one_uid_are_kept_beside(served: Open) -> None:
    assert served.push(of_no_study("1.2.3.4")).status_code == 200
    answer = served.push(of_no_study("1.2.3.4", label="COOL"))
    assert (answer.status_code, listed(answer, REFERENCED, WARNING)) == (202, [BESIDE])


def test_pushed_to_a_study_it_is_of_another_one(served: Open) -> None:
    answer = served.push(of_no_study("1.2.3.5"), study="1.2.826.0.1")
    assert (answer.status_code, listed(answer, FAILED, REASON)) == (409, [OTHER_STUDY])


def test_what_does_not_say_which_instance_it_is_is_none(served: Open) -> None:
    made = data_set(1, instance=4)
    del made.SOPInstanceUID, made.StudyInstanceUID
    answer = served.push(part10(made))
    assert (answer.status_code, listed(answer, FAILED, REASON)) == (409, [INVALID])


def test_the_model_of_dicomweb_does_not_tell_of_them(served: Open, custodian: httpx.Client) -> None:
    assert served.push(of_no_study("1.2.3.6"), part10(data_set(1, instance=5))).status_code == 200
    answer = custodian.get("/dicomweb/instances", headers={"Accept": "application/dicom+json"})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert str(data_set(1, instance=5).SOPInstanceUID) in {each["00080018"]["Value"][0] for each in told}
    assert all(each["0020000D"]["Value"] and each["0020000E"]["Value"] for each in told)
