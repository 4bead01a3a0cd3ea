"""ITI-81 searches: what they ask for, held against what is rendered."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.access.account import Account
from repository.access.account_query import MOST, AccountQuery, matches
from repository.accounting.errors import AccountQueryWrong
from repository.accounting.fhir import audit_event
from repository.accounting.fhir_dates import interval
from repository.accounting.fhir_search import parse_query
from repository.domain.describing import Identifier
from tests.builders.accounts import TAKEOVER, account, accounts, refused

ARCHIVE = "archive.example"
PESEL = "2.16.840.1.113883.3.4424.1.1.616"


def patients(identifier: Identifier) -> list[tuple[str, int]]:
    return [(TAKEOVER, 3)] if identifier.extension == "44051401458" and identifier.root in ("", PESEL) else []


def parsed(*pairs: tuple[str, str]) -> AccountQuery:
    params: dict[str, list[str]] = {}
    for name, value in pairs:
        params.setdefault(name, []).append(value)
    return parse_query(params, archive=ARCHIVE, patients=patients)


def finds(found: Account, *pairs: tuple[str, str]) -> bool:
    return matches(parsed(*pairs), found)


def codes_of(event: dict[str, Any], name: str) -> list[tuple[str, str]]:
    """All `system|code` that stand in AuditEvent under a search parameter."""
    entities = event["entity"]
    found: dict[str, list[dict[str, str]]] = {
        "type": [event["type"]],
        "subtype": event.get("subtype", []),
        "entity-type": [each["type"] for each in entities],
        "entity-role": [each["role"] for each in entities],
        "purpose": [each["coding"][0] for each in event.get("purposeOfEvent", [])],
        "agent-role": [
            code for agent in event["agent"] for role in agent.get("role", []) for code in role.get("coding", [])
        ],
    }
    return [(each["system"], each["code"]) for each in found[name]]


@pytest.mark.parametrize("name", ["type", "subtype", "entity-type", "entity-role", "purpose", "agent-role"])
@settings(max_examples=40)
@given(found=accounts(), other=accounts())
def test_an_account_is_found_by_a_code_exactly_if_it_is_rendered_with_it(
    name: str, found: Account, other: Account
) -> None:
    has = codes_of(audit_event(other, archive=ARCHIVE), name)
    for system, code in codes_of(audit_event(found, archive=ARCHIVE), name):
        assert finds(found, (name, code))
        assert finds(found, (name, f"{system}|{code}"))
        assert finds(other, (name, f"{system}|{code}")) is ((system, code) in has)
        assert not finds(found, (name, f"urn:other|{code}"))


@settings(max_examples=40)
@given(accounts(), accounts())
def test_an_account_is_found_by_its_values_exactly_if_it_has_them(found: Account, other: Account) -> None:
    event, second = audit_event(found, archive=ARCHIVE), audit_event(other, archive=ARCHIVE)
    for name in ("action", "outcome"):
        assert finds(found, (name, event[name]))
        assert finds(other, (name, event[name])) is (event[name] == second[name])
    assert finds(found, ("_id", event["id"]), ("source", ARCHIVE), ("address", f"{ARCHIVE}/{found.door}"))
    assert finds(other, ("address", f"{ARCHIVE}/{found.door}")) is (found.door == other.door)
    assert finds(found, ("policy", found.rules), ("date", f"ge{found.at}"), ("date", f"le{found.at}"))


DOCUMENTS = st.sampled_from(
    [None, Identifier("1.2.3", "D-1"), Identifier("1.2.3", ""), Identifier("1.2", "a,b|c$d\\"), Identifier("", "D-1")]
)


@settings(max_examples=50)
@given(accounts(), accounts(), DOCUMENTS, DOCUMENTS)
def test_an_account_is_found_by_what_it_is_about_and_another_by_its_own(
    found: Account, other: Account, document: Identifier | None, others: Identifier | None
) -> None:
    found, other = replace(found, document=document), replace(other, document=others)
    for each in audit_event(found, archive=ARCHIVE)["entity"]:
        what = each.get("what", {})
        if "reference" in what:
            pairs = [("patient", what["reference"]), ("entity", what["reference"])]
            same = (found.takeover, found.patient) in {(other.takeover, other.patient), *other.patients}
        elif what and document and document.root:
            pairs, same = [("entity", written(what))], document == others
        elif what and not document and found.study:
            pairs, same = [("entity:identifier", written(what))], found.study == other.study
        elif what and not document and found.ordinal:
            pairs = [("entity", written(what))]
            same = (found.takeover, found.ordinal) == (other.takeover, other.ordinal)
        else:
            continue
        assert finds(found, *pairs)
        assert finds(other, *pairs) is same


def written(what: dict[str, Any]) -> str:
    known = what["identifier"]
    return f"{known.get('system', '')}|{escaped(known['value'])}"


def escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("|", "\\|").replace("$", "\\$")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("agent", "anna.example", True),
        ("agent", "Practitioner/x", False),
        ("agent.identifier", "urn:x|anna.example", True),
        ("agent-name", "przyk", True),
        ("agent-name", "PRZYKLADOWA", True),
        ("agent-name", "Anna", False),
        ("agent-name", "zzz,prz", True),
        ("agent-name", "prz\\,", False),
        ("altid", "1234567", True),
        ("altid", "|7654321", False),
        ("entity-name", "probny", True),
        ("entity-name", "jan", False),
        ("patient", f"Patient/{TAKEOVER}.3", True),
        ("patient", f"{TAKEOVER}.3", True),
        ("patient", f"https://archive.example/fhir/Patient/{TAKEOVER}.4", False),
        ("patient.identifier", f"urn:oid:{PESEL}|44051401458", True),
        ("patient.identifier", "44051401458", True),
        ("patient.identifier", "urn:oid:1.2|44051401458", False),
        ("entity", f"{TAKEOVER}/12", True),
        ("entity", f"{TAKEOVER}/13", False),
        ("entity", TAKEOVER, True),
        ("entity", "urn:dicom:uid|urn:oid:1.2.826.0.1.3680043.2.1125.1", True),
        ("entity.identifier", "urn:oid:2.16.840.1.113883.3.4424.2.7.1|D-12", True),
        ("entity.identifier", "urn:oid:2.16.840.1.113883.3.4424.2.7.1|D-1", False),
        ("outcome", "0,8", True),
        ("outcome", "4", False),
        ("action", "C,U,D", False),
        ("action", "R,E", True),
        ("type", "rest", True),
        ("type", "110106", False),
        ("type", "whatever", False),
        ("source", "archive.example", True),
        ("site", "other.example", False),
        ("address", "archive.example", True),
        ("address", "archive.example/rest", False),
        ("address", "10.0.0.1", False),
        ("_id", "7", True),
        ("_id", "07", True),
        ("_id", "abc,8", False),
        ("date", "2026-03-04", True),
        ("date", "2026-03-05", False),
        ("_after", "6", True),
        ("_after", "7", False),
        ("_sort", "-date", True),
        ("unheard-of", "", True),
    ],
)
def test_the_sample_account_is_found_or_not(name: str, value: str, expected: bool) -> None:
    assert finds(account(), (name, value)) is expected


def test_repeated_parameters_must_all_hold_and_commas_are_alternatives() -> None:
    assert finds(account(), ("agent", "anna.example"), ("agent", "other,anna.example"))
    assert not finds(account(), ("agent", "anna.example"), ("agent", "other"))
    assert finds(account(), ("agent-name", "p"), ("agent-name", "przyk"))
    assert not finds(account(), ("agent-name", "p"), ("agent-name", "x"))
    assert finds(account(id="a,b|c"), ("agent", "a\\,b\\|c"))
    assert not finds(account(), ("date", "ge2026-03-04"), ("date", "lt2026-03-04"))
    assert not finds(refused(), ("outcome", "0"))


def test_break_glass_is_found_by_its_subtype() -> None:
    assert finds(account(purpose="emergency"), ("subtype", "110127"))
    assert not finds(account(), ("subtype", "110127"))


def test_a_page_is_as_long_as_asked_for_and_no_longer_than_allowed() -> None:
    assert parsed().limit == 100
    assert parsed(("_count", "5")).limit == 5
    assert parsed(("_count", "99999999")).limit == MOST


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("date", "yesterday"), ("date", "ne2026"), ("date", "ap2026"), ("date", "2026-13"), ("date", "2026-02-30"),
        ("date", "1995"), ("date", "2026,2027"), ("date", ""), ("date", "9999"), ("date", "2026-01-01T25:00Z"),
        ("date", "2026-01-01T10:00+99:00"), ("_count", "many"), ("_count", "-1"), ("_after", "x"), ("outcome", "1"),
        ("action", "X"), ("patient", "Patient/"), ("patient", "Observation/1"), ("entity", "Patient/x"),
        ("agent", ""), ("agent", "a,,b"), ("agent", "a,"), ("entity", f"{TAKEOVER}/1,urn:dicom:uid|1.2"),
        ("outcome:not", "0"),
        ("agent-name:contains", "x"),
        ("subtype", "read,110127"), ("entity-role", "1,4"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_taken_is_an_error_that_names_the_parameter(name: str, value: str) -> None:
    with pytest.raises(AccountQueryWrong, match=f"parameter {name} "):
        parsed((name, value))


def test_without_a_way_to_find_patients_their_identifiers_are_refused_and_not_ignored() -> None:
    with pytest.raises(AccountQueryWrong, match=r"patient\.identifier"):
        parse_query({"patient.identifier": ["1"]}, archive=ARCHIVE)


@given(
    st.dictionaries(
        st.sampled_from(["date", "entity", "patient", "agent", "type", "address", "_id", "outcome", "entity-role"]),
        st.lists(st.text(max_size=12), min_size=1, max_size=2),
        max_size=3,
    )
)
def test_any_words_are_a_query_or_an_error_of_ours(params: dict[str, list[str]]) -> None:
    try:
        query = parse_query(params, archive=ARCHIVE, patients=patients)
    except AccountQueryWrong:
        return
    assert type(matches(query, account())) is bool  # and raises nothing


@pytest.mark.parametrize(
    ("value", "first", "after"),
    [
        ("2026", "2025-12-31T23:00:00.000000Z", "2026-12-31T23:00:00.000000Z"),
        ("2026-12", "2026-11-30T23:00:00.000000Z", "2026-12-31T23:00:00.000000Z"),
        ("2026-03-29", "2026-03-28T23:00:00.000000Z", "2026-03-29T22:00:00.000000Z"),  # 23 hours
        ("2026-10-25", "2026-10-24T22:00:00.000000Z", "2026-10-25T23:00:00.000000Z"),  # 25 hours
        ("2026-07-01T12:00", "2026-07-01T10:00:00.000000Z", "2026-07-01T10:01:00.000000Z"),
        ("2026-07-01T12:00:30Z", "2026-07-01T12:00:30.000000Z", "2026-07-01T12:00:31.000000Z"),
        ("2026-07-01T12:00:30.25+02:00", "2026-07-01T10:00:30.250000Z", "2026-07-01T10:00:30.260000Z"),
        ("gt2026-07-01", "2026-07-01T22:00:00.000000Z", ""),
        ("sa2026-07-01", "2026-07-01T22:00:00.000000Z", ""),
        ("ge2026-07-01", "2026-06-30T22:00:00.000000Z", ""),
        ("lt2026-07-01", "", "2026-06-30T22:00:00.000000Z"),
        ("eb2026-07-01", "", "2026-06-30T22:00:00.000000Z"),
        ("le2026-07-01", "", "2026-07-01T22:00:00.000000Z"),
    ],
)  # fmt: skip
def test_a_date_is_the_interval_that_it_is_exact_to(value: str, first: str, after: str) -> None:
    assert interval(value) == (first, after)


@settings(max_examples=50)
@given(accounts())
def test_an_account_lies_in_the_day_that_it_says_and_in_no_other(found: Account) -> None:
    day = datetime.fromisoformat(found.day).replace(tzinfo=UTC)
    assert finds(found, ("date", found.day))
    for other in (day - timedelta(days=1), day + timedelta(days=1)):
        assert not finds(found, ("date", other.strftime("%Y-%m-%d")))


def test_names_are_compared_without_case_and_marks() -> None:
    found = account(1, surname="ŁÓDŹ-Świętosławska", patient_name="Strauß^Øre")
    assert matches(AccountQuery(surnames=("lodz-swieto",), patient_names=("STRAUSS^o",)), found)
    assert not matches(AccountQuery(surnames=("swieto",)), found)
