"""FHIR over HTTP: ITI-67, ITI-68, patients and studies, in JSON and XML, as models of others read them."""

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fhir.resources.R4B import get_fhir_model_class

from repository.access.principal import PrincipalKind
from repository.access.purpose import Purpose
from repository.catalogue.query import Level, Query
from tests.api.fhir.providing import Json, checked
from tests.api.served import Served
from tests.builders.access import THEIRS
from tests.builders.staff import Staff

DOCUMENTS = 12  # four of each patient of the sample


@pytest.fixture(scope="module")
def doctor(served: Served) -> Iterator[httpx.Client]:
    with served.client() as client:
        yield client


def found(client: httpx.Client, address: str, **more: Any) -> list[Json]:
    answer = client.get(address, **more)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/fhir+json")
    bundle = checked(answer.json())
    assert bundle["type"] == "searchset"
    return [each["resource"] for each in bundle.get("entry", [])]


@pytest.fixture(scope="module")
def document(doctor: httpx.Client) -> Json:
    return found(doctor, "/fhir/DocumentReference?status=current")[0]


def test_all_documents_are_found_and_are_valid(served: Served, doctor: httpx.Client) -> None:
    documents = found(doctor, "/fhir/DocumentReference?status=current&_count=200")
    kept = served.archive.catalogue.search(Query(level=Level.DOCUMENT, limit=200)).hits
    assert len(kept) == len(documents) == DOCUMENTS
    for each in documents:
        checked(each)
        assert each["masterIdentifier"]["system"].startswith("urn:oid:")
        assert each["custodian"]["display"] == "EDM Archive"


def test_a_search_that_finds_nothing_is_an_empty_bundle(doctor: httpx.Client) -> None:
    assert found(doctor, "/fhir/DocumentReference?status=superseded") == []


def test_pages_lead_through_everything_once(doctor: httpx.Client) -> None:
    address, seen = "/fhir/DocumentReference?_count=2", []
    for _ in range(50):
        bundle = doctor.get(address).json()
        seen += [each["resource"]["id"] for each in bundle["entry"]]
        onward = [each["url"] for each in bundle["link"] if each["relation"] == "next"]
        if not onward:
            break
        address = onward[0]
    assert sorted(seen) == sorted(each["id"] for each in found(doctor, "/fhir/DocumentReference?_count=200"))
    assert len(seen) == len(set(seen)) == DOCUMENTS


def _token(value: Json) -> str:
    said: str = value.get("code") or value["value"]
    return f"{value['system']}|{said}" if "system" in value else said


def test_every_condition_finds_the_document_that_meets_it_and_no_other(doctor: httpx.Client, document: Json) -> None:
    attachment = document["content"][0]["attachment"]
    author = next(each for each in document["contained"] if each["id"] == "author")["name"][0]
    conditions = {
        "author.family": author["family"],
        "author.given": author["given"][0],
        "category": _token(document["category"][0]["coding"][0]),
        "creation": attachment["creation"][:10],
        "date": document["date"][:10],
        "format": _token(document["content"][0]["format"]),
        "identifier": _token(document["masterIdentifier"]),
        "patient": document["subject"]["reference"],
        "security-label": _token(document["securityLabel"][0]["coding"][0]),
        "status": "current",
        "type": _token(document["type"]["coding"][0]),
    }
    for name, value in conditions.items():
        ids = [each["id"] for each in found(doctor, "/fhir/DocumentReference", params={name: value, "_count": "200"})]
        assert document["id"] in ids, name
    assert [each["id"] for each in found(doctor, "/fhir/DocumentReference", params=conditions)] == [document["id"]]
    for name in conditions:
        wrong = {"creation": "1999-01-01", "date": "1999-01-01", "patient": f"Patient/{'0' * 8}.1"}.get(
            name, "x|nothing"
        )
        assert found(doctor, "/fhir/DocumentReference", params={name: wrong}) == [], name


def test_an_issuer_alone_is_not_the_identifiers_that_it_gave(doctor: httpx.Client, document: Json) -> None:
    issuer = document["masterIdentifier"]["system"]
    assert found(doctor, "/fhir/DocumentReference", params={"identifier": f"urn:ietf:rfc:3986|{issuer}"}) == []


def test_a_patient_is_found_by_number_and_leads_to_the_documents(doctor: httpx.Client, document: Json) -> None:
    patient = checked(doctor.get(f"/fhir/{document['subject']['reference']}").json())
    for each in patient["identifier"]:
        documents = found(doctor, "/fhir/DocumentReference", params={"patient.identifier": _token(each)})
        assert document["id"] in [one["id"] for one in documents]
        assert {one["subject"]["reference"] for one in documents} == {document["subject"]["reference"]}
        assert [one["id"] for one in found(doctor, "/fhir/Patient", params={"identifier": _token(each)})] == [
            patient["id"]
        ]
    family = patient["name"][0]["family"]
    assert patient["id"] in [each["id"] for each in found(doctor, "/fhir/Patient", params={"family": family})]


def test_a_search_by_form_is_the_same(doctor: httpx.Client, document: Json) -> None:
    form = {"identifier": _token(document["masterIdentifier"]), "status": "current"}
    bundle = checked(doctor.post("/fhir/DocumentReference/_search", data=form).json())
    assert [each["resource"]["id"] for each in bundle["entry"]] == [document["id"]]


def test_one_search_has_one_account(served: Served, doctor: httpx.Client) -> None:
    before = served.accounts()
    found(doctor, "/fhir/DocumentReference?status=current")
    assert served.accounts() == before + 1


def test_unknown_parameters_are_passed_over_and_told_or_refused(doctor: httpx.Client) -> None:
    told = found(doctor, "/fhir/DocumentReference?colour=red")
    assert checked(told[-1])["resourceType"] == "OperationOutcome"
    assert [each["resourceType"] for each in told[:-1]] == ["DocumentReference"] * DOCUMENTS
    refused = doctor.get("/fhir/DocumentReference?colour=red", headers={"Prefer": "handling=strict"})
    assert refused.status_code == 400
    assert checked(refused.json())["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("asked", ["date=yesterday", "patient=nobody", "type:not=a", "_count=x", "period=2020-99"])
def test_what_cannot_be_taken_is_said(doctor: httpx.Client, asked: str) -> None:
    answer = doctor.get(f"/fhir/DocumentReference?{asked}")
    assert answer.status_code == 422
    assert checked(answer.json())["issue"][0]["severity"] == "error"


def test_the_bytes_come_as_received(served: Served, doctor: httpx.Client, document: Json) -> None:
    attachment = document["content"][0]["attachment"]
    answer = doctor.get(attachment["url"], headers={"Accept": f"{attachment['contentType']}, */*;q=0.1"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == attachment["contentType"]
    digest = hashlib.sha256(answer.content).digest()
    assert attachment["extension"][0]["valueString"] == digest.hex()
    assert len(answer.content) == attachment["size"]
    assert answer.headers["repr-digest"] == f"sha-256=:{base64.b64encode(digest).decode()}:"
    part = doctor.get(attachment["url"], headers={"Range": "bytes=3-9"})
    assert (part.status_code, part.content) == (206, answer.content[3:10])
    assert doctor.get(attachment["url"], headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    assert doctor.get(attachment["url"], headers={"Accept": "image/png"}).status_code == 406
    binary = checked(doctor.get(attachment["url"], headers={"Accept": "application/fhir+json"}).json())
    assert base64.b64decode(binary["data"]) == answer.content


def test_a_document_is_read_and_not_again_while_it_is_the_same(doctor: httpx.Client, document: Json) -> None:
    answer = doctor.get(f"/fhir/DocumentReference/{document['id']}")
    assert answer.json() == document
    again = doctor.get(f"/fhir/DocumentReference/{document['id']}", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_what_is_refused_looks_like_what_is_not_there(served: Served, document: Json) -> None:
    stranger = Staff(house=THEIRS)
    missing = f"{document['id'].partition('.')[0]}.99999999"
    with served.client(stranger) as client:
        assert found(client, "/fhir/DocumentReference") == []
        for kind in ("DocumentReference", "Binary"):
            there, nowhere = client.get(f"/fhir/{kind}/{document['id']}"), client.get(f"/fhir/{kind}/{missing}")
            assert there.status_code == nowhere.status_code == 404
            assert there.json() == nowhere.json()
            checked(there.json())
        assert client.get(f"/fhir/{document['subject']['reference']}").status_code == 404


def test_nobody_reads_without_a_purpose_or_a_token(served: Served) -> None:
    with served.client(purpose=None) as client:
        answer = client.get("/fhir/DocumentReference")
        assert answer.status_code == 400
        assert checked(answer.json())["issue"][0]["details"]["coding"][0]["code"] == "API-002"
    with served.client(None) as client:
        assert client.get("/fhir/DocumentReference").status_code == 401


def test_xml_says_the_same_as_json(doctor: httpx.Client, document: Json) -> None:
    addresses = [
        f"/fhir/DocumentReference/{document['id']}",
        f"/fhir/{document['subject']['reference']}",
        "/fhir/metadata",
    ]
    addresses += ["/fhir/DocumentReference?_count=3"]
    for address in addresses:
        as_json = doctor.get(address).json()
        answer = doctor.get(address, headers={"Accept": "application/fhir+xml"})
        assert answer.headers["content-type"].startswith("application/fhir+xml")
        model = get_fhir_model_class(as_json["resourceType"])
        assert model.model_validate_xml(answer.content) == model.model_validate(as_json), address
        by_name = doctor.get(address, params=[*httpx.URL(address).params.multi_items(), ("_format", "xml")])
        assert by_name.headers["content-type"] == answer.headers["content-type"]
    assert doctor.get(addresses[0], headers={"Accept": "image/png"}).status_code == 406


def test_studies_tell_their_series_and_images(served: Served, doctor: httpx.Client) -> None:
    studies = found(doctor, "/fhir/ImagingStudy")
    assert len(studies) == 3
    whole = checked(doctor.get(f"/fhir/ImagingStudy/{studies[0]['id']}").json())
    assert whole["numberOfInstances"] == sum(len(each["instance"]) for each in whole["series"]) == 4
    assert whole["contained"][0]["address"] == f"{served.url}/dicomweb"
    uid = _token(whole["identifier"][0])
    assert [each["id"] for each in found(doctor, "/fhir/ImagingStudy", params={"identifier": uid})] == [whole["id"]]
    mine = found(doctor, "/fhir/ImagingStudy", params={"patient": whole["subject"]["reference"]})
    assert [each["id"] for each in mine] == [whole["id"]]
    assert doctor.get(f"/fhir/ImagingStudy/{whole['id'][:-8]}00000000").status_code == 404


def test_accounts_are_found_as_audit_events(served: Served) -> None:
    with served.client(Staff(kind=PrincipalKind.ADMINISTRATOR), purpose=Purpose.AUDIT) as client:
        events = found(client, "/fhir/AuditEvent?_count=5")
        assert 0 < len(events) <= 5
        one = checked(client.get(f"/fhir/AuditEvent/{events[0]['id']}").json())
        assert one["id"] == events[0]["id"]
        assert client.get("/fhir/AuditEvent?action=nonsense").status_code == 422
        assert client.get("/fhir/AuditEvent/0").status_code == 404


def test_a_page_is_filled_though_few_match_and_the_next_one_goes_on_behind_it(served: Served) -> None:
    with served.client() as doctor:
        wanted = found(doctor, "/fhir/DocumentReference?_count=200")
        kinds = {each["type"]["coding"][0]["code"] for each in wanted}
        assert len(kinds) > 1
        for kind in kinds:
            same = [each["id"] for each in wanted if each["type"]["coding"][0]["code"] == kind]
            address, seen = f"/fhir/DocumentReference?type={kind}&_count=2", list[str]()
            for _ in range(len(same)):
                before = served.accounts()
                bundle = doctor.get(address).json()
                assert served.accounts() == before + 1
                ids = [each["resource"]["id"] for each in bundle.get("entry", [])]
                onward = [each["url"] for each in bundle["link"] if each["relation"] == "next"]
                seen += ids
                if not onward:
                    break
                assert len(ids) == 2
                address = onward[0]
            assert seen == same


def test_what_is_profiled_keeps_the_profile(doctor: httpx.Client) -> None:
    documents = found(doctor, "/fhir/DocumentReference?_count=200")
    assert len(documents) == DOCUMENTS
    for each in documents:
        (profile,) = each["meta"]["profile"]
        attachment = each["content"][0]["attachment"]
        assert len(base64.b64decode(attachment["hash"])) == 20
        content = doctor.get(attachment["url"], headers={"Accept": "*/*"}).content
        assert attachment["hash"] == base64.b64encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode()
        assert not {"docStatus", "modifierExtension"} & each.keys()
        assert "data" not in attachment
        assert {"contentType", "url"} <= attachment.keys()
        if profile.endswith("MHD.Comprehensive.DocumentReference"):
            assert {"type", "category", "subject", "securityLabel", "context"} <= each.keys()
            assert {"language", "creation"} <= attachment.keys()
            assert {"facilityType", "practiceSetting", "sourcePatientInfo"} <= each["context"].keys()
            assert "format" in each["content"][0]
