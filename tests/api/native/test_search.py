"""Search over HTTP: what the errand may learn of, paged, accounted for, and nobody's name in an address."""

import pytest

from tests.api.served import Served, problem
from tests.builders.access import THEIRS
from tests.builders.staff import Staff

COUNTED = {"patients": 3, "studies": 3, "series": 3, "instances": 12, "documents": 12, "holdings": 33}


@pytest.mark.parametrize("what", COUNTED)
def test_each_level_is_found_page_by_page(served: Served, what: str) -> None:
    hits: list[dict[str, object]] = []
    with served.client() as doctor:
        answer = doctor.get(f"/v1/search/{what}", params={"limit": 2})
        hits += answer.json()["hits"]
        while "next" in answer.links:
            answer = doctor.get(answer.links["next"]["url"])
            hits += answer.json()["hits"]
    places = [(each["takeover"], each["patient"], each["ordinal"], str(each["values"])) for each in hits]
    assert len(places) == len(set(places)) == COUNTED[what]


def test_a_hit_leads_to_the_bytes(served: Served) -> None:
    with served.client() as doctor:
        hit = doctor.get("/v1/search/documents").json()["hits"][0]
        path = served.archive.catalogue.holding(served.takeover.number, hit["ordinal"]).path
        assert doctor.get(hit["holding"]).content == (served.package / path).read_bytes()


def test_who_is_named_stands_in_a_body_alone(served: Served) -> None:
    with served.client() as doctor:
        answer = doctor.get("/v1/search/patients")
        assert answer.status_code == 200, answer.text
        every = answer.json()["hits"]
        number = every[1]["identifiers"][0]
        refused = doctor.get("/v1/search/patients", params={"patient_id": number["extension"]})
        asked = {"patient_id": number["extension"], "patient_root": number["root"]}
        found = doctor.post("/v1/search/patients", json=asked)
    assert found.status_code == 200, found.text
    assert problem(refused)["code"] == "API-003"
    assert number["extension"] not in refused.text
    assert [each["patient"] for each in found.json()["hits"]] == [every[1]["patient"]]


def test_one_request_is_one_account(served: Served) -> None:
    before = served.accounts()
    with served.client() as doctor:
        doctor.get("/v1/search/studies", params={"modality": "CT"})
    assert served.accounts() == before + 1


def test_whoever_may_learn_of_nothing_finds_nothing(served: Served) -> None:
    with served.client(Staff(house=THEIRS, surname="Obca")) as stranger:
        answer = stranger.get("/v1/search/patients", params={"takeover": served.takeover.id})
    assert (answer.status_code, answer.json()) == (200, {"hits": [], "next": ""})


def test_a_mark_that_no_search_gave_is_refused(served: Served) -> None:
    with served.client() as doctor:
        assert problem(doctor.get("/v1/search/studies", params={"after": "bm9uc2Vuc2U"}))["status"] == 422
        assert problem(doctor.get("/v1/search/cats"))["status"] == 400


def test_without_a_purpose_nothing_is_searched(served: Served) -> None:
    with served.client(purpose=None) as client:
        assert problem(client.get("/v1/search/patients"))["code"] == "API-002"
