"""Demands over HTTP: from the message to both confirmations, for those alone whom each step is for."""

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from repository.access.principal import PrincipalKind
from repository.domain.takeover import STORED
from tests.api.native.rights.asked import accounts, consent, known_patients, number
from tests.api.served import Served, problem
from tests.builders.access import INSURER, THEIRS, worker
from tests.builders.staff import Staff
from tests.repository.demands.making import bare, certificate, ec_key, trusting

REQUESTER = Staff(kind=PrincipalKind.ORGANISATION, house=THEIRS, surname="Wnioskodawca")
OUTSIDER = Staff(kind=PrincipalKind.ORGANISATION, house=INSURER, surname="Obcy", role="insurer")


@pytest.fixture(scope="module")
def requester(office: Served) -> Iterator[httpx.Client]:
    with office.client(REQUESTER, purpose=None) as client:
        yield client


def message(office: Served, message_id: str, **more: Any) -> dict[str, Any]:
    """Of the second patient, for treatment."""
    _, whose = known_patients(office)[1]
    return {
        "message_id": message_id, "patient": number(whose), "purpose": "treatment", "takeover": office.takeover.id,
    } | more  # fmt: skip


def holdings_of(office: Served, patient: int) -> list[str]:
    desk, takeover = office.archive.catalogue, office.takeover
    stored = (each.ordinal for each in desk.items(takeover.number) if each.disposition in STORED)
    return [f"{takeover.id}/{each}" for each in stored if desk.holding(takeover.number, each).patient == patient]


def test_from_the_message_to_both_confirmations(
    office: Served, admin: httpx.Client, doctor: httpx.Client, requester: httpx.Client
) -> None:
    trusting(office.settings)
    number_, whose = known_patients(office)[1]
    assert admin.post("/v1/consents", json=consent(whose)).status_code == 201
    done = requester.post("/v1/demands", json=message(office, "m-1"))
    address = done.headers["location"]
    assert (done.status_code, done.json()["state"], done.json()["errors"]) == (200, "accepted", [])
    assert requester.post("/v1/demands", json=message(office, "m-1")).json() == done.json()
    conflict = requester.post("/v1/demands", json=message(office, "m-1", purpose="continuity"))
    assert (conflict.status_code, problem(conflict)["code"]) == (409, "DMD-002")

    assert doctor.post(f"{address}/verification").json()["state"] == "verified"
    assert doctor.post(f"{address}/forwarding").json()["state"] == "forwarded"
    waiting = doctor.get("/v1/demands/queue", params={"takeover": office.takeover.id}).json()["demands"]
    assert done.json()["id"] in {each["id"] for each in waiting}
    held = holdings_of(office, number_)
    prepared = doctor.post(f"{address}/preparation", json={"holdings": held}).json()
    assert doctor.get(f"{address}/to-be-signed").json() == prepared
    assert problem(doctor.post(f"{address}/sending", json={}))["code"] == "DMD-004"

    text = prepared["to_be_signed"].encode()
    known = certificate(ec_key(), worker(given_name="Ada", surname="Nowak")).public_bytes(Encoding.PEM)
    said = {"certificate": base64.b64encode(known).decode()}
    wrong = said | {"value": base64.b64encode(bare(ec_key(), b"else")).decode()}
    assert problem(doctor.post(f"{address}/signature", json=wrong))["code"] == "SIG-001"
    right = said | {"value": base64.b64encode(bare(ec_key(), text)).decode()}
    signed = doctor.post(f"{address}/signature", json=right)
    assert (signed.status_code, signed.json()["state"]) == (200, "signed"), signed.text
    assert doctor.post(f"{address}/sending", json={"channel": "ePUAP"}).json()["state"] == "sent"

    before = accounts(office)
    out = requester.get(f"{address}/outgoing").json()
    assert accounts(office) == before + 1
    assert out["content_sha256"] == prepared["content_sha256"]
    assert problem(requester.post(f"{address}/receipt", json={"content_sha256": "0" * 64}))["code"] == "DMD-009"
    assert problem(doctor.post(f"{address}/receipt", json={"content_sha256": "0" * 64}))["code"] == "DMD-003"
    receipt = {"content_sha256": out["content_sha256"]}
    assert requester.post(f"{address}/receipt", json=receipt).json()["state"] == "received"
    assert requester.post(f"{address}/confirmations", json={"place": "sim"}).json()["state"] == "received"
    assert doctor.post(f"{address}/confirmations", json={"place": "provider"}).json()["state"] == "confirmed"
    whole = doctor.get(address).json()
    assert [each["place"] for each in whole["confirmations"]] == ["sim", "provider"]
    assert whole["patient"] == number(whose)
    assert "patient" not in requester.get(address).json()


def test_an_incomplete_demand_is_answered_by_its_errors(requester: httpx.Client) -> None:
    answer = requester.post("/v1/demands", json={"message_id": "m-2"}).json()
    assert answer["state"] == "rejected"
    assert {"patient", "purpose"} <= {each["path"] for each in answer["errors"]}
    assert all(each["message"]["pl"] for each in answer["errors"])
    assert requester.get(f"/v1/demands/{answer['id']}/answer").json() == answer


def test_who_is_not_entitled_is_refused_with_the_reason(
    office: Served, doctor: httpx.Client, requester: httpx.Client
) -> None:
    _, other = known_patients(office)[2]
    made = requester.post("/v1/demands", json=message(office, "m-3", patient=number(other))).json()
    verdict = doctor.post(f"/v1/demands/{made['id']}/verification").json()
    assert (verdict["state"], verdict["reasons"]) == ("refused", ["CONSENT_MISSING"])


def test_of_somebody_elses_demand_nothing_is_told(office: Served, requester: httpx.Client) -> None:
    made = requester.post("/v1/demands", json=message(office, "m-4")).json()
    with office.client(OUTSIDER, purpose=None) as outsider:
        for path in ("", "/answer", "/outgoing"):
            refused = outsider.get(f"/v1/demands/{made['id']}{path}")
            missing = outsider.get(f"/v1/demands/{made['id'][:-4]}0000{path}")
            assert (refused.status_code, problem(refused)) == (404, problem(missing))
        for path in ("verification", "forwarding"):
            assert outsider.post(f"/v1/demands/{made['id']}/{path}").status_code == 404
        assert outsider.get("/v1/demands").json() == {"demands": [], "next": ""}


def test_a_message_is_read_strictly(requester: httpx.Client) -> None:
    for wrong in ({"requester": {"id": "somebody"}}, {"message_id": ""}, {"purpose": "fun"}):
        answer = requester.post("/v1/demands", json={"message_id": "m-5"} | wrong)
        assert (answer.status_code, problem(answer)["code"]) == (400, "API-003")


def test_many_at_once_are_each_one_demand(office: Served, requester: httpx.Client) -> None:
    """Every message is sent twice; the list has each once, in pages."""
    names = [f"at-once-{n}" for n in range(40)] * 2

    def submitted(name: str) -> httpx.Response:
        return requester.post("/v1/demands", json=message(office, name))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(submitted, names))
    assert {each.status_code for each in answers} == {200}
    ids = {name: {a.json()["id"] for n, a in zip(names, answers, strict=True) if n == name} for name in names}
    assert all(len(each) == 1 for each in ids.values())
    listed, after = [], ""
    while True:
        page = requester.get("/v1/demands", params={"after": after, "limit": 7, "state": "accepted"}).json()
        listed += [each["id"] for each in page["demands"]]
        after = page["next"]
        if not after:
            break
    assert len(listed) == len(set(listed))
    assert set(listed) >= {each for found in ids.values() for each in found}
