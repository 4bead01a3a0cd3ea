"""Who may what at this door: every subject × every purpose × every record, and every subject × every kind of route.

One answer too many fails here as one too few does. What is refused looks like what is not there, and each attempt has
one account. Which ties let whom in for what is the table of `tests/repository/access/the_law.py`, written from the law.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from repository.access.principal import PrincipalKind
from repository.access.purpose import Purpose
from repository.domain.describing import Identifier
from repository.domain.takeover import STORED
from tests.api.native.rights.asked import accounts, consent, known_patients, number, to
from tests.api.native.rights.conftest import ADMIN, AUDITOR
from tests.api.served import DOCTOR, Served, problem, served_sample
from tests.builders.access import CELINA, COURT, DARIUSZ, PAYER, SUCCESSOR, THEIRS
from tests.builders.staff import Staff
from tests.repository.access.the_law import BASIS, TIES

NOTHING, CONSENT, GRANT, OBJECTION, PROTECTED, WITHDRAWN, OWN = range(7)
RECORDS = ("nothing", "consent", "grant", "objection", "protected", "withdrawn", "own")


@dataclass(frozen=True)
class Subject:
    """`role`: the row of the law's table; `ties`: to records, by which of them."""

    role: str
    staff: Staff
    ties: dict[int, str] = field(default_factory=dict)
    everywhere: str = ""


def subjects(own: Identifier) -> dict[str, Subject]:
    """`own`: the patient of the record OWN."""
    kind = PrincipalKind
    given = {CONSENT: "consent", GRANT: "grant", OBJECTION: "consent", PROTECTED: "consent"}
    patient = Staff(kind=kind.PATIENT, given_name="Anna", surname="Gęś", identifier=own, role="archive")
    celina = Staff(kind=kind.REPRESENTATIVE, given_name="Celina", surname="Gęś", identifier=CELINA, role="archive")
    dariusz = Staff(kind=kind.PERSON, given_name="Dariusz", surname="Żak", identifier=DARIUSZ, role="archive")
    service = Staff(kind=kind.SPECIAL_SERVICE, surname="Cichy", house=COURT, role="authority")
    return {
        "heir's worker": Subject("worker", Staff(house=THEIRS, surname="Obca"), given),
        "heir": Subject("organisation", Staff(kind=kind.ORGANISATION, house=THEIRS), given),
        "custodian's worker": Subject("worker", DOCTOR, everywhere="custody"),
        "stranger": Subject("worker", Staff(house=SUCCESSOR, surname="Daleka")),
        "payer": Subject("payer", Staff(kind=kind.ORGANISATION, house=PAYER, role="payer")),
        "court": Subject("court", Staff(kind=kind.ORGANISATION, house=COURT, role="court")),
        "patient": Subject("patient", patient, {OWN: "own"}),
        "representative": Subject("representative", celina, {OWN: "represents"}),
        "person": Subject("person", dariusz),
        "administrator": Subject("administrator", ADMIN),
        "auditor": Subject("auditor", AUDITOR),
        "service": Subject("service", service),
    }


WHO = tuple(subjects(CELINA))


def expected(who: Subject, purpose: Purpose, record: int) -> bool:
    lets_in = TIES.get((who.role, purpose.value), frozenset[str]())
    ties = {"always", *who.everywhere.split(), *who.ties.get(record, "").split()}
    objected = record == OBJECTION and purpose in {Purpose.TREATMENT, Purpose.CONTINUITY}
    return bool(lets_in & ties) and not objected and record != PROTECTED


@dataclass(frozen=True)
class Table:
    served: Served
    people: list[tuple[int, Identifier]]
    images: list[str]  # of each record, one that nobody here has written
    consent: str
    subjects: dict[str, Subject]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    """Seven patients, and of what came with the package no consent is left."""
    folder = tmp_path_factory.mktemp("table")
    with served_sample(folder, patients=len(RECORDS), images=1, rate=1_000_000) as served:
        people = known_patients(served)
        assert len(people) == len(RECORDS)
        with served.client(ADMIN, purpose=None) as admin:
            consent_id = _written(served, admin, people)
        yield Table(served, people, _images(served, people), consent_id, subjects(people[OWN][1]))


def _written(served: Served, admin: httpx.Client, people: list[tuple[int, Identifier]]) -> str:
    for _, whose in people:
        for each in admin.post("/v1/consents/search", json={"patient": number(whose)}).json()["permissions"]:
            if each["ended_at"] is None:
                assert admin.post(f"/v1/consents/{each['id']}/withdrawal").status_code == 200
    for each in admin.post("/v1/grants/search", json={"takeover": served.takeover.id}).json()["permissions"]:
        if each["ended_at"] is None:
            assert admin.post(f"/v1/grants/{each['id']}/revocation").status_code == 200
    order = {"purposes": ["treatment", "continuity"], "takeover": served.takeover.id}
    made = {
        record: admin.post("/v1/consents", json=consent(people[record][1], **order)).json()
        for record in (CONSENT, OBJECTION, PROTECTED, WITHDRAWN)
    }
    admin.post(f"/v1/consents/{made[WITHDRAWN]['id']}/withdrawal")
    objection = {"kind": "objection", "patient": number(people[OBJECTION][1]), "grantee": {"kind": "anybody"}}
    granted = {
        "takeover": served.takeover.id, "patient": number(people[GRANT][1]), "grantee": to(),
        "purposes": ["treatment", "continuity"],
    }  # fmt: skip
    relation = {
        "patient": number(people[OWN][1]), "person": number(CELINA), "kind": "statutory-representative",
    }  # fmt: skip
    for address, body in (
        ("consents", objection), ("grants", granted), ("relations", relation),
        ("protection", {"patients": [number(people[PROTECTED][1])]}),
    ):  # fmt: skip
        assert admin.post(f"/v1/{address}", json=body).status_code == 201
    return str(made[CONSENT]["id"])


def _images(served: Served, people: list[tuple[int, Identifier]]) -> list[str]:
    desk, takeover = served.archive.catalogue, served.takeover
    stored = (each.ordinal for each in desk.items(takeover.number) if each.disposition in STORED)
    found = {}
    for ordinal in stored:
        holding = desk.holding(takeover.number, ordinal)
        if holding.description.dicom is not None:
            found[holding.patient] = f"/v1/holdings/{takeover.id}/{ordinal}"
    return [found[patient] for patient, _ in people]


def client_of(table: Table, who: str) -> httpx.Client:
    subject = table.subjects[who]
    basis = BASIS.get(subject.role, "UPP-26.3.1")
    said = {"EDM_Basis": basis, "EDM_Evidence": "letter%20II%20K%201/26", "EDM_Reason": "nieprzytomny"}
    return table.served.client(subject.staff, purpose=None, **said)


@pytest.mark.requirement("R463-7.1", "R463-7.2", "R463-10.1.1", "R463-10.1.2", "R463-10.1.4", "R463-10.1.5")
@pytest.mark.parametrize("who", WHO)
def test_every_cell_is_answered_as_the_law_has_it(table: Table, who: str) -> None:
    wrong, missing = {}, f"/v1/holdings/{table.served.takeover.id}/999999"
    with client_of(table, who) as client:
        before, asked = accounts(table.served), 0
        for purpose in Purpose:
            said = {"EDM-Purpose": purpose.value}
            nothing = client.get(missing, headers=said)
            for record, name in enumerate(RECORDS):
                answer = client.get(table.images[record], headers=said)
                wanted = expected(table.subjects[who], purpose, record)
                alike = wanted or (answer.status_code, problem(answer)) == (404, problem(nothing))
                if (answer.status_code == 200) is not wanted or not alike:
                    wrong[purpose.value, name] = answer.status_code
            asked += 1 + len(RECORDS)
        assert wrong == {}
        assert accounts(table.served) == before + asked


@pytest.mark.parametrize("who", WHO)
def test_without_a_purpose_nobody_reads(table: Table, who: str) -> None:
    with client_of(table, who) as client:
        answer = client.get(table.images[CONSENT])
        assert (answer.status_code, problem(answer)["code"]) == (400, "API-002")


ALL = frozenset(WHO)
STEWARDS = frozenset({"administrator", "custodian's worker"})
LOOKERS = frozenset({"administrator", "auditor", "service"})
ROUTES: dict[str, tuple[str, frozenset[str], int]] = {
    # name: (method and address, who is answered, what the others are told)
    "one consent": ("GET /v1/consents/{consent}", STEWARDS, 404),
    "its editions": ("GET /v1/consents/{consent}/editions", STEWARDS, 404),
    "consents of a patient": ("POST /v1/consents/search", STEWARDS, 403),
    "grants": ("POST /v1/grants/search", STEWARDS, 403),
    "relations": ("POST /v1/relations/search", STEWARDS, 403),
    "accounts about somebody": ("POST /v1/accounts/search", LOOKERS, 404),
    "all accounts": ("POST /v1/accounts/search all", LOOKERS, 404),
    "own accounts": ("POST /v1/accounts/search own", LOOKERS | {"patient", "representative"}, 404),
    "who looked": ("POST /v1/reports/who-looked", LOOKERS, 404),
    "the register": ("POST /v1/reports/register", LOOKERS, 404),
    "the special report": ("POST /v1/reports/special", frozenset({"service"}), 404),
    "completeness": ("GET /v1/accounts/completeness", LOOKERS, 404),
    "reviews": ("GET /v1/reviews", LOOKERS, 404),
    "people": ("GET /v1/people", frozenset({"administrator", "auditor"}), 403),
    "custody": ("GET /v1/custody/{takeover}", ALL, 404),
    "demands": ("GET /v1/demands", ALL, 404),
    "who I am": ("GET /v1/me", ALL, 404),
}
UNACCOUNTED = {"people", "custody", "demands", "who I am"}  # they tell nothing of a patient


@pytest.mark.requirement("R463-10.1.1", "R463-10.1.2", "R463-10.3")
@pytest.mark.parametrize("name", ROUTES)
def test_every_route_answers_those_whom_it_is_for(table: Table, name: str) -> None:
    address, answered, otherwise = ROUTES[name]
    method, path, *which = address.split()
    record = {"own": OWN, "all": -1}.get(which[0] if which else "", CONSENT)
    body = _body(table, path, record)
    wrong = {}
    for who in WHO:
        with client_of(table, who) as client:
            before = accounts(table.served)
            filled = path.format(consent=table.consent, takeover=table.served.takeover.id)
            answer = client.request(method, filled, json=body if method == "POST" else None)
            if answer.status_code != (200 if who in answered else otherwise):
                wrong[who] = answer.status_code, answer.text[:200]
            told_off = answer.status_code == 403
            if not (name in UNACCOUNTED or told_off) and accounts(table.served) != before + 1:
                wrong[who] = accounts(table.served) - before, "accounts"
    assert wrong == {}


def _body(table: Table, path: str, record: int) -> dict[str, object]:
    if record < 0:
        return {}
    patient, whose = table.people[record]
    if "accounts" in path or "reports" in path:
        return {"record": f"{table.served.takeover.id}/{patient}"}
    if "grants" in path:
        return {"takeover": table.served.takeover.id}
    return {"patient": number(whose), "takeover": table.served.takeover.id}


def test_a_patients_own_lists_hold_that_patient_alone(table: Table) -> None:
    """For every subject: the records that the lists of `/v1/me` lead to."""
    found: dict[str, set[str]] = {}
    for who in WHO:
        with client_of(table, who) as client:
            headers = {"EDM-For": f"{table.people[OWN][1].root}^{table.people[OWN][1].extension}"}
            for stood in (headers, {}):
                listed = client.get("/v1/me/documents", params={"limit": 200}, headers=stood).json()["documents"]
                if listed:
                    found.setdefault(who, set()).update(each["takeover"] for each in listed)
                    assert {each["study"] for each in listed if each["study"]} == _studies(table, OWN)
    assert set(found) == {"patient", "representative"}


def _studies(table: Table, record: int) -> set[str]:
    desk, takeover = table.served.archive.catalogue, table.served.takeover
    ordinal = int(table.images[record].rpartition("/")[2])
    dicom = desk.holding(takeover.number, ordinal).description.dicom
    return {dicom.study_instance_uid} if dicom else set()
