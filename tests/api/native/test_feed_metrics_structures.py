"""What happened in the order of the log; measures for whom they are; vocabularies for everybody."""

import json
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.native.metrics import TOKEN
from repository.access.principal import PrincipalKind
from repository.access.purpose import Purpose
from repository.findings import rules
from repository.journal import publish
from storage.keys.ring import write_private
from tests.api.served import Served, problem, served_sample
from tests.builders.access import THEIRS
from tests.builders.staff import Staff

AUDITOR = Staff(kind=PrincipalKind.AUDITOR)
ADMINISTRATOR = Staff(kind=PrincipalKind.ADMINISTRATOR)


@pytest.fixture(scope="module")
def auditor(served: Served) -> httpx.Client:
    return served.client(AUDITOR, purpose=None)


def followed(client: httpx.Client, *, limit: int, after: int = 0) -> list[dict[str, object]]:
    entries: list[dict[str, object]] = []
    while True:
        told = client.get("/v1/feed", params={"after": after, "limit": limit}).json()
        entries += told["entries"]
        after = told["next"]
        if after >= told["size"]:
            return entries


def test_the_feed_is_the_log_in_order_and_is_never_rewritten(served: Served, auditor: httpx.Client) -> None:
    publish(served.archive)
    first = followed(auditor, limit=7)
    assert [each["sequence"] for each in first] == list(range(1, len(first) + 1))
    assert {each["what"] for each in first} == {"holding", "event", "deed"}
    known = served.archive.catalogue.entries(0, len(first))
    assert [each["entry"] for each in first] == [each.hex() for each in known]
    with served.client() as doctor:
        doctor.get("/v1/search/patients")
    publish(served.archive)
    again = followed(auditor, limit=200)
    assert again[: len(first)] == first
    assert again[-1]["kind"] == "account"


def test_what_no_checkpoint_covers_is_not_told_yet(served: Served, auditor: httpx.Client) -> None:
    publish(served.archive)
    size = auditor.get("/v1/feed").json()["size"]
    with served.client() as doctor:
        doctor.get("/v1/search/patients")
    told = auditor.get("/v1/feed", params={"after": size, "wait": 0.1}).json()
    assert (told["entries"], told["next"]) == ([], size)


def test_the_feed_names_nobody(served: Served, auditor: httpx.Client) -> None:
    # Digits of digests, ids and times are chance: a short local number may be among them.
    chance = {"entry", "at", "takeover", "sequence"}
    told = [{name: said for name, said in each.items() if name not in chance} for each in followed(auditor, limit=200)]
    text = json.dumps(told, ensure_ascii=False)
    with served.client() as doctor:
        hits = doctor.get("/v1/search/patients").json()["hits"]
    assert (len(hits), len(told) > len(hits)) == (3, True)
    for hit in hits:
        assert hit["values"]["PatientName"].split("^")[0] not in text
        numbers = [each["extension"] for each in hit["identifiers"]]
        assert (len(numbers) > 0, [each for each in numbers if each in text]) == (True, [])


def test_a_custodian_sees_events_of_what_it_has_and_others_nothing(served: Served) -> None:
    publish(served.archive)
    with served.client(purpose=None) as custodian:
        entries = followed(custodian, limit=2)
    assert {(each["what"], each["takeover"]) for each in entries} == {("event", served.takeover.id)}
    with served.client(Staff(house=THEIRS, surname="Obca"), purpose=None) as stranger:
        assert followed(stranger, limit=200) == []
    with served.client(None) as nobody:
        assert nobody.get("/v1/feed").status_code == 401


def test_measures_are_for_overseers_and_for_the_token_of_the_home(tmp_path: Path) -> None:
    with served_sample(tmp_path, patients=1, images=1) as made:
        with made.client() as doctor:
            assert problem(doctor.get("/v1/metrics"))["code"] == "RST-001"
            doctor.get("/v1/search/patients")
        with made.client(None) as nobody:
            assert nobody.get("/v1/metrics").status_code == 401
            token = "t" * 40
            write_private(made.settings.home / TOKEN, token.encode() + b"\n")
            assert nobody.get("/v1/metrics", headers={"Authorization": f"Bearer {token[:-1]}x"}).status_code == 401
            read = nobody.get("/v1/metrics", headers={"Authorization": f"Bearer {token}"})
        with made.client(ADMINISTRATOR, purpose=None) as administrator:
            assert administrator.get("/v1/metrics").status_code == 200
    found = {each.name: each for each in text_string_to_metric_families(read.text)}
    assert found["edm_log_entries"].samples[0].value == made_size(read.text)
    requests = {(each.labels["route"], each.labels["status"]) for each in found["edm_http_requests"].samples}
    assert ("/v1/search/{what}", "200") in requests
    assert {"edm_jobs", "edm_checkpoint_age_seconds", "edm_http_request_seconds"} <= set(found)


def made_size(text: str) -> float:
    line = next(each for each in text.splitlines() if each.startswith("edm_log_entries "))
    return float(line.split()[1])


def test_vocabularies_are_published_in_both_languages(served: Served) -> None:
    with served.client(None) as nobody:
        told = nobody.get("/v1/structures")
        named = {each["name"]: each["terms"] for each in told.json()["vocabularies"]}
        assert nobody.get("/v1/structures", headers={"If-None-Match": told.headers["etag"]}).status_code == 304
        assert nobody.get("/v1/structures/reasons").json()["terms"] == named["reasons"]
        schema = nobody.get(told.json()["formats"]["handover"])
        assert nobody.get("/v1/structures/none").status_code == 400
    assert {each["code"] for each in named["purposes"]} == {each.value for each in Purpose}
    assert {each["code"] for each in named["findings"]} == rules().keys()
    assert [each["code"] for each in named["findings"] if not (each["text"]["en"] and each["text"]["pl"])] == []
    assert schema.headers["content-type"] == "application/schema+json"
    assert schema.content == (Path(__file__).parents[3] / "docs" / "handover.schema.json").read_bytes()
