"""Every attempt has an account, whatever was said in it, and the decision can be taken again from it."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.access.account import Account, account_of, account_of_attempt, as_body
from repository.access.decision import decide
from repository.access.principal import Organisation
from repository.access.purpose import Purpose
from repository.access.redeciding import rederive, request_of, same_outcome
from repository.access.rules import rules_at
from repository.canonical import canonical, parse
from repository.domain.describing import Identifier
from tests.builders.access import AT, OURS, consent, facts, identification, patient, request, subject, worker
from tests.builders.access_cases import ENTITLED, Case, cases

RULES = rules_at(AT.date())


def account(case: Case, **changes: Any) -> Account:
    return account_of_attempt(case[0], decide(*case, rules=RULES), **changes)


@pytest.mark.requirement("R463-10.1.2", "R463-10.1.3")
@settings(max_examples=60)
@given(cases(), st.text(max_size=8), st.integers(0, 9), st.sampled_from(("", "view", "electronic")))
def test_an_account_is_its_body_and_back(case: Case, name: str, count: int, manner: str) -> None:
    made = account(case, patient_name=name, count=count, manner=manner)
    body = as_body(made)
    assert account_of(parse(canonical(body)), number=7) == replace(made, number=7)
    assert account_of(body, number=0) == made


def test_patients_whom_a_search_has_shown_are_sorted_and_named_once_and_older_bodies_are_read() -> None:
    shown = [("b", 2), ("a", 10), ("a", 9), ("b", 2)]
    made = account(ENTITLED["consent"], patients=shown)
    assert made.patients == (("a", 9), ("a", 10), ("b", 2))
    assert made.about == {("a", 9), ("a", 10), ("b", 2), (made.takeover, made.patient)}
    body = as_body(made)
    assert account_of(parse(canonical(body)), number=0) == made
    del body["patients"]
    assert account_of(body, number=0) == replace(made, patients=())


@pytest.mark.requirement("R463-5.3")
@settings(max_examples=80)
@given(cases())
def test_the_decision_is_taken_again_from_the_account(case: Case) -> None:
    made = account_of(parse(canonical(as_body(account(case)))), number=1)
    assert request_of(made, case[0].subject) == case[0]
    again = rederive(made, case[1], subject=case[0].subject)
    assert again == decide(*case, rules=RULES)
    assert same_outcome(made, again)


@pytest.mark.requirement("R463-10.1.4")
def test_a_later_withdrawal_does_not_change_what_was_decided_before() -> None:
    case = ENTITLED["consent"]
    made = account(case)
    withdrawn = facts(consent(ended_at=AT.replace(hour=11)))
    assert same_outcome(made, rederive(made, withdrawn, subject=case[0].subject))
    assert not same_outcome(made, rederive(made, facts(), subject=case[0].subject))


def test_an_account_that_says_another_thing_is_noticed() -> None:
    case = ENTITLED["break-glass"]
    made, again = account(case), decide(*case, rules=RULES)
    for change in ({"outcome": "refused"}, {"rule": "consent"}, {"duties": ()}, {"reasons": ("OBJECTION",)}):
        assert not same_outcome(replace(made, **change), again)


@given(st.text(alphabet=st.characters(categories=("Cs", "Lu", "Nd")), min_size=1, max_size=6))
def test_no_text_keeps_an_attempt_from_its_account(dirty: str) -> None:
    """Lone surrogates have no canonical form, and JSON can bring them in."""
    bad = Identifier(dirty, dirty)
    who = worker(
        id=dirty, given_name=dirty, surname=dirty, role=dirty, npwz=dirty, identifier=bad,
        organisation=Organisation(bad, dirty, dirty), identification=identification(evidence=dirty),
    )  # fmt: skip
    asked = request(
        who, basis=dirty, reason=dirty, evidence=dirty, door=dirty,
        subject=subject(study=dirty, document=bad, takeover=dirty),
    )  # fmt: skip
    made = account((asked, facts()), patient_name=dirty, manner=dirty)
    assert orjson.loads(canonical(as_body(made)))["outcome"] == "refused"
    again = rederive(made, facts(), subject=asked.subject)
    assert same_outcome(made, again)


@pytest.mark.requirement("R463-10.2")
def test_no_account_discloses_special_protection() -> None:
    for asked, known in ENTITLED.values():
        for protected in (replace(known, protected=True, approvals=()), replace(known, permissions=(), protected=True)):
            body = canonical(as_body(account((asked, protected))))
            assert b"SECOND_PERSON" not in body
    unentitled = request(), facts()
    hidden = unentitled[0], replace(unentitled[1], protected=True)
    assert account(hidden) == account(unentitled)


def test_who_says_nothing_and_is_nobody_has_an_account_too() -> None:
    nobody = replace(patient(given_name="", surname=""), identification=None, identifier=None)
    made = account((request(nobody, purpose=None), facts()), manner="view")
    assert (made.outcome, made.purpose, made.method, made.organisation_id, made.manner) == ("refused", "", "", None, "")
    assert made.reasons == ("IDENT_INCOMPLETE", "PURPOSE_MISSING")


@pytest.mark.requirement("R463-10.3")
@pytest.mark.parametrize(
    ("at", "day", "hour"),
    [
        (AT, "2026-11-21", "11"),
        (AT.replace(hour=23, minute=30), "2026-11-22", "00"),
        (AT.replace(month=7, hour=22), "2026-07-22", "00"),
    ],
)
def test_day_and_hour_are_those_of_poland_and_the_moment_is_utc(at: Any, day: str, hour: str) -> None:
    made = account((request(at=at), facts()))
    assert (made.day, made.hour) == (day, hour)
    assert made.at == at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_an_account_names_who_it_was_at_that_time() -> None:
    made = account(ENTITLED["consent"])
    assert (made.given_name, made.surname, made.organisation, made.organisation_id) == (
        "Łucja", "Żółkiewska", "NZOZ Zdrowie", OURS,
    )  # fmt: skip
    assert (made.purpose, made.rule, made.rules) == (Purpose.TREATMENT.value, "consent", RULES.version)
