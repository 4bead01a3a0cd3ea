"""Demands as the catalogue knows them: what was submitted, where each stands, how it came there.

Rows are made by the deeds of `repository/demands/` and by nothing else; here they are only read.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, Select, and_, exists, select, tuple_

from repository.catalogue.demand_rows import keyed
from repository.catalogue.demand_tables import demand, demand_confirmation, demand_now, demand_step
from repository.catalogue.desk import Desk
from repository.catalogue.journal_tables import journal
from repository.catalogue.tables import patient_identifier, producer, takeover
from repository.catalogue.text import key, unpacked
from repository.domain.demand import DemandState, Place
from repository.domain.describing import Identifier

AT_ONCE = 500
_FOLLOWED = demand_step.alias("followed")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandRow:
    """`order`: the message as it was submitted. `position`: of the last step. `since`: when it came to `state`.
    `takeover`: the id of what it is about, empty until it is accepted."""

    id: str
    order: Mapping[str, Any] = field(repr=False)
    content_sha256: str
    submitted_at: str
    state: DemandState
    position: int
    since: str
    takeover: str


@dataclass(frozen=True, slots=True)
class StepRow:
    """One move. `body` is the deed's, with who moved it and on what ground; `number` is the deed's number."""

    position: int
    came_from: str
    state: DemandState
    at: str
    number: int
    body: Mapping[str, Any] = field(repr=False)


def _rows() -> Select[Any]:
    now = demand_now.c
    return select(demand, now.state, now.position, now.since, now.takeover).join(demand_now, now.demand == demand.c.id)


def _read(row: Row[*tuple[Any, ...]]) -> DemandRow:
    return DemandRow(
        id=row.id,
        order=unpacked(row.body),
        content_sha256=row.content_sha256,
        submitted_at=row.submitted_at,
        state=DemandState(row.state),
        position=row.position,
        since=row.since,
        takeover=row.takeover,
    )


class Demands(Desk):
    def demand(self, id: str) -> DemandRow | None:  # noqa: A002
        return self._one(_rows().where(demand.c.id == id))

    def demand_by_message(self, requester_key: str, message_id: str) -> DemandRow | None:
        """The demand that the requester submitted under this message id."""
        known = demand.c
        same = (known.requester_key == keyed(requester_key)) & (known.message_key == keyed(message_id))
        return self._one(_rows().where(same))

    def _one(self, wanted: Select[Any]) -> DemandRow | None:
        with self._room.reading() as connection:
            row = connection.execute(wanted).one_or_none()
        return None if row is None else _read(row)

    def demands(
        self, states: Collection[DemandState] = (), *, takeover: str = "", since_before: str = ""
    ) -> Iterator[DemandRow]:
        """Demands that stand in one of `states` (none named: in any), state by state, longest there first.

        Only a last step counts: what is found has no move after the one that led there. `since_before`: a moment.
        """
        for state in states or tuple(DemandState):
            after = ("", "")
            while rows := self._page(state, takeover, since_before, after):
                yield from rows
                after = (rows[-1].since, rows[-1].id)

    def _page(self, state: DemandState, takeover: str, since_before: str, after: tuple[str, str]) -> list[DemandRow]:
        now = demand_now.c
        last = ~exists().where(and_(_FOLLOWED.c.demand == now.demand, _FOLLOWED.c.position == now.position + 1))
        wanted = _rows().where(now.state == state.value, tuple_(now.since, now.demand) > after, last)
        wanted = wanted.where(now.takeover == takeover) if takeover else wanted
        wanted = wanted.where(now.since < since_before) if since_before else wanted
        with self._room.reading() as connection:
            return [_read(row) for row in connection.execute(wanted.order_by(now.since, now.demand).limit(AT_ONCE))]

    def steps(self, id: str) -> list[StepRow]:  # noqa: A002
        """Every move of the demand, in order."""
        known = demand_step.c
        wanted = select(demand_step, journal.c.body).join(journal, journal.c.number == known.number)
        with self._room.reading() as connection:
            rows = connection.execute(wanted.where(known.demand == id).order_by(known.position)).all()
        return [
            StepRow(row.position, row.from_state, DemandState(row.to_state), row.at, row.number, unpacked(row.body))
            for row in rows
        ]

    def confirmations(self, id: str) -> dict[Place, tuple[str, Mapping[str, Any]]]:  # noqa: A002
        """Place → when the receipt was confirmed there, and the deed's body."""
        known = demand_confirmation.c
        wanted = select(known.place, known.at, journal.c.body).join(journal, journal.c.number == known.number)
        with self._room.reading() as connection:
            rows = connection.execute(wanted.where(known.demand == id).order_by(known.number)).all()
        return {Place(row.place): (row.at, unpacked(row.body)) for row in rows}

    def takeovers_of(self, provider: Identifier) -> list[str]:
        """Ids of takeovers from the producer with this number of the register (RPWDL), REGON or NIP."""
        known = producer.c
        numbers = (known.rpwdl_book == provider.extension) | (known.regon == provider.extension)
        numbers |= known.nip == provider.extension
        wanted = select(takeover.c.id).join(producer, known.takeover == takeover.c.number)
        wanted = wanted.where(known.role == "producer", numbers).distinct().order_by(takeover.c.id)
        with self._room.reading() as connection:
            return list(connection.execute(wanted).scalars())

    def patients_known_as(self, number: int, identifier: Identifier) -> list[int]:
        """Numbers of the takeover's patients who carry the identifier."""
        known = patient_identifier.c
        wanted = select(known.number).where(known.takeover == number, known.extension_key == key(identifier.extension))
        wanted = wanted.where(known.root_key == key(identifier.root), known.number > 0)
        with self._room.reading() as connection:
            return list(connection.execute(wanted.distinct().order_by(known.number)).scalars())
