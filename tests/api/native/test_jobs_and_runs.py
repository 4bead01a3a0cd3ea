"""Long work over HTTP: asked for, followed, taken back; what a verification found, in both languages."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from repository.access.principal import PrincipalKind
from repository.access.purpose import Purpose
from repository.jobs.draining import drain
from repository.takeover.sealing import folder_of
from tests.api.served import Served, problem, served_sample
from tests.builders.staff import Staff

ADMINISTRATOR = Staff(kind=PrincipalKind.ADMINISTRATOR)
AUDITOR = Staff(kind=PrincipalKind.AUDITOR)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_sample(tmp_path_factory.mktemp("jobs"), patients=1, images=1) as found:
        yield found


@pytest.fixture
def client(made: Served) -> Iterator[httpx.Client]:
    with made.client(ADMINISTRATOR, purpose=None) as found:
        yield found


def verified(made: Served, client: httpx.Client, **wanted: object) -> dict[str, object]:
    started = client.post("/v1/runs", json=wanted)
    assert started.status_code == 202, started.text
    drain(made.archive, owner="test")
    job = client.get(started.headers["location"]).json()
    assert job["state"] == "done", job
    return dict(client.get(job["follows"]).json())


def test_a_verification_is_a_job_and_a_run(made: Served, client: httpx.Client) -> None:
    run = verified(made, client, level="opened", takeover=made.takeover.id)
    assert (run["state"], run["level"], run["takeover"]) == ("whole", "opened", made.takeover.id)
    assert client.get(f"/v1/runs/{run['id']}/findings").json() == {"findings": [], "next": ""}
    assert run["id"] in {each["id"] for each in client.get("/v1/runs").json()["runs"]}


def test_what_is_asked_for_twice_at_once_is_one_job(made: Served, client: httpx.Client) -> None:
    first, second = (client.post("/v1/runs", json={"level": "exists"}) for _ in range(2))
    assert first.headers["location"] == second.headers["location"]
    drain(made.archive, owner="test")
    assert client.post("/v1/runs", json={"level": "exists"}).headers["location"] != first.headers["location"]
    drain(made.archive, owner="test")


def test_a_key_gives_the_same_answer_again(made: Served, client: httpx.Client) -> None:
    key = {"Idempotency-Key": '"nightly-7"'}
    first = client.post("/v1/runs", json={"level": "exists", "parts": 7}, headers=key)
    drain(made.archive, owner="test")
    again = client.post("/v1/runs", json={"level": "exists", "parts": 7}, headers=key)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["location"] == first.headers["location"]
    other = client.post("/v1/runs", json={"level": "sealed"}, headers=key)
    assert (other.status_code, problem(other)["code"]) == (422, "RST-002")
    with made.client(AUDITOR, purpose=None) as auditor:  # another caller's key is another key
        theirs = auditor.post("/v1/runs", json={"level": "exists", "part": 2, "parts": 9}, headers=key)
    assert theirs.status_code == 202
    drain(made.archive, owner="test")


def test_what_failed_may_be_sent_again_with_its_key(client: httpx.Client) -> None:
    key = {"Idempotency-Key": "nowhere"}
    nowhere = {"takeover": "00000000-0000-4000-8000-000000000000"}
    for _ in range(2):
        assert client.post("/v1/runs", json=nowhere, headers=key).status_code == 404
    assert client.post("/v1/runs", json={"part": 2}, headers=key).status_code == 422


def test_a_waiting_job_is_taken_back_in_the_state_that_was_seen(made: Served, client: httpx.Client) -> None:
    place = client.post("/v1/runs", json={"level": "exists", "part": 3, "parts": 3}).headers["location"]
    tag = client.get(place).headers["etag"]
    stale = client.post(f"{place}/cancel", headers={"If-Match": '"other"'})
    assert (stale.status_code, problem(stale)["code"]) == (412, "API-012")
    with made.client(AUDITOR, purpose=None) as auditor:
        assert auditor.post(f"{place}/cancel").status_code == 403
    ended = client.post(f"{place}/cancel", headers={"If-Match": tag})
    assert (ended.status_code, ended.json()["state"], ended.json()["code"]) == (200, "failed", "JOB-CANCELLED")
    assert ended.json()["text"]["pl"]
    over = client.post(f"{place}/cancel")
    assert (over.status_code, problem(over)["code"]) == (409, "RST-004")


def test_jobs_come_page_by_page_for_overseers_alone(made: Served, client: httpx.Client) -> None:
    verified(made, client, level="exists", part=1, parts=5)
    answer = client.get("/v1/jobs", params={"limit": 1})
    seen = [each["id"] for each in answer.json()["jobs"]]
    while "next" in answer.links:
        answer = client.get(answer.links["next"]["url"])
        seen += [each["id"] for each in answer.json()["jobs"]]
    assert seen == sorted({each.id for each in made.archive.catalogue.jobs.jobs()}, reverse=True)
    with made.client(purpose=Purpose.TREATMENT) as doctor:
        for address in ("/v1/jobs", "/v1/jobs/1", "/v1/runs"):
            assert problem(doctor.get(address))["code"] == "RST-001"
    assert client.get("/v1/jobs/999999999").status_code == 404


def test_damage_is_told_by_object_and_in_both_languages(tmp_path: Path) -> None:
    with served_sample(tmp_path, patients=1, images=1) as damaged:
        lost = next(damaged.archive.store.list(f"{folder_of(damaged.takeover.id)}/")).key
        damaged.archive.store.delete(lost)
        with damaged.client(AUDITOR, purpose=None) as auditor:
            run = verified(damaged, auditor, level="exists")
            found = auditor.get(f"/v1/runs/{run['id']}/findings", params={"limit": 200}).json()["findings"]
    assert run["state"] == "findings"
    missing = [each for each in found if each["code"] == "VFY-MISSING"]
    assert missing[0]["severity"] == "error"
    assert missing[0]["text"]["en"] != missing[0]["text"]["pl"]
    assert damaged.takeover.id in missing[0]["subject"]
