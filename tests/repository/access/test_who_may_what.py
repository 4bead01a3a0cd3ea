"""Who may read what, as the law has it: every principal × every purpose × every state of a record, through every door.

The tables are written from R463-4, 7 and 10, UPP art. 24 and 26, SIOZ art. 35, and not from the rules. `LETS_IN` says
which ties let whom in for what; `STATES` which ties a state of the record makes. A cell is permitted if both have one
in common. Everything else is refused, so that a permission too many fails here as one too few does.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from repository.access.decision import Decision, decide
from repository.access.facts import Facts, RelationKind
from repository.access.permission import Grantee, GranteeKind, Permission
from repository.access.principal import Principal
from repository.access.purpose import Purpose
from repository.access.request import AccessRequest
from repository.access.rules import rules_at
from repository.access.subject import Operation, Scope
from tests.builders.access import (
    AT,
    BOGDAN,
    CELINA,
    COURT,
    DARIUSZ,
    DAY,
    DOCTOR,
    DOCUMENT,
    DOORS,
    HOUR,
    INSURER,
    OTHER_DOCTOR,
    OTHER_DOCUMENT,
    OTHER_TAKEOVER,
    PAYER,
    SUCCESSOR,
    TAKEOVER,
    THEIRS,
    acting,
    administrator,
    approval,
    auditor,
    authorisation,
    consent,
    custody,
    died,
    facts,
    grant,
    objection,
    organisation,
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

RULES = rules_at(AT.date())

WHO: dict[str, Principal] = {
    "worker": worker(),
    "patient": patient(),
    "representative": representative(),
    "person": person(),
    "organisation": acting(),
    "payer": acting(PAYER, role="payer"),
    "court": acting(COURT, role="court"),
    "insurer": acting(INSURER, role="insurer"),
    "system": system(),
    "payer-system": system(PAYER, organisation=organisation(PAYER, role="payer")),
    "administrator": administrator(),
    "auditor": auditor(),
    "service": special_service(),
    "archive": the_archive(),
}

BASIS = {"payer": "UPP-26.3.2", "payer-system": "UPP-26.3.2", "court": "UPP-26.3.3", "insurer": "UPP-26.3.7",
         "service": "UPP-26.3.2"}  # others: 3.1  # fmt: skip

# Which ties let somebody read, for a purpose. `always`: the law asks for none.
LETS_IN = """
worker          treatment        consent grant author custody primary-care
worker          continuity       consent grant author custody primary-care
worker          emergency        always
worker          custody          custody grant-for-custody
worker          statutory        always
organisation    treatment        consent grant
organisation    continuity       consent grant
organisation    custody          custody grant-for-custody
organisation    statutory        always
system          treatment        consent grant
system          continuity       consent grant
system          custody          custody grant-for-custody
payer           treatment        consent-to-payer
payer           continuity       consent-to-payer
payer           payer            always
payer-system    treatment        consent-to-payer
payer-system    continuity       consent-to-payer
payer-system    payer            always
payer           statutory        always
court           treatment        consent-to-court
court           continuity       consent-to-court
court           statutory        always
insurer         treatment        consent-to-insurer
insurer         continuity       consent-to-insurer
insurer         statutory        consent-to-insurer-as-such
service         statutory        always
patient         patient-request  own
representative  patient-request  represents authorised represented-at-death authorised-at-death
person          patient-request  authorised represented-at-death authorised-at-death close
administrator   maintenance      authorisation
"""
NO_BASIS = {"patient", "representative", "person", "administrator", "auditor", "archive"}  # may invoke none


@dataclass(frozen=True)
class State:
    """What is known of ANNA's record, and the ties that follow by law; `own` is ANNA's, unless said otherwise."""

    known: Facts
    ties: str = ""
    about: dict[str, Any] = field(default_factory=dict)
    own: bool = True
    objected: bool = False
    protected: bool = False
    approve: Callable[[str], tuple[Any, ...]] = lambda _: ()


def tied(kind: RelationKind, **changes: Any) -> Facts:
    who = DOCTOR if kind is RelationKind.PRIMARY_CARE else CELINA
    return facts(relations=(relation(kind, person=who, **changes),))


def late(kind: RelationKind, **changes: Any) -> Facts:
    after = {key: changes.pop(key) for key in ("objected", "overridden_for") if key in changes}
    return replace(tied(kind, **changes), after_death=died("2026-10-01", **after))


def everything(**changes: Any) -> Facts:
    kinds = tuple(relation(kind) for kind in RelationKind)
    return facts(
        consent(), grant(), for_insurer(), custody=(custody(),), relations=kinds, authorisations=(authorisation(),),
        **changes,
    )  # fmt: skip


def for_insurer(**changes: Any) -> Permission:
    purposes = frozenset({Purpose.STATUTORY})
    return consent(grantee=Grantee(GranteeKind.ORGANISATION, INSURER), purposes=purposes, **changes)


REPRESENTS, AUTHORISED = RelationKind.STATUTORY_REPRESENTATIVE, RelationKind.AUTHORISED
CLOSE, POZ = RelationKind.CLOSE, RelationKind.PRIMARY_CARE
OF_ALL = "custody authorisation"  # ties to the takeover, whosever the document is
BEFORE_DEATH, AFTER_DEATH = AT - 100 * DAY, AT - 10 * DAY

STATES: dict[str, State] = {
    "nothing is recorded": State(facts()),
    "it is another patient's": State(everything(), OF_ALL, {"patient_identifiers": (BOGDAN,)}, own=False),
    "it is nobody's": State(everything(), OF_ALL, {"patient_identifiers": (), "patient": 0}, own=False),
    # consent: SIOZ art. 35(1a), R463-10.1.4
    "consent to the whole": State(facts(consent()), "consent"),
    "consent to this document": State(facts(consent(scope=Scope(documents=(DOCUMENT,)))), "consent"),
    "consent to another document": State(facts(consent(scope=Scope(documents=(OTHER_DOCUMENT,))))),
    "consent to that time": State(facts(consent(scope=Scope(first_day="20240101", last_day="20240115"))), "consent"),
    "consent to another time": State(facts(consent(scope=Scope(first_day="20240116")))),
    "consent to the class, specialty and time": State(
        facts(consent(scope=Scope(classes=("01.10",), specialties=("1100",), first_day="20240115"))), "consent"
    ),
    "consent to the class and another specialty": State(
        facts(consent(scope=Scope(classes=("01.10",), specialties=("2200",))))
    ),
    "consent here": State(facts(consent(takeover=TAKEOVER)), "consent"),
    "consent elsewhere": State(facts(consent(takeover=OTHER_TAKEOVER))),
    "consent expired": State(facts(consent(valid_to=AT))),
    "consent withdrawn": State(facts(consent(ended_at=AT, end_reason="withdrawn"))),
    "consent to come": State(facts(consent(valid_from=AT + HOUR))),
    "consent not yet recorded": State(facts(consent(recorded_at=AT + HOUR))),
    "consent to another body": State(facts(consent(grantee=Grantee(GranteeKind.ORGANISATION, THEIRS)))),
    "consent to another doctor": State(facts(consent(grantee=Grantee(GranteeKind.PERSON, OTHER_DOCTOR)))),
    "consent to nobody": State(facts(consent(grantee=Grantee(GranteeKind.PERSON)))),
    "consent for no purpose": State(facts(consent(purposes=frozenset()))),
    "consent of no patient": State(facts(consent(patient=None, takeover=TAKEOVER))),
    "consent to the insurer": State(facts(for_insurer()), "consent-to-insurer-as-such"),
    "consent to the insurer withdrawn": State(facts(for_insurer(ended_at=AT))),
    "objection": State(facts(objection()), objected=True),
    "objection and every right": State(
        everything(permissions=(consent(), grant(), for_insurer(), objection())),
        "custody represents authorised authorisation", objected=True,
    ),
    "objection withdrawn": State(facts(consent(), objection(ended_at=AT)), "consent"),
    "objection to come": State(facts(consent(), objection(valid_from=AT + HOUR)), "consent"),
    "objection about another document": State(
        facts(consent(), objection(scope=Scope(documents=(OTHER_DOCUMENT,)))), "consent"
    ),
    # grants: R463-10.1.5
    "grant": State(facts(grant()), "grant"),
    "grant to all of the takeover": State(facts(grant(patient=None)), "grant"),
    "grant to all of another takeover": State(facts(grant(patient=None, takeover=OTHER_TAKEOVER))),
    "grant to all of no takeover": State(facts(grant(patient=None, takeover=""))),
    "grant for custody": State(facts(grant(purposes=frozenset({Purpose.CUSTODY}))), "grant-for-custody"),
    "grant revoked": State(facts(grant(ended_at=AT, end_reason="revoked"))),
    "grant to another document": State(facts(grant(scope=Scope(documents=(OTHER_DOCUMENT,))))),
    # custody: R463-6.2, UPP art. 30a
    "in custody": State(facts(custody=(custody(),)), "custody"),
    "custody has ended": State(facts(custody=(custody(until=AT), custody(SUCCESSOR, since=AT)))),
    "custody has just begun": State(facts(custody=(custody(THEIRS, until=AT), custody(since=AT))), "custody"),
    "custody is to come": State(facts(custody=(custody(since=AT + HOUR),))),
    "in custody of another": State(facts(custody=(custody(SUCCESSOR),))),
    # SIOZ art. 35(1)(1), (3)
    "written by the worker": State(facts(), "author", {"author": DOCTOR}),
    "of unknown author": State(facts(), "", {"author": None}),
    "in primary care of the worker": State(tied(POZ), "primary-care"),
    "primary care has ended": State(tied(POZ, until=AT)),
    # UPP art. 26(1)
    "represented": State(tied(REPRESENTS), "represents"),
    "representation has ended": State(tied(REPRESENTS, until=AT)),
    "representation is to come": State(tied(REPRESENTS, since=AT + HOUR)),
    "another is represented": State(tied(REPRESENTS, patient=BOGDAN)),
    "another represents": State(facts(relations=(relation(REPRESENTS, person=DARIUSZ),))),
    "authorised": State(tied(AUTHORISED), "authorised"),
    "authorised no longer": State(tied(AUTHORISED, until=AT)),
    "close to a living patient": State(tied(CLOSE)),
    # UPP art. 26(2)-(2b)
    "dead": State(facts(after_death=died()), own=False),
    "dead, represented": State(late(REPRESENTS, until=BEFORE_DEATH + 60 * DAY), "represented-at-death", own=False),
    "dead, represented to the end": State(late(REPRESENTS), "represented-at-death", own=False),
    "dead, represented before": State(late(REPRESENTS, until=BEFORE_DEATH), own=False),
    "dead, authorised": State(late(AUTHORISED), "authorised-at-death", own=False),
    "dead, authorised no longer": State(late(AUTHORISED, until=BEFORE_DEATH), own=False),
    "dead, authorised afterwards": State(late(AUTHORISED, since=AFTER_DEATH), own=False),
    "dead, close": State(late(CLOSE), "close", own=False),
    "dead, close, objected": State(late(CLOSE, objected=True), own=False),
    "dead, close, objected, court": State(late(CLOSE, objected=True, overridden_for=(CELINA,)), "close", own=False),
    "dead, close, court for another": State(late(CLOSE, objected=True, overridden_for=(DARIUSZ,)), own=False),
    "dead, authorised, close ones object": State(
        late(AUTHORISED, objected=True), "authorised-at-death", own=False
    ),
    # R463-10.2
    "protected": State(everything(), "", protected=True),
    "protected, second person": State(
        facts(consent()), "consent", protected=True, approve=lambda who: (approval(requester=who),)
    ),
    "protected, alone": State(
        facts(consent()), "consent", protected=True, approve=lambda who: (approval(requester=who, approver=who),)
    ),
    "protected, approved by nobody": State(
        facts(consent()), "consent", protected=True, approve=lambda who: (approval(requester=who, approver=" "),)
    ),
    "protected, approved too early": State(
        facts(consent()), "consent", protected=True, approve=lambda who: (approval(requester=who, until=AT),)
    ),
    "protected, another approved": State(
        facts(consent()), "consent", protected=True, approve=lambda _: (approval(requester="somebody"),)
    ),
    "protected, approved elsewhere": State(
        facts(consent()), "consent", protected=True,
        approve=lambda who: (approval(requester=who, takeover=TAKEOVER, patient=2),),
    ),
    # UPP art. 24(2)
    "authorisation": State(facts(authorisations=(authorisation(),)), "authorisation"),
    "authorisation for all": State(facts(authorisations=(authorisation(takeover=""),)), "authorisation"),
    "authorisation by himself": State(facts(authorisations=(authorisation(given_by="admin-1"),))),
    "authorisation by nobody": State(facts(authorisations=(authorisation(given_by=""),))),
    "authorisation expired": State(facts(authorisations=(authorisation(until=AT),))),
    "authorisation to come": State(facts(authorisations=(authorisation(since=AT + HOUR),))),
    "authorisation elsewhere": State(facts(authorisations=(authorisation(takeover=OTHER_TAKEOVER),))),
    "authorisation of another": State(facts(authorisations=(authorisation(person="admin-3"),))),
}  # fmt: skip

APPROVED = {"protected, second person"}
EVERY_RIGHT, OBJECTED_RIGHTS = "protected", "objection and every right"  # here all ties are there, and none helps
PURPOSES: tuple[Purpose | None, ...] = (None, *Purpose)
TIES = {
    (who, purpose): frozenset(ties.split())
    for who, purpose, ties in (line.split(maxsplit=2) for line in LETS_IN.strip().splitlines())
}


def expected(who: str, purpose: Purpose | None, name: str) -> str:
    """`permit`, or the reason that is told."""
    state, lets_in = STATES[name], TIES.get((who, purpose.value if purpose else ""), frozenset())
    if purpose is None:
        return "PURPOSE_MISSING"
    if purpose is Purpose.STATUTORY and who in NO_BASIS:
        return "BASIS_MISSING"
    consented = purpose in {Purpose.TREATMENT, Purpose.CONTINUITY} or (who, purpose.value) == ("insurer", "statutory")
    ties = {"always", *state.ties.split(), *(["own"] if state.own else [])}
    in_person = who == "patient" and state.own
    objected = state.objected and consented
    if name == EVERY_RIGHT or (name == OBJECTED_RIGHTS and objected):
        ties |= set().union(*TIES.values()) - {"author", "close", "represented-at-death", "authorised-at-death"}
        ties -= {"grant-for-custody"}
        ties -= {"consent-to-insurer", "consent-to-payer", "consent-to-court"}
    if name == OBJECTED_RIGHTS and objected:
        ties |= {"consent-to-insurer-as-such"}
    if lets_in & ties:
        if objected:
            return "OBJECTION"
        if in_person or not state.protected or name in APPROVED:
            return "permit"
        if "always" in lets_in:  # of anybody, so that there is no other reason to give
            return "AUTHZ_INCOMPLETE"
    return "CONSENT_MISSING" if any(each.startswith("consent") for each in lets_in) else "AUTHZ_INCOMPLETE"


def asked(who: str, purpose: Purpose | None, name: str, **changes: Any) -> tuple[AccessRequest, Facts]:
    state, principal = STATES[name], WHO[who]
    made = request(
        principal, purpose=purpose, subject=subject(**state.about), basis=BASIS.get(who, "UPP-26.3.1"),
        evidence="letter II K 1/26", reason="unconscious, allergies not known", **changes,
    )  # fmt: skip
    return made, replace(state.known, protected=state.protected, approvals=state.approve(principal.id))


def answer(decision: Decision) -> str:
    return "permit" if decision.permitted else decision.reason


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
