"""Forged, expired, replayed, downgraded and incomplete identities, as far as a decision sees them (R463-4.1, 7.1)."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given

from repository.access.conditions.permitted import grants_to, may_mean
from repository.access.decision import Decision, decide
from repository.access.facts import Facts, RelationKind
from repository.access.identity import may_be, names, names_here, same
from repository.access.permission import Grantee, GranteeKind
from repository.access.principal import Assurance, Method, Organisation, Principal
from repository.access.purpose import Purpose
from repository.access.request import AccessRequest
from repository.access.rules import rules_at
from repository.access.subject import Operation, Scope, Subject
from repository.domain.describing import Identifier
from repository.domain.identifiers import NPWZ_NURSE_OID, PESEL_OID
from tests.builders.access import (
    ANNA,
    AT,
    BOGDAN,
    CELINA,
    DOCTOR,
    HOUR,
    MINUTE,
    OTHER_DOCTOR,
    OTHER_TAKEOVER,
    OURS,
    TAKEOVER,
    acting,
    administrator,
    auditor,
    consent,
    custody,
    died,
    facts,
    grant,
    identification,
    objection,
    patient,
    person,
    relation,
    representative,
    request,
    special_service,
    subject,
    system,
    the_archive,
    worker,
)
from tests.builders.access_cases import ENTITLED
from tests.builders.access_strategies import EMPTY, ROOTLESS, identifiers

RULES = rules_at(AT.date())
KNOWN = facts(consent(), custody=(custody(),))


def decided(asked: AccessRequest, known: Facts) -> Decision:
    return decide(asked, known, rules=RULES)


def as_if(who: Principal, **changes: Any) -> Principal:
    return replace(who, **changes)


@pytest.mark.parametrize("rule", ENTITLED)
@pytest.mark.parametrize(
    ("change", "what"),
    [
        (None, "anonymous"),
        ({"evidence": ""}, "nothing to show"),
        ({"evidence": " \u200b-"}, "nothing to show, in characters without width"),
        ({"at": AT - HOUR, "until": AT}, "expired at this instant"),
        ({"at": AT - 2 * HOUR, "until": AT - HOUR}, "expired, and replayed"),
        ({"at": AT - HOUR, "until": AT - 4 * MINUTE}, "expired four minutes ago: no grace"),
        ({"at": AT + 6 * MINUTE, "until": AT + HOUR}, "of the future, by more than clocks differ"),
        ({"at": AT + 4 * MINUTE, "until": AT + MINUTE}, "ended before it began"),
    ],
)
@pytest.mark.requirement("R463-4.1", "R463-7.1")
def test_no_right_helps_who_is_not_identified_now(rule: str, change: dict[str, Any] | None, what: str) -> None:
    asked, known = ENTITLED[rule]
    who = asked.principal
    assert who.identification is not None
    changed = None if change is None else replace(who.identification, **change)
    refused = decided(replace(asked, principal=as_if(who, identification=changed)), known)
    assert refused.told == ("IDENT_INCOMPLETE",), what


@pytest.mark.parametrize(
    ("change", "permitted"),
    [
        ({"at": AT + 4 * MINUTE}, True),  # the clock of whoever vouches is ahead of ours
        ({"at": AT + 5 * MINUTE}, True),
        ({"at": AT + 6 * MINUTE}, False),
        ({"at": AT - 4 * MINUTE}, True),
        ({"at": AT - 6 * MINUTE}, True),
        ({"until": AT + timedelta(microseconds=1)}, True),
    ],
)
def test_clocks_may_differ_by_five_minutes(change: dict[str, Any], permitted: bool) -> None:
    asked = request(worker(identification=identification(**change)))
    assert decided(asked, KNOWN).permitted is permitted


LOW = identification(assurance=Assurance.LOW)


@pytest.mark.requirement("R463-4.1")
@pytest.mark.parametrize("rule", ENTITLED)
def test_a_weak_identification_is_enough_for_machines_and_the_house_alone(rule: str) -> None:
    """R463-4.1 asks of whoever is served for what a qualified certificate or a trusted profile proves."""
    asked, known = ENTITLED[rule]
    weak = replace(asked, principal=as_if(asked.principal, identification=LOW))
    house = {"authorised-administrator", "auditor", "upkeep"}
    assert decided(weak, known).permitted is (rule in house)


def test_a_peer_known_by_its_title_alone_is_served_what_was_permitted_to_it() -> None:
    title = identification(method=Method.AE_TITLE, assurance=Assurance.LOW)
    assert decided(request(system(identification=title)), KNOWN).permitted
    assert not decided(request(system(identification=title)), facts()).permitted


@pytest.mark.requirement("R463-7.1", "R463-10.3")
@pytest.mark.parametrize(
    "who",
    [
        worker(given_name=""), worker(surname=" "), worker(surname="\u200b\u200d"), worker(given_name="-"),
        worker(id=""), worker(id=" "), worker(npwz=""), worker(npwz=" "),
        worker(npwz=OTHER_DOCTOR.extension), worker(organisation=None),
        worker(organisation=Organisation(OURS, "")), worker(organisation=Organisation(OURS, " ")),
        worker(organisation=Organisation(replace(OURS, extension=""), "NZOZ")),
        worker(organisation=Organisation(replace(OURS, root=""), "NZOZ")),
        acting(organisation=None), system(organisation=None), system(id=""),
    ],
)  # fmt: skip
def test_who_is_not_wholly_known_is_refused_whatever_was_consented_to(who: Principal) -> None:
    assert decided(request(who), KNOWN).told == ("IDENT_INCOMPLETE",)


@pytest.mark.parametrize("make", [patient, representative, person])
@pytest.mark.parametrize("identifier", [None, EMPTY, ROOTLESS, Identifier(PESEL_OID, ""), Identifier(" ", "1")])
def test_who_asks_for_himself_has_an_official_identifier(make: Any, identifier: Identifier | None) -> None:
    mine = tuple(each for each in (identifier, ANNA) if each is not None)
    asked = request(as_if(make(), identifier=identifier), purpose=Purpose.PATIENT_REQUEST,
                    subject=subject(patient_identifiers=mine))  # fmt: skip
    assert decided(asked, facts()).told == ("IDENT_INCOMPLETE",)


@pytest.mark.parametrize("who", [administrator, auditor, special_service, the_archive])
def test_staff_reads_no_record_for_treatment(who: Any) -> None:
    assert not decided(request(who(), purpose=Purpose.TREATMENT), KNOWN).permitted


# Identifiers


@given(identifiers(ANNA, BOGDAN, DOCTOR), identifiers(ANNA, BOGDAN, DOCTOR))
def test_sameness_goes_from_strict_to_wide(one: Identifier, other: Identifier) -> None:
    assert same(one, other) <= (one == other and names_here(one)) <= may_be(one, other)
    assert same(one, other) == same(other, one)
    assert same(one, one) == names(one)
    assert may_be(one, other) == may_be(other, one)


NOBODY = [EMPTY, ROOTLESS, Identifier(PESEL_OID, ""), Identifier(PESEL_OID, " "), Identifier(PESEL_OID, "0" * 11)]


@pytest.mark.parametrize("identifier", NOBODY)
def test_an_identifier_that_names_nobody_leads_to_nobody_elsewhere(identifier: Identifier) -> None:
    """Empty, without a root, or zeros in place of a PESEL: many patients of many providers have the same."""
    about = subject(takeover=OTHER_TAKEOVER, patient_identifiers=(identifier,), author=identifier)
    grantee = Grantee(GranteeKind.PERSON, identifier)
    everything = facts(
        consent(patient=identifier), grant(patient=identifier, takeover=""), consent(grantee=grantee),
        grant(grantee=grantee), grant(grantee=Grantee(GranteeKind.ORGANISATION, identifier)),
        custody=(custody(identifier),), after_death=died(objected=True, overridden_for=(identifier,)),
        relations=tuple(relation(kind, person=identifier, patient=identifier) for kind in RelationKind),
    )  # fmt: skip
    whose = Organisation(identifier, "NZOZ")
    for who in (worker(identifier=identifier), worker(organisation=whose), acting(organisation=whose)):
        for purpose in (Purpose.TREATMENT, Purpose.CUSTODY):
            assert not decided(request(who, purpose=purpose, subject=about), everything).permitted
    for alive in (everything, replace(everything, after_death=None)):
        for kin in (patient(identifier), representative(identifier), person(identifier)):
            asked = request(kin, purpose=Purpose.PATIENT_REQUEST, subject=about)
            assert not decided(asked, alive).permitted


def test_the_providers_own_number_leads_to_a_patient_in_his_takeover_alone() -> None:
    local = Identifier("", "10007")
    for takeover, permitted in ((TAKEOVER, True), (OTHER_TAKEOVER, False)):
        about = subject(takeover=takeover, patient_identifiers=(local,))
        for given_ in (consent(patient=local, takeover=TAKEOVER), grant(patient=local)):
            assert decided(request(subject=about), facts(given_)).permitted is permitted
        assert not decided(request(subject=about), facts(consent(patient=local))).permitted
    mine = request(patient(), subject=subject(patient_identifiers=(local,)), purpose=Purpose.PATIENT_REQUEST)
    assert not decided(mine, facts()).permitted


def test_a_document_without_a_root_is_told_apart_in_its_takeover_alone() -> None:
    bare = Identifier("", "DOC-1")
    part = Scope(documents=(bare,))
    asked = request(subject=subject(document=bare))
    assert decided(asked, facts(consent(scope=part, takeover=TAKEOVER))).permitted
    assert not decided(asked, facts(consent(scope=part))).permitted
    event = Scope(events=(Identifier("", "E1"),))
    asked = request(subject=subject(events=(Identifier("", "E1"),)))
    assert decided(asked, facts(consent(scope=event, takeover=TAKEOVER))).permitted
    assert not decided(asked, facts(consent(scope=event))).permitted


LOOKALIKES = [
    ANNA.extension.translate({ord("0") + n: 0xFF10 + n for n in range(10)}),  # full width
    ANNA.extension.translate({ord("0") + n: 0x0660 + n for n in range(10)}),  # Arabic-Indic
    ANNA.extension + "\u200b",
    " " + ANNA.extension,
    ANNA.extension.replace("0", "O"),
]


@pytest.mark.parametrize("alike", [each for each in LOOKALIKES if each != ANNA.extension])
def test_lookalikes_are_somebody_else(alike: str) -> None:
    other = replace(ANNA, extension=alike)
    assert not decided(request(patient(other), purpose=Purpose.PATIENT_REQUEST), facts()).permitted
    assert not decided(request(), facts(consent(patient=other))).permitted
    cyrillic = replace(OURS, root=OURS.root, extension=OURS.extension.replace("0", "О"))
    assert not decided(request(acting(cyrillic)), KNOWN).permitted


def test_a_day_in_other_digits_is_no_day() -> None:
    other = "20240115".translate({ord("0") + n: 0x0660 + n for n in range(10)})
    since = facts(consent(scope=Scope(first_day="20240101")))
    assert not decided(request(subject=subject(date=other)), since).permitted
    assert not decided(request(), facts(consent(scope=Scope(first_day="2024")))).permitted


@pytest.mark.parametrize("grantee", [Grantee(kind) for kind in GranteeKind if kind is not GranteeKind.ANYBODY])
def test_nobody_named_is_nobody_permitted_and_anybody_forbidden(grantee: Grantee) -> None:
    for who in (worker(), acting(), system(), system(id=""), worker(identifier=None, organisation=None)):
        assert not grants_to(grantee, who)
        assert may_mean(grantee, who)


def test_an_objection_to_a_doctor_binds_him_however_he_is_known() -> None:
    against = objection(grantee=Grantee(GranteeKind.PERSON, DOCTOR))
    bare = objection(grantee=Grantee(GranteeKind.PERSON, replace(DOCTOR, root="")))
    pesel = Identifier(PESEL_OID, CELINA.extension)
    bound = (worker(), worker(identifier=None), worker(identifier=pesel), worker(identifier=EMPTY))
    for each in (against, bare):
        for who in bound:
            assert decided(request(who), facts(consent(), each)).told == ("OBJECTION",)
    other = worker(identifier=None, npwz=OTHER_DOCTOR.extension)
    for free in (worker(identifier=OTHER_DOCTOR, npwz=OTHER_DOCTOR.extension), other, acting(), system()):
        assert decided(request(free), facts(consent(), against)).permitted


def test_a_nurse_and_a_doctor_with_the_same_digits_are_two() -> None:
    nurse = Identifier(NPWZ_NURSE_OID, DOCTOR.extension)
    given_ = facts(consent(grantee=Grantee(GranteeKind.PERSON, DOCTOR)))
    assert decided(request(), given_).permitted
    assert not decided(request(worker(identifier=nurse)), given_).permitted


def test_a_peer_is_its_own_id_and_nothing_that_merely_looks_like_it() -> None:
    given_ = facts(grant(grantee=Grantee(GranteeKind.SYSTEM, Identifier("", "PACS-1"))))
    assert decided(request(system()), given_).permitted
    for other in (system(id="PACS-2"), system(id="PACS-1 "), worker(id="PACS-1"), acting(id="PACS-1")):
        assert not decided(request(other), given_).permitted


@pytest.mark.parametrize("purpose", [Purpose.STATUTORY, Purpose.PAYER, Purpose.EMERGENCY])
@pytest.mark.parametrize("said", ["", " ", "\u200b", "--", "…"])
def test_an_empty_word_is_no_reason_and_no_evidence(purpose: Purpose, said: str) -> None:
    rule = {Purpose.STATUTORY: "statutory", Purpose.PAYER: "payer", Purpose.EMERGENCY: "break-glass"}[purpose]
    asked, known = ENTITLED[rule]
    reason = "REASON_MISSING" if purpose is Purpose.EMERGENCY else "AUTHZ_INCOMPLETE"
    assert decided(replace(asked, reason=said, evidence=said), known).told == (reason,)


@pytest.mark.parametrize("at", [datetime(2026, 11, 21), AT.astimezone(timezone(timedelta(hours=1)))])  # noqa: DTZ001
def test_a_request_without_a_moment_in_utc_cannot_be_made(at: datetime) -> None:
    with pytest.raises(ValueError, match="UTC"):
        request(at=at)


@pytest.mark.parametrize("died_on", ["", "2026", "not known", "9999-99-99"])
def test_a_day_of_death_that_is_none_lets_nobody_in_who_was_not_there(died_on: str) -> None:
    before = relation(until=AT - HOUR)
    asked = request(person(), purpose=Purpose.PATIENT_REQUEST)
    assert not decided(asked, facts(relations=(before,), after_death=died(died_on))).permitted


def test_the_day_of_death_is_counted_in_poland() -> None:
    """23:30 UTC on the first is the second in Warsaw: who was authorised then was so on the day of death."""
    late = AT.replace(month=10, day=1, hour=23, minute=30)
    asked = request(person(), purpose=Purpose.PATIENT_REQUEST)
    given_ = (relation(RelationKind.AUTHORISED, since=late),)
    assert decided(asked, facts(relations=given_, after_death=died("2026-10-02"))).permitted
    assert not decided(asked, facts(relations=given_, after_death=died("2026-10-01"))).permitted
    old = (relation(since=AT.replace(year=1970)),)
    assert decided(asked, facts(relations=old, after_death=died())).permitted


def test_a_takeover_as_a_whole_is_for_its_custodian() -> None:
    whole = Subject(takeover=TAKEOVER)
    asked = request(acting(), purpose=Purpose.CUSTODY, subject=whole, operation=Operation.EXPORT)
    assert decided(asked, facts(custody=(custody(),))).permitted
    assert not decided(request(subject=whole), facts(consent())).permitted
    assert decided(request(subject=whole), facts(grant(patient=None))).permitted
