"""Consents, objections and grants over HTTP: written down once, changed by editions, ended, told to those alone who may
know."""

from datetime import date
from typing import Any

import httpx
import pytest

from repository.domain.describing import Identifier
from repository.domain.identifiers import PESEL_OID
from repository.samples.people import pesel
from tests.api.native.rights.asked import accounts, consent, deeds, known_patients, number, to
from tests.api.served import Served, problem
from tests.builders.access import SUCCESSOR, THEIRS
from tests.builders.staff import Staff

STRANGER = Staff(house=THEIRS, surname="Obca")


def somebody(serial: int) -> Identifier:
    return Identifier(PESEL_OID, pesel(date(1961, 2, 3), "F", serial))


def give(client: httpx.Client, order: dict[str, Any], shelf: str = "consents") -> dict[str, Any]:
    answer = client.post(f"/v1/{shelf}", json=order)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/{shelf}/{found['id']}"
    return found


def test_a_consent_is_recorded_shown_and_withdrawn(admin: httpx.Client) -> None:
    order = consent(somebody(1), scope={"classes": ["01.10"], "first_day": "2020-01-01"}, evidence="list 7")
    given = give(admin, order)
    there = admin.get(f"/v1/consents/{given['id']}")
    assert there.json() == given
    assert (given["edition"], given["in_force"], given["patient"]) == (1, True, number(somebody(1)))
    assert (given["scope"]["classes"], given["scope"]["first_day"]) == (["01.10"], "2020-01-01")
    ended = admin.post(f"/v1/consents/{given['id']}/withdrawal", headers={"If-Match": there.headers["etag"]}).json()
    after = admin.get(f"/v1/consents/{given['id']}").json()
    assert (after["ended_at"], after["end_reason"], after["in_force"]) == (ended["ended_at"], "withdrawn", False)
    assert problem(admin.post(f"/v1/consents/{given['id']}/withdrawal"))["code"] == "ACC-002"


def test_a_change_is_the_next_edition_and_the_past_stays(admin: httpx.Client) -> None:
    given = give(admin, consent(somebody(2)))
    address = f"/v1/consents/{given['id']}"
    changed = admin.patch(address, json={"purposes": ["continuity"]}, headers={"If-Match": '"1"'}).json()
    assert (changed["edition"], changed["purposes"], changed["grantee"]) == (2, ["continuity"], given["grantee"])
    history = admin.get(f"{address}/editions").json()["permissions"]
    assert [(each["edition"], each["end_reason"]) for each in history] == [(1, "replaced"), (2, "")]
    then = admin.get(address, params={"at": given["recorded_at"]}).json()
    assert (then["edition"], then["purposes"], then["ended_at"], then["in_force"]) == (1, ["treatment"], None, True)
    assert admin.get(address, params={"at": "2001-01-01T00:00:00Z"}).status_code == 404


def test_whoever_saw_another_state_changes_nothing(office: Served, admin: httpx.Client) -> None:
    given = give(admin, consent(somebody(3)))
    address = f"/v1/consents/{given['id']}"
    admin.patch(address, json={"purposes": ["continuity"]})
    before = deeds(office)
    for answer in (
        admin.patch(address, json={"purposes": ["treatment"]}, headers={"If-Match": '"1"'}),
        admin.post(f"{address}/withdrawal", headers={"If-Match": '"1"'}),
    ):
        assert (answer.status_code, problem(answer)["code"]) == (412, "API-012")
    assert deeds(office) == before


def test_an_objection_is_to_every_purpose_unless_it_says(admin: httpx.Client) -> None:
    order = {"kind": "objection", "patient": number(somebody(4)), "grantee": {"kind": "anybody"}}
    assert (give(admin, order)["purposes"], give(admin, order)["kind"]) == ([], "objection")


def test_a_consent_without_a_purpose_is_none(admin: httpx.Client) -> None:
    order = consent(somebody(5))
    del order["purposes"]
    answer = admin.post("/v1/consents", json=order)
    assert (answer.status_code, problem(answer)["code"]) == (422, "CNS-003")


@pytest.mark.parametrize(
    "wrong",
    [
        {"unknown": 1},
        {"patient": {"root": PESEL_OID, "extension": ""}},
        {"patient": {"root": PESEL_OID, "extension": "00000000000"}},
        {"purposes": ["fun"]},
        {"valid_from": "2020-01-01"},
        {"grantee": {"kind": "organisation", "identifier": None, "more": True}},
        {"scope": {"first_day": "yesterday"}},
        {"evidence": "a\x00b"},
    ],
)
def test_what_is_not_as_described_is_refused_and_not_repeated(admin: httpx.Client, wrong: dict[str, Any]) -> None:
    answer = admin.post("/v1/consents", json=consent(somebody(6)) | wrong)
    assert (answer.status_code, problem(answer)["code"]) == (400, "API-003")
    assert somebody(6).extension not in answer.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"grantee": {"kind": "organisation"}},
        {"grantee": {"kind": "anybody", "system": "PACS"}},
        {"scope": {"first_day": "2020-02-01", "last_day": "2020-01-01"}},
        {"scope": {"first_day": "2020-13-01"}},
        {"valid_from": "2020-01-02T00:00:00Z", "valid_to": "2020-01-01T00:00:00Z"},
    ],
)
def test_what_cannot_be_is_refused(admin: httpx.Client, wrong: dict[str, Any]) -> None:
    assert admin.post("/v1/consents", json=consent(somebody(7)) | wrong).status_code == 422


def test_a_name_twice_in_a_body_is_refused(admin: httpx.Client) -> None:
    body = '{"patient": {"root": "1.2", "extension": "1"}, "grantee": {"kind": "anybody"}, "purposes": ["treatment"]'
    for more in ("}", ', "purposes": ["treatment"]}'):
        answer = admin.post("/v1/consents", content=body + more, headers={"Content-Type": "application/json"})
        assert answer.status_code == (201 if more == "}" else 400)


def test_a_fhir_consent_goes_out_and_comes_in(admin: httpx.Client) -> None:
    given = give(admin, consent(somebody(8), grantor={"name": "Jan Nowak"}))
    resource = admin.get(f"/v1/consents/{given['id']}", headers={"Accept": "application/fhir+json"})
    assert resource.headers["content-type"] == "application/fhir+json"
    body = resource.json()
    assert body["resourceType"] == "Consent"
    back = admin.post("/v1/consents", json=body, headers={"Content-Type": "application/fhir+json"})
    assert back.status_code == 201, back.text
    (made,) = back.json()["permissions"]
    alike = {"patient", "grantee", "scope", "purposes", "valid_from", "valid_to", "kind"}
    assert {name: made[name] for name in alike} == {name: given[name] for name in alike}
    assert made["id"] != given["id"]


def test_of_a_fhir_consent_nothing_is_passed_over(office: Served, admin: httpx.Client) -> None:
    given = give(admin, consent(somebody(9), grantor={"name": "Jan Nowak"}))
    body = admin.get(f"/v1/consents/{given['id']}", headers={"Accept": "application/fhir+json"}).json()
    before = deeds(office)
    answer = admin.post("/v1/consents", json=body | {"modifierExtension": [{"url": "urn:x", "valueBoolean": True}]})
    assert (answer.status_code, problem(answer)["code"]) == (422, "CNS-001")
    assert deeds(office) == before


def test_a_list_is_of_one_patient_as_it_was_then(office: Served, admin: httpx.Client) -> None:
    whose = somebody(10)
    first, second = give(admin, consent(whose)), give(admin, consent(whose, grantee=to(SUCCESSOR)))
    admin.post(f"/v1/consents/{first['id']}/withdrawal")
    before = accounts(office)
    every = admin.post("/v1/consents/search", json={"patient": number(whose)}).json()["permissions"]
    assert accounts(office) == before + 1
    assert {each["id"] for each in every} == {first["id"], second["id"]}
    then = admin.post("/v1/consents/search", json={"patient": number(whose), "at": second["recorded_at"]}).json()
    assert {(each["id"], each["in_force"]) for each in then["permissions"]} == {
        (first["id"], True), (second["id"], True)
    }  # fmt: skip


def test_a_stranger_finds_no_consent_and_cannot_tell(office: Served, admin: httpx.Client) -> None:
    given = give(admin, consent(somebody(11)))
    stranger = office.client(STRANGER, purpose=None)
    before = accounts(office)
    refused, missing = (stranger.get(f"/v1/consents/{each}") for each in (given["id"], given["id"][:-4] + "0000"))
    assert accounts(office) == before + 2
    assert refused.status_code == missing.status_code == 404
    assert refused.json() == missing.json()
    assert problem(stranger.post("/v1/consents", json=consent(somebody(12))))["code"] == "CNS-006"
    assert problem(stranger.post(f"/v1/consents/{given['id']}/withdrawal"))["code"] == "ACC-002"
    assert problem(stranger.patch(f"/v1/consents/{given['id']}", json={}))["code"] == "ACC-002"


def test_the_custodians_worker_sees_to_the_takeover_in_custody(office: Served, doctor: httpx.Client) -> None:
    _, whose = known_patients(office)[0]
    given = give(doctor, consent(whose, takeover=office.takeover.id))
    found = doctor.post("/v1/consents/search", json={"patient": number(whose), "takeover": office.takeover.id})
    assert given["id"] in {each["id"] for each in found.json()["permissions"]}
    assert doctor.get(f"/v1/consents/{given['id']}").json() == given
    assert problem(doctor.post("/v1/consents", json=consent(whose)))["code"] == "CNS-006"


def test_a_grant_is_given_changed_and_revoked(office: Served, doctor: httpx.Client) -> None:
    order = {"takeover": office.takeover.id[:13], "grantee": to(), "purposes": ["continuity"]}
    given = give(doctor, order, "grants")
    assert (given["takeover"], given["grantor"]["capacity"]) == (office.takeover.id, "custodian")
    address = f"/v1/grants/{given['id']}"
    changed = doctor.patch(address, json={"scope": {"classes": ["01.10"]}}).json()
    assert (changed["edition"], changed["scope"]["classes"], changed["purposes"]) == (2, ["01.10"], ["continuity"])
    assert doctor.post(f"{address}/revocation").json()["end_reason"] == "revoked"
    found = doctor.post("/v1/grants/search", json={"takeover": office.takeover.id}).json()["permissions"]
    assert [each["end_reason"] for each in found if each["id"] == given["id"]] == ["replaced", "revoked"]
    assert doctor.get(f"/v1/consents/{given['id']}").status_code == 404


def test_nobody_gives_nothing(office: Served) -> None:
    nobody = office.client(None, purpose=None)
    assert nobody.post("/v1/consents", json={"nonsense": True}).status_code == 401
    assert nobody.post("/v1/grants/search", json={}).status_code == 401
