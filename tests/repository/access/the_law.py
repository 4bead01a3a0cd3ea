"""Who may read what, as the law has it, and what a decision should say of it.

The tables are written from R463-4, 7 and 10, UPP art. 24 and 26, SIOZ art. 35, and not from the rules. `LETS_IN` says
which ties let whom in for what; `STATES` which ties a state of the record makes. A cell is permitted if both have one
in common. Everything else is refused.
"""

from dataclasses import replace
from typing import Any

from repository.access.decision import Decision
from repository.access.facts import Facts
from repository.access.principal import Principal
from repository.access.purpose import Purpose
from repository.access.request import AccessRequest
from repository.access.rules import rules_at
from tests.builders.access import (
    AT,
    COURT,
    INSURER,
    PAYER,
    acting,
    administrator,
    auditor,
    organisation,
    patient,
    person,
    representative,
    request,
    special_service,
    subject,
    system,
    the_archive,
    worker,
)
from tests.repository.access.states_of_a_record import STATES

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
