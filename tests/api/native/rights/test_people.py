"""Accounts over HTTP: invited, accepted, listed, revoked; a password and sessions of one's own."""

from collections.abc import Iterator

import httpx
import pytest

from repository.clock import now
from repository.people import totp
from tests.api.native.rights.asked import account_of
from tests.api.served import DOCTOR, Served, problem
from tests.builders.people import PASSWORD, cheap_argon2, secret_of

NEW = "cztery psy w ogrodzie"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_argon2(monkeypatch)


@pytest.fixture
def nobody(office: Served) -> Iterator[httpx.Client]:
    with office.client(None, purpose=None) as client:
        yield client


def invitation(client: httpx.Client, surname: str) -> dict[str, str]:
    answer = client.post("/v1/people", json={"kind": "auditor", "given_name": "Ewa", "surname": surname})
    assert answer.status_code == 201, answer.text
    found: dict[str, str] = answer.json()
    return found


def test_an_account_is_invited_accepted_used_and_revoked(admin: httpx.Client, nobody: httpx.Client) -> None:
    made = invitation(admin, "Pierwsza")
    told = {"code": made["code"], "name": "ewa-pierwsza", "password": PASSWORD}
    done = nobody.post("/v1/people/acceptance", json=told).json()
    assert done["account"] == made["account"]
    assert problem(nobody.post("/v1/people/acceptance", json=told))["code"] == "PPL-003"
    proof = {"name": "ewa-pierwsza", "password": PASSWORD}
    code = totp.code_at(secret_of(done["otpauth"]), totp.step_at(now()))
    token = nobody.post("/v1/sessions", json=proof | {"totp": code}).json()["token"]
    mine = {"Authorization": f"Bearer {token}"}
    (session,) = nobody.get("/v1/me/sessions", headers=mine).json()["sessions"]
    assert session["current"] is True
    listed = {each["account"]: each for each in nobody.get("/v1/people", headers=mine).json()["people"]}
    assert (listed[made["account"]]["state"], listed[made["account"]]["codes"]) == ("active", True)
    assert problem(nobody.post("/v1/people", json={"kind": "system"}, headers=mine))["code"] == "PPL-012"
    assert admin.post(f"/v1/people/{made['account']}/revocation").json()["state"] == "revoked"
    assert nobody.get("/v1/me/sessions", headers=mine).status_code == 401


def test_a_new_password_ends_all_sessions(admin: httpx.Client, nobody: httpx.Client) -> None:
    made = invitation(admin, "Druga")
    told = {"code": made["code"], "name": "ewa-druga", "password": PASSWORD}
    secret = secret_of(nobody.post("/v1/people/acceptance", json=told).json()["otpauth"])
    step = totp.step_at(now())
    codes = [totp.code_at(secret, each) for each in (step, step + 1)]
    proof = {"name": "ewa-druga", "password": PASSWORD}
    token = nobody.post("/v1/sessions", json=proof | {"totp": codes[0]}).json()["token"]
    weak = nobody.post("/v1/people/password", json=proof | {"totp": codes[1], "new": "short"})
    assert (weak.status_code, problem(weak)["code"]) == (422, "PPL-007")
    changed = nobody.post("/v1/people/password", json=proof | {"totp": codes[1], "new": NEW})
    assert changed.status_code == 204, changed.text
    assert nobody.get("/v1/me/sessions", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    refused = nobody.post("/v1/people/password", json=proof | {"totp": codes[1], "new": NEW})
    assert (refused.status_code, problem(refused)["code"]) == (401, "PPL-001")


def test_nobody_ends_somebody_elses_session(office: Served, auditor: httpx.Client) -> None:
    account_of(office, DOCTOR)
    theirs = next(each for each in office.sessions.values() if each.token == office.token(DOCTOR))
    answer = auditor.delete(f"/v1/me/sessions/{theirs.id}")
    assert (answer.status_code, problem(answer)["code"]) == (404, "PPL-014")
    with office.client(purpose=None) as doctor:
        assert theirs.id in {each["id"] for each in doctor.get("/v1/me/sessions").json()["sessions"]}


def test_who_may_sign_in_is_told_to_those_who_see_to_it(doctor: httpx.Client, admin: httpx.Client) -> None:
    assert problem(doctor.get("/v1/people"))["code"] == "PPL-012"
    assert admin.get("/v1/people").status_code == 200
    assert admin.post("/v1/people", json={"kind": "archive"}).status_code == 400
    assert problem(admin.post("/v1/people", json={"kind": "auditor"}))["code"] == "PPL-006"
