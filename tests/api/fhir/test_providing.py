"""ITI-65: a bundle is taken whole or not at all, its documents bit for bit, and found by what was said of them."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from fhir.resources.R4B import get_fhir_model_class
from fhirclient.client import FHIRClient  # type: ignore[import-untyped]
from fhirclient.models.bundle import Bundle  # type: ignore[import-untyped]

from repository.access.purpose import Purpose
from repository.entitlement import give_custody
from repository.fhir_xml import as_xml
from repository.transfer.closing import close_transfer
from tests.api.dicomweb.pushing import Open, served_transfer
from tests.builders.access import OURS, THEIRS
from tests.builders.bundles import PDF, Paper, bundle, cda, changed, parts_of, patient, pdf
from tests.builders.pushing import image
from tests.builders.staff import Staff, session_of

Json = dict[str, Any]
FHIR = {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """For tests that look at their own documents alone: each has patients of its own."""
    with served_transfer(tmp_path_factory.mktemp("mhd")) as found:
        give_custody(found.archive, found.takeover.id, OURS, name="NZOZ Zdrowie")
        yield found


@pytest.fixture(scope="module")
def doctor(served: Open) -> Iterator[httpx.Client]:
    token = session_of(served.archive, Staff(), name="doctor").token
    with served.client(Authorization=f"Bearer {token}", EDM_Purpose=Purpose.TREATMENT.value) as client:
        yield client


def checked(resource: Json) -> Json:
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    return resource


def sent(served: Open, made: Json, **headers: str) -> httpx.Response:
    with served.client() as client:
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.post("/fhir", content=orjson.dumps(made), headers=FHIR | more)


def taken(served: Open, made: Json) -> list[Json]:
    """The answers to the entries of a bundle that is taken."""
    answer = sent(served, made)
    assert answer.status_code == 200, answer.text
    told = checked(answer.json())
    assert told["type"] == "transaction-response"
    assert len(told["entry"]) == len(made["entry"])
    return [each["response"] for each in told["entry"]]


def found(client: httpx.Client, **asked: str) -> list[Json]:
    answer = client.get("/fhir/DocumentReference", params=asked)
    assert answer.status_code == 200, answer.text
    return [each["resource"] for each in checked(answer.json()).get("entry", [])]


def test_documents_are_kept_bit_for_bit_and_found_by_what_was_said(served: Open, doctor: httpx.Client) -> None:
    papers = [pdf(1, seed=1), cda(1)]
    made = bundle(*papers)
    responses = taken(served, checked(made))
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
        assert attachment["url"] == f"{served.url}/fhir/{binary['location']}"
        assert content.headers["content-type"] == paper.media_type
    assert doctor.get(f"/fhir/{responses[0]['location']}").json()["entry"]


def test_each_parameter_finds_the_document_that_was_provided(served: Open, doctor: httpx.Client) -> None:
    paper = pdf(2, seed=2)
    made = bundle(paper)
    taken(served, made)
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


def test_the_same_bundle_again_is_answered_as_the_first_time(served: Open) -> None:
    made = bundle(pdf(3, seed=3), cda(3))
    first, before = taken(served, made), served.holdings
    again = taken(served, made)
    assert [each["location"] for each in again] == [each["location"] for each in first]
    assert served.holdings == before


def test_xml_is_taken_and_answered_as_json_is(served: Open, doctor: httpx.Client) -> None:
    paper = pdf(4, seed=4)
    with served.client() as client:
        answer = client.post(
            "/fhir/",
            content=as_xml(bundle(paper)),
            headers={"Content-Type": "application/fhir+xml", "Accept": "application/fhir+xml"},
        )
    assert answer.status_code == 200, answer.text
    told: Any = get_fhir_model_class("Bundle").model_validate_xml(answer.content)
    document = doctor.get(f"/fhir/{told.entry[1].response.location}").json()
    assert doctor.get(document["content"][0]["attachment"]["url"], headers={"Accept": "*/*"}).content == paper.content
    assert taken(served, bundle(paper))[1]["location"] == f"DocumentReference/{document['id']}"


def test_what_is_replaced_is_superseded(served: Open, doctor: httpx.Client) -> None:
    old = pdf(5, seed=5)
    location = taken(served, bundle(old))[1]["location"]
    by_id = [{"code": "replaces", "target": {"reference": location}}]
    newer = pdf(6, seed=5, relatesTo=by_id)
    newer_at = taken(served, bundle(newer))[1]["location"]
    newest = pdf(7, seed=5, relatesTo=[{"code": "replaces", "target": {"identifier": newer.master}}])
    newest_at = taken(served, bundle(newest))[1]["location"]
    whose = patient(5)["identifier"][0]
    asked = {"patient.identifier": f"{whose['system']}|{whose['value']}"}

    def ids(**more: str) -> list[str]:
        return [f"DocumentReference/{each['id']}" for each in found(doctor, **asked, **more)]

    assert ids(status="current") == [newest_at]
    assert ids(status="superseded") == [location, newer_at]
    assert sorted(ids(status="current,superseded")) == sorted(ids())
    told = doctor.get(f"/fhir/{newest_at}").json()
    assert told["relatesTo"] == [{"code": "replaces", "target": {"reference": newer_at}}]


def test_what_is_not_kept_of_a_description_is_told(served: Open) -> None:
    setting = {"practiceSetting": {"coding": [{"system": "urn:x", "code": "y"}]}}
    answer = taken(served, bundle(pdf(8, seed=8, context=setting)))[1]
    (issue,) = answer["outcome"]["issue"]
    assert issue["expression"] == ["Bundle.entry[1].resource.context.practiceSetting"]


Wrong = Callable[[Json], object]


def _document(does: Wrong) -> Wrong:
    return lambda made: does(parts_of(made, "DocumentReference")[0])


def _attachment(**said: Any) -> Wrong:
    return _document(lambda one: one["content"][0]["attachment"].update(said))


def _binary(**said: Any) -> Wrong:
    return lambda made: parts_of(made, "Binary")[1].update(said)


def _set(does: Wrong) -> Wrong:
    return lambda made: does(parts_of(made, "List")[0])


WRONG: dict[str, Wrong] = {
    "no transaction": lambda made: made.update(type="batch"),
    "no bundle": lambda made: made.update(resourceType="Parameters"),
    "no set": lambda made: made["entry"].pop(0),
    "two sets": lambda made: made["entry"].append(made["entry"][0] | {"fullUrl": "urn:uuid:other"}),
    "no entries": lambda made: made.update(entry=[]),
    "entries that are none": lambda made: made.update(entry="nothing"),
    "an entry that is none": lambda made: made["entry"].append(7),
    "another kind": lambda made: made["entry"].append(
        {"resource": {"resourceType": "Basic"}, "request": {"method": "POST", "url": "Basic"}}
    ),
    "another method": lambda made: made["entry"][1]["request"].update(method="DELETE"),
    "another address": lambda made: made["entry"][1]["request"].update(url="Patient"),
    "a set that lists nothing": _set(lambda one: one.update(entry=[])),
    "a set that is retired": _set(lambda one: one.update(status="retired")),
    "a set of no kind": _set(lambda one: one.update(code={"text": "set"})),
    "a set of nobody": _set(lambda one: one.pop("extension")),
    "a set without a name": _set(lambda one: one.pop("identifier")),
    "a set that lists what is not there": _set(lambda one: one["entry"].append({"item": {"reference": "urn:uuid:1"}})),
    "no master identifier": _document(lambda one: one.pop("masterIdentifier")),
    "superseded already": _document(lambda one: one.update(status="superseded")),
    "a state of its own": _document(lambda one: one.update(docStatus="final")),
    "something that changes it": _document(lambda one: one.update(modifierExtension=[{"url": "urn:x"}])),
    "no content": _document(lambda one: one.update(content=[])),
    "two contents": _document(lambda one: one["content"].append(one["content"][0])),
    "another hash": _attachment(hash=base64.b64encode(b"x" * 20).decode()),
    "another size": _attachment(size=3),
    "another type": _attachment(contentType="image/png"),
    "no type": _attachment(contentType=""),
    "a time that is none": _attachment(creation="yesterday"),
    "a binary that is not there": _attachment(url="urn:uuid:nowhere"),
    "an address elsewhere": _attachment(url="http://127.0.0.1/Binary/1"),
    "content twice": _attachment(data="AAAA"),
    "no base64": _binary(data="###"),
    "no data": _binary(data=None),
    "another patient": _document(lambda one: one.update(contained=[patient(99)], subject={"reference": "#pat"})),
    "a patient elsewhere": _document(lambda one: one.update(subject={"reference": "Patient/7"})),
    "no patient": _document(lambda one: (one.pop("subject"), one.pop("context"))),
    "another relation": _document(lambda one: one.update(relatesTo=[{"code": "appends", "target": {"display": "x"}}])),
    "replaces what is not here": _document(
        lambda one: one.update(relatesTo=[{"code": "replaces", "target": {"reference": "DocumentReference/x.1"}}])
    ),
    "a value of the wrong kind": _document(lambda one: one.update(masterIdentifier="x")),
    "values of the wrong kind": _document(lambda one: one.update(content={"attachment": [7, "x"]}, context=[[]])),
    "the same document twice": lambda made: made["entry"].append(made["entry"][1] | {"fullUrl": "urn:uuid:2"}),
    "a spare binary": lambda made: made["entry"].append(made["entry"][3] | {"fullUrl": "urn:uuid:3"}),
    "one address for two": lambda made: made["entry"].append(made["entry"][3]),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_bundle_with_anything_wrong_leaves_nothing(served: Open, name: str) -> None:
    before, entries = served.holdings, served.archive.catalogue.depositing.last_ordinal(served.takeover.number)
    made = changed(bundle(pdf(20, seed=20), pdf(21, seed=20)), WRONG[name])
    answer = sent(served, made)
    assert answer.status_code in (400, 422), answer.text
    issues = checked(answer.json())["issue"]
    assert all(each["severity"] == "error" for each in issues)
    assert any(each["expression"][0].startswith("Bundle") for each in issues if "expression" in each)
    assert served.holdings == before
    assert served.archive.catalogue.depositing.last_ordinal(served.takeover.number) == entries


def test_all_that_is_wrong_is_told_at_once_and_no_value_is_repeated(served: Open) -> None:
    made = bundle(pdf(22, seed=22))
    for does in (_attachment(size=3, hash="secret"), _set(lambda one: one.pop("date"))):
        does(made)
    answer = sent(served, made)
    places = [each["expression"][0] for each in answer.json()["issue"] if "expression" in each]
    attachment = "Bundle.entry[1].resource.content[0].attachment"
    assert sorted(places) == ["Bundle.entry[0].resource.date", f"{attachment}.hash", f"{attachment}.size"]
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    "paper",
    [
        Paper(b"\x89PNG\r\n\x1a\n rest", "application/pdf", "urn:oid:1.2.616.99.23.1", seed=23),
        Paper(image(23), "application/dicom", "urn:oid:1.2.616.99.23.2", seed=23),
        Paper(b"plain words", "text/xml", "urn:oid:1.2.616.99.23.3", seed=23),
        Paper(cda(23).content, "text/xml", "urn:oid:1.2.616.99.23.4", seed=23),
        Paper(cda(23).content, "text/xml", cda(23).identifier, cda(23).value, seed=24),
        Paper(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "text/xml", "urn:oid:1.2.616.99.23.5", seed=23),
    ],
    ids=["a picture as pdf", "an image", "words as xml", "another id", "another patient", "an entity bomb"],
)
def test_a_document_that_is_not_what_is_said_of_it_takes_the_whole_bundle_with_it(served: Open, paper: Paper) -> None:
    before = served.holdings
    answer = sent(served, bundle(pdf(24, seed=paper.seed), paper))
    assert answer.status_code == 422, answer.text
    assert checked(answer.json())["issue"][1]["expression"][0].startswith("Bundle.entry[2].resource")
    assert served.holdings == before


def test_an_identifier_or_bytes_that_another_document_has_are_a_conflict(served: Open) -> None:
    first = pdf(25, seed=25)
    taken(served, bundle(first))
    before = served.holdings
    other_bytes = Paper(PDF + b"other", identifier=first.identifier, seed=25)
    other_name = Paper(first.content, identifier="urn:oid:1.2.616.99.25.99", seed=25)
    other_patient = Paper(first.content, identifier=first.identifier, seed=26)
    for paper in (other_bytes, other_name, other_patient):
        answer = sent(served, bundle(paper, pdf(26, seed=paper.seed)))
        assert answer.status_code == 409, answer.text
        checked(answer.json())
    assert served.holdings == before


def test_content_may_stand_in_the_description_and_the_patient_in_the_bundle(served: Open, doctor: httpx.Client) -> None:
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
    told = taken(served, made)
    document = doctor.get(f"/fhir/{told[1]['location']}").json()
    assert told[2]["location"] == document["subject"]["reference"]
    assert doctor.get(document["content"][0]["attachment"]["url"], headers={"Accept": "*/*"}).content == paper.content


def test_a_client_of_others_provides(served: Open, doctor: httpx.Client) -> None:
    client = FHIRClient(settings={"app_id": "tests", "api_base": f"{served.url}/fhir/"})
    client.server.session.trust_env = False
    client.server.session.headers.update(served.bearer)
    papers = [pdf(28, seed=28), cda(28)]
    answer = Bundle(bundle(*papers)).create(client.server)
    client.server.session.close()
    told = Bundle(answer)
    assert [each.response.status for each in told.entry] == ["201 Created"] * 5
    for each, paper in zip(told.entry[3:], papers, strict=True):
        assert doctor.get(f"/fhir/{each.response.location}", headers={"Accept": "*/*"}).content == paper.content


def test_nobody_provides_who_is_not_bound(served: Open) -> None:
    token = session_of(served.archive, Staff(house=THEIRS), name="stranger").token
    before = served.holdings
    for headers, status in (({"Authorization": f"Bearer {token}"}, 404), ({"Authorization": ""}, 401)):
        answer = sent(served, bundle(pdf(29, seed=29)), **headers)
        assert answer.status_code == status
        assert checked(answer.json())["resourceType"] == "OperationOutcome"
    assert sent(served, bundle(pdf(29, seed=29)), EDM_Takeover="0" * 36).status_code == 404
    assert served.holdings == before


@pytest.mark.parametrize(
    ("kind", "content", "status"),
    [
        ("text/plain", b"x", 415),
        ("application/fhir+json", b"{", 400),
        ("application/fhir+json", b"[" * 100_000, 400),
        ("application/fhir+json", b"[]", 422),
        ("application/fhir+json", b'{"resourceType": "Bundle"}', 422),
        ("application/fhir+xml", b"<Bundle", 422),
        ("application/fhir+xml", b"<Bundle/>", 422),
        ("application/fhir+xml", b'<!DOCTYPE a [<!ENTITY b "c">]><Bundle xmlns="http://hl7.org/fhir"/>', 422),
        ("application/fhir+xml", b'<Bundle xmlns="http://hl7.org/fhir">' + b"<entry>" * 1000, 422),
        ("application/fhir+xml", b"", 422),
    ],
)
def test_a_body_that_is_no_bundle_is_told_so(served: Open, kind: str, content: bytes, status: int) -> None:
    with served.client() as client:
        answer = client.post("/fhir", content=content, headers={"Content-Type": kind})
    assert answer.status_code == status, answer.text
    assert checked(answer.json())["resourceType"] == "OperationOutcome"


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
