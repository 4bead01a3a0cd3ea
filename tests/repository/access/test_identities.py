"""Forged, expired, replayed, downgraded and incomplete identities, as far as a decision sees them (R463-4.1, 7.1)."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from repository.access.facts import RelationKind
from repository.access.principal import Assurance, Method, Organisation, Principal
from repository.access.purpose import Purpose
from repository.access.subject import Operation, Subject
from repository.domain.describing import Identifier
from repository.domain.identifiers import PESEL_OID
from tests.builders.access import (
    ANNA,
    AT,
    HOUR,
    MINUTE,
    OTHER_DOCTOR,
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
from tests.builders.access_strategies import EMPTY, ROOTLESS
from tests.repository.access.deciding import KNOWN, as_if, decided


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
