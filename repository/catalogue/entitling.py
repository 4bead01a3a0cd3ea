"""What the catalogue knows that bears on a decision, gathered in one transaction that sees one state on both engines.
And the lists behind it, for those who keep them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from repository.access.bodies import (
    after_death_of,
    approval_of,
    authorisation_of,
    custody_of,
    permission_of,
    read_moment,
    relation_of,
)
from repository.access.facts import AfterDeath, Approval, Authorisation, Custody, Facts, Relation
from repository.access.identity import names
from repository.access.permission import GranteeKind, Permission, PermissionKind
from repository.access.principal import Principal, PrincipalKind
from repository.access.subject import Subject
from repository.catalogue.bulk import in_groups
from repository.catalogue.desk import Desk
from repository.catalogue.guarding import identifier_key, is_protected
from repository.catalogue.journal_tables import after_death, custody, leave, permission, protection, relation
from repository.catalogue.standing import Standing, standing_at
from repository.catalogue.tables import patient as patients
from repository.catalogue.tables import patient_identifier
from repository.catalogue.text import fit, key, unpacked
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


@dataclass(frozen=True, slots=True)
class KnownRelation:
    """A relation that was recorded; `evidence`: where it can be seen, in words."""

    id: str
    relation: Relation
    evidence: str


def _known_relation(row: AnyRow) -> KnownRelation:
    body = unpacked(row.body)
    return KnownRelation(body["id"], relation_of(body | {"until": row.until or None}), body.get("evidence", ""))


def _permission(row: AnyRow) -> Permission:
    ended = read_moment(row.ended_at) if row.ended_at else None
    return permission_of(unpacked(row.body), ended_at=ended, end_reason=row.end_reason)


class Entitling(Desk):
    def facts(self, principal: Principal, subject: Subject, *, at: datetime | None = None) -> Facts:
        """All that bears on a request of `principal` about `subject`, as it stands now. Raises what the database
        raises, and then there is nothing to decide by: whoever asked is refused.

        `at` is when the request was made (UTC); else it was made just now. What takes a right away holds from the next
        request on also where the clock of whoever decides is behind: a consent or grant that has ended is not among
        them, and of the rest `standing` says how. Objections are all there."""
        standing = standing_at(at, now=self._now)
        patients = [identifier_key(each) for each in subject.patient_identifiers]
        named = [identifier_key(each) for each in subject.patient_identifiers if names(each)]
        with self._room.reading_one_state() as connection:
            return Facts(
                protected=is_protected(connection, subject, keys=patients),
                custody=tuple(map(standing.custody, _custody_rows(connection, subject.takeover))),
                permissions=tuple(
                    standing.permission(each)
                    for each in _permissions(connection, patients, subject.takeover, grantee_keys(principal))
                ),
                relations=tuple(map(standing.relation, _relations(connection, principal.identifier, patients))),
                after_death=_after_death(connection, named),
                authorisations=tuple(
                    map(authorisation_of, _leaves(connection, principal, AUTHORISATION, standing=standing))
                ),
                approvals=_approvals(connection, principal, subject, standing=standing),
            )

    def identifiers_of(self, takeover: int, patient: int) -> tuple[Identifier, ...]:
        """All identifiers by which the catalogue knows the patient."""
        known = patient_identifier.c
        wanted = select(known.root, known.extension).where(known.takeover == takeover, known.number == patient)
        with self._room.reading() as connection:
            rows = connection.execute(wanted.order_by(known.root_key, known.extension_key)).all()
        return tuple(Identifier(root, extension) for root, extension in rows)

    def patient_name(self, takeover: int, patient: int) -> str:
        """In DICOM form; empty where there is none."""
        known = patients.c
        with self._room.reading() as connection:
            found: str | None = connection.execute(
                select(known.name).where(known.takeover == takeover, known.number == patient)
            ).scalar_one_or_none()
        return found or ""

    def permission(self, id: str) -> Permission | None:  # noqa: A002
        """The last edition."""
        wanted = select(permission).where(permission.c.id == id).order_by(permission.c.edition.desc()).limit(1)
        with self._room.reading() as connection:
            row = connection.execute(wanted).one_or_none()
        return None if row is None else _permission(row)

    def permissions(
        self, *, patients: Iterable[Identifier] = (), takeover: str = "", kind: str = "", limit: int | None = None
    ) -> list[Permission]:
        """Every edition, ended ones too, of permissions about any of `patients`, or about a whole takeover: from these
        what was in force at any instant can be computed."""
        there = permission.c
        wanted = select(permission).order_by(there.recorded_at, there.id, there.edition).limit(limit)
        keys = [identifier_key(each) for each in patients]
        wanted = wanted.where(there.patient_key.in_(keys)) if keys else wanted
        wanted = wanted.where(there.takeover == takeover) if takeover else wanted
        wanted = wanted.where(there.kind == kind) if kind else wanted
        with self._room.reading() as connection:
            return [_permission(row) for row in connection.execute(wanted)]

    def recorded(self, ids: Sequence[str]) -> set[str]:
        """Those of `ids` under which a permission is recorded."""
        found: set[str] = set()
        with self._room.reading() as connection:
            for group in in_groups(list(ids)):
                rows = connection.execute(
                    select(permission.c.id).where(permission.c.id.in_(group), permission.c.edition == 1)
                )
                found.update(rows.scalars())
        return found

    def patients_among(self, takeover: int, identifiers: Sequence[Identifier]) -> set[Identifier]:
        """Those of `identifiers` that a patient of the takeover has."""
        known, found = patient_identifier.c, set[Identifier]()
        wanted = select(known.root, known.extension).where(known.takeover == takeover)
        with self._room.reading() as connection:
            for group in in_groups(list(identifiers)):
                keys = [key(each.extension) for each in group]
                for root, extension in connection.execute(wanted.where(known.extension_key.in_(keys))):
                    found.add(Identifier(root, extension))
        return found.intersection(identifiers)

    def custodians_of(self, takeover: str) -> list[tuple[Custody, str]]:
        """Who has had the takeover in custody, in order, with their names then."""
        with self._room.reading() as connection:
            rows = connection.execute(select(custody).where(custody.c.takeover == takeover).order_by(custody.c.since))
            bodies = [unpacked(row.body) | {"until": row.until or None} for row in rows]
        return [(custody_of(body), body["name"]) for body in bodies]

    def flags(self, *, patient: Identifier | None = None, takeover: str = "") -> list[tuple[str, str, str]]:
        """(id, takeover, since) of each flag over a patient, or over takeovers as a whole, that has not been lifted."""
        there = protection.c
        wanted = select(there.id, there.takeover, there.since).where(
            there.until == "", there.patient_key == identifier_key(patient)
        )
        wanted = wanted.where(there.takeover == takeover) if takeover else wanted
        with self._room.reading() as connection:
            return [(row.id, row.takeover, row.since) for row in connection.execute(wanted.order_by(there.since))]

    def relations(self, patients: Iterable[Identifier]) -> list[KnownRelation]:
        """Those that anybody has, or had, to any of `patients`, in the order in which they were recorded."""
        keys = sorted({identifier_key(each) for each in patients})
        wanted = select(relation).where(relation.c.patient_key.in_(keys)).order_by(relation.c.id)
        with self._room.reading() as connection:
            return [_known_relation(row) for row in connection.execute(wanted)]

    def relation(self, id: str) -> KnownRelation | None:  # noqa: A002
        with self._room.reading() as connection:
            row = connection.execute(select(relation).where(relation.c.id == fit(id))).one_or_none()
        return None if row is None else _known_relation(row)

    def after_death(self, patient: Identifier) -> AfterDeath | None:
        """What was recorded last under this identifier."""
        with self._room.reading() as connection:
            return _after_death(connection, [identifier_key(patient)])

    def authorisation(self, id: str) -> Authorisation | None:  # noqa: A002
        """As it lasts now: `until` is when it ended, if it was ended."""
        wanted = select(leave).where(leave.c.id == fit(id), leave.c.kind == AUTHORISATION)
        with self._room.reading() as connection:
            row = connection.execute(wanted).one_or_none()
        return None if row is None else authorisation_of(unpacked(row.body) | {"until": row.until})

    def custody_of(self, takeover: str) -> tuple[Custody, ...]:
        """Who has had the takeover in custody, in order."""
        with self._room.reading() as connection:
            rows = _custody_rows(connection, takeover)
        return tuple(custody_of(unpacked(row.body) | {"until": row.until or None}) for row in rows)


def _custody_rows(connection: Connection, takeover: str) -> Sequence[AnyRow]:
    wanted = select(custody).where(custody.c.takeover == takeover).order_by(custody.c.since)
    return connection.execute(wanted).all()


def _permissions(
    connection: Connection, patients: Sequence[str], takeover: str, grantees: Sequence[str]
) -> tuple[Permission, ...]:
    there = permission.c
    open_ones = select(permission).where(there.ended_at == "", there.grantee_key.in_(grantees))
    wanted = [open_ones.where(there.takeover == takeover, there.patient_key == "")] if takeover else []
    if patients:
        wanted.append(open_ones.where(there.patient_key.in_(patients)))
    objected = (there.takeover == takeover) & (there.patient_key == "") if takeover else there.takeover == "?"
    objected = objected | there.patient_key.in_(patients) if patients else objected
    wanted.append(select(permission).where(there.kind == PermissionKind.OBJECTION.value, objected))
    found: dict[tuple[str, int], Permission] = {}
    for each in wanted:
        for row in connection.execute(each):
            found[row.id, row.edition] = _permission(row)
    return tuple(found.values())


def _relations(connection: Connection, person: Identifier | None, patients: Sequence[str]) -> Sequence[AnyRow]:
    there = relation.c
    if person is None or not patients:
        return ()
    mine = select(relation).where(there.person_key == identifier_key(person), there.patient_key.in_(patients))
    return connection.execute(mine.order_by(there.id)).all()


def _after_death(connection: Connection, patients: Sequence[str]) -> AfterDeath | None:
    if not patients:
        return None
    rows = connection.execute(select(after_death).where(after_death.c.patient_key.in_(patients))).all()
    return _together([after_death_of(unpacked(row.body)) for row in rows])


def _together(known: Sequence[AfterDeath]) -> AfterDeath | None:
    """What was recorded under several identifiers, read so that none lets in whom another keeps out."""
    if not known:
        return None
    objecting = [set(each.overridden_for) for each in known if each.objected]
    let_in = set.intersection(*objecting) if objecting else set().union(*(each.overridden_for for each in known))
    ordered = tuple(sorted(let_in, key=lambda each: (each.root, each.extension)))
    return AfterDeath(min(each.died_on for each in known), bool(objecting), ordered)


def _approvals(
    connection: Connection, principal: Principal, subject: Subject, *, standing: Standing
) -> tuple[Approval, ...]:
    """Those that are about this record."""
    mine = [approval_of(body) for body in _leaves(connection, principal, APPROVAL, standing=standing)]
    here = (subject.takeover, subject.patient)
    return tuple(
        each
        for each in mine
        if (each.takeover and (each.takeover, each.patient) == here)
        or (not each.takeover and names(each.identifier) and each.identifier in subject.patient_identifiers)
    )


def _leaves(connection: Connection, principal: Principal, kind: str, *, standing: Standing) -> list[dict[str, Any]]:
    wanted: Select[Any] = select(leave).where(leave.c.person == principal.id, leave.c.kind == kind)
    rows = connection.execute(wanted.order_by(leave.c.id))
    return [body for row in rows if (body := standing.leave(row)) is not None]
