"""What may be known of a record, and the ties to it that follow by law; written from the law, not from the rules."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from repository.access.facts import Facts, RelationKind
from repository.access.permission import Grantee, GranteeKind, Permission
from repository.access.purpose import Purpose
from repository.access.subject import Scope
from tests.builders.access import (
    AT,
    BOGDAN,
    CELINA,
    DARIUSZ,
    DAY,
    DOCTOR,
    DOCUMENT,
    HOUR,
    INSURER,
    OTHER_DOCTOR,
    OTHER_DOCUMENT,
    OTHER_TAKEOVER,
    SUCCESSOR,
    TAKEOVER,
    THEIRS,
    approval,
    authorisation,
    consent,
    custody,
    died,
    facts,
    grant,
    objection,
    relation,
)


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
