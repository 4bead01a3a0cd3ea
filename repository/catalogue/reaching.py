"""What the catalogue knows that bears on a whole search, gathered in one transaction that sees one state."""

from collections.abc import Hashable, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, and_, or_, select

from repository.access.bodies import (
    after_death_of,
    approval_of,
    authorisation_of,
    permission_of,
    read_moment,
)
from repository.access.extent import SearchFacts
from repository.access.facts import AfterDeath, Custody, Relation
from repository.access.identity import names
from repository.access.permission import Permission, PermissionKind
from repository.access.principal import Principal
from repository.catalogue.bulk import in_groups
from repository.catalogue.desk import Clock, Desk, utc_now
from repository.catalogue.engine import Room
from repository.catalogue.gathering import APPROVAL, AUTHORISATION, grantee_keys
from repository.catalogue.journal_tables import after_death, custody, leave, permission, relation
from repository.catalogue.remembering import Memory, state_of
from repository.catalogue.shielding import of_records, rows_of
from repository.catalogue.standing import Standing, standing_at
from repository.catalogue.tables import patient_identifier
from repository.catalogue.text import identifier_key, unpacked
from repository.domain.describing import Identifier

REMEMBERED = 64  # askers at one time


@lru_cache(maxsize=20_000)
def _read(body: str, ended_at: str, end_reason: str) -> Permission:
    """An edition never changes but for its end, and the same ones are read for every search."""
    ended = read_moment(ended_at) if ended_at else None
    return permission_of(unpacked(body), ended_at=ended, end_reason=end_reason)


class Reaching(Desk):
    def __init__(self, room: Room, *, now: Clock = utc_now) -> None:
        super().__init__(room, now=now)
        self._facts: Memory[tuple[Hashable, ...], tuple[Standing, SearchFacts]] = Memory(REMEMBERED)

    def facts_for_search(self, principal: Principal, *, at: datetime | None = None) -> SearchFacts:
        """All that bears on a search of `principal`, as it stands now, whatever it may find. Raises what the database
        raises, and then there is nothing to search by. `at` is when it was asked (UTC); else that was just now."""
        who = (principal.id, principal.identifier, *grantee_keys(principal))  # all that is asked of it below
        standing = standing_at(at, now=self._now)
        with self._room.reading_one_state() as connection:

            def gathered() -> tuple[Standing, SearchFacts]:
                return standing, _gathered(connection, principal, standing=standing)

            asked, known = self._facts.recall(who, state_of(connection), gathered)
            if standing.latest < asked.latest:  # for that one something had begun that has not for this one
                _, known = gathered()
            return known


def _gathered(connection: Connection, principal: Principal, *, standing: Standing) -> SearchFacts:
    relations = _relations(connection, principal.identifier, standing=standing)
    leaves = _leaves(connection, principal, standing=standing)
    patients = [each.patient for each in relations]
    own = [] if principal.identifier is None else [principal.identifier]
    return SearchFacts(
        custody=_custody(connection, standing=standing),
        permissions=tuple(map(standing.permission, _permissions(connection, principal))),
        relations=relations,
        deaths=_deaths(connection, {*patients, *own}),
        authorisations=tuple(authorisation_of(body) for kind, body in leaves if kind == AUTHORISATION),
        approvals=tuple(approval_of(body) for kind, body in leaves if kind == APPROVAL),
    )


def _custody(connection: Connection, *, standing: Standing) -> tuple[tuple[str, Custody], ...]:
    rows = connection.execute(select(custody).order_by(custody.c.takeover, custody.c.since))
    return tuple((row.takeover, standing.custody(row)) for row in rows)


def _permissions(connection: Connection, principal: Principal) -> tuple[Permission, ...]:
    """Consents and grants that name the principal and have not ended; and every objection, for whom it may mean is not
    to be known from a key, and one that ends just now still holds by a clock that is behind."""
    there = permission.c
    mine = and_(there.grantee_key.in_(grantee_keys(principal)), there.ended_at == "")
    said = select(there.body, there.ended_at, there.end_reason)
    rows = connection.execute(said.where(or_(mine, there.kind == PermissionKind.OBJECTION.value)))
    return tuple(_read(*row) for row in rows)


def _relations(connection: Connection, person: Identifier | None, *, standing: Standing) -> tuple[Relation, ...]:
    if person is None:
        return ()
    mine = select(relation).where(relation.c.person_key == identifier_key(person)).order_by(relation.c.id)
    return tuple(map(standing.relation, connection.execute(mine)))


def _deaths(connection: Connection, people: Iterable[Identifier]) -> tuple[tuple[Identifier, AfterDeath], ...]:
    """Of `people`, by any identifier that a record of theirs has."""
    wanted = {each for each in people if names(each)}
    pairs = {pair for pair, each in rows_of(connection, {each.extension for each in wanted}) if each in wanted}
    known, there = patient_identifier.c, after_death.c
    for records in in_groups(sorted(pairs)):
        rows = connection.execute(select(known.root, known.extension).where(*of_records(records)))
        wanted |= {each for root, extension in rows if names(each := Identifier(root, extension))}
    found: list[tuple[Identifier, AfterDeath]] = []
    for group in in_groups(sorted(wanted, key=lambda each: (each.root, each.extension))):
        by_key = {identifier_key(each): each for each in group}
        rows = connection.execute(select(there.patient_key, there.body).where(there.patient_key.in_(list(by_key))))
        found += [(by_key[patient], after_death_of(unpacked(body))) for patient, body in rows]
    return tuple(found)


def _leaves(connection: Connection, principal: Principal, *, standing: Standing) -> list[tuple[str, dict[str, Any]]]:
    wanted: Select[Any] = select(leave).where(leave.c.person == principal.id).order_by(leave.c.id)
    rows = connection.execute(wanted)
    return [(row.kind, body) for row in rows if (body := standing.leave(row)) is not None]
