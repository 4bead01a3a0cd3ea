"""The questions behind a decision: what the catalogue knows of a patient and of whoever asks, in a given transaction.

Statements are made once: profiled, making them took four times as long as answering them.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import CompoundSelect, Connection, Row, bindparam, or_, select, union_all

from repository.access.bodies import after_death_of, approval_of, authorisation_of, permission_of, read_moment
from repository.access.facts import AfterDeath, Approval, Facts
from repository.access.identity import names
from repository.access.permission import GranteeKind, Permission, PermissionKind
from repository.access.principal import Principal, PrincipalKind
from repository.access.subject import Subject
from repository.catalogue.guarding import is_protected
from repository.catalogue.journal_tables import after_death, custody, leave, permission, relation
from repository.catalogue.prepared import Prepared
from repository.catalogue.standing import Standing
from repository.catalogue.tables import patient as known_patients
from repository.catalogue.tables import patient_identifier
from repository.catalogue.text import identifier_key, unpacked
from repository.domain.describing import Identifier

AUTHORISATION, APPROVAL = "authorisation", "approval"
AnyRow = Row[*tuple[Any, ...]]


def grantee_keys(principal: Principal) -> list[str]:
    """What a permission may name so that it is `principal`'s."""
    keys = [f"{GranteeKind.ANYBODY}:"]
    if principal.identifier is not None:
        keys.append(f"{GranteeKind.PERSON}:{identifier_key(principal.identifier)}")
    if principal.organisation is not None:
        keys.append(f"{GranteeKind.ORGANISATION}:{identifier_key(principal.organisation.identifier)}")
    if principal.kind is PrincipalKind.SYSTEM:
        keys.append(f"{GranteeKind.SYSTEM}:{identifier_key(Identifier('', principal.id))}")
    return keys


def read_permission(row: AnyRow) -> Permission:
    ended = read_moment(row.ended_at) if row.ended_at else None
    return permission_of(unpacked(row.body), ended_at=ended, end_reason=row.end_reason)


def facts_about(connection: Connection, principal: Principal, subject: Subject, *, standing: Standing) -> Facts:
    """All that bears on a request of `principal` about `subject`."""
    patients = [identifier_key(each) for each in subject.patient_identifiers]
    named = [identifier_key(each) for each in subject.patient_identifiers if names(each)]
    leaves = _leaves(connection, principal, standing=standing)
    return Facts(
        protected=is_protected(connection, subject, keys=patients),
        custody=tuple(map(standing.custody, custody_rows(connection, subject.takeover))),
        permissions=tuple(
            standing.permission(each)
            for each in _permissions(connection, patients, subject.takeover, grantee_keys(principal))
        ),
        relations=tuple(map(standing.relation, _relations(connection, principal.identifier, patients))),
        after_death=death_of(connection, named),
        authorisations=tuple(authorisation_of(body) for kind, body in leaves if kind == AUTHORISATION),
        approvals=_approvals([approval_of(body) for kind, body in leaves if kind == APPROVAL], subject),
    )


def identifiers_of(connection: Connection, takeover: int, patient: int) -> tuple[Identifier, ...]:
    """All by which the catalogue knows the patient."""
    rows = _IDENTIFIERS.all(connection, {"takeover": takeover, "patient": patient})
    return tuple(Identifier(root, extension) for root, extension in rows)


def name_of(connection: Connection, takeover: int, patient: int) -> str:
    """In DICOM form; empty where there is none."""
    row = _NAME.first(connection, {"takeover": takeover, "patient": patient})
    return "" if row is None else row.name or ""


_IDENTIFIERS = Prepared(
    select(patient_identifier.c.root, patient_identifier.c.extension)
    .where(patient_identifier.c.takeover == bindparam("takeover"), patient_identifier.c.number == bindparam("patient"))
    .order_by(patient_identifier.c.root_key, patient_identifier.c.extension_key)
)
_NAME = Prepared(
    select(known_patients.c.name).where(
        known_patients.c.takeover == bindparam("takeover"), known_patients.c.number == bindparam("patient")
    )
)
_CUSTODY = Prepared(select(custody).where(custody.c.takeover == bindparam("takeover")).order_by(custody.c.since))
_RELATIONS = (
    select(relation)
    .where(
        relation.c.person_key == bindparam("person"), relation.c.patient_key.in_(bindparam("patients", expanding=True))
    )
    .order_by(relation.c.id)
)
_DEATHS = select(after_death.c.body).where(after_death.c.patient_key.in_(bindparam("patients", expanding=True)))
_LEAVES = Prepared(
    select(leave)
    .where(leave.c.person == bindparam("person"), or_(leave.c.kind == APPROVAL, leave.c.kind == AUTHORISATION))
    .order_by(leave.c.id)
)


@cache
def _permitting(*, placed: bool, named: bool) -> CompoundSelect[Any]:
    """In one statement, and each part of it along an index of its own: what is open for a principal over a whole
    takeover, what is about the patients, and every objection that may be meant."""
    there, takeover = permission.c, permission.c.takeover == bindparam("takeover")
    of_patients = there.patient_key.in_(bindparam("patients", expanding=True))
    mine = (there.ended_at == "", there.grantee_key.in_(bindparam("grantees", expanding=True)))
    objection = there.kind == PermissionKind.OBJECTION.value
    wanted = []
    if placed:
        whole = (takeover, there.patient_key == "")
        wanted += [select(permission).where(*mine, *whole), select(permission).where(objection, *whole)]
    if named:
        wanted += [select(permission).where(*mine, of_patients), select(permission).where(objection, of_patients)]
    return union_all(*wanted)


def custody_rows(connection: Connection, takeover: str) -> Sequence[AnyRow]:
    """Who has had the takeover in custody, in order."""
    return _CUSTODY.all(connection, {"takeover": takeover})


def _permissions(
    connection: Connection, patients: Sequence[str], takeover: str, grantees: Sequence[str]
) -> tuple[Permission, ...]:
    if not patients and not takeover:
        return ()
    asked = {"patients": list(patients), "takeover": takeover, "grantees": list(grantees)}
    rows = connection.execute(_permitting(placed=bool(takeover), named=bool(patients)), asked)
    return tuple({(row.id, row.edition): read_permission(row) for row in rows}.values())


def _relations(connection: Connection, person: Identifier | None, patients: Sequence[str]) -> Sequence[AnyRow]:
    if person is None or not patients:
        return ()
    return connection.execute(_RELATIONS, {"person": identifier_key(person), "patients": list(patients)}).all()


def death_of(connection: Connection, patients: Sequence[str]) -> AfterDeath | None:
    """What was recorded of whoever has one of these identifiers, by their keys."""
    if not patients:
        return None
    rows = connection.execute(_DEATHS, {"patients": list(patients)})
    return _together([after_death_of(unpacked(row.body)) for row in rows])


def _together(known: Sequence[AfterDeath]) -> AfterDeath | None:
    """What was recorded under several identifiers, read so that none lets in whom another keeps out."""
    if not known:
        return None
    objecting = [set(each.overridden_for) for each in known if each.objected]
    let_in = set.intersection(*objecting) if objecting else set().union(*(each.overridden_for for each in known))
    ordered = tuple(sorted(let_in, key=lambda each: (each.root, each.extension)))
    return AfterDeath(min(each.died_on for each in known), bool(objecting), ordered)


def _approvals(mine: Sequence[Approval], subject: Subject) -> tuple[Approval, ...]:
    """Those that are about this record."""
    here = (subject.takeover, subject.patient)
    return tuple(
        each
        for each in mine
        if (each.takeover and (each.takeover, each.patient) == here)
        or (not each.takeover and names(each.identifier) and each.identifier in subject.patient_identifiers)
    )


def _leaves(connection: Connection, principal: Principal, *, standing: Standing) -> list[tuple[str, dict[str, Any]]]:
    """Authorisations and approvals of the principal, with their kinds."""
    rows = _LEAVES.all(connection, {"person": principal.id})
    return [(row.kind, body) for row in rows if (body := standing.leave(row)) is not None]
