"""FHIR Consent, in and out: what can be said comes back the same, and what is not understood is refused by its path."""

import copy
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.access.permission import Grantee, GranteeKind, Grantor, Permission, PermissionKind
from repository.access.purpose import Purpose
from repository.access.subject import Scope
from repository.consents import vocabulary
from repository.consents.errors import ConsentNotExpressible, ConsentNotUnderstood
from repository.consents.fhir_consent import POLICY, consent_resource, permission_from, permissions_in
from repository.domain.describing import Identifier
from tests.builders.access import ANNA, BOGDAN, DOCTOR, DOCUMENT, EVENT, OURS, STUDY, consent, grant, objection
from tests.builders.expressible import permissions

pytestmark = pytest.mark.requirement("R463-10.1.4")
Json = dict[str, Any]
ARCHIVE = "archive.example"


@settings(max_examples=150, deadline=None)
@given(permissions())
def test_what_can_be_said_comes_back_the_same(permission: Permission) -> None:
    written = json.loads(json.dumps(consent_resource(permission, archive=ARCHIVE)))
    assert permission_from(written) == permission


LIMITING = (
    "modifierExtension",
    "securityLabel",
    "action",
    "class",
    "code",
    "dataPeriod",
    "data",
    "provision",
    "actor",
    "period",
)


@settings(max_examples=60, deadline=None)
@given(permissions(), st.sampled_from(LIMITING), st.sampled_from([[{"x": 1}], {"x": 1}, [], "x", None, [[]]]))
def test_a_limit_that_is_not_understood_refuses_all_of_it(permission: Permission, name: str, nonsense: Any) -> None:
    written = consent_resource(permission, archive=ARCHIVE)
    written["provision"][name] = nonsense
    with pytest.raises(ConsentNotUnderstood) as told:
        permission_from(written)
    assert str(told.value.fields["element"]).startswith("Consent.provision")


MEMBERS = st.sampled_from([*LIMITING, "resourceType", "url", "identifier", "value", "coding", "meta"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MEMBERS, inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(JSON, st.data())
def test_nothing_that_is_json_breaks_the_reader(nonsense: Any, data: st.DataObject) -> None:
    """Any element of a good resource replaced by anything: it is refused, and no value is repeated; or it is taken,
    and allows the same to the same: only what it is called, and where it can be seen, may have changed."""
    said = consent(scope=Scope(studies=(STUDY,), first_day="20240101"))
    written = consent_resource(said, archive=ARCHIVE)
    at: Any = written
    for _ in range(data.draw(st.integers(0, 4))):
        name = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        if not isinstance(at[name], (dict, list)) or not at[name]:
            break
        at = at[name]
    name = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
    at[name] = nonsense
    for found in permissions_in(written):
        if isinstance(found, ConsentNotUnderstood):
            assert ANNA.extension not in str(found)
        else:
            assert replace(found, id=said.id, edition=said.edition, evidence=said.evidence) == said


def known(identifier: Identifier) -> Json:
    return {"system": f"urn:oid:{identifier.root}", "value": identifier.extension}


def a_pcf_consent() -> Json:
    """A basic consent as another system writes it."""
    return {
        "resourceType": "Consent",
        "meta": {"profile": [vocabulary.BASIC], "security": [{"code": "HTEST"}]},
        "text": {"status": "generated", "div": "<div/>"},
        "status": "active",
        "scope": {"coding": [{"system": vocabulary.HL7 + "consentscope", "code": "patient-privacy"}]},
        "category": [{"coding": [vocabulary.CATEGORY]}],
        "patient": {"identifier": known(ANNA)},
        "dateTime": "2022-06-13",
        "performer": [{"reference": "Patient/7", "identifier": known(ANNA)}],
        "organization": [{"reference": "Organization/1"}],
        "sourceAttachment": {"contentType": "text/plain", "data": "eg=="},
        "policy": [{"uri": POLICY}],
        "provision": {
            "type": "permit",
            "period": {"end": "2026"},
            "purpose": [{"system": vocabulary.ACT_REASON, "code": each} for each in ("TREAT", "HPAYMT", "HOPERAT")],
            "actor": [
                {
                    "role": {"coding": [{"system": vocabulary.PARTICIPATION, "code": "PRCP"}]},
                    "reference": {"reference": "https://x.example/fhir/Organization/1", "identifier": known(OURS)},
                }
            ],
        },
    }  # fmt: skip


def test_a_consent_of_another_system_is_read_in_polish_time() -> None:
    found = permission_from(a_pcf_consent())
    assert found.purposes == {Purpose.TREATMENT, Purpose.PAYER}
    assert found.grantee == Grantee(GranteeKind.ORGANISATION, OURS)
    assert (found.patient, found.grantor) == (ANNA, Grantor("patient", "", ANNA))
    assert found.valid_from == datetime(2022, 6, 12, 22, tzinfo=UTC)
    assert found.valid_to == datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert found.evidence == "sha256:594e519ae499312b29433b7dd8a97ff068defcba9755b6d5d00e84c524d67b06"
    assert found.id == ""


def test_all_is_denied_but_for_emergencies() -> None:
    given_ = a_pcf_consent()
    given_["provision"] = {
        "type": "deny",
        "provision": [{"type": "permit", "purpose": [{"system": vocabulary.ACT_REASON, "code": "BTG"}]}],
    }
    found = permission_from(given_)
    assert found.kind is PermissionKind.OBJECTION
    assert found.purposes == frozenset(Purpose) - {Purpose.EMERGENCY}
    given_["provision"]["provision"][0]["actor"] = []
    with pytest.raises(ConsentNotUnderstood):
        permission_from(given_)


def changed(*path: str | int, to: Any) -> Json:
    made = copy.deepcopy(a_pcf_consent())
    at: Any = made
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = to
    return made


REFUSED: list[tuple[str, tuple[str | int, ...], Any]] = [
    ("status", ("status",), "draft"),
    ("status", ("status",), "proposed"),
    ("implicitRules", ("implicitRules",), "http://x"),
    ("modifierExtension[0]", ("modifierExtension",), [{"url": "http://x", "valueString": "1"}]),
    ("policyRule", ("policyRule",), {}),
    ("verification", ("verification",), [{"verified": False}]),
    ("policy[0].uri", ("policy", 0, "uri"), "http://example.org/policies/basePrivacyConsentPolicy.txt"),
    ("policy[0].authority", ("policy", 0, "authority"), "http://x"),
    ("scope", ("scope",), {"coding": [{"system": vocabulary.HL7 + "consentscope", "code": "research"}]}),
    ("patient.identifier", ("patient",), {"reference": "Patient/7"}),
    ("patient.identifier.system", ("patient", "identifier", "system"), "http://x"),
    ("performer[0].type", ("performer",), [{"reference": "Practitioner/1"}]),
    ("performer", ("performer",), []),
    ("provision.purpose", ("provision", "purpose"), [{"system": vocabulary.ACT_REASON, "code": "HOPERAT"}]),
    ("provision.purpose[0]", ("provision", "purpose"), [{"system": vocabulary.ACT_REASON, "code": "ZZZ"}]),
    ("provision.actor[0].role", ("provision", "actor", 0, "role"), {"coding": [{"code": "CST"}]}),
    ("provision.period", ("provision", "period"), {"start": "2027", "end": "2026"}),
    ("provision.period.end", ("provision", "period", "end"), "ge2026"),
    ("provision.dataPeriod.start", ("provision", "dataPeriod"), {"start": "2024-01-01T10:00:00Z"}),
    ("provision.securityLabel", ("provision", "securityLabel"), [{"code": "R"}]),
    ("provision.action", ("provision", "action"), [{"coding": [{"code": "access"}]}]),
    ("provision.data[0]", ("provision", "data"), [{"meaning": "authoredby", "reference": {"type": "Practitioner"}}]),
    ("provision._type", ("provision", "_type"), {"extension": []}),
]  # fmt: skip


@pytest.mark.parametrize(("element", "path", "value"), REFUSED)
def test_what_may_limit_a_consent_is_refused_by_its_path(element: str, path: tuple[str | int, ...], value: Any) -> None:
    with pytest.raises(ConsentNotUnderstood) as told:
        permission_from(changed(*path, to=value))
    assert told.value.fields["element"] == f"Consent.{element}"
    assert ANNA.extension not in str(told.value)


def test_a_deny_does_not_pass_over_a_purpose_without_counterpart() -> None:
    given_ = a_pcf_consent()
    given_["provision"]["type"] = "deny"
    with pytest.raises(ConsentNotUnderstood):
        permission_from(given_)
    del given_["provision"]["purpose"]
    assert permission_from(given_).purposes == frozenset()


def test_two_kinds_of_data_are_not_made_one_limit() -> None:
    both = consent(scope=Scope(documents=(DOCUMENT,), studies=(STUDY,)))
    with pytest.raises(ConsentNotExpressible):
        consent_resource(both, archive=ARCHIVE)
    one = consent_resource(consent(scope=Scope(documents=(DOCUMENT,))), archive=ARCHIVE)
    other = consent_resource(consent(scope=Scope(events=(EVENT,))), archive=ARCHIVE)
    one["provision"]["data"] += other["provision"]["data"]
    with pytest.raises(ConsentNotUnderstood):
        permission_from(one)


def test_what_fhir_has_no_words_for_is_not_written() -> None:
    for each in (
        grant(),
        consent(purposes=frozenset()),
        consent(patient=Identifier("not an oid", "1")),
        consent(grantee=Grantee(GranteeKind.PERSON, None)),
        consent(scope=Scope(studies=("x",))),
        consent(scope=Scope(first_day="2024")),
        consent(grantor=Grantor("neighbour", "", None)),
    ):
        with pytest.raises(ConsentNotExpressible):
            consent_resource(each, archive=ARCHIVE)


def test_profiles_are_claimed_where_they_hold() -> None:
    def profile(scope: Scope) -> list[str]:
        found: list[str] = consent_resource(consent(scope=scope), archive=ARCHIVE)["meta"].get("profile", [])
        return found

    assert profile(Scope()) == [vocabulary.BASIC]
    assert profile(Scope(studies=(STUDY,))) == [vocabulary.INTERMEDIATE]
    assert profile(Scope(classes=("01.10",))) == []


@pytest.mark.parametrize("status", ["inactive", "rejected", "entered-in-error"])
def test_what_has_ended_is_never_in_force(status: str) -> None:
    found = permission_from(changed("status", to=status))
    assert found.ended_at == found.recorded_at
    assert not any(found.in_force(found.recorded_at + timedelta(days=day)) for day in (-1, 0, 1))


def test_a_bundle_gives_each_of_its_consents_or_why_not() -> None:
    good, bad = consent_resource(objection(), archive=ARCHIVE), changed("status", to="draft")
    made = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": good}, {"resource": bad}, {}]}
    first, second, third = permissions_in(made)
    assert first == objection()
    assert isinstance(second, ConsentNotUnderstood)
    assert isinstance(third, ConsentNotUnderstood)


def test_a_licence_is_a_practitioners() -> None:
    made = consent_resource(consent(grantee=Grantee(GranteeKind.PERSON, DOCTOR)), archive=ARCHIVE)
    assert made["provision"]["actor"][0]["reference"]["type"] == "Practitioner"
    assert permission_from(made) == consent(grantee=Grantee(GranteeKind.PERSON, DOCTOR))
    assert replace(consent(), patient=BOGDAN) != consent()
