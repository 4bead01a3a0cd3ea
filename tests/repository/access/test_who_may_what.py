"""Who may read what, as the law has it: every principal × every purpose × every state, through every door.

A permission too many fails here as one too few does.
"""

import pytest

from repository.access.decision import decide
from repository.access.purpose import Purpose
from repository.access.subject import Operation
from tests.builders.access import (
    DOORS,
    administrator,
    approval,
    auditor,
    facts,
    request,
    special_service,
)
from tests.repository.access.states_of_a_record import STATES, everything
from tests.repository.access.the_law import PURPOSES, RULES, TIES, WHO, answer, asked, expected


@pytest.mark.requirement("R463-7.1", "R463-7.2", "R463-10.1.1", "R463-10.1.4", "R463-10.1.5", "R463-10.2")
@pytest.mark.parametrize("who", WHO)
def test_every_cell_is_answered_as_the_law_has_it(who: str) -> None:
    wrong = {
        (purpose, name, door): (answer(decision), wanted)
        for purpose in PURPOSES
        for name in STATES
        for wanted in [expected(who, purpose, name)]
        for door in DOORS
        for decision in [decide(*asked(who, purpose, name, door=door), rules=RULES)]
        if answer(decision) != wanted
    }
    assert wrong == {}


NOT_CARRIED_AWAY = {("worker", "emergency"), ("administrator", "maintenance")}


PEOPLES = {(who, "patient-request") for who in ("patient", "representative", "person")}


@pytest.mark.requirement("R463-7.2", "R463-10.2")
@pytest.mark.parametrize("operation", [Operation.SEARCH, Operation.EXPORT, Operation.ACCOUNTS])
def test_searching_carrying_away_and_seeing_who_looked_follow_the_same_table(operation: Operation) -> None:
    """But for what stays here: broken glass and repairs are for reading, and who looked is for the patient's side."""
    wrong = {}
    for who in WHO:
        for purpose in Purpose:
            cell = (who, purpose.value)
            if operation is Operation.ACCOUNTS and cell not in PEOPLES:
                continue
            for name in STATES:
                made, known = asked(who, purpose, name, operation=operation)
                wanted = expected(who, purpose, name)
                if operation is Operation.EXPORT and cell in NOT_CARRIED_AWAY:
                    wanted = "AUTHZ_INCOMPLETE"
                if answer(found := decide(made, known, rules=RULES)) != wanted:
                    wrong[cell, name] = (answer(found), wanted)
    assert wrong == {}


# Operation → who, for what; with all ties there are. Everything else is refused.
OPERATIONS: dict[Operation, set[tuple[str, str]]] = {
    Operation.SEARCH: {cell for cell in TIES if cell[0] not in {"payer", "payer-system", "court", "insurer", "person"}}
    | {("payer-system", "payer")}
    | {("payer", "payer"), ("payer", "statutory"), ("court", "statutory"), ("insurer", "statutory")}
    | {("person", "patient-request")},
    Operation.ACCOUNTS: {
        ("patient", "patient-request"),
        ("representative", "patient-request"),
        ("person", "patient-request"),
        ("auditor", "audit"),
        ("administrator", "audit"),
        ("service", "audit"),
    },
    Operation.UPKEEP: {("archive", "maintenance"), ("archive", "custody"), ("archive", "audit")},
}


OPERATIONS[Operation.READ] = OPERATIONS[Operation.SEARCH]


OPERATIONS[Operation.EXPORT] = OPERATIONS[Operation.SEARCH] - NOT_CARRIED_AWAY


@pytest.mark.requirement("R463-10.1.2", "R463-10.3")
@pytest.mark.parametrize("operation", Operation)
def test_nobody_does_what_the_right_does_not_reach(operation: Operation) -> None:
    """An administrator repairs and does not carry away; broken glass is for reading; an auditor sees accounts alone."""
    permitted = {
        (who, purpose.value)
        for who in WHO
        for purpose in Purpose
        for made, _ in [asked(who, purpose, "nothing is recorded", operation=operation)]
        if decide(made, everything(), rules=RULES).permitted
    }
    assert permitted == OPERATIONS[operation]


@pytest.mark.requirement("R463-10.3")
def test_the_services_see_who_looked_at_a_protected_record_and_auditors_only_with_a_second_person() -> None:
    known = facts(protected=True)
    for who, wanted in ((special_service(), True), (auditor(), False), (administrator(), False)):
        made = request(who, purpose=Purpose.AUDIT, operation=Operation.ACCOUNTS)
        assert decide(made, known, rules=RULES).permitted is wanted
    two = facts(protected=True, approvals=(approval(requester="auditor-1"),))
    assert decide(request(auditor(), purpose=Purpose.AUDIT, operation=Operation.ACCOUNTS), two, rules=RULES).permitted


def test_the_right_that_is_named_is_the_one_that_let_in() -> None:
    for who, purpose, state, rule in (
        ("worker", Purpose.TREATMENT, "consent to the whole", "consent"),
        ("worker", Purpose.TREATMENT, "grant", "grant"),
        ("worker", Purpose.TREATMENT, "written by the worker", "author"),
        ("worker", Purpose.CUSTODY, "in custody", "custody"),
        ("worker", Purpose.EMERGENCY, "objection", "break-glass"),
        ("patient", Purpose.PATIENT_REQUEST, "protected", "own-record"),
        ("person", Purpose.PATIENT_REQUEST, "dead, close", "close-person-after-death"),
        ("insurer", Purpose.STATUTORY, "consent to the insurer", "statutory-with-consent"),
        ("court", Purpose.STATUTORY, "nothing is recorded", "statutory"),
    ):
        decision = decide(*asked(who, purpose, state), rules=RULES)
        assert (decision.rule, decision.reasons, decision.rules) == (rule, (), RULES.version)


def test_broken_glass_stands_out_and_is_reviewed() -> None:
    decision = decide(*asked("worker", Purpose.EMERGENCY, "nothing is recorded"), rules=RULES)
    assert decision.duties == ("prominent", "review")
    admin = decide(*asked("administrator", Purpose.MAINTENANCE, "authorisation"), rules=RULES)
    assert admin.duties == ("prominent",)
