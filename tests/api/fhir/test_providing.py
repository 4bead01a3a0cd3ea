"""ITI-65: a bundle is taken whole or not at all: its documents bit for bit, and found by what was said of them."""

import hashlib
from pathlib import Path
from typing import Any

import httpx
from fhir.resources.R4B import get_fhir_model_class
from fhirclient.client import FHIRClient  # type: ignore[import-untyped]
from fhirclient.models.bundle import Bundle  # type: ignore[import-untyped]

from repository.fhir_xml import as_xml
from repository.transfer.closing import close_transfer
from tests.api.dicomweb.pushing import Open, served_transfer
from tests.api.fhir.providing import Json, checked, sent, taken
from tests.builders.bundles import PDF, Paper, bundle, cda, parts_of, patient, pdf


def found(client: httpx.Client, **asked: str) -> list[Json]:
    answer = client.get("/fhir/DocumentReference", params=asked)
    assert answer.status_code == 200, answer.text
    return [each["resource"] for each in checked(answer.json()).get("entry", [])]


def test_documents_are_kept_bit_for_bit_and_found_by_what_was_said(receiving: Open, doctor: httpx.Client) -> None:
    papers = [pdf(1, seed=1), cda(1)]
    made = bundle(*papers)
    responses = taken(receiving, checked(made))
    for paper, told, binary in zip(papers, responses[1:3], responses[3:], strict=True):
        assert told["status"] == binary["status"] == "201 Created"
        document = checked(doctor.get(f"/fhir/{told['location']}").json())
        said = next(each for each in parts_of(made, "DocumentReference") if each["masterIdentifier"] == paper.master)
        attachment, sent_attachment = document["content"][0]["attachment"], said["content"][0]["attachment"]
        assert document["masterIdentifier"] == paper.master
        assert [attachment[name] for name in ("hash", "size", "contentType")] == [
            sent_attachment[name] for name in ("hash", "size", "contentType")
        ]
        content = doctor.get(attachment["url"], headers={"Accept": "*/*"})
        assert content.content == paper.content
        assert attachment["url"] == f"{receiving.url}/fhir/{binary['location']}"
        assert content.headers["content-type"] == paper.media_type
    listed = checked(doctor.get(f"/fhir/{responses[0]['location']}").json())["entry"]
    assert [each["item"]["reference"] for each in listed] == [each["location"] for each in responses[1:3]]


def test_each_parameter_finds_the_document_that_was_provided(receiving: Open, doctor: httpx.Client) -> None:
    paper = pdf(2, seed=2)
    made = bundle(paper)
    taken(receiving, made)
    (said,) = parts_of(made, "DocumentReference")
    whose = patient(2)["identifier"][0]
    patient_ = {"patient.identifier": f"{whose['system']}|{whose['value']}"}
    (document,) = found(doctor, **patient_)
    conditions = {
        "identifier": f"urn:ietf:rfc:3986|{paper.identifier}",
        "type": "http://loinc.org|18842-5",
        "category": f"{said['category'][0]['coding'][0]['system']}|01.10",
        "author.family": "Nowak",
        "author.given": "Piotr",
        "creation": "2024-05-06",
        "period": "2024-05",
        "event": "http://snomed.info/sct|71388002",
        "security-label": "R",
        "language": "pl-PL",
        "related": "urn:oid:1.2.616.98|order-2",
        "related:identifier": "urn:dicom:uid|urn:oid:1.2.840.99.7",
        "facility": "http://terminology.hl7.org/CodeSystem/data-absent-reason|unknown",
        "setting": "unknown",
        "status": "current",
    }
    wrong = {"creation": "1999", "period": "1999", "related": "urn:oid:1.2.616.98|x", "author.family": "Zz"}
    for name, value in conditions.items():
        assert [each["id"] for each in found(doctor, **(patient_ | {name: value}))] == [document["id"]], name
        assert found(doctor, **(patient_ | {name: wrong.get(name, "urn:none|none")})) == [], name
    entry_id = said["identifier"][0]["value"]
    assert [each["id"] for each in found(doctor, identifier=f"urn:ietf:rfc:3986|{entry_id}")] == [document["id"]]
    assert document["context"]["period"] == said["context"]["period"]
    assert document["context"]["event"] == said["context"]["event"]
    assert document["identifier"][0]["value"] == entry_id


def test_the_same_bundle_again_is_answered_as_the_first_time(receiving: Open) -> None:
    made = bundle(pdf(3, seed=3), cda(3))
    first, before = taken(receiving, made), receiving.holdings
    again = taken(receiving, made)
    assert [each["location"] for each in again] == [each["location"] for each in first]
    assert receiving.holdings == before


def test_xml_is_taken_and_answered_as_json_is(receiving: Open, doctor: httpx.Client) -> None:
    paper = pdf(4, seed=4)
    with receiving.client() as client:
        answer = client.post(
            "/fhir/",
            content=as_xml(bundle(paper)),
            headers={"Content-Type": "application/fhir+xml", "Accept": "application/fhir+xml"},
        )
    assert answer.status_code == 200, answer.text
    told: Any = get_fhir_model_class("Bundle").model_validate_xml(answer.content)
    document = doctor.get(f"/fhir/{told.entry[1].response.location}").json()
    assert doctor.get(document["content"][0]["attachment"]["url"], headers={"Accept": "*/*"}).content == paper.content
    assert taken(receiving, bundle(paper))[1]["location"] == f"DocumentReference/{document['id']}"


def test_what_is_replaced_is_superseded(receiving: Open, doctor: httpx.Client) -> None:
    old = pdf(5, seed=5)
    location = taken(receiving, bundle(old))[1]["location"]
    by_id = [{"code": "replaces", "target": {"reference": location}}]
    newer = pdf(6, seed=5, relatesTo=by_id)
    newer_at = taken(receiving, bundle(newer))[1]["location"]
    newest = pdf(7, seed=5, relatesTo=[{"code": "replaces", "target": {"identifier": newer.master}}])
    newest_at = taken(receiving, bundle(newest))[1]["location"]
    whose = patient(5)["identifier"][0]
    asked = {"patient.identifier": f"{whose['system']}|{whose['value']}"}

    def ids(**more: str) -> list[str]:
        return [f"DocumentReference/{each['id']}" for each in found(doctor, **asked, **more)]

    assert ids(status="current") == [newest_at]
    assert ids(status="superseded") == [location, newer_at]
    assert sorted(ids(status="current,superseded")) == sorted(ids())
    told = doctor.get(f"/fhir/{newest_at}").json()
    assert told["relatesTo"] == [{"code": "replaces", "target": {"reference": newer_at}}]


def test_what_is_not_kept_of_a_description_is_told(receiving: Open) -> None:
    setting = {"practiceSetting": {"coding": [{"system": "urn:x", "code": "y"}]}}
    answer = taken(receiving, bundle(pdf(8, seed=8, context=setting)))[1]
    (issue,) = answer["outcome"]["issue"]
    assert issue["expression"] == ["Bundle.entry[1].resource.context.practiceSetting"]


def test_content_may_stand_in_the_description_and_the_patient_in_the_bundle(
    receiving: Open, doctor: httpx.Client
) -> None:
    paper = pdf(27, seed=27)
    made = bundle(paper)
    (said,) = parts_of(made, "DocumentReference")
    attachment = said["content"][0]["attachment"]
    attachment["data"] = made["entry"].pop()["resource"]["data"]
    del attachment["url"], attachment["hash"], attachment["size"], said["context"]["sourcePatientInfo"]
    said["contained"] = said["contained"][:1]
    said["subject"] = {"reference": "urn:uuid:patient"}
    made["entry"].append(
        {"fullUrl": "urn:uuid:patient", "resource": patient(27), "request": {"method": "PUT", "url": "Patient/7"}}
    )
    told = taken(receiving, made)
    document = doctor.get(f"/fhir/{told[1]['location']}").json()
    assert told[2]["location"] == document["subject"]["reference"]
    assert doctor.get(document["content"][0]["attachment"]["url"], headers={"Accept": "*/*"}).content == paper.content


def test_a_client_of_others_provides(receiving: Open, doctor: httpx.Client) -> None:
    client = FHIRClient(settings={"app_id": "tests", "api_base": f"{receiving.url}/fhir/"})
    client.server.session.trust_env = False
    client.server.session.headers.update(receiving.bearer)
    papers = [pdf(28, seed=28), cda(28)]
    answer = Bundle(bundle(*papers)).create(client.server)
    client.server.session.close()
    told = Bundle(answer)
    assert [each.response.status for each in told.entry] == ["201 Created"] * 5
    for each, paper in zip(told.entry[3:], papers, strict=True):
        assert doctor.get(f"/fhir/{each.response.location}", headers={"Accept": "*/*"}).content == paper.content


def test_a_large_document_is_kept_and_a_larger_bundle_is_refused_before_it_is_read(tmp_path: Path) -> None:
    large = Paper(PDF + bytes(5 << 20), identifier="urn:oid:1.2.616.99.30.1", seed=30)
    with served_transfer(tmp_path, most_body=8 << 20) as own:
        location = taken(own, bundle(large))[1]["location"]
        holding = own.archive.catalogue.holding(own.takeover.number, int(location.rpartition(".")[2]))
        assert holding.sha1 == hashlib.sha1(large.content, usedforsecurity=False).digest()
        assert list((own.archive.settings.home / "spool").iterdir()) == []
        answer = sent(own, bundle(large, Paper(PDF + bytes(3 << 20), identifier="urn:oid:1.2.616.99.30.2", seed=30)))
        assert answer.status_code == 413
        assert checked(answer.json())["issue"][0]["code"] == "too-long"
        assert own.holdings == 1


def test_a_takeover_that_was_closed_takes_nothing_and_its_documents_are_in_the_statement(tmp_path: Path) -> None:
    with served_transfer(tmp_path) as own:
        taken(own, bundle(pdf(31, seed=31), cda(31)))
        closed = close_transfer(own.archive, own.archive.catalogue.takeover(own.takeover.id))
        assert own.archive.catalogue.counts(closed.number).holdings == 2
        answer = sent(own, bundle(pdf(32, seed=32)))
        assert answer.status_code == 404
        checked(answer.json())
