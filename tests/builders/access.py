"""Requests and the facts that bear on them: valid, synthetic, of nobody; and hypothesis strategies for both.

Each factory makes something that is complete and plausible at `AT`; what a test is about it says by keyword. By default
`request()` is a worker of OURS who wants to read a document of ANNA's in TAKEOVER, to treat her, and `facts()` know of
nothing that would let it: `facts(consent())` do.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from repository.access.facts import AfterDeath, Approval, Authorisation, Custody, Facts, Relation, RelationKind
from repository.access.permission import Grantee, GranteeKind, Grantor, Permission, PermissionKind
from repository.access.principal import (
    Assurance,
    Identification,
    Method,
    Organisation,
    Principal,
    PrincipalKind,
)
from repository.access.purpose import Purpose, legal_bases
from repository.access.request import AccessRequest
from repository.access.subject import Operation, Scope, Subject
from repository.domain.describing import Identifier
from repository.domain.identifiers import NPWZ_DOCTOR_OID, PESEL_OID, PROVIDER_OID, REGON_9_OID
from repository.samples.people import npwz, pesel, regon

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
DAY, HOUR, MINUTE, INSTANT = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(microseconds=1)
DOORS = ("cli", "rest", "dicomweb", "fhir", "dimse", "worker")

TAKEOVER, OTHER_TAKEOVER = "0193-takeover-one", "0193-takeover-two"
ANNA, BOGDAN, CELINA, DARIUSZ = (
    Identifier(PESEL_OID, pesel(date(1950 + n, 1 + n, 3), "FM"[n % 2], 7001 % 4999 + n)) for n in range(4)
)
"""ANNA is the patient of the requests; BOGDAN another patient; CELINA and DARIUSZ are their people."""
DOCTOR, OTHER_DOCTOR = (Identifier(NPWZ_DOCTOR_OID, npwz(stem)) for stem in (234_567, 345_678))
OURS, THEIRS, SUCCESSOR = (Identifier(PROVIDER_OID, f"{900_100 + n:012}") for n in range(3))
PAYER, COURT, INSURER = (Identifier(REGON_9_OID, regon(f"{12_345_600 + n}")) for n in range(3))
DOCUMENT, OTHER_DOCUMENT = Identifier("2.25.1", "document-1"), Identifier("2.25.1", "document-2")
EVENT, OTHER_EVENT = Identifier("2.25.2", "event-1"), Identifier("2.25.2", "event-2")
STUDY = "2.25.333"


def identification(**changes: Any) -> Identification:
    """Good for an hour from AT on; `at` and `until` may be changed."""
    made = Identification(Method.OIDC, Assurance.SUBSTANTIAL, "sha256:evidence-of-identity", AT, AT + HOUR)
    return replace(made, **changes)


def organisation(identifier: Identifier = OURS, *, name: str = "NZOZ Zdrowie", role: str = "provider") -> Organisation:
    return Organisation(identifier, name, role)


def worker(**changes: Any) -> Principal:
    """A doctor with NPWZ, of the provider OURS."""
    made = Principal(
        kind=PrincipalKind.MEDICAL_WORKER, id="worker-1", given_name="Łucja", surname="Żółkiewska", role="lekarz",
        npwz=DOCTOR.extension, identifier=DOCTOR, organisation=organisation(), identification=identification(),
    )  # fmt: skip
    return replace(made, **changes)


def patient(identifier: Identifier = ANNA, **changes: Any) -> Principal:
    made = Principal(
        kind=PrincipalKind.PATIENT, id=f"patient-{identifier.extension}", given_name="Anna", surname="Gęś",
        identifier=identifier, identification=identification(method=Method.TRUSTED_PROFILE),
    )  # fmt: skip
    return replace(made, **changes)


def representative(identifier: Identifier = CELINA, **changes: Any) -> Principal:
    made = patient(identifier, kind=PrincipalKind.REPRESENTATIVE, id="representative-1", given_name="Celina")
    return replace(made, **changes)


def person(identifier: Identifier = CELINA, **changes: Any) -> Principal:
    """Authorised by the patient, or close to her."""
    return replace(patient(identifier, kind=PrincipalKind.PERSON, id="person-1", given_name="Celina"), **changes)


def administrator(**changes: Any) -> Principal:
    made = Principal(
        kind=PrincipalKind.ADMINISTRATOR, id="admin-1", given_name="Święcisław", surname="Ćwikła",
        role="administrator", organisation=organisation(role="archive"),
        identification=identification(method=Method.LOCAL_ACCOUNT),
    )  # fmt: skip
    return replace(made, **changes)


def auditor(**changes: Any) -> Principal:
    return replace(administrator(kind=PrincipalKind.AUDITOR, id="auditor-1", role="auditor"), **changes)


def special_service(**changes: Any) -> Principal:
    made = administrator(kind=PrincipalKind.SPECIAL_SERVICE, id="service-1", role="officer")
    return replace(made, **{"organisation": organisation(COURT, name="Służba", role="authority")} | changes)


def acting(identifier: Identifier = OURS, *, role: str = "provider", **changes: Any) -> Principal:
    """An organisation that acts as such: a provider, payer, court, insurer, authority."""
    made = Principal(
        kind=PrincipalKind.ORGANISATION, id=f"organisation-{identifier.extension}",
        organisation=organisation(identifier, role=role),
        identification=identification(method=Method.QUALIFIED_CERTIFICATE, assurance=Assurance.HIGH),
    )  # fmt: skip
    return replace(made, **changes)


def system(identifier: Identifier = OURS, **changes: Any) -> Principal:
    """A peer of an organisation, known by mutual TLS."""
    made = Principal(
        kind=PrincipalKind.SYSTEM, id="PACS-1", organisation=organisation(identifier),
        identification=identification(method=Method.MUTUAL_TLS),
    )  # fmt: skip
    return replace(made, **changes)


def the_archive(**changes: Any) -> Principal:
    made = Principal(
        kind=PrincipalKind.ARCHIVE, id="verify",
        identification=identification(method=Method.PROCESS, evidence="run-1"),
    )  # fmt: skip
    return replace(made, **changes)


def subject(**changes: Any) -> Subject:
    """One document of ANNA's in TAKEOVER, with every attribute known."""
    made = Subject(
        takeover=TAKEOVER, patient=1, patient_identifiers=(ANNA,), ordinal=11, document=DOCUMENT,
        class_code="01.10", events=(EVENT,), date="20240115", specialty="1100", study=STUDY, author=OTHER_DOCTOR,
    )  # fmt: skip
    return replace(made, **changes)


def record(identifier: Identifier = ANNA, **changes: Any) -> Subject:
    """All of a patient in TAKEOVER: no one holding is meant."""
    return replace(Subject(takeover=TAKEOVER, patient=1, patient_identifiers=(identifier,)), **changes)


def request(principal: Principal | None = None, **changes: Any) -> AccessRequest:
    made = AccessRequest(
        principal=principal or worker(), purpose=Purpose.TREATMENT, operation=Operation.READ, subject=subject(), at=AT,
        door="rest",
    )  # fmt: skip
    return replace(made, **changes)


def facts(*permissions: Permission, **changes: Any) -> Facts:
    """All is known, and apart from `permissions` there is nothing."""
    return replace(Facts(protected=False, custody=(), permissions=permissions, relations=()), **changes)


def _permission(kind: PermissionKind, **changes: Any) -> Permission:
    made = Permission(
        id=f"{kind.value}-1", kind=kind, takeover="", patient=ANNA, grantor=Grantor("patient", "Anna Gęś", ANNA),
        grantee=Grantee(GranteeKind.ORGANISATION, OURS, "NZOZ Zdrowie"),
        purposes=frozenset({Purpose.TREATMENT, Purpose.CONTINUITY}), valid_from=AT - 30 * DAY,
        valid_to=AT + 335 * DAY, evidence="document 1", recorded_at=AT - 30 * DAY,
    )  # fmt: skip
    return replace(made, **changes)


def consent(**changes: Any) -> Permission:
    """ANNA's, to the organisation OURS, for treatment and continuity, to all of her record, for a year."""
    return _permission(PermissionKind.CONSENT, **changes)


def objection(**changes: Any) -> Permission:
    """ANNA's, against anybody, to every purpose, to all of her record."""
    wide = {"grantee": Grantee(GranteeKind.ANYBODY), "purposes": frozenset[Purpose](), "valid_to": None}
    return _permission(PermissionKind.OBJECTION, **wide | changes)


def grant(**changes: Any) -> Permission:
    """The custodian's, to OURS, to ANNA's record in TAKEOVER."""
    mine = {"takeover": TAKEOVER, "grantor": Grantor("custodian", "Następca", SUCCESSOR)}
    return _permission(PermissionKind.GRANT, **mine | changes)


def custody(custodian: Identifier = OURS, **changes: Any) -> Custody:
    return replace(Custody(custodian, AT - 30 * DAY), **changes)


def relation(kind: RelationKind = RelationKind.STATUTORY_REPRESENTATIVE, **changes: Any) -> Relation:
    """CELINA is that to ANNA, and still is."""
    return replace(Relation(kind, CELINA, ANNA, AT - 300 * DAY), **changes)


def died(on: str = "2026-10-01", **changes: Any) -> AfterDeath:
    return replace(AfterDeath(on), **changes)


def authorisation(**changes: Any) -> Authorisation:
    """For `administrator()`, by somebody else, for TAKEOVER, still good."""
    made = Authorisation("authorisation-1", "admin-1", TAKEOVER, "admin-2", "repair", AT - HOUR, AT + HOUR)
    return replace(made, **changes)


def approval(**changes: Any) -> Approval:
    """For `worker()`, by somebody else, still good."""
    return replace(Approval("approval-1", "worker-2", "worker-1", AT - HOUR, AT + HOUR), **changes)


def many_consents(count: int, *, grantee: Identifier = OURS) -> tuple[Permission, ...]:
    """One each of `count` patients to the organisation; the first is ANNA's."""
    return tuple(
        consent(
            id=f"consent-{n}", patient=ANNA if n == 0 else Identifier(PESEL_OID, pesel(date(1940, 1, 1) + n * DAY, "F", n)),
            grantee=Grantee(GranteeKind.ORGANISATION, grantee, ""),
        )
        for n in range(count)
    )  # fmt: skip


# Strategies: few values of each kind, so that they meet often.

PEOPLES = (ANNA, BOGDAN, CELINA, DARIUSZ)
ROOTLESS = Identifier("", ANNA.extension)
EMPTY = Identifier("", "")


def moments() -> st.SearchStrategy[datetime]:
    """Around AT, and at AT itself often: what happens at an instant is where mistakes are."""
    steps = (-400 * DAY, -DAY, -6 * MINUTE, -4 * MINUTE, -INSTANT, 0 * DAY, INSTANT, MINUTE, DAY, 400 * DAY)
    return st.sampled_from(steps).map(lambda step: AT + step)


def identifiers(*values: Identifier) -> st.SearchStrategy[Identifier]:
    return st.sampled_from((*values, ROOTLESS, EMPTY))


def principals() -> st.SearchStrategy[Principal]:
    made = (
        worker(), worker(identifier=OTHER_DOCTOR, id="worker-2"), patient(), patient(BOGDAN), representative(), person(),
        person(DARIUSZ), administrator(), auditor(), special_service(), acting(), acting(PAYER, role="payer"),
        acting(COURT, role="court"), acting(INSURER, role="insurer"), acting(SUCCESSOR), system(), the_archive(),
    )  # fmt: skip
    spoilt = st.sampled_from(
        (
            {}, {}, {}, {}, {}, {"identification": None}, {"given_name": ""}, {"organisation": None}, {"npwz": " "},
            {"identifier": None}, {"identifier": EMPTY}, {"identifier": ROOTLESS}, {"id": ""},
            {"identification": identification(assurance=Assurance.LOW)},
        )
    )  # fmt: skip
    return st.builds(lambda principal, changes: replace(principal, **changes), st.sampled_from(made), spoilt)


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
    return st.builds(
        AccessRequest,
        principal=principals(),
        purpose=st.sampled_from((None, *Purpose)),
        operation=st.sampled_from(Operation),
        subject=subjects(),
        at=moments(),
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
    people = st.sampled_from(("worker-1", "worker-2", "admin-1", "admin-2", "person-1"))
    return st.builds(
        Facts,
        protected=st.booleans(),
        custody=_few(st.builds(Custody, identifiers(OURS, SUCCESSOR), moments(), st.none() | moments())),
        permissions=_few(permissions()),
        relations=_few(relations),
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
