"""What the catalogue knows that bears on a decision, gathered in one transaction that sees one state on both engines.
And the lists behind it, for those who keep them.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from repository.access.bodies import authorisation_of, custody_of, lifting_of, relation_of
from repository.access.facts import AfterDeath, Authorisation, Custody, Facts, Lifting, Relation
from repository.access.permission import Permission
from repository.access.principal import Principal
from repository.access.subject import Subject
from repository.catalogue.bulk import in_groups
from repository.catalogue.desk import Clock, Desk, utc_now
from repository.catalogue.engine import Room
from repository.catalogue.gathering import (
    AUTHORISATION,
    custody_rows,
    death_of,
    facts_about,
    grantee_keys,
    identifiers_of,
    name_of,
    read_permission,
)
from repository.catalogue.journal_tables import custody, leave, permission, protection, relation
from repository.catalogue.remembering import Memory, State, state_of
from repository.catalogue.standing import standing_at
from repository.catalogue.tables import patient_identifier
from repository.catalogue.text import fit, identifier_key, key, unpacked
from repository.domain.describing import Identifier

LIFTING = "lifting"  # kind of the deed
REMEMBERED = 1024  # patients of askers at one time
AnyRow = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class KnownRelation:
    """A relation that was recorded; `evidence`: where it can be seen, in words."""

    id: str
    relation: Relation
    evidence: str


def _known_relation(row: AnyRow) -> KnownRelation:
    body = unpacked(row.body)
    return KnownRelation(body["id"], relation_of(body | {"until": row.until or None}), body.get("evidence", ""))


@dataclass(frozen=True, slots=True)
class About:
    """A patient as a whole, in DICOM form the name, and all that bears on what somebody asks about it, as it stood in
    one state of the catalogue. `remembered`: it was gathered for an earlier request, and that state still lasts."""

    subject: Subject
    name: str
    facts: Facts
    state: State
    asked: datetime
    remembered: bool = False


class Entitling(Desk):
    def __init__(self, room: Room, *, now: Clock = utc_now) -> None:
        super().__init__(room, now=now)
        self._known: Memory[tuple[Hashable, ...], About] = Memory(REMEMBERED)

    def facts(self, principal: Principal, subject: Subject, *, at: datetime | None = None) -> Facts:
        """All that bears on a request of `principal` about `subject`, as it stands now. Raises what the database
        raises, and then there is nothing to decide by: whoever asked is refused.

        `at` is when the request was made (UTC); else it was made just now. What takes a right away holds from the next
        request on also where the clock of whoever decides is behind: a consent or grant that has ended is not among
        them, and of the rest `standing` says how. Objections are all there."""
        standing = standing_at(at, now=self._now)
        with self._room.reading_one_state() as connection:
            return facts_about(connection, principal, subject, standing=standing)

    def about(
        self, principal: Principal, takeover: str, *, number: int, patient: int, at: datetime, anew: bool = False
    ) -> About:
        """The patient (0: nobody) of the takeover with this id and number, with the `facts` of a request of `principal`
        made at `at`. What `keep` was told of is given again while nothing has changed that bears on a decision: that
        is asked each time, so a right that was taken away is gone with the next request. Not so with `anew`."""
        who, standing = _memorable(principal, number, patient), standing_at(at, now=self._now)
        with self._room.reading_one_state() as connection:
            state, last = state_of(connection), None if anew else self._known.last(who)
            # For an earlier request something may not have begun that had for the one that is remembered.
            if last is not None and last[0] == state and last[1].asked <= at:
                return last[1]
            identifiers = identifiers_of(connection, number, patient) if patient else ()
            subject = Subject(takeover=takeover, patient=patient, patient_identifiers=identifiers)
            facts = facts_about(connection, principal, subject, standing=standing)
            return About(subject, name_of(connection, number, patient), facts, state, at)

    def gather_in_vain(self, principal: Principal, about: About, *, number: int, at: datetime) -> None:
        """What gathering `about` would have taken has been done, if it was remembered: for a refusal, which takes as
        long as any other."""
        if about.remembered:
            patient, standing = about.subject.patient, standing_at(at, now=self._now)
            with self._room.reading_one_state() as connection:
                identifiers_of(connection, number, patient)
                facts_about(connection, principal, about.subject, standing=standing)
                name_of(connection, number, patient)

    def keep(self, principal: Principal, about: About, *, number: int) -> None:
        """`about` is remembered for the principal. Only for whom something of the patient was opened: what is quicker
        for a second time would tell anybody else that somebody is there."""
        if not about.remembered:
            who = _memorable(principal, number, about.subject.patient)
            self._known.recall(who, about.state, lambda: replace(about, remembered=True))

    def identifiers_of(self, takeover: int, patient: int) -> tuple[Identifier, ...]:
        """All identifiers by which the catalogue knows the patient."""
        with self._room.reading() as connection:
            return identifiers_of(connection, takeover, patient)

    def patient_name(self, takeover: int, patient: int) -> str:
        """In DICOM form; empty where there is none."""
        with self._room.reading() as connection:
            return name_of(connection, takeover, patient)

    def permission(self, id: str) -> Permission | None:  # noqa: A002
        """The last edition."""
        wanted = select(permission).where(permission.c.id == id).order_by(permission.c.edition.desc()).limit(1)
        with self._room.reading() as connection:
            row = connection.execute(wanted).one_or_none()
        return None if row is None else read_permission(row)

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
            return [read_permission(row) for row in connection.execute(wanted)]

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

    def liftings(self, flag: str) -> list[Lifting] | None:
        """Every time that somebody asked for this flag to be lifted, the first one first. None where there is no such
        flag that lasts."""
        lasts = select(protection.c.id).where(protection.c.id == fit(flag), protection.c.until == "")
        asked = select(leave.c.body).where(leave.c.person == fit(flag), leave.c.kind == LIFTING)
        with self._room.reading() as connection:
            if connection.execute(lasts).first() is None:
                return None
            rows = connection.execute(asked.order_by(leave.c.since, leave.c.id))
            return [lifting_of(unpacked(body)) for (body,) in rows]

    def lifting(self, id: str) -> Lifting | None:  # noqa: A002
        """The one of that id, whether its flag still lasts or not."""
        wanted = select(leave.c.body).where(leave.c.id == fit(id), leave.c.kind == LIFTING)
        with self._room.reading() as connection:
            found = connection.execute(wanted).scalar_one_or_none()
        return None if found is None else lifting_of(unpacked(found))

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
            return death_of(connection, [identifier_key(patient)])

    def authorisation(self, id: str) -> Authorisation | None:  # noqa: A002
        """As it lasts now: `until` is when it ended, if it was ended."""
        wanted = select(leave).where(leave.c.id == fit(id), leave.c.kind == AUTHORISATION)
        with self._room.reading() as connection:
            row = connection.execute(wanted).one_or_none()
        return None if row is None else authorisation_of(unpacked(row.body) | {"until": row.until})

    def custody_of(self, takeover: str) -> tuple[Custody, ...]:
        """Who has had the takeover in custody, in order."""
        with self._room.reading() as connection:
            rows = custody_rows(connection, takeover)
        return tuple(custody_of(unpacked(row.body) | {"until": row.until or None}) for row in rows)


def _memorable(principal: Principal, number: int, patient: int) -> tuple[Hashable, ...]:
    """All of a principal that facts are looked up by, and whom they are about."""
    return (principal.id, principal.identifier, *grantee_keys(principal), number, patient)
