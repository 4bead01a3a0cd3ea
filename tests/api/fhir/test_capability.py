"""The CapabilityStatement says what is served, and nothing else; a client of others works by it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from fhir.resources.R4B import get_fhir_model_class
from fhirclient.client import FHIRClient  # type: ignore[import-untyped]
from fhirclient.models.documentreference import DocumentReference  # type: ignore[import-untyped]
from fhirclient.models.patient import Patient  # type: ignore[import-untyped]

from api import fhir
from repository.access.permission import Grantee, GranteeKind, Grantor, Permission, PermissionKind
from repository.access.principal import PrincipalKind
from repository.access.purpose import Purpose
from repository.clock import now
from repository.consents.fhir_consent import consent_resource
from repository.domain.describing import Identifier
from repository.domain.identifiers import PESEL_OID
from tests.api.served import Served, served_sample
from tests.builders.access import THEIRS
from tests.builders.staff import Staff
from tests.peers.plain_http import PLAIN

Json = dict[str, Any]


@pytest.fixture(scope="module")
def statement(served: Served) -> Json:
    with served.client(None, purpose=None) as anybody:
        answer = anybody.get("/fhir/metadata")
        assert answer.status_code == 200
        found: Json = answer.json()
    get_fhir_model_class("CapabilityStatement").model_validate(found)
    return found


def test_what_is_stated_is_routed_and_what_is_routed_is_stated(statement: Json) -> None:
    stated: set[tuple[str, str]] = set()
    verbs = {"read": ("GET", "/{id}"), "search-type": ("GET", ""), "create": ("POST", "")}
    for each in statement["rest"][0]["resource"]:
        for one in each["interaction"]:
            verb, rest = verbs[one["code"]]
            stated.add((verb, f"/{each['type']}{rest}"))
    routes = [each for part in fhir.PARTS for each in part.router().written()]
    routed = {(verb, path) for path, _, options in routes for verb in {*options["methods"]} - {"HEAD"}}
    assert [each["code"] for each in statement["rest"][0]["interaction"]] == ["transaction"]
    assert stated == {each for each in routed if not each[1].endswith("/_search")} - {("GET", "/metadata")}


def test_every_parameter_that_is_stated_is_known(served: Served, statement: Json) -> None:
    stated = [
        (each["type"], one["name"]) for each in statement["rest"][0]["resource"] for one in each.get("searchParam", [])
    ]
    assert len(stated) > 60
    with served.client() as doctor:
        for kind, name in stated:
            answer = doctor.get(f"/fhir/{kind}", params={name: "2020-01-01"})
            assert answer.status_code in {200, 422}, (kind, name)  # not every parameter takes a day
            assert "Passed over" not in answer.text, (kind, name)
        assert "Passed over" in doctor.get("/fhir/Patient", params={"nothing-known": "2020-01-01"}).text


def test_consents_are_valid_or_none(served: Served) -> None:
    with served.client(Staff(kind=PrincipalKind.ADMINISTRATOR), purpose=Purpose.CUSTODY) as client:
        assert client.get("/fhir/Consent?patient.identifier=urn:oid:1.2.3|7").json()["type"] == "searchset"
        assert client.get("/fhir/Consent").status_code == 422
        assert client.get("/fhir/Consent/00000000-0000-0000-0000-000000000000").status_code == 404


def test_a_consent_is_recorded_for_whoever_sees_to_consents(tmp_path: Path) -> None:
    whose = Identifier(PESEL_OID, "44051401458")
    said = Permission(
        id="", kind=PermissionKind.CONSENT, grantor=Grantor("patient", "", whose), grantee=Grantee(GranteeKind.ANYBODY),
        patient=whose, purposes=frozenset({Purpose.TREATMENT}), valid_from=now(), recorded_at=now(),
    )  # fmt: skip
    content = orjson.dumps(consent_resource(said, archive="elsewhere"))
    kind = {"Content-Type": "application/fhir+json"}
    with served_sample(tmp_path, patients=1, images=1) as made:
        with made.client(Staff(house=THEIRS)) as stranger:
            assert stranger.post("/fhir/Consent", content=content, headers=kind).status_code == 403
        with made.client(Staff(kind=PrincipalKind.ADMINISTRATOR), purpose=Purpose.CUSTODY) as client:
            assert client.post("/fhir/Consent", content=b"{}", headers=kind).status_code == 400
            answer = client.post("/fhir/Consent", content=content, headers=kind)
            assert answer.status_code == 201, answer.text
            get_fhir_model_class("Consent").model_validate(answer.json())
            address = answer.headers["location"].partition("/_history")[0]
            assert client.get(address).json() == answer.json()
            listed = client.get(
                "/fhir/Consent", params={"patient.identifier": f"urn:oid:{PESEL_OID}|{whose.extension}"}
            )
            assert [each["resource"]["id"] for each in listed.json()["entry"]] == [answer.json()["id"]]


def test_a_submission_set_lists_the_documents_of_a_patient(served: Served) -> None:
    with served.client() as doctor:
        document = doctor.get("/fhir/DocumentReference?_count=1").json()["entry"][0]["resource"]
        patient = document["subject"]["reference"]
        bundle = doctor.get(
            "/fhir/List", params={"patient": patient, "code": "submissionset", "status": "current"}
        ).json()
        (made,) = (each["resource"] for each in bundle["entry"])
        get_fhir_model_class("List").model_validate(made)
        documents = doctor.get("/fhir/DocumentReference", params={"patient": patient, "_count": "200"}).json()["entry"]
        listed = {each["item"]["reference"] for each in made["entry"]}
        assert listed == {f"DocumentReference/{each['resource']['id']}" for each in documents}
        assert doctor.get(f"/fhir/List/{made['id']}").json() == made
        assert "entry" not in doctor.get("/fhir/List", params={"patient": patient, "status": "retired"}).json()
        assert doctor.get("/fhir/List/nothing").status_code == 404


def test_provenance_leads_to_the_proof(served: Served) -> None:
    with served.client() as doctor:
        document = doctor.get("/fhir/DocumentReference?_count=1").json()["entry"][0]["resource"]
        target = f"DocumentReference/{document['id']}"
        (entry,) = doctor.get("/fhir/Provenance", params={"target": target}).json()["entry"]
        made = entry["resource"]
        get_fhir_model_class("Provenance").model_validate(made)
        proof = next(each["valueUri"] for each in made["extension"] if each["url"].endswith("log-proof"))
        assert doctor.get(proof).text.startswith("c2sp.org/tlog-proof@v1")
        assert doctor.get("/fhir/Provenance", params={"target": "DocumentReference/no.1"}).json().get("entry") is None


@pytest.fixture
def smart(served: Served) -> Iterator[FHIRClient]:
    client = FHIRClient(settings={"app_id": "tests", "api_base": f"{served.url}/fhir/"})
    client.server.session.trust_env = False
    client.server.session.headers.update(
        {"Authorization": f"Bearer {served.token()}", "EDM-Purpose": Purpose.TREATMENT.value}
    )
    yield client
    client.server.session.close()


def test_a_client_of_others_finds_and_fetches(served: Served, smart: FHIRClient) -> None:
    search = DocumentReference.where(struct={"status": "current", "_count": "2"})
    found = list(search.perform_resources_iter(smart.server))  # through all pages
    assert len({each.id for each in found}) == len(found) == 12  # four documents of each patient
    patient = Patient.read(found[0].subject.reference.rpartition("/")[2], smart.server)
    assert patient.name[0].family
    attachment = found[0].content[0].attachment
    answer = httpx.get(
        attachment.url,
        headers=dict(smart.server.session.headers) | {"Accept": "*/*"},
        trust_env=False,
        verify=PLAIN,
        timeout=60,
    )
    assert len(answer.content) == attachment.size
    assert json.loads(json.dumps(found[0].as_json()))["custodian"]["display"] == "EDM Archive"


def test_lists_are_found_by_what_they_are(served: Served) -> None:
    with served.client() as doctor:
        patient = doctor.get("/fhir/DocumentReference?_count=1").json()["entry"][0]["resource"]["subject"]["reference"]

        def found(**asked: str) -> list[str]:
            answer = doctor.get("/fhir/List", params={"patient": patient, **asked})
            assert answer.status_code == 200, answer.text
            return [each["resource"]["id"] for each in answer.json().get("entry", [])]

        (id_,) = found()
        made = doctor.get(f"/fhir/List/{id_}").json()
        for each in made["identifier"]:
            assert found(identifier=f"{each['system']}|{each['value']}") == [id_]
        assert found(date=made["date"][:10], code="submissionset", status="retired,current") == [id_]
        wrong = {
            "identifier": "x", "date": "1999", "code": "folder", "status": "retired", "designationType": "x",
            "source.family": "x", "source.given": "x",
        }  # fmt: skip
        for name, value in wrong.items():
            assert found(**{name: value}) == [], name
        assert doctor.get("/fhir/List", params={"patient": patient, "date": "soon"}).status_code == 422
        before = served.accounts()
        found()
        assert served.accounts() == before + 1


def test_a_study_is_read_with_one_account(served: Served) -> None:
    with served.client() as doctor:
        study = doctor.get("/fhir/ImagingStudy?_count=1").json()["entry"][0]["resource"]["id"]
        before = served.accounts()
        assert doctor.get(f"/fhir/ImagingStudy/{study}").json()["series"]
        assert doctor.get(f"/fhir/ImagingStudy/{study[:-8]}00000000").status_code == 404
        assert served.accounts() == before + 2


def test_what_stops_a_request_before_any_work_is_an_outcome_as_well(served: Served) -> None:
    with served.client() as doctor:
        refused = [
            doctor.get("/fhir/Patient", headers={"X-Large": "x" * 40_000}),
            doctor.get("/fhir/Patient/%2e%2e"),
            doctor.post("/fhir", content=b"{}", headers={"Content-Encoding": "gzip"}),
            doctor.post("/fhir/Patient/_search", content=b"x" * 17_000_000),
        ]
        for answer, status in zip(refused, (431, 400, 415, 413), strict=True):
            assert answer.status_code == status
            assert answer.headers["content-type"].startswith("application/fhir+json")
            get_fhir_model_class("OperationOutcome").model_validate(answer.json())
        assert doctor.get("/v1/%2e%2e").headers["content-type"] == "application/problem+json"
        as_xml = doctor.get("/fhir/Patient/%2e%2e", headers={"Accept": "application/fhir+xml"})
        get_fhir_model_class("OperationOutcome").model_validate_xml(as_xml.content)


def test_too_many_requests_are_told_as_an_outcome(tmp_path: Path) -> None:
    with served_sample(tmp_path, patients=1, images=1, rate=3) as made:
        client = httpx.Client(base_url=made.url, trust_env=False, verify=PLAIN, timeout=60)
        answers = [client.get("/fhir/metadata") for _ in range(4)]
        client.close()
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["issue"][0]["code"] == "throttled"
    assert int(answers[-1].headers["retry-after"]) > 0
