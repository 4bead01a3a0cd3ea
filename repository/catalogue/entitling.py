"""What the catalogue knows that bears on a decision, gathered in one transaction: one state, and no permission that was
ended before it began. And the lists behind it, for those who keep them.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, or_, select

from repository.access.bodies import (
    after_death_of,
    approval_of,
    authorisation_of,
    custody_of,
    permission_of,
    read_moment,
    relation_of,
)
from repository.access.facts import AfterDeath, Custody, Facts, Relation
from repository.access.permission import GranteeKind, Permission
from repository.access.principal import Principal, PrincipalKind
from repository.access.subject import Subject
from repository.catalogue.desk import Desk
from repository.catalogue.journal_tables import after_death, custody, leave, permission, protection, relation
from repository.catalogue.projecting import key_of
from repository.catalogue.tables import patient_identifier
from repository.catalogue.text import fit, unpacked
from repository.domain.describing import Identifier

AUTHORISATION, APPROVAL = "authorisation", "approval"
AnyRow = Row[*tuple[Any, ...]]


def identifier_key(identifier: Identifier | None) -> str:
    return "" if identifier is None else key_of({"root": identifier.root, "extension": identifier.extension})


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


def _permission(row: AnyRow) -> Permission:
    ended = read_moment(row.ended_at) if row.ended_at else None
    return permission_of(unpacked(row.body), ended_at=ended, end_reason=row.end_reason)


class Entitling(Desk):
    def facts(self, principal: Principal, subject: Subject) -> Facts:
        """All that bears on a request of `principal` about `subject`, as it stands now. Raises what the database
        raises, and then there is nothing to decide by: whoever asked is refused."""
        patients = [identifier_key(each) for each in subject.patient_identifiers]
        with self._room.reading() as connection:
            return Facts(
                protected=_protected(connection, patients, subject.takeover),
                custody=_custody(connection, subject.takeover),
                permissions=_permissions(connection, patients, subject.takeover, grantee_keys(principal)),
                relations=_relations(connection, principal.identifier, patients),
                after_death=_after_death(connection, patients),
                authorisations=tuple(authorisation_of(body) for body in _leaves(connection, principal, AUTHORISATION)),
                approvals=tuple(approval_of(body) for body in _leaves(connection, principal, APPROVAL)),
            )

    def identifiers_of(self, takeover: int, patient: int) -> tuple[Identifier, ...]:
        """All identifiers by which the catalogue knows the patient."""
        known = patient_identifier.c
        wanted = select(known.root, known.extension).where(known.takeover == takeover, known.number == patient)
        with self._room.reading() as connection:
            rows = connection.execute(wanted.order_by(known.root_key, known.extension_key)).all()
        return tuple(Identifier(root, extension) for root, extension in rows)

    def permission(self, id: str) -> Permission | None:  # noqa: A002
        """The last edition."""
        wanted = select(permission).where(permission.c.id == id).order_by(permission.c.edition.desc()).limit(1)
        with self._room.reading() as connection:
            row = connection.execute(wanted).one_or_none()
        return None if row is None else _permission(row)

    def permissions(
        self, *, patients: Iterable[Identifier] = (), takeover: str = "", kind: str = "", limit: int = 1000
    ) -> list[Permission]:
        """Every edition, ended ones too, of permissions about any of `patients`, or about a whole takeover: from these
        what was in force at any instant can be computed."""
        there = permission.c
        wanted = select(permission).order_by(there.recorded_at, there.id, there.edition).limit(limit)
        keys = [identifier_key(each) for each in patients]
        wanted = wanted.where(there.patient_key.in_(keys)) if keys else wanted
        wanted = wanted.where(there.takeover == fit(takeover)) if takeover else wanted
        wanted = wanted.where(there.kind == kind) if kind else wanted
        with self._room.reading() as connection:
            return [_permission(row) for row in connection.execute(wanted)]

    def custody_of(self, takeover: str) -> tuple[Custody, ...]:
        """Who has had the takeover in custody, in order."""
        with self._room.reading() as connection:
            return _custody(connection, takeover)


def _protected(connection: Connection, patients: Sequence[str], takeover: str) -> bool:
    there = protection.c
    about = (there.takeover == fit(takeover)) & (there.patient_key == "") if takeover else there.takeover == "?"
    if patients:
        about = or_(about, there.patient_key.in_(patients))
    return connection.execute(select(there.id).where(there.until == "", about).limit(1)).first() is not None


def _custody(connection: Connection, takeover: str) -> tuple[Custody, ...]:
    rows = connection.execute(select(custody).where(custody.c.takeover == takeover).order_by(custody.c.since))
    return tuple(custody_of(unpacked(row.body) | {"until": row.until or None}) for row in rows)


def _permissions(
    connection: Connection, patients: Sequence[str], takeover: str, grantees: Sequence[str]
) -> tuple[Permission, ...]:
    there = permission.c
    wanted = [select(permission).where(there.takeover == takeover, there.patient_key == "")]
    if patients:
        wanted.append(select(permission).where(there.patient_key.in_(patients)))
    found: dict[tuple[str, int], Permission] = {}
    for each in wanted:
        for row in connection.execute(each.where(there.grantee_key.in_(grantees))):
            found[row.id, row.edition] = _permission(row)
    return tuple(found.values())


def _relations(connection: Connection, person: Identifier | None, patients: Sequence[str]) -> tuple[Relation, ...]:
    there = relation.c
    if person is None or not patients:
        return ()
    mine = select(relation).where(there.person_key == identifier_key(person), there.patient_key.in_(patients))
    rows = connection.execute(mine.order_by(there.id))
    return tuple(relation_of(unpacked(row.body) | {"until": row.until or None}) for row in rows)


def _after_death(connection: Connection, patients: Sequence[str]) -> AfterDeath | None:
    if not patients:
        return None
    row = connection.execute(select(after_death).where(after_death.c.patient_key.in_(patients)).limit(1)).one_or_none()
    return None if row is None else after_death_of(unpacked(row.body))


def _leaves(connection: Connection, principal: Principal, kind: str) -> list[dict[str, Any]]:
    wanted: Select[Any] = select(leave).where(leave.c.person == fit(principal.id), leave.c.kind == kind)
    return [unpacked(row.body) | {"until": row.until} for row in connection.execute(wanted.order_by(leave.c.id))]
