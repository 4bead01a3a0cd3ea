"""Requests and the facts that bear on them: valid, synthetic, of nobody (strategies: `access_strategies.py`).

Each factory makes something that is complete and plausible at `AT`; what a test is about it says by keyword. By default
`request()` is a worker of OURS who wants to read a document of ANNA's in TAKEOVER, to treat her, and `facts()` know of
nothing that would let it: `facts(consent())` do.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

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
from repository.access.purpose import Purpose
from repository.access.request import AccessRequest
from repository.access.subject import Operation, Subject
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
    """For `worker()`, by somebody else, for ANNA's record in TAKEOVER, still good."""
    made = Approval("approval-1", "worker-2", "worker-1", AT - HOUR, AT + HOUR, takeover=TAKEOVER, patient=1)
    return replace(made, **changes)


def many_consents(count: int, *, grantee: Identifier = OURS) -> tuple[Permission, ...]:
    """One each of `count` patients to the organisation; the first is ANNA's."""
    return tuple(
        consent(
            id=f"consent-{n}",
            patient=ANNA if not n else Identifier(PESEL_OID, pesel(date(1940, 1, 1) + n * DAY, "F", n)),
            grantee=Grantee(GranteeKind.ORGANISATION, grantee, ""),
        )
        for n in range(count)
    )  # fmt: skip
