"""DICOM audit messages, held against the schema of PS3.15 A.5.1 and the events of A.5.3."""

import base64
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from lxml import etree

from repository.access.account import Account
from repository.access.subject import Operation
from repository.accounting.dicom_audit import audit_message
from repository.accounting.telling import details, searched
from repository.domain.describing import Identifier
from tests.builders.accounts import TAKEOVER, account, accounts, refused

ARCHIVE = "archive.example"
SCHEMA = etree.RelaxNG(etree.parse(str(Path(__file__).with_name("audit_message.rng"))))
OBJECT = "ParticipantObjectIdentification"


def message(found: Account) -> Any:
    return etree.fromstring(audit_message(found, archive=ARCHIVE))


def attributes(parent: Any, path: str, name: str) -> list[str]:
    return [str(each.get(name)) for each in parent.findall(path)]


def objects(root: Any) -> list[tuple[str, str]]:
    """(code of the kind of id, id) of each object."""
    return [(each.find("ParticipantObjectIDTypeCode").get("csd-code"), each.get("ParticipantObjectID"))
            for each in root.findall(OBJECT)]  # fmt: skip


@settings(max_examples=50)
@given(accounts())
def test_any_account_is_a_message_that_the_schema_of_the_standard_takes(found: Account) -> None:
    octets = audit_message(found, archive=ARCHIVE)
    root: Any = etree.fromstring(octets)
    assert SCHEMA.validate(root), SCHEMA.error_log
    event = root.find("EventIdentification")
    assert event.get("EventDateTime") == found.at
    assert event.get("EventOutcomeIndicator") == ("8" if found.reasons else "0")
    assert (event.findtext("EventOutcomeDescription") or "") == ", ".join(found.reasons)
    assert attributes(root, "ActiveParticipant", "UserIsRequestor").count("true") == 1


@settings(max_examples=50)
@given(accounts())
def test_no_message_holds_a_control_character(found: Account) -> None:
    text = audit_message(found, archive=ARCHIVE).decode().replace("?>\n", "?>", 1)
    assert not [letter for letter in text if unicodedata.category(letter) in ("Cc", "Cs")]
    assert "&#" not in text


@settings(max_examples=50)
@given(accounts())
def test_details_and_queries_are_kept_to_the_octet(found: Account) -> None:
    root = message(found)
    told = [(each.get("type"), base64.b64decode(each.get("value")).decode())
            for each in root.iter("ParticipantObjectDetail")]  # fmt: skip
    assert told == details(found)
    queries = [base64.b64decode(each.text or "").decode() for each in root.iter("ParticipantObjectQuery")]
    assert queries == ([searched(found)] if found.operation == Operation.SEARCH else [])


def test_the_schema_takes_not_just_anything() -> None:
    root = message(account())
    root.find("EventIdentification").attrib.pop("EventOutcomeIndicator")
    assert not SCHEMA.validate(root)
    root = message(account())
    root.append(root.find("ActiveParticipant"))
    assert not SCHEMA.validate(root)


@pytest.mark.parametrize(
    ("changes", "event", "action"),
    [
        ({"operation": "search"}, "110112", "E"),
        ({"operation": "read"}, "110103", "R"),
        ({"operation": "read", "study": ""}, "110110", "R"),
        ({"operation": "read", "door": "dicomweb"}, "110104", "R"),
        ({"operation": "read", "door": "dicomweb", "study": ""}, "110110", "R"),
        ({"operation": "export", "door": "dimse"}, "110104", "R"),
        ({"operation": "export"}, "110106", "R"),
        ({"operation": "accounts"}, "110101", "R"),
        ({"operation": "upkeep"}, "110103", "R"),
        ({"operation": "upkeep", "study": ""}, "110110", "R"),
    ],
)
def test_each_operation_is_the_event_that_the_standard_has_for_it(
    changes: dict[str, Any], event: str, action: str
) -> None:
    root = message(account(**changes))
    assert attributes(root, "EventIdentification/EventID", "csd-code") == [event]
    assert attributes(root, "EventIdentification/EventID", "codeSystemName") == ["DCM"]
    assert attributes(root, "EventIdentification", "EventActionCode") == [action]
    assert root.find("EventIdentification/EventTypeCode") is None
    glass = message(account(**changes, purpose="emergency"))
    assert attributes(glass, "EventIdentification/EventID", "csd-code") == ["110113"]
    assert attributes(glass, "EventIdentification/EventTypeCode", "csd-code") == ["110127", event]


def test_data_flows_from_the_source_to_the_destination() -> None:
    for operation, roles in (("read", ["110152", "110153"]), ("search", ["110153", "110152"])):
        asking, ours = message(account(operation=operation)).findall("ActiveParticipant")
        found = [asking.find("RoleIDCode").get("csd-code"), ours.find("RoleIDCode").get("csd-code")]
        assert (found, ours.get("UserID")) == (roles, ARCHIVE)


def test_whoever_asked_is_named_with_the_door_as_access_point() -> None:
    asking = message(account()).find("ActiveParticipant")
    assert dict(asking.attrib) == {
        "UserID": "anna.example", "AlternativeUserID": "1234567", "UserName": "Anna Przykładowa",
        "UserIsRequestor": "true", "NetworkAccessPointID": "archive.example/cli", "NetworkAccessPointTypeCode": "5",
    }  # fmt: skip
    nobody = message(account(id="\x00", given_name="", surname="", organisation="", npwz="")).find("ActiveParticipant")
    assert nobody.get("UserID") == "\ufffd"
    assert message(account(id="")).find("ActiveParticipant").get("UserID") == "unidentified"


def test_an_export_names_the_medium_that_it_left_on() -> None:
    medium = message(account(operation="export", manner="electronic")).findall("ActiveParticipant")[2]
    assert medium.find("RoleIDCode").get("csd-code") == "110154"
    assert medium.find("MediaIdentifier/MediaType").get("csd-code") == "110037"
    other = message(account(operation="export", manner="carrier")).findall("ActiveParticipant")[2]
    assert other.find("MediaIdentifier/MediaType").get("codeSystemName") == "edm-archive"


def test_every_object_that_was_named_is_there_by_its_own_kind_of_id() -> None:
    patient = ("2", f"{TAKEOVER}.3")
    study = ("110180", "1.2.826.0.1.3680043.2.1125.1")
    document = ("9", "D-12^^^&2.16.840.1.113883.3.4424.2.7.1&ISO")
    holding, decision = ("holding", f"{TAKEOVER}/12"), ("decision", "7")
    assert objects(message(account())) == [patient, study, document, holding, decision]
    narrow = account(document=None, study="", ordinal=0, patient=0)
    assert objects(message(narrow)) == [("takeover", TAKEOVER), decision]
    assert objects(message(account(operation="search"))) == [patient, ("10", "7"), decision]
    log = objects(message(account(operation="accounts", study="", document=None, ordinal=0, takeover="")))
    assert log == [("12", ARCHIVE), decision]
    assert message(account()).findtext(f"{OBJECT}/ParticipantObjectName") == "Próbny^Jan"


def test_a_refusal_is_a_serious_failure_with_its_reasons() -> None:
    event = message(refused(3, "CONSENT_MISSING", "IDENT_INCOMPLETE")).find("EventIdentification")
    assert event.get("EventOutcomeIndicator") == "8"
    assert event.findtext("EventOutcomeDescription") == "CONSENT_MISSING, IDENT_INCOMPLETE"


def test_what_was_searched_for_is_told_as_a_query_string() -> None:
    asked = account(operation="search", document=Identifier("1.2", "a&b=ż"), ordinal=0)
    assert searched(asked) == (
        f"takeover={TAKEOVER}&patient={TAKEOVER}.3&study=1.2.826.0.1.3680043.2.1125.1&document=1.2%7Ca%26b%3D%C5%BC"
    )
