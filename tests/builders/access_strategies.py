"""Hypothesis strategies for requests and facts: few values of each kind, so that they meet often."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from repository.access.facts import AfterDeath, Approval, Authorisation, Custody, Facts, Relation, RelationKind
from repository.access.permission import Grantee, GranteeKind, Grantor, Permission, PermissionKind
from repository.access.principal import Assurance, Principal, PrincipalKind
from repository.access.purpose import Purpose, legal_bases
from repository.access.request import AccessRequest
from repository.access.subject import Operation, Scope, Subject
from repository.domain.describing import Identifier
from tests.builders.access import (
    ANNA,
    AT,
    BOGDAN,
    CELINA,
    COURT,
    DARIUSZ,
    DAY,
    DOCTOR,
    DOCUMENT,
    DOORS,
    EVENT,
    INSTANT,
    INSURER,
    MINUTE,
    OTHER_DOCTOR,
    OTHER_DOCUMENT,
    OTHER_EVENT,
    OTHER_TAKEOVER,
    OURS,
    PAYER,
    STUDY,
    SUCCESSOR,
    TAKEOVER,
    acting,
    administrator,
    auditor,
    consent,
    custody,
    grant,
    identification,
    objection,
    patient,
    person,
    relation,
    representative,
    special_service,
    subject,
    system,
    the_archive,
    worker,
)

FACTS = ("protected", "custody", "permissions", "relations", "authorisations", "approvals")  # each may be missing
PEOPLES = (ANNA, BOGDAN, CELINA, DARIUSZ)
ROOTLESS = Identifier("", ANNA.extension)
EMPTY = Identifier("", "")


USUAL = {
    PrincipalKind.MEDICAL_WORKER: (Purpose.TREATMENT, Purpose.CONTINUITY, Purpose.EMERGENCY, Purpose.CUSTODY),
    PrincipalKind.PATIENT: (Purpose.PATIENT_REQUEST,),
    PrincipalKind.REPRESENTATIVE: (Purpose.PATIENT_REQUEST,),
    PrincipalKind.PERSON: (Purpose.PATIENT_REQUEST,),
    PrincipalKind.ADMINISTRATOR: (Purpose.MAINTENANCE, Purpose.AUDIT),
    PrincipalKind.ORGANISATION: (Purpose.STATUTORY, Purpose.PAYER, Purpose.TREATMENT, Purpose.CUSTODY),
}


def moments() -> st.SearchStrategy[datetime]:
    """Around AT, and at AT itself often: what happens at an instant is where mistakes are."""
    steps = (-400 * DAY, -DAY, -6 * MINUTE, -4 * MINUTE, -INSTANT, 0 * DAY, INSTANT, MINUTE, DAY, 400 * DAY)
    return st.sampled_from(steps).map(lambda step: AT + step)


def identifiers(*values: Identifier) -> st.SearchStrategy[Identifier]:
    return st.sampled_from((*values, ROOTLESS, EMPTY))


def principals() -> st.SearchStrategy[Principal]:
    made = (
        worker(), worker(identifier=OTHER_DOCTOR, id="worker-2"), patient(), patient(BOGDAN), representative(),
        person(), person(DARIUSZ), administrator(), auditor(), special_service(), acting(), acting(PAYER, role="payer"),
        acting(COURT, role="court"), acting(INSURER, role="insurer"), acting(SUCCESSOR), system(), the_archive(),
    )  # fmt: skip
    spoilt: tuple[dict[str, Any], ...] = (
        {"identification": None}, {"given_name": ""}, {"organisation": None}, {"npwz": " "}, {"identifier": None},
        {"identifier": EMPTY}, {"identifier": ROOTLESS}, {"id": ""},
        {"identification": identification(assurance=Assurance.LOW)},
    )  # fmt: skip
    whole: tuple[dict[str, Any], ...] = ({},) * (3 * len(spoilt))
    changes = st.sampled_from((*whole, *spoilt))
    return st.builds(lambda principal, change: replace(principal, **change), st.sampled_from(made), changes)


def subjects() -> st.SearchStrategy[Subject]:
    return st.builds(
        Subject,
        takeover=st.sampled_from((TAKEOVER, OTHER_TAKEOVER)),
        patient=st.just(1),
        patient_identifiers=st.lists(identifiers(ANNA, BOGDAN), max_size=2).map(tuple),
        ordinal=st.sampled_from((0, 11)),
        document=st.sampled_from((None, DOCUMENT, OTHER_DOCUMENT)),
        class_code=st.sampled_from(("", "01.10", "02.20")),
        events=st.lists(st.sampled_from((EVENT, OTHER_EVENT)), max_size=2).map(tuple),
        date=st.sampled_from(("", "2024", "20240115", "20250101")),
        specialty=st.sampled_from(("", "1100", "2200")),
        study=st.sampled_from(("", STUDY)),
        author=st.sampled_from((None, DOCTOR, OTHER_DOCTOR)),
    )


def scopes() -> st.SearchStrategy[Scope]:
    """Half of them are of the whole record."""
    parts = st.builds(
        Scope,
        documents=st.lists(st.sampled_from((DOCUMENT, OTHER_DOCUMENT)), max_size=1).map(tuple),
        classes=st.lists(st.sampled_from(("01.10", "02.20")), max_size=1).map(tuple),
        events=st.lists(st.sampled_from((EVENT, OTHER_EVENT)), max_size=1).map(tuple),
        studies=st.lists(st.just(STUDY), max_size=1).map(tuple),
        specialties=st.lists(st.sampled_from(("1100", "2200")), max_size=1).map(tuple),
        first_day=st.sampled_from(("", "20240101", "20240115")),
        last_day=st.sampled_from(("", "20240115", "20241231")),
    )
    return st.just(Scope()) | parts


def grantees() -> st.SearchStrategy[Grantee]:
    return st.sampled_from(
        (
            Grantee(GranteeKind.ORGANISATION, OURS), Grantee(GranteeKind.ORGANISATION, INSURER),
            Grantee(GranteeKind.PERSON, DOCTOR), Grantee(GranteeKind.PERSON, None),
            Grantee(GranteeKind.ORGANISATION, EMPTY), Grantee(GranteeKind.SYSTEM, Identifier("", "PACS-1")),
            Grantee(GranteeKind.ANYBODY),
        )
    )  # fmt: skip


def permissions() -> st.SearchStrategy[Permission]:
    """A third of them fit the usual requests."""
    usual = st.sampled_from((consent(), grant(), objection(), consent(ended_at=AT), consent(valid_to=AT)))
    return usual | _any_permissions()


def _any_permissions() -> st.SearchStrategy[Permission]:
    return st.builds(
        Permission,
        id=st.sampled_from(("a", "b")),
        kind=st.sampled_from(PermissionKind),
        takeover=st.sampled_from(("", TAKEOVER, OTHER_TAKEOVER)),
        patient=st.sampled_from((ANNA, ANNA, BOGDAN, ROOTLESS, EMPTY, None)),
        grantor=st.just(Grantor("patient", "Anna Gęś", ANNA)),
        grantee=grantees(),
        scope=scopes(),
        purposes=st.frozensets(st.sampled_from((Purpose.TREATMENT, Purpose.CONTINUITY, Purpose.STATUTORY)), max_size=3),
        valid_from=moments(),
        valid_to=st.none() | moments(),
        recorded_at=moments(),
        ended_at=st.none() | moments(),
    )


def requests() -> st.SearchStrategy[AccessRequest]:
    """Of anybody, for a purpose that the principal may have (more often than not), at AT (as often as not)."""
    return principals().flatmap(_requests)


def _requests(who: Principal) -> st.SearchStrategy[AccessRequest]:
    usual = st.sampled_from(USUAL.get(who.kind, tuple(Purpose)))
    return st.builds(
        AccessRequest,
        principal=st.just(who),
        purpose=usual | usual | st.sampled_from((None, *Purpose)),
        operation=st.sampled_from((Operation.READ, *Operation)),
        subject=st.just(subject()) | st.just(subject(author=DOCTOR)) | subjects(),
        at=st.just(AT) | moments(),
        door=st.sampled_from(DOORS),
        basis=st.sampled_from(("", "UPP-0", *legal_bases())),
        reason=st.sampled_from(("", "unconscious, allergies not known")),
        evidence=st.sampled_from(("", "letter II K 1/26")),
    )


def known_facts() -> st.SearchStrategy[Facts]:
    """Facts of which none is missing."""
    relations = st.builds(
        Relation, st.sampled_from(RelationKind), identifiers(CELINA, DARIUSZ), identifiers(ANNA, BOGDAN), moments(),
        st.none() | moments(),
    )  # fmt: skip
    deaths = st.builds(
        AfterDeath, st.sampled_from(("2025-10-01", "2026-11-21")), st.booleans(),
        st.lists(st.sampled_from((CELINA, DARIUSZ)), max_size=1).map(tuple),
    )  # fmt: skip
    custodies = st.builds(Custody, identifiers(OURS, SUCCESSOR), moments(), st.none() | moments())
    people = st.sampled_from(("worker-1", "worker-2", "admin-1", "admin-2", "person-1"))
    return st.builds(
        Facts,
        protected=st.sampled_from((False, False, True)),
        custody=_few(st.just(custody()) | custodies),
        permissions=_few(permissions()),
        relations=_few(st.sampled_from(RelationKind).map(relation) | relations),
        after_death=st.none() | deaths,
        authorisations=_few(
            st.builds(
                Authorisation, st.just("a"), people, st.sampled_from(("", TAKEOVER)), people, st.just("x"), moments(),
                moments(),
            )
        ),
        approvals=_few(st.builds(Approval, st.just("a"), people, people, moments(), moments())),
    )  # fmt: skip


def _few(values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(values, max_size=3).map(tuple)


def any_facts() -> st.SearchStrategy[Facts]:
    """Facts of which some may be missing."""
    missing = st.sets(
        st.sampled_from(("protected", "custody", "permissions", "relations", "authorisations", "approvals")), max_size=2
    )
    return st.builds(lambda known, gone: replace(known, **dict.fromkeys(gone)), known_facts(), missing)
