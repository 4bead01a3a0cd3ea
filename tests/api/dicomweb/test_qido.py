"""QIDO-RS over a real server: what is found, how it is told, and what a client is warned of."""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from dicomweb_client.api import DICOMwebClient
from pydicom import dcmread
from pydicom.dataset import Dataset

from repository.access.account_query import AccountQuery
from repository.access.purpose import Purpose
from repository.catalogue.folding import folded_name
from tests.api.served import DOCTOR, Served, problem
from tests.builders.access import THEIRS
from tests.builders.staff import Staff

Match = Mapping[str, Any]
STUDY_REQUIRED = {"00080005", "00080020", "00080030", "00080050", "00080056", "00080061", "00080090", "00081190",
    "00100010", "00100020", "00100030", "00100040", "0020000D", "00200010", "00201206", "00201208"}  # fmt: skip
SERIES_REQUIRED = {"00080005", "00080060", "0008103E", "00081190", "0020000E", "00200011", "00201209", "00400244",
    "00400245", "00400275"}  # fmt: skip
INSTANCE_REQUIRED = {"00080005", "00080016", "00080018", "00080056", "00081190", "00200013", "00280008", "00280010",
    "00280011", "00280100"}  # fmt: skip


@pytest.fixture(scope="module")
def doctor(served: Served) -> Iterator[httpx.Client]:
    with served.client() as made:
        yield made


@pytest.fixture(scope="module")
def images(served: Served) -> list[Dataset]:
    paths = sorted(path for path in served.package.rglob("*") if path.suffix == ".dcm")
    found: list[Dataset] = [dcmread(path, stop_before_pixels=True) for path in paths]
    assert found
    return found


def said(match: Match, tag: str) -> Any:
    value = match[tag]["Value"][0]
    return value["Alphabetic"] if isinstance(value, dict) else value


def get(client: httpx.Client, address: str, **parameters: str) -> list[Match]:
    answer = client.get(f"/dicomweb{address}", params=parameters)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/dicom+json"
    found: list[Match] = answer.json()
    return found


def warning(client: httpx.Client, address: str, **parameters: str) -> str:
    found: str = client.get(f"/dicomweb{address}", params=parameters).headers.get("warning", "")
    return found


def test_studies_tell_what_is_required_and_what_the_files_say(doctor: httpx.Client, images: list[Dataset]) -> None:
    found = {said(each, "0020000D"): each for each in get(doctor, "/studies")}
    assert set(found) == {each.StudyInstanceUID for each in images}
    for each in images:
        match = found[each.StudyInstanceUID]
        assert set(match) >= STUDY_REQUIRED
        assert list(match) == sorted(match)
        assert said(match, "00100010") == str(each.PatientName)
        assert said(match, "00080020") == each.StudyDate
        same = [one for one in images if one.StudyInstanceUID == each.StudyInstanceUID]
        assert said(match, "00201208") == len(same)
        assert set(match["00080061"]["Value"]) == {one.Modality for one in same}
        assert (said(match, "00080056"), said(match, "00080005")) == ("ONLINE", "ISO_IR 192")


def test_below_no_study_series_and_instances_tell_of_what_they_are_part_of(doctor: httpx.Client) -> None:
    assert set(get(doctor, "/series")[0]) >= STUDY_REQUIRED | SERIES_REQUIRED
    assert set(get(doctor, "/instances")[0]) >= STUDY_REQUIRED | SERIES_REQUIRED | INSTANCE_REQUIRED


def test_below_a_study_and_a_series_it_is_enough_to_tell_of_themselves(
    doctor: httpx.Client, images: list[Dataset]
) -> None:
    study, series = images[0].StudyInstanceUID, images[0].SeriesInstanceUID
    (one,) = get(doctor, f"/studies/{study}/series", SeriesInstanceUID=series)
    assert set(one) >= SERIES_REQUIRED
    assert "00100010" not in one
    within = get(doctor, f"/studies/{study}/instances")
    assert set(within[0]) >= SERIES_REQUIRED | INSTANCE_REQUIRED
    assert "00100010" not in within[0]
    alone = get(doctor, f"/studies/{study}/series/{series}/instances")
    assert set(alone[0]) >= INSTANCE_REQUIRED
    assert "00080060" not in alone[0]
    assert {said(each, "00080018") for each in alone} == {
        each.SOPInstanceUID for each in images if each.SeriesInstanceUID == series
    }


def test_what_is_retrieved_at_the_address_is_what_was_found(doctor: httpx.Client, images: list[Dataset]) -> None:
    uid = images[0].SOPInstanceUID
    (found,) = get(doctor, "/instances", SOPInstanceUID=uid)
    told = doctor.get(said(found, "00081190") + "/metadata").json()
    assert [said(each, "00080018") for each in told] == [uid]


@pytest.mark.parametrize("name", ["PatientID", "00100020"])
def test_a_key_goes_by_keyword_or_tag(doctor: httpx.Client, images: list[Dataset], name: str) -> None:
    number = images[0].PatientID
    assert {said(each, "00100020") for each in get(doctor, "/studies", **{name: number})} == {number}


def test_names_match_without_case_and_diacritics(doctor: httpx.Client, images: list[Dataset]) -> None:
    name = str(images[0].PatientName)
    assert {said(each, "00100010") for each in get(doctor, "/studies", PatientName=name.upper())} == {name}
    assert {said(each, "00100010") for each in get(doctor, "/studies", PatientName=folded_name(name))} == {name}


def test_lists_of_uids_go_by_comma_and_by_backslash(doctor: httpx.Client, images: list[Dataset]) -> None:
    uids = sorted({each.StudyInstanceUID for each in images})[:2]
    for mark in (",", "\\"):
        found = get(doctor, "/studies", StudyInstanceUID=mark.join(uids))
        assert sorted(said(each, "0020000D") for each in found) == uids


def test_nothing_found_is_an_empty_array(doctor: httpx.Client) -> None:
    assert get(doctor, "/studies", PatientName="Nobody^Ever") == []
    assert get(doctor, "/studies/1.2.3.4.5/series") == []


def test_an_address_and_a_key_that_name_different_studies_find_nothing(
    doctor: httpx.Client, images: list[Dataset]
) -> None:
    assert get(doctor, f"/studies/{images[0].StudyInstanceUID}/series", StudyInstanceUID="1.2.3") == []


def test_pages_by_limit_and_offset_are_the_whole_and_warn_while_there_is_more(doctor: httpx.Client) -> None:
    every = [said(each, "00080018") for each in get(doctor, "/instances")]
    assert "additional results" not in warning(doctor, "/instances")
    paged: list[str] = []
    for offset in range(0, len(every), 5):
        page = {"limit": "5", "offset": str(offset)}
        paged += [said(each, "00080018") for each in get(doctor, "/instances", **page)]
        assert ("additional results" in warning(doctor, "/instances", **page)) == (offset + 5 < len(every))
    assert paged == every
    assert get(doctor, "/instances", offset=str(len(every))) == []


def test_fields_are_included_as_asked(doctor: httpx.Client, images: list[Dataset]) -> None:
    plain, more = get(doctor, "/series")[0], get(doctor, "/series", includefield="Manufacturer,00180015")[0]
    assert set(more) - set(plain) == {"00080070", "00180015"}
    named = get(doctor, "/studies", includefield="InstitutionName,PatientComments,Manufacturer", limit="1")[0]
    assert named["00104000"]["vr"] == "LT"
    assert "00080080" not in named
    everything = get(doctor, "/instances", includefield="all", SOPInstanceUID=images[0].SOPInstanceUID)[0]
    assert everything["00080008"]["Value"] == list(images[0].ImageType)
    assert set(everything) > set(get(doctor, "/instances")[0])


def test_names_match_by_words_and_sound_where_that_is_asked(doctor: httpx.Client, images: list[Dataset]) -> None:
    whose = images[0]
    family, _, given = str(whose.PatientName).partition("^")
    own = {each.StudyInstanceUID for each in images if each.PatientID == whose.PatientID}
    turned = f"{given.upper()} {family}"
    for fuzzy, found in (("false", set[str]()), ("true", own)):
        asked = {"PatientName": turned, "fuzzymatching": fuzzy}
        assert own & {said(each, "0020000D") for each in get(doctor, "/studies", **asked)} == found
        assert warning(doctor, "/studies", **asked) == ""
    beginning = {"PatientName": family[:3], "fuzzymatching": "true", "PatientID": whose.PatientID}
    assert {said(each, "0020000D") for each in get(doctor, "/studies", **beginning)} == own
    assert get(doctor, "/studies", PatientName="Qqzzvx", fuzzymatching="true") == []
    assert {said(each, "0020000D") for each in get(doctor, "/series", **beginning)} == own
    physician = {"ReferringPhysicianName": "Qqzzvx", "fuzzymatching": "true"}
    assert get(doctor, "/studies", **physician) == []
    assert warning(doctor, "/studies", **physician) == ""


def test_what_was_asked_and_not_done_is_warned_of(doctor: httpx.Client) -> None:
    assert "1 of the fields" in warning(doctor, "/studies", includefield="NoSuchThing")
    assert "1 of the fields" in warning(doctor, "/studies", includefield="InstanceNumber")
    assert "matched by: PatientWeight." in warning(doctor, "/studies", PatientWeight="70")
    assert "1 of the fields" in warning(doctor, "/studies", PatientWeight="", AcquisitionNumber="")
    assert warning(doctor, "/studies", includefield="StudyDescription,RetrieveURL,00080005", PatientName="*") == ""


@pytest.mark.parametrize(
    "query",
    ["NoSuchThing=1", "patientname=x", "00100099=1", "PatientID=1&00100020=1", "limit=0", "limit=ten",
     "limit=1&limit=2",
     "offset=-1", "offset=100001", "fuzzymatching=perhaps", "StudyDate=2020", "StudyTime=99", "PatientID.StudyID=1"],
)  # fmt: skip
def test_what_is_not_understood_is_refused(doctor: httpx.Client, query: str) -> None:
    answer = doctor.get(f"/dicomweb/studies?{query}")
    assert (answer.status_code, problem(answer)["code"]) == (400, "API-003")


def test_only_forms_that_there_are_can_be_asked_for(doctor: httpx.Client) -> None:
    plain = doctor.get("/dicomweb/studies", headers={"Accept": "application/json"})
    assert plain.headers["content-type"] == "application/json"
    assert doctor.get("/dicomweb/studies", headers={"Accept": "image/png"}).status_code == 406


def test_each_search_has_one_account_which_names_its_keys(served: Served, doctor: httpx.Client) -> None:
    before = served.archive.catalogue.accounts.last()
    get(doctor, "/instances", StudyTime="00-23", Modality="CT", offset="2", limit="1")
    (account,) = served.archive.catalogue.accounts.search(AccountQuery(after=before))
    assert account.query == "Modality=CT StudyTime=00-23"
    assert (account.door, account.count) == ("dicomweb", 1)


def test_who_may_learn_of_nothing_finds_nothing(served: Served) -> None:
    with served.client(Staff(house=THEIRS, surname="Obcy")) as stranger:
        for address in ("/studies", "/series", "/instances"):
            answer = stranger.get(f"/dicomweb{address}", params={"offset": "1"})
            assert (answer.status_code, answer.json()) == (200, [])
            assert "warning" not in answer.headers


def test_nobody_searches_without_a_token_or_a_purpose(served: Served) -> None:
    assert served.client(None).get("/dicomweb/studies").status_code == 401
    assert problem(served.client(purpose=None).get("/dicomweb/studies"))["code"] == "API-002"


def test_a_real_client_finds_and_pages(served: Served, images: list[Dataset]) -> None:
    headers = {"Authorization": f"Bearer {served.token(DOCTOR)}", "EDM-Purpose": Purpose.TREATMENT.value}
    client = DICOMwebClient(f"{served.url}/dicomweb", headers=headers)
    assert len(client.search_for_studies()) == len({each.StudyInstanceUID for each in images})
    uid = images[0].StudyInstanceUID
    found = client.search_for_series(study_instance_uid=uid, search_filters={"Modality": images[0].Modality})
    assert {said(each, "0020000E") for each in found} == {
        each.SeriesInstanceUID for each in images if each.StudyInstanceUID == uid
    }
    every = client.search_for_instances(limit=2, get_remaining=True, fields=["ContentDate"])
    assert len(every) == len(images)
    assert client.search_for_studies(search_filters={"PatientName": "Nobody*"}) == []
    assert Dataset.from_json(every[0]).SOPInstanceUID


def test_capabilities_list_every_resource(doctor: httpx.Client) -> None:
    told = doctor.get("/dicomweb", headers={"Accept": "application/json"}).json()
    paths = {each["path"]: each for each in told["resources"]}
    assert paths["studies"]["methods"] == ["GET", "HEAD", "POST"]
    assert {"limit", "offset", "includefield", "fuzzymatching"} <= set(paths["studies/{study}/series"]["parameters"])
    wadl = doctor.get("/dicomweb")
    assert wadl.headers["content-type"] == "application/vnd.sun.wadl+xml"
    assert '<resource path="studies/{study}/series/{series}/instances">' in wadl.text


@pytest.mark.parametrize(
    ("address", "allowed"),
    [("", "GET, HEAD, OPTIONS"), ("/studies", "GET, HEAD, POST"), ("/studies/1.2/series/3", "GET, HEAD"),
     ("/studies/1.2/series/3/instances/4", "GET, HEAD"), ("/nowhere", "")],
)  # fmt: skip
def test_nothing_is_ever_deleted(doctor: httpx.Client, address: str, allowed: str) -> None:
    answer = doctor.delete(f"/dicomweb{address}")
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert problem(answer)["code"] == "API-008"
