"""A patient's own access over HTTP: what is his, all of it, and no more; for whoever stands for a patient, too."""

from collections.abc import Iterator

import httpx
import pytest

from repository.access.principal import PrincipalKind
from repository.domain.describing import Identifier
from repository.domain.takeover import STORED
from tests.api.native.rights.asked import accounts, consent, known_patients, number, to
from tests.api.native.rights.conftest import ADMIN
from tests.api.served import Served, served_sample
from tests.builders.access import CELINA, SUCCESSOR
from tests.builders.staff import Staff

BRACES = Staff(kind=PrincipalKind.REPRESENTATIVE, given_name="Celina", surname="Gęś", identifier=CELINA, role="archive")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_sample(tmp_path_factory.mktemp("mine"), patients=2, images=2, rate=1_000_000) as made:
        yield made


@pytest.fixture(scope="module")
def whose(home: Served) -> tuple[int, Identifier]:
    return known_patients(home)[0]


@pytest.fixture(scope="module")
def patient(home: Served, whose: tuple[int, Identifier]) -> Iterator[httpx.Client]:
    staff = Staff(kind=PrincipalKind.PATIENT, given_name="Anna", surname="Gęś", identifier=whose[1], role="archive")
    with home.client(staff, purpose=None) as client:
        yield client


def documents_of(client: httpx.Client, headers: dict[str, str] | None = None) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    after = 0
    while True:
        page = client.get("/v1/me/documents", params={"after": after, "limit": 3}, headers=headers).json()
        found += page["documents"]
        after = page["next"]
        if not after:
            return found


def kept_of(home: Served, patient: int) -> set[int]:
    desk, number_ = home.archive.catalogue, home.takeover.number
    stored = (each.ordinal for each in desk.items(number_) if each.disposition in STORED)
    holdings = ((each, desk.holding(number_, each)) for each in stored)
    return {each for each, holding in holdings if holding.patient == patient and holding.description.document}


def test_a_patient_lists_and_fetches_all_of_the_own_and_nothing_else(
    home: Served, patient: httpx.Client, whose: tuple[int, Identifier]
) -> None:
    found = documents_of(patient)
    mine = {each["ordinal"] for each in found if each["level"] == "document"}
    assert mine == kept_of(home, whose[0]) != set()
    assert any(each["level"] == "study" and each["study"] for each in found)
    for ordinal in mine:
        answer = patient.get(f"/v1/me/documents/{home.takeover.id}/{ordinal}")
        path = home.archive.catalogue.holding(home.takeover.number, int(str(ordinal))).path
        assert (answer.status_code, answer.content) == (200, (home.package / path).read_bytes())
    other = next(iter(kept_of(home, known_patients(home)[1][0])))
    refused = patient.get(f"/v1/me/documents/{home.takeover.id}/{other}")
    missing = patient.get(f"/v1/me/documents/{home.takeover.id}/999999")
    assert refused.status_code == missing.status_code == 404
    assert refused.json() == missing.json()


def test_each_list_has_one_account_of_each_record(
    home: Served, patient: httpx.Client, whose: tuple[int, Identifier]
) -> None:
    for path in ("documents", "consents", "accounts"):
        before = accounts(home)
        assert patient.get(f"/v1/me/{path}").status_code == 200
        assert accounts(home) == before + 1
    found = patient.get("/v1/me/accounts").json()["accounts"]
    assert {(each["takeover"], each["patient"]) for each in found} >= {(home.takeover.id, whose[0])}
    page = patient.get("/v1/me/accounts", params={"limit": 1}).json()
    assert page["next"] == page["accounts"][0]["number"]


def test_a_patient_sees_what_was_consented_and_may_have_it_signed_who_looked(
    home: Served, patient: httpx.Client, whose: tuple[int, Identifier]
) -> None:
    with home.client(ADMIN, purpose=None) as admin:
        given = admin.post("/v1/consents", json=consent(whose[1], grantee=to(SUCCESSOR))).json()
        others = admin.post("/v1/consents", json=consent(known_patients(home)[1][1])).json()
    mine = {each["id"] for each in patient.get("/v1/me/consents").json()["permissions"]}
    assert given["id"] in mine
    assert others["id"] not in mine
    assert patient.post("/v1/reports/who-looked", json={"patient": number(whose[1])}).status_code == 200
    other = {"patient": number(known_patients(home)[1][1])}
    assert patient.post("/v1/reports/who-looked", json=other).status_code == 404
    assert patient.post("/v1/consents/search", json={"patient": number(whose[1])}).status_code == 403


def test_who_stands_for_a_patient_sees_as_the_patient_while_it_lasts(
    home: Served, patient: httpx.Client, whose: tuple[int, Identifier]
) -> None:
    for_her = {"EDM-For": f"{whose[1].root}^{whose[1].extension}"}
    with home.client(BRACES, purpose=None) as celina, home.client(ADMIN, purpose=None) as admin:
        before = accounts(home)
        assert celina.get("/v1/me/documents", headers=for_her).json() == {"documents": [], "next": 0}
        unknown = celina.get("/v1/me/documents", headers={"EDM-For": "44051401359"})
        assert unknown.json() == {"documents": [], "next": 0}
        assert celina.get("/v1/me/documents").json() == {"documents": [], "next": 0}
        assert accounts(home) == before + 3
        order = {"patient": number(whose[1]), "person": number(CELINA), "kind": "statutory-representative"}
        made = admin.post("/v1/relations", json=order).json()
        assert documents_of(celina, for_her) == documents_of(patient)
        assert celina.get("/v1/me/accounts", headers=for_her).json()["accounts"]
        admin.post(f"/v1/relations/{made['id']}/end", json={})
        assert celina.get("/v1/me/documents", headers=for_her).json() == {"documents": [], "next": 0}


def test_somebody_else_has_nothing_of_his_own_here(home: Served) -> None:
    with home.client(purpose=None) as doctor:
        assert doctor.get("/v1/me").json()["kind"] == "medical-worker"
        assert doctor.get("/v1/me/documents").json()["documents"] == []
        assert doctor.get("/v1/me/documents", headers={"EDM-For": "not a number"}).status_code == 400
        assert doctor.get("/v1/me/documents", headers={"EDM-For": "123"}).status_code == 422
