"""Takeovers over HTTP: states and counts for whom they are, names of files where that was decided, the signed paper."""

import json
from pathlib import Path

import pytest

from repository.access.principal import PrincipalKind
from repository.access.purpose import Purpose
from repository.evidence.signing import opened
from repository.intake import Order, receive
from repository.takeover.concluding import PURPOSE
from tests.api.served import Served, problem, served_sample
from tests.builders.access import THEIRS
from tests.builders.staff import Staff

ADMINISTRATOR = Staff(kind=PrincipalKind.ADMINISTRATOR)
AUDITOR = Staff(kind=PrincipalKind.AUDITOR)
STRANGER = Staff(house=THEIRS, surname="Obca")
NOWHERE = "/v1/takeovers/00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize("staff", [ADMINISTRATOR, AUDITOR, Staff()])
def test_who_oversees_or_keeps_it_sees_state_and_counts(served: Served, staff: Staff) -> None:
    with served.client(staff, purpose=None) as client:
        listed = client.get("/v1/takeovers").json()
        whole = client.get(f"/v1/takeovers/{served.takeover.id}").json()
    assert [each["id"] for each in listed["takeovers"]] == [served.takeover.id]
    assert whole["counts"]["patients"] == 3
    assert whole["state"] == "accepted"
    assert {each["kind"] for each in whole["events"]} >= {"capture", "ingestion end"}
    assert whole["producer"]["name"] == "Niepubliczny Zakład Opieki Zdrowotnej „Pod Jesionem” sp. z o.o."


def test_for_all_others_it_is_not_there(served: Served) -> None:
    with served.client(STRANGER, purpose=None) as stranger:
        refused, missing = stranger.get(f"/v1/takeovers/{served.takeover.id}"), stranger.get(NOWHERE)
        assert stranger.get("/v1/takeovers").json() == {"takeovers": [], "next": ""}
        for part in ("statement", "protocol"):
            assert stranger.get(f"/v1/takeovers/{served.takeover.id}/{part}").json() == missing.json()
    assert (refused.status_code, refused.json()) == (missing.status_code, missing.json())
    assert problem(refused)["code"] == "ACC-001"


def test_the_statement_names_files_only_for_a_purpose(served: Served) -> None:
    address = f"/v1/takeovers/{served.takeover.id}/statement"
    with served.client(purpose=None) as client:
        bare = client.get(address).json()
        assert problem(client.get(address, params={"items": "true"}))["code"] == "API-002"
    assert bare["statement"]["balances"]
    assert "items" not in bare
    before = served.accounts()
    with served.client() as doctor:
        whole = doctor.get(address, params={"items": "true"}).json()
    there = [each.relative_to(served.package).as_posix() for each in served.package.rglob("*") if each.is_file()]
    assert sorted(each["path"] for each in whole["items"]) == sorted(there)
    assert served.accounts() == before + 1


def test_an_administrator_is_told_no_names(served: Served) -> None:
    with served.client(ADMINISTRATOR, purpose=Purpose.MAINTENANCE) as client:
        answer = client.get(f"/v1/takeovers/{served.takeover.id}/statement", params={"items": "true"})
    assert (answer.status_code, problem(answer)["code"]) == (404, "ACC-001")


def test_the_protocol_is_the_signed_one_or_a_page_of_it(served: Served) -> None:
    address = f"/v1/takeovers/{served.takeover.id}/protocol"
    with served.client(purpose=Purpose.CUSTODY) as client:
        paper = client.get(address)
        page = client.get(address, headers={"Accept": "text/html"})
        assert client.get(address, headers={"Accept": "image/png"}).status_code == 406
    key = served.archive.ring.signing_public_key()
    assert opened(paper.content, purpose=PURPOSE, public_key=key)["takeover"]["id"] == served.takeover.id
    assert page.headers["content-type"].startswith("text/html")
    assert json.loads(paper.content)["signature"]["value"] in page.text


def test_pages_follow_each_other_and_end(tmp_path: Path) -> None:
    with served_sample(tmp_path, patients=1, images=1) as made:
        for name in ("two", "three"):
            folder = tmp_path / name
            folder.mkdir()
            (folder / "note.txt").write_bytes(name.encode())
            receive(made.archive, Order(folder), progress=lambda _: None)
        known = [each.id for each in made.archive.catalogue.takeovers()]
        with made.client(ADMINISTRATOR, purpose=None) as client:
            first = client.get("/v1/takeovers", params={"limit": 2})
            second = client.get(first.links["next"]["url"])
            assert problem(client.get("/v1/takeovers", params={"after": NOWHERE.rpartition("/")[2]}))["status"] == 422
    ids = [each["id"] for answer in (first, second) for each in answer.json()["takeovers"]]
    assert ids == known
    assert "next" not in second.links
