"""Accounts and reports over HTTP: found, exported and signed for those alone who may see them, each look with one
account of its own."""

import csv
import io
import json

import httpx
import pytest

from repository.access.principal import PrincipalKind
from repository.access.purpose import Purpose
from repository.domain.takeover import STORED
from repository.evidence.signing import opened
from tests.api.native.rights.asked import accounts, known_patients, number
from tests.api.served import Served, problem
from tests.builders.access import COURT, THEIRS
from tests.builders.staff import Staff

STRANGER = Staff(house=THEIRS, surname="Obca")
SERVICE = Staff(kind=PrincipalKind.SPECIAL_SERVICE, surname="Cichy", house=COURT, role="authority")
REPORTS = ("/v1/reports/register", "/v1/reports/who-looked")


@pytest.fixture(scope="module")
def read(office: Served) -> int:
    """A doctor has read a document of this patient."""
    items = [each for each in office.archive.catalogue.items(office.takeover.number) if each.disposition in STORED]
    whose = [(each.ordinal, office.archive.catalogue.holding(office.takeover.number, each.ordinal)) for each in items]
    ordinal, holding = next(each for each in whose if each[1].patient)
    with office.client(purpose=Purpose.TREATMENT) as client:
        assert client.get(f"/v1/holdings/{office.takeover.id}/{ordinal}").status_code == 200
    return holding.patient


def test_accounts_come_a_page_at_a_time_in_order(office: Served, auditor: httpx.Client, read: int) -> None:
    before = accounts(office)
    first = auditor.post("/v1/accounts/search", json={"limit": 1}).json()
    assert accounts(office) == before + 1
    second = auditor.post("/v1/accounts/search", json={"limit": 1, "after": first["next"]}).json()
    assert first["accounts"][0]["number"] == first["next"] < second["accounts"][0]["number"]
    last = auditor.post("/v1/accounts/search", json={"limit": 1000, "after": second["next"]}).json()
    assert last["next"] == 0
    assert read


def test_a_patients_accounts_are_found_by_number_in_the_body(office: Served, auditor: httpx.Client, read: int) -> None:
    pesel = dict(known_patients(office))[read]
    asked = {"outcome": "permitted", "purpose": "treatment"}
    found = auditor.post("/v1/accounts/search", json=asked | {"patient": number(pesel)}).json()["accounts"]
    assert found
    assert {(each["takeover"], each["patient"], each["operation"]) for each in found} == {
        (office.takeover.id, read, "read")
    }
    alike = auditor.post("/v1/accounts/search", json=asked | {"record": f"{office.takeover.id}/{read}"}).json()
    assert alike["accounts"] == found
    assert auditor.post("/v1/accounts/search", json=asked | {"surname": "Nobody"}).json()["accounts"] == []


def test_an_export_holds_what_a_search_finds(auditor: httpx.Client, read: int) -> None:
    asked = {"purpose": "treatment"}
    found = auditor.post("/v1/accounts/search", json=asked | {"limit": 1000}).json()["accounts"]
    rows = auditor.post("/v1/accounts/export", json=asked | {"form": "csv"})
    assert rows.headers["content-type"].startswith("text/csv")
    assert len(list(csv.reader(io.StringIO(rows.text)))) == 1 + len(found)
    events = auditor.post("/v1/accounts/export", json=asked | {"form": "fhir"}).text.splitlines()
    assert [json.loads(each)["resourceType"] for each in events] == ["AuditEvent"] * len(found)
    assert len(auditor.post("/v1/accounts/export", json=asked | {"form": "dicom"}).text.splitlines()) == len(found)
    assert read


def test_reports_are_signed_and_shown_in_every_form(office: Served, auditor: httpx.Client, read: int) -> None:
    about = {"record": f"{office.takeover.id}/{read}"}
    for address, purpose in zip(REPORTS, ("register", "who-looked"), strict=True):
        before = accounts(office)
        answer = auditor.post(address, json=about)
        assert answer.status_code == 200, answer.text
        assert accounts(office) == before + 1
        value = opened(answer.content, purpose=purpose, public_key=office.archive.ring.signing_public_key())
        assert value["rows"]
        page = auditor.post(address, json=about, headers={"Accept": "text/html"})
        assert page.headers["content-type"].startswith("text/html")
        rows = auditor.post(address, json=about, headers={"Accept": "text/csv", "Accept-Language": "pl"})
        since = 2 if purpose == "who-looked" else 0  # the first two of these requests looked as well
        assert len(list(csv.reader(io.StringIO(rows.text)))) == 1 + len(value["rows"]) + since
        assert auditor.post(address, json=about, headers={"Accept": "image/png"}).status_code == 406


def test_the_report_for_special_services_is_for_them_alone(office: Served, auditor: httpx.Client, read: int) -> None:
    about = {"record": f"{office.takeover.id}/{read}"}
    with office.client(SERVICE, purpose=None) as service:
        assert service.post("/v1/reports/special", json=about).status_code == 200
        assert service.post("/v1/reports/special", json={}).status_code == 422
    assert problem(auditor.post("/v1/reports/special", json=about))["code"] == "ACC-001"


def test_the_trail_is_whole(auditor: httpx.Client, read: int) -> None:
    found = auditor.get("/v1/accounts/completeness").json()
    assert found["gaps"] == []
    assert found["openings"] == found["accounted"] > 0
    assert read


def test_what_was_copied_before_is_told(office: Served, auditor: httpx.Client, read: int) -> None:
    body = {"record": f"{office.takeover.id}/{read}", "documents": ["1.2.3.4"]}
    assert auditor.post("/v1/copies/search", json=body).json() == {"first": True, "before": []}


def test_who_may_not_know_finds_nothing_that_is_there(office: Served, read: int) -> None:
    """Refused looks like not there, and each attempt has one account."""
    there, missing = {"record": f"{office.takeover.id}/{read}"}, {"record": f"{office.takeover.id}/999"}
    with office.client(STRANGER, purpose=None) as stranger:
        for address in ("/v1/accounts/search", "/v1/accounts/export", *REPORTS):
            before = accounts(office)
            refused, nothing = (stranger.post(address, json=each) for each in (there, missing))
            assert accounts(office) == before + 2
            assert (refused.status_code, problem(refused)) == (404, problem(nothing))
        assert stranger.get("/v1/accounts/completeness").status_code == 404
        assert stranger.get("/v1/reviews").status_code == 404


def test_broken_glass_is_reviewed_once_and_by_another(office: Served, auditor: httpx.Client, read: int) -> None:
    items = [each for each in office.archive.catalogue.items(office.takeover.number) if each.disposition in STORED]
    with office.client(STRANGER, purpose=Purpose.EMERGENCY, EDM_Reason="Zagro%C5%BCenie") as stranger:
        assert stranger.get(f"/v1/holdings/{office.takeover.id}/{items[0].ordinal}").status_code == 200
    waiting = auditor.get("/v1/reviews").json()["accounts"]
    assert [each["reason"] for each in waiting] == ["Zagrożenie"]
    address = f"/v1/reviews/{waiting[0]['number']}"
    assert auditor.post(address, json={"remark": "zasadne"}).json()["account"] == waiting[0]["number"]
    assert problem(auditor.post(address, json={}))["status"] == 404
    assert read


def test_a_period_that_ends_before_it_begins_is_none(auditor: httpx.Client) -> None:
    body = {"first_day": "2026-02-01", "last_day": "2026-01-01"}
    assert auditor.post("/v1/accounts/search", json=body).status_code == 422
    assert auditor.post("/v1/accounts/search", json={"first_day": "2026-02-31"}).status_code == 422
    assert auditor.post("/v1/accounts/search", json={"first_day": "tomorrow"}).status_code == 400
