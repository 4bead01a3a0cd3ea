"""AuditEvents held against FHIR R4's elements and IHE BALP's patterns, for any account."""

import base64
import json
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.access.account import Account
from repository.access.purpose import Purpose
from repository.access.subject import Operation
from repository.accounting.codes import EVENTS, PURPOSES
from repository.accounting.fhir import audit_event, bundle
from repository.accounting.fhir_xml import audit_event_xml
from repository.domain.describing import Identifier
from repository.fhir_xml import NAMESPACE, as_xml
from tests.builders.accounts import TAKEOVER, account, accounts, refused

ARCHIVE = "archive.example"
DCM = "http://dicom.nema.org/resources/ontology/DCM"
Json = dict[str, Any]

# FHIR R4 AuditEvent: element → (of what, least, most), in the order that XML demands; None is a primitive.
CODING = {"system": (None, 0, 1), "code": (None, 0, 1), "display": (None, 0, 1)}
CONCEPT = {"coding": (CODING, 0, 9), "text": (None, 0, 1)}
IDENTIFIER = {"system": (None, 0, 1), "value": (None, 0, 1), "assigner": ({"display": (None, 0, 1)}, 0, 1)}
REFERENCE = {"reference": (None, 0, 1), "type": (None, 0, 1), "identifier": (IDENTIFIER, 0, 1), "display": (None, 0, 1)}
AGENT = {
    "type": (CONCEPT, 0, 1), "role": (CONCEPT, 0, 9), "who": (REFERENCE, 0, 1), "altId": (None, 0, 1),
    "name": (None, 0, 1), "requestor": (None, 1, 1), "policy": (None, 0, 9),
    "network": ({"address": (None, 0, 1), "type": (None, 0, 1)}, 0, 1), "purposeOfUse": (CONCEPT, 0, 9),
}  # fmt: skip
DETAIL = {"type": (None, 1, 1), "valueString": (None, 0, 1), "valueBase64Binary": (None, 0, 1)}
ENTITY = {
    "what": (REFERENCE, 0, 1), "type": (CODING, 0, 1), "role": (CODING, 0, 1), "name": (None, 0, 1),
    "query": (None, 0, 1), "detail": (DETAIL, 0, 99),
}  # fmt: skip
EVENT = {
    "id": (None, 1, 1), "meta": ({"profile": (None, 0, 9)}, 0, 1), "type": (CODING, 1, 1), "subtype": (CODING, 0, 9),
    "action": (None, 1, 1), "recorded": (None, 1, 1), "outcome": (None, 1, 1), "outcomeDesc": (None, 0, 1),
    "purposeOfEvent": (CONCEPT, 0, 9), "agent": (AGENT, 1, 9),
    "source": ({"site": (None, 0, 1), "observer": (REFERENCE, 1, 1), "type": (CODING, 0, 9)}, 1, 1),
    "entity": (ENTITY, 0, 9),
}  # fmt: skip
MANY = {"profile", "subtype", "coding", "role", "policy", "purposeOfUse", "purposeOfEvent", "agent", "entity", "detail"}
PRIMITIVE = re.compile(r"[\t\r\n \u00a0-\U0010ffff!-~]*\S[\t\r\n \u00a0-\U0010ffff!-~]*")


def check(value: Json, shape: dict[str, Any], at: str) -> None:
    assert value, f"{at}: an element is never empty"
    names = [name for name in value if name != "resourceType"]
    assert names == [name for name in shape if name in value], f"{at}: unknown elements, or another order"
    for name, (kind, least, most) in shape.items():
        found = value.get(name)
        many = (name in MANY and not (at.endswith("entity") and name == "role")) or (at == "source" and name == "type")
        assert found is None or isinstance(found, list) is many, f"{at}.{name}"
        each = [] if found is None else found if isinstance(found, list) else [found]
        assert least <= len(each) <= most, f"{at}.{name}"
        assert found != [], f"{at}.{name}: an empty list"
        for one in each:
            if kind is not None:
                check(one, kind, name)
            elif not isinstance(one, bool):
                assert PRIMITIVE.fullmatch(one), f"{at}.{name}: {one!r}"


def roles(event: Json) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    for agent in event["agent"]:
        code = agent["type"]["coding"][0]["code"] if "type" in agent else ""
        found.setdefault(code, []).append(agent)
    return found


def of_type(event: Json, code: str) -> list[Json]:
    return [each for each in event["entity"] if each["type"]["code"] == code]


@settings(max_examples=50)
@given(accounts())
def test_any_account_is_an_audit_event_of_fhir_r4(found: Account) -> None:
    event = audit_event(found, archive=ARCHIVE)
    check(event, EVENT, "AuditEvent")
    assert json.loads(json.dumps(event, ensure_ascii=False).encode()) == event
    assert event["id"] == str(found.number)
    assert event["recorded"] == found.at
    assert event["outcome"] == ("8" if found.reasons else "0")
    assert event.get("outcomeDesc", "") == ", ".join(found.reasons)
    assert sum(agent["requestor"] for agent in event["agent"]) == 1
    assert all(not ("name" in each and "query" in each) for each in event["entity"])  # sev-1
    assert all(("valueString" in each) != ("valueBase64Binary" in each) for each in event["entity"][-1]["detail"])


@settings(max_examples=50)
@given(accounts())
def test_what_claims_a_pattern_of_balp_has_its_slices(found: Account) -> None:
    event = audit_event(found, archive=ARCHIVE)
    claimed = "".join(event.get("meta", {}).get("profile", [""])).rpartition("/")[2]
    assert not (claimed and found.reasons)
    agents, patients = roles(event), of_type(event, "1")
    assert len(agents["110152"]) == len(agents["110153"]) == 1
    assert all("who" in each and "network" in each for each in agents["110152"] + agents["110153"])
    assert len(agents.get("IRCP", [])) <= 1
    assert all("network" not in each and each["requestor"] for each in agents.get("IRCP", []))
    assert [each["what"]["reference"] for each in patients] == (
        [f"Patient/{found.takeover}.{found.patient}"] if found.patient else []
    )
    assert bool(claimed) is (not found.reasons and found.operation in PATTERNS and (
        bool(found.patient) or found.operation != Operation.EXPORT
    ))  # fmt: skip
    if claimed:
        PATTERNS[Operation(found.operation)](event, claimed, bool(found.patient))


def a_read(event: Json, claimed: str, patient: bool) -> None:
    assert claimed == ("IHE.BasicAudit.PatientRead" if patient else "IHE.BasicAudit.Read")
    assert (event["type"]["code"], event["subtype"][0]["code"], event["action"]) == ("rest", "read", "R")
    (read,) = of_type(event, "2")
    assert "what" in read
    assert read["role"]["code"] == "4"
    assert not roles(event)["110153"][0]["requestor"]  # the archive is the source


def a_query(event: Json, claimed: str, patient: bool) -> None:
    assert claimed == ("IHE.BasicAudit.PatientQuery" if patient else "IHE.BasicAudit.Query")
    assert (event["type"]["code"], event["subtype"][0]["code"], event["action"]) == ("rest", "search", "E")
    (query,) = of_type(event, "2")
    assert query["role"]["code"] == "24"
    assert base64.b64decode(query["query"], validate=True)
    assert not {"what", "detail"} & set(query)
    assert roles(event)["110152"][0]["who"]["display"] == "EDM Archive"  # what is asked flows to the archive


def a_disclosure(event: Json, claimed: str, patient: bool) -> None:
    assert (claimed, patient) == ("IHE.BasicAudit.PrivacyDisclosure.Source", True)
    assert (event["type"]["code"], event["subtype"][0]["code"], event["action"]) == ("110106", "disclose", "R")
    assert roles(event)["110153"][0]["who"] == event["source"]["observer"]  # val-audit-source
    assert len(roles(event)["159541003"]) == 1
    assert len(event["entity"]) >= 2


PATTERNS = {Operation.SEARCH: a_query, Operation.READ: a_read, Operation.EXPORT: a_disclosure}


def test_every_operation_and_purpose_has_its_code_and_no_two_purposes_share_one() -> None:
    assert set(EVENTS) == set(Operation)
    assert set(PURPOSES) == set(Purpose)
    assert len({code.code for code in PURPOSES.values()}) == len(Purpose)


@pytest.mark.parametrize(
    ("purpose", "code"),
    [("treatment", "TREAT"), ("emergency", "BTG"), ("patient-request", "PATRQT"), ("payer", "HPAYMT")],
)
def test_the_purpose_is_that_of_the_event_and_of_whoever_asked(purpose: str, code: str) -> None:
    event = audit_event(account(purpose=purpose), archive=ARCHIVE)
    asking = next(agent for agent in event["agent"] if agent["requestor"])
    assert event["purposeOfEvent"] == asking["purposeOfUse"]
    assert event["purposeOfEvent"][0]["coding"][0]["code"] == code
    assert ("110127" in [each["code"] for each in event["subtype"]]) is (purpose == "emergency")


def test_whoever_asked_is_named_as_they_were_then() -> None:
    (user,) = roles(audit_event(account(), archive=ARCHIVE))["IRCP"]
    assert user["name"] == "Anna Przykładowa"
    assert user["altId"] == "1234567"
    assert user["who"]["identifier"]["value"] == "anna.example"
    assert user["role"][0]["coding"][0]["code"] == "medical-worker"
    (organisation,) = roles(audit_event(account(), archive=ARCHIVE))["PROV"]
    assert organisation["who"]["identifier"] == {
        "system": "urn:oid:2.16.840.1.113883.3.4424.2.3.1", "value": "000000000001",
    }  # fmt: skip


def test_a_system_is_itself_the_client() -> None:
    event = audit_event(account(kind="system", id="PACS", given_name="", surname="", door="dimse"), archive=ARCHIVE)
    (client,) = roles(event)["110152"]
    assert client["requestor"]
    assert client["who"]["identifier"]["value"] == "PACS"
    assert client["network"] == {"address": "archive.example/dimse", "type": "5"}
    assert "IRCP" not in roles(event)


def test_a_refusal_says_why_and_claims_no_pattern() -> None:
    event = audit_event(refused(3, "CONSENT_MISSING", "IDENT_INCOMPLETE"), archive=ARCHIVE)
    assert (event["outcome"], event["outcomeDesc"]) == ("8", "CONSENT_MISSING, IDENT_INCOMPLETE")
    assert "meta" not in event


@pytest.mark.parametrize(
    ("changes", "identifier"),
    [
        ({}, {"system": "urn:oid:2.16.840.1.113883.3.4424.2.7.1", "value": "D-12"}),
        ({"document": Identifier("1.2.3", "")}, {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.3"}),
        ({"document": Identifier("local", "9")}, {"value": "9", "assigner": {"display": "local"}}),
        ({"document": None}, {"system": "urn:dicom:uid", "value": "urn:oid:1.2.826.0.1.3680043.2.1125.1"}),
        ({"document": None, "study": ""}, {"value": f"{TAKEOVER}/12"}),
        ({"document": None, "study": "", "ordinal": 0}, {"value": TAKEOVER}),
        ({"document": Identifier("", " "), "study": "", "ordinal": 0, "takeover": ""}, {"value": ARCHIVE}),
    ],
)
def test_the_narrowest_object_that_was_named_is_the_entity(changes: Json, identifier: Json) -> None:
    (read,) = of_type(audit_event(account(**changes), archive=ARCHIVE), "2")
    assert read["what"] == {"identifier": identifier}


def test_a_detail_that_no_fhir_string_holds_is_there_as_bytes() -> None:
    event = audit_event(account(reason="a\x00b", evidence="list 7"), archive=ARCHIVE)
    found = {each["type"]: each for each in event["entity"][-1]["detail"]}
    assert base64.b64decode(found["reason"]["valueBase64Binary"]) == b"a\x00b"
    assert found["evidence"]["valueString"] == "list 7"
    assert found["rules"]["valueString"] == "2026-11-01"


def told(element: ET.Element) -> Any:
    """FHIR XML as names and values, in order."""
    name = element.tag.removeprefix(f"{{{NAMESPACE}}}")
    return (name, element.get("value")) if "value" in element.attrib else (name, [told(each) for each in element])


def expected(value: Json) -> list[Any]:
    made: list[Any] = []
    for name, found in value.items():
        for each in found if isinstance(found, list) else [found]:
            if isinstance(each, dict):
                inner = [(each["resourceType"], expected(each))] if "resourceType" in each else expected(each)
                made.append((name, inner))
            elif name != "resourceType":
                made.append((name, str(each).lower() if isinstance(each, bool) else str(each)))
    return made


@settings(max_examples=50)
@given(accounts())
def test_xml_says_what_json_says_in_the_same_order(found: Account) -> None:
    root = ET.fromstring(audit_event_xml(found, archive=ARCHIVE))
    assert told(root) == ("AuditEvent", expected(audit_event(found, archive=ARCHIVE)))


@settings(max_examples=25)
@given(st.lists(accounts(), max_size=3), st.none() | st.integers(0, 9))
def test_a_page_of_a_search_is_a_searchset(page: list[Account], total: int | None) -> None:
    base = "https://archive.example/fhir"
    made = bundle(page, archive=ARCHIVE, base=base, self_url=f"{base}/AuditEvent?date=2026", total=total)
    assert (made["resourceType"], made["type"], made.get("total")) == ("Bundle", "searchset", total)
    assert [each["fullUrl"] for each in made.get("entry", [])] == [f"{base}/AuditEvent/{each.number}" for each in page]
    assert [each["relation"] for each in made["link"]] == ["self"]
    assert told(ET.fromstring(as_xml(made))) == ("Bundle", expected(made))


def test_a_page_with_others_behind_it_says_where_they_are() -> None:
    made = bundle([account()], archive=ARCHIVE, base="b", self_url="b?x", next_url="b?x&_after=7")
    assert made["link"][1] == {"relation": "next", "url": "b?x&_after=7"}
