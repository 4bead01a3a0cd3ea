"""For each rule that permits, a request that it alone permits, with the facts it rests on; and what lies near them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from repository.access.facts import Facts, RelationKind
from repository.access.permission import Grantee, GranteeKind
from repository.access.purpose import Purpose
from repository.access.request import AccessRequest
from repository.access.subject import Operation
from tests.builders.access import (
    AT,
    CELINA,
    COURT,
    DOCTOR,
    INSURER,
    PAYER,
    acting,
    administrator,
    auditor,
    authorisation,
    consent,
    custody,
    died,
    facts,
    grant,
    patient,
    person,
    relation,
    representative,
    request,
    special_service,
    subject,
    the_archive,
)
from tests.builders.access_strategies import any_facts, moments, requests

Case = tuple[AccessRequest, Facts]
LETTER = "letter II K 1/26"


def ask(who: Any, purpose: Purpose, **changes: Any) -> AccessRequest:
    return request(who, purpose=purpose, **changes)


def for_insurer() -> Any:
    grantee = Grantee(GranteeKind.ORGANISATION, INSURER)
    return consent(grantee=grantee, purposes=frozenset({Purpose.STATUTORY}))


def after(kind: RelationKind) -> Facts:
    """The patient has died, and CELINA was that to her until then."""
    return facts(relations=(relation(kind),), after_death=died())


ENTITLED: Mapping[str, Case] = {
    "own-record": (ask(patient(), Purpose.PATIENT_REQUEST), facts()),
    "statutory-representative": (ask(representative(), Purpose.PATIENT_REQUEST), facts(relations=(relation(),))),
    "authorised-person": (
        ask(person(), Purpose.PATIENT_REQUEST),
        facts(relations=(relation(RelationKind.AUTHORISED),)),
    ),
    "representative-at-death": (
        ask(person(), Purpose.PATIENT_REQUEST),
        after(RelationKind.STATUTORY_REPRESENTATIVE),
    ),
    "close-person-after-death": (ask(person(CELINA), Purpose.PATIENT_REQUEST), after(RelationKind.CLOSE)),
    "author": (request(subject=subject(author=DOCTOR)), facts()),
    "custodian-treats": (request(), facts(custody=(custody(),))),
    "primary-care": (request(), facts(relations=(relation(RelationKind.PRIMARY_CARE, person=DOCTOR),))),
    "custody": (ask(acting(), Purpose.CUSTODY, operation=Operation.EXPORT), facts(custody=(custody(),))),
    "consent": (request(), facts(consent())),
    "grant": (request(), facts(grant())),
    "break-glass": (request(purpose=Purpose.EMERGENCY, reason="unconscious, allergies not known"), facts()),
    "payer": (ask(acting(PAYER, role="payer"), Purpose.PAYER, evidence=LETTER), facts()),
    "statutory": (
        ask(acting(COURT, role="court"), Purpose.STATUTORY, basis="UPP-26.3.3", evidence=LETTER),
        facts(),
    ),
    "statutory-with-consent": (
        ask(acting(INSURER, role="insurer"), Purpose.STATUTORY, basis="UPP-26.3.7", evidence=LETTER),
        facts(for_insurer()),
    ),
    "authorised-administrator": (
        ask(administrator(), Purpose.MAINTENANCE),
        facts(authorisations=(authorisation(),)),
    ),
    "auditor": (ask(auditor(), Purpose.AUDIT, operation=Operation.ACCOUNTS), facts()),
    "special-service": (ask(special_service(), Purpose.AUDIT, operation=Operation.ACCOUNTS), facts()),
    "upkeep": (ask(the_archive(), Purpose.MAINTENANCE, operation=Operation.UPKEEP), facts()),
}

_FACTS = tuple(Facts.__slots__)
_ASKED = ("purpose", "operation", "subject", "reason", "evidence", "basis")


def cases() -> st.SearchStrategy[Case]:
    """Any requests and facts, and as often ones that are permitted but for a few changes."""
    return st.tuples(requests(), any_facts()) | _near()


def _near() -> st.SearchStrategy[Case]:
    return st.builds(
        _mixed,
        st.sampled_from(tuple(ENTITLED.values())),
        st.tuples(requests(), any_facts()),
        st.sets(st.sampled_from(_FACTS), max_size=3),
        st.sets(st.sampled_from(_ASKED), max_size=1),
        st.just(AT) | st.just(AT) | moments(),
    )


def _mixed(case: Case, other: Case, known: set[str], asked: set[str], at: Any) -> Case:
    return (
        replace(case[0], at=at, **{name: getattr(other[0], name) for name in asked}),
        replace(case[1], **{name: getattr(other[1], name) for name in known}),
    )
