"""Custody, protection, approvals, authorisations, relations, deaths over HTTP: what each does to the next reading."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from repository.access.principal import PrincipalKind
from repository.access.purpose import Purpose
from repository.domain.describing import Identifier
from repository.domain.identifiers import PESEL_OID
from repository.domain.takeover import STORED
from repository.samples.people import pesel
from tests.api.native.rights.asked import account_of, accounts, consent, known_patients, number, to
from tests.api.native.rights.conftest import ADMIN
from tests.api.served import DOCTOR, Served, problem, served_sample
from tests.builders.access import SUCCESSOR, THEIRS
from tests.builders.staff import Staff

OTHER_ADMIN = Staff(kind=PrincipalKind.ADMINISTRATOR, given_name="Iga", surname="Druga", role="archive")
STRANGER = Staff(house=THEIRS, surname="Obca")


def holding_of(office: Served, patient: int) -> str:
    desk = office.archive.catalogue
    for each in desk.items(office.takeover.number):
        if each.disposition in STORED and desk.holding(office.takeover.number, each.ordinal).patient == patient:
            return f"/v1/holdings/{office.takeover.id}/{each.ordinal}"
    raise AssertionError("nothing is kept of this patient")


def test_custody_passes_on_and_the_old_custodian_reads_no_more(tmp_path: Path) -> None:
    with served_sample(tmp_path, patients=1, images=0) as own:
        address = f"/v1/custody/{own.takeover.id[:13]}"
        what = holding_of(own, known_patients(own)[0][0])
        with own.client(purpose=Purpose.CUSTODY) as doctor, own.client(ADMIN, purpose=None) as admin:
            assert doctor.get(what).status_code == 200
            seen = doctor.get(address)
            assert len(seen.json()["custody"]) == 1
            order = {"custodian": number(THEIRS), "name": "Następca"}
            assert problem(doctor.post(address, json=order))["code"] == "CNS-006"
            tag = {"If-Match": seen.headers["etag"]}
            passed = admin.post(address, json=order, headers=tag)
            assert [each["name"] for each in passed.json()["custody"]][-1] == "Następca"
            assert admin.post(address, json=order, headers=tag).status_code == 412
            assert doctor.get(what).status_code == 404
            with own.client(STRANGER, purpose=Purpose.CUSTODY) as heir:
                assert heir.get(what).status_code == 200


def test_a_protected_record_is_opened_by_two_persons(office: Served, admin: httpx.Client) -> None:
    patient, whose = known_patients(office)[0]
    what = holding_of(office, patient)
    flags = admin.post("/v1/protection", json={"patients": [number(whose)]}).json()["flags"]
    try:
        with office.client() as doctor:
            assert doctor.get(what).status_code == 404
            approval = {"requester": account_of(office, DOCTOR), "takeover": office.takeover.id, "number": patient}
            given = admin.post("/v1/approvals", json=approval)
            assert given.status_code == 201, given.text
            assert doctor.get(what).status_code == 200
    finally:
        assert lifted(office, admin, flags[0]).status_code == 200
    gone = admin.post(f"/v1/protection/{flags[0]}/lifting")
    assert (gone.status_code, problem(gone)["code"]) == (404, "ACC-001")


def lifted(office: Served, admin: httpx.Client, flag: str) -> httpx.Response:
    """What the second of two administrators is told."""
    assert admin.post(f"/v1/protection/{flag}/lifting").status_code == 202
    with office.client(OTHER_ADMIN, purpose=None) as other:
        return other.post(f"/v1/protection/{flag}/lifting")


def test_protection_is_lifted_by_two_administrators_and_lasts_until_then(office: Served, admin: httpx.Client) -> None:
    patient, whose = known_patients(office)[1]
    what = holding_of(office, patient)
    (flag,) = admin.post("/v1/protection", json={"patients": [number(whose)]}).json()["flags"]
    address, before = f"/v1/protection/{flag}/lifting", office.archive.catalogue.journal.size()
    with office.client() as doctor, office.client(OTHER_ADMIN, purpose=None) as other:
        first = admin.post(address)
        assert (first.status_code, first.json()["lifted_at"]) == (202, None)
        assert first.json()["asked_by"] == account_of(office, ADMIN)
        again = admin.post(address)
        assert (again.status_code, again.json()) == (202, first.json())
        assert office.archive.catalogue.journal.size() == before + 1
        assert problem(doctor.post(address))["code"] == "CNS-006"
        assert doctor.get(what).status_code == 404
        second = other.post(address)
        assert (second.status_code, second.json()["asked_by"]) == (200, first.json()["asked_by"])
        assert second.json()["lifted_at"] > first.json()["asked_at"]
        assert doctor.get(what).status_code == 200
    (deed,) = (each for each in office.archive.catalogue.journal.deeds(after=before) if each.kind == "protection-end")
    assert deed.body["by"]["id"] == account_of(office, OTHER_ADMIN)
    assert deed.body["asked_by"] == account_of(office, ADMIN)


def test_what_is_said_of_somebody_protected_is_as_if_it_were_not_there(office: Served, admin: httpx.Client) -> None:
    _, whose = known_patients(office)[2]
    given = admin.post(
        "/v1/consents", json=consent(whose, grantee=to(SUCCESSOR)) | {"takeover": office.takeover.id}
    ).json()
    wanted = {"takeover": office.takeover.id, "patient": number(whose)}
    with office.client(purpose=None) as doctor:
        assert given["id"] in {p["id"] for p in doctor.post("/v1/consents/search", json=wanted).json()["permissions"]}
        (flag,) = admin.post("/v1/protection", json={"patients": [number(whose)]}).json()["flags"]
        try:
            before = accounts(office)
            assert doctor.post("/v1/consents/search", json=wanted).json() == {"permissions": []}
            assert accounts(office) == before + 1
            refused = doctor.get(f"/v1/consents/{given['id']}")
            missing = doctor.get(f"/v1/consents/{given['id'][:-4]}0000")
            assert (refused.status_code, problem(refused)) == (404, problem(missing))
            assert doctor.post("/v1/relations/search", json=wanted).status_code == 403
            assert admin.post("/v1/consents/search", json=wanted).json() == {"permissions": []}
        finally:
            assert lifted(office, admin, flag).status_code == 200


def test_an_administrator_opens_content_while_another_one_lets_him(office: Served, admin: httpx.Client) -> None:
    what = holding_of(office, known_patients(office)[1][0])
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    with office.client(OTHER_ADMIN, purpose=Purpose.MAINTENANCE) as other:
        own = other.post("/v1/authorisations", json={
            "administrator": account_of(office, OTHER_ADMIN), "reason": "naprawa", "until": until,
        })  # fmt: skip
        assert (own.status_code, problem(own)["code"]) == (403, "ACC-003")
        assert other.get(what).status_code == 404
        order = {"administrator": account_of(office, OTHER_ADMIN), "reason": "naprawa", "until": until}
        given = admin.post("/v1/authorisations", json=order).json()
        assert other.get(what).status_code == 200
        assert admin.post(f"/v1/authorisations/{given['id']}/end").json()["end_reason"] == "ended"
        assert other.get(what).status_code == 404
        assert admin.post(f"/v1/authorisations/{given['id']}/end").status_code == 404


def test_relations_and_deaths_are_recorded_and_told(office: Served, admin: httpx.Client) -> None:
    whose, person = (Identifier(PESEL_OID, pesel(date(1971, 1, 1), "M", n)) for n in (1, 2))
    order = {"patient": number(whose), "person": number(person), "kind": "close"}
    given = admin.post("/v1/relations", json=order).json()
    death = {"patient": number(whose), "on": "2024-05-06", "objected": True}
    assert admin.post("/v1/deaths", json=death).status_code == 201
    assert admin.post("/v1/deaths", json=death | {"on": "2999-01-01"}).status_code == 422
    before = accounts(office)
    found = admin.post("/v1/relations/search", json={"patient": number(whose)}).json()
    assert accounts(office) == before + 1
    assert found["relations"] == [given]
    assert found["died"] == {"died_on": "2024-05-06", "objected": True, "overridden_for": []}
    assert admin.post(f"/v1/relations/{given['id']}/end", json={}).status_code == 200
    assert admin.post(f"/v1/relations/{given['id']}/end", json={}).status_code == 404
    himself = order | {"person": number(whose)}
    assert (admin.post("/v1/relations", json=himself)).status_code == 422


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("/v1/protection", {"patients": [{"root": PESEL_OID, "extension": "12345678901"}]}),
        ("/v1/approvals", {"requester": "somebody", "patient": {"root": "1.2", "extension": "3"}}),
        ("/v1/authorisations", {"administrator": "somebody", "reason": "x", "until": "2030-01-01T00:00:00Z"}),
        ("/v1/deaths", {"patient": {"root": "1.2", "extension": "3"}, "on": "2024-01-01"}),
    ],
)
def test_these_are_not_a_workers_to_give(
    office: Served, doctor: httpx.Client, *, address: str, body: dict[str, object]
) -> None:
    before = office.archive.catalogue.journal.size()
    answer = doctor.post(address, json=body)
    assert (answer.status_code, problem(answer)["code"]) == (403, "CNS-006")
    assert office.archive.catalogue.journal.size() == before
