"""ITI-65: a bundle with anything wrong leaves nothing, and all that is wrong is told at once."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from tests.api.dicomweb.pushing import Open
from tests.api.fhir.providing import Json, checked, sent, taken
from tests.builders.access import THEIRS
from tests.builders.bundles import PDF, Paper, bundle, cda, changed, parts_of, patient, pdf
from tests.builders.pushing import image
from tests.builders.staff import Staff, session_of

Wrong = Callable[[Json], object]


def _document(does: Wrong) -> Wrong:
    return lambda made: does(parts_of(made, "DocumentReference")[0])


def _attachment(**said: Any) -> Wrong:
    return _document(lambda one: one["content"][0]["attachment"].update(said))


def _binary(**said: Any) -> Wrong:
    return lambda made: parts_of(made, "Binary")[1].update(said)


def _set(does: Wrong) -> Wrong:
    return lambda made: does(parts_of(made, "List")[0])


WRONG: dict[str, tuple[str, Wrong]] = {  # where it is told, and what is wrong
    "no transaction": ("Bundle", lambda made: made.update(type="batch")),
    "no bundle": ("Bundle", lambda made: made.update(resourceType="Parameters")),
    "no set": ("Bundle.entry", lambda made: made["entry"].pop(0)),
    "two sets": ("Bundle.entry", lambda made: made["entry"].append(made["entry"][0] | {"fullUrl": "urn:uuid:other"})),
    "no entries": ("Bundle.entry", lambda made: made.update(entry=[])),
    "entries that are none": ("Bundle.entry", lambda made: made.update(entry="nothing")),
    "an entry that is none": ("Bundle.entry[5]", lambda made: made["entry"].append(7)),
    "another kind": (
        "Bundle.entry[5].resource",
        lambda made: made["entry"].append(
            {"resource": {"resourceType": "Basic"}, "request": {"method": "POST", "url": "Basic"}}
        ),
    ),
    "another method": (
        "Bundle.entry[1].request.method",
        lambda made: made["entry"][1]["request"].update(method="DELETE"),
    ),
    "another address": ("Bundle.entry[1].request.url", lambda made: made["entry"][1]["request"].update(url="Patient")),
    "a set that lists nothing": ("Bundle.entry[0].resource.entry", _set(lambda one: one.update(entry=[]))),
    "a set that is retired": ("Bundle.entry[0].resource.status", _set(lambda one: one.update(status="retired"))),
    "a set of no kind": ("Bundle.entry[0].resource.code", _set(lambda one: one.update(code={"text": "set"}))),
    "a set of nobody": ("Bundle.entry[0].resource.extension", _set(lambda one: one.pop("extension"))),
    "a set without a name": ("Bundle.entry[0].resource.identifier", _set(lambda one: one.pop("identifier"))),
    "a set that lists what is not there": (
        "Bundle.entry[0].resource.entry[2].item.reference",
        _set(lambda one: one["entry"].append({"item": {"reference": "urn:uuid:1"}})),
    ),
    "no master identifier": (
        "Bundle.entry[1].resource.masterIdentifier",
        _document(lambda one: one.pop("masterIdentifier")),
    ),
    "superseded already": ("Bundle.entry[1].resource.status", _document(lambda one: one.update(status="superseded"))),
    "a state of its own": ("Bundle.entry[1].resource.docStatus", _document(lambda one: one.update(docStatus="final"))),
    "something that changes it": (
        "Bundle.entry[1].resource.modifierExtension",
        _document(lambda one: one.update(modifierExtension=[{"url": "urn:x"}])),
    ),
    "no content": ("Bundle.entry[1].resource.content", _document(lambda one: one.update(content=[]))),
    "two contents": (
        "Bundle.entry[1].resource.content",
        _document(lambda one: one["content"].append(one["content"][0])),
    ),
    "another hash": (
        "Bundle.entry[1].resource.content[0].attachment.hash",
        _attachment(hash=base64.b64encode(b"x" * 20).decode()),
    ),
    "another size": ("Bundle.entry[1].resource.content[0].attachment.size", _attachment(size=3)),
    "another type": (
        "Bundle.entry[1].resource.content[0].attachment.contentType",
        _attachment(contentType="image/png"),
    ),
    "no type": ("Bundle.entry[1].resource.content[0].attachment.contentType", _attachment(contentType="")),
    "a time that is none": (
        "Bundle.entry[1].resource.content[0].attachment.creation",
        _attachment(creation="yesterday"),
    ),
    "a binary that is not there": (
        "Bundle.entry[1].resource.content[0].attachment.url",
        _attachment(url="urn:uuid:nowhere"),
    ),
    "an address elsewhere": (
        "Bundle.entry[1].resource.content[0].attachment.url",
        _attachment(url="http://127.0.0.1/Binary/1"),
    ),
    "content twice": ("Bundle.entry[1].resource.content[0].attachment.data", _attachment(data="AAAA")),
    "no base64": ("Bundle.entry[4].resource.data", _binary(data="###")),
    "no data": ("Bundle.entry[4].resource.data", _binary(data=None)),
    "another patient": (
        "Bundle.entry",
        _document(lambda one: one.update(contained=[patient(99)], subject={"reference": "#pat"})),
    ),
    "a patient elsewhere": (
        "Bundle.entry[1].resource.subject",
        _document(lambda one: one.update(subject={"reference": "Patient/7"})),
    ),
    "no patient": ("Bundle.entry[1].resource.subject", _document(lambda one: (one.pop("subject"), one.pop("context")))),
    "another relation": (
        "Bundle.entry[1].resource.relatesTo[0].code",
        _document(lambda one: one.update(relatesTo=[{"code": "appends", "target": {"display": "x"}}])),
    ),
    "replaces what is not here": (
        "Bundle.entry[1].resource.relatesTo[0].target.reference",
        _document(
            lambda one: one.update(relatesTo=[{"code": "replaces", "target": {"reference": "DocumentReference/x.1"}}])
        ),
    ),
    "a value of the wrong kind": (
        "Bundle.entry[1].resource.masterIdentifier",
        _document(lambda one: one.update(masterIdentifier="x")),
    ),
    "values of the wrong kind": (
        "Bundle.entry[1].resource.content.attachment[0]",
        _document(lambda one: one.update(content={"attachment": [7, "x"]}, context=[[]])),
    ),
    "the same document twice": (
        "Bundle.entry[0].resource.entry",
        lambda made: made["entry"].append(made["entry"][1] | {"fullUrl": "urn:uuid:2"}),
    ),
    "a spare binary": (
        "Bundle.entry[5].resource",
        lambda made: made["entry"].append(made["entry"][3] | {"fullUrl": "urn:uuid:3"}),
    ),
    "one address for two": ("Bundle.entry[5].fullUrl", lambda made: made["entry"].append(made["entry"][3])),
}


@pytest.mark.parametrize(("place", "wrong"), WRONG.values(), ids=WRONG)
def test_a_bundle_with_anything_wrong_leaves_nothing(receiving: Open, place: str, wrong: Wrong) -> None:
    before, entries = receiving.holdings, receiving.archive.catalogue.depositing.last_ordinal(receiving.takeover.number)
    answer = sent(receiving, changed(bundle(pdf(20, seed=20), pdf(21, seed=20)), wrong))
    assert answer.status_code == 422, answer.text
    issues = checked(answer.json())["issue"]
    assert {(each["severity"], each["code"]) for each in issues} == {("error", "invalid")}
    assert next(each["expression"] for each in issues if "expression" in each) == [place]
    assert receiving.holdings == before
    assert receiving.archive.catalogue.depositing.last_ordinal(receiving.takeover.number) == entries


def test_all_that_is_wrong_is_told_at_once_and_no_value_is_repeated(receiving: Open) -> None:
    made = bundle(pdf(22, seed=22))
    for does in (_attachment(size=3, hash="secret"), _set(lambda one: one.pop("date"))):
        does(made)
    answer = sent(receiving, made)
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
def test_a_document_that_is_not_what_is_said_of_it_takes_the_whole_bundle_with_it(
    receiving: Open, paper: Paper
) -> None:
    before = receiving.holdings
    answer = sent(receiving, bundle(pdf(24, seed=paper.seed), paper))
    assert answer.status_code == 422, answer.text
    assert checked(answer.json())["issue"][1]["expression"][0].startswith("Bundle.entry[2].resource")
    assert receiving.holdings == before


def test_an_identifier_or_bytes_that_another_document_has_are_a_conflict(receiving: Open) -> None:
    first = pdf(25, seed=25)
    taken(receiving, bundle(first))
    before = receiving.holdings
    other_bytes = Paper(PDF + b"other", identifier=first.identifier, seed=25)
    other_name = Paper(first.content, identifier="urn:oid:1.2.616.99.25.99", seed=25)
    other_patient = Paper(first.content, identifier=first.identifier, seed=26)
    for paper in (other_bytes, other_name, other_patient):
        answer = sent(receiving, bundle(paper, pdf(26, seed=paper.seed)))
        assert answer.status_code == 409, answer.text
        checked(answer.json())
    assert receiving.holdings == before


def test_nobody_provides_who_is_not_bound(receiving: Open) -> None:
    token = session_of(receiving.archive, Staff(house=THEIRS), name="stranger").token
    before = receiving.holdings
    for headers, status in (({"Authorization": f"Bearer {token}"}, 404), ({"Authorization": ""}, 401)):
        answer = sent(receiving, bundle(pdf(29, seed=29)), **headers)
        assert answer.status_code == status
        assert checked(answer.json())["resourceType"] == "OperationOutcome"
    assert sent(receiving, bundle(pdf(29, seed=29)), EDM_Takeover="0" * 36).status_code == 404
    assert receiving.holdings == before


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
def test_a_body_that_is_no_bundle_is_told_so(receiving: Open, kind: str, content: bytes, status: int) -> None:
    with receiving.client() as client:
        answer = client.post("/fhir", content=content, headers={"Content-Type": kind})
    assert answer.status_code == status, answer.text
    assert checked(answer.json())["resourceType"] == "OperationOutcome"
