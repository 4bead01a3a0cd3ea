"""Takeovers with their producers, and the facts of the archive itself."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from repository.catalogue.bulk import in_groups
from repository.catalogue.desk import Clock, Desk, utc_now
from repository.catalogue.doing import Written, current, mark_made
from repository.catalogue.engine import Room
from repository.catalogue.errors import (
    CatalogueConflict,
    CatalogueDamaged,
    ForbiddenMove,
    TakeoverAmbiguous,
    TakeoverExists,
    TakeoverUnknown,
)
from repository.catalogue.log import take_sequencer
from repository.catalogue.prepared import Prepared
from repository.catalogue.tables import archive, producer, takeover
from repository.catalogue.text import packed, unpacked
from repository.domain.takeover import FINAL, MOVES, Handover, Producer, Route, State, Takeover

PRODUCER, SUCCESSOR = "producer", "successor"
IDS_KEPT = 10_000


# Made once: each reading asks them, and making a statement costs more than answering it.
_PRODUCERS = Prepared(select(producer).where(producer.c.takeover == bindparam("number")))
_NUMBERED = Prepared(select(takeover).where(takeover.c.number == bindparam("number")))
_BEGUN = Prepared(
    select(takeover)
    .where(takeover.c.id >= bindparam("first"), takeover.c.id < bindparam("above"))
    .order_by(takeover.c.id)
    .limit(2)
)
_IDS = select(takeover.c.number, takeover.c.id).where(takeover.c.number.in_(bindparam("numbers", expanding=True)))


def _producers(connection: Connection, number: int) -> dict[str, Producer]:
    rows = _PRODUCERS.all(connection, {"number": number})
    return {row.role: Producer(row.name, row.rpwdl_book, row.regon, row.nip) for row in rows}


def _state(name: str) -> State:
    try:
        return State(name)
    except ValueError:
        raise CatalogueDamaged from None


def _read(connection: Connection, row: Row[*tuple[Any, ...]]) -> Takeover:
    known = _producers(connection, row.number)
    handover = Handover(
        producer=known[PRODUCER],
        successor=known.get(SUCCESSOR),
        cessation_date=row.cessation_date,
        legal_basis=row.legal_basis,
        route=None if row.route is None else Route(row.route),
        declared_counts=unpacked(row.declared_counts),
    )
    return Takeover(
        number=row.number,
        id=row.id,
        state=_state(row.state),
        package=row.package,
        fingerprint=row.fingerprint,
        handover=handover,
        declared=row.declared,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
    )


def _insert(connection: Connection, new: Takeover) -> None:
    handover = new.handover
    row = {
        "number": new.number, "id": new.id, "state": new.state.value, "package": new.package,
        "fingerprint": new.fingerprint, "declared": new.declared, "opened_at": new.opened_at, "closed_at": "",
        "cessation_date": handover.cessation_date, "legal_basis": handover.legal_basis,
        "route": None if handover.route is None else handover.route.value,
        "declared_counts": packed(dict(handover.declared_counts)),
    }  # fmt: skip
    connection.execute(insert(takeover), row)
    for role, known in ((PRODUCER, handover.producer), (SUCCESSOR, handover.successor)):
        if known is not None:
            numbers = {"rpwdl_book": known.rpwdl_book, "regon": known.regon, "nip": known.nip}
            connection.execute(insert(producer), {"takeover": new.number, "role": role, "name": known.name, **numbers})


class Takeovers(Desk):
    def __init__(self, room: Room, *, now: Clock = utc_now) -> None:
        super().__init__(room, now=now)
        self._ids: dict[int, str] = {}  # a number has one id for good

    def set_archive(self, id: str, **facts: str) -> None:  # noqa: A002  the domain calls it id everywhere
        """The archive has this id and these facts. Its id never changes: another one raises `CatalogueConflict`."""
        with self._room.writing() as connection:
            known = dict(connection.execute(select(archive.c.name, archive.c.value)).all())
            if known.get("id", id) != id:
                raise CatalogueConflict(reason="archive id")
            for name, value in {**facts, "id": id}.items():
                if name in known:
                    connection.execute(update(archive).where(archive.c.name == name).values(value=value))
                else:
                    connection.execute(insert(archive), {"name": name, "value": value})

    def archive(self) -> Mapping[str, str]:
        """What `set_archive` was told; empty before it."""
        with self._room.reading() as connection:
            return dict(connection.execute(select(archive.c.name, archive.c.value).order_by(archive.c.name)).all())

    def open_takeover(
        self,
        handover: Handover,
        *,
        id: str,  # noqa: A002
        package: str,
        fingerprint: str,
        declared: bool,
        opened_at: str,
    ) -> Takeover:
        """A new takeover in state `receiving`, with the next number. Raises `TakeoverExists`."""
        with self._room.writing() as connection:
            take_sequencer(connection)
            number = connection.execute(select(func.coalesce(func.max(takeover.c.number), 0))).scalar_one() + 1
            new = Takeover(
                number=number, id=id, state=State.RECEIVING, package=package, fingerprint=fingerprint,
                handover=handover, declared=declared, opened_at=opened_at,
            )  # fmt: skip
            try:
                _insert(connection, new)
            except IntegrityError:
                raise TakeoverExists from None
            mark_made(connection, current(), Written(takeovers=[new.id]))
        return new

    def takeover(self, wanted: str) -> Takeover:
        """The takeover whose id is `wanted` or alone starts with it. `TakeoverUnknown`, `TakeoverAmbiguous`."""
        above = wanted + "\U0010ffff"
        with self._room.reading() as connection:
            found = _BEGUN.all(connection, {"first": wanted, "above": above}) if wanted else []
            if not found:
                raise TakeoverUnknown(wanted=wanted)
            if len(found) > 1 and found[0].id != wanted:
                raise TakeoverAmbiguous(wanted=wanted)
            return _read(connection, found[0])

    def takeover_by_number(self, number: int) -> Takeover:
        with self._room.reading() as connection:
            row = _NUMBERED.first(connection, {"number": number})
            if row is None:
                raise TakeoverUnknown(wanted=number)
            return _read(connection, row)

    def takeover_ids(self, numbers: Collection[int]) -> dict[int, str]:
        """The ids of the takeovers with these numbers, of those that there are."""
        found = {number: self._ids[number] for number in numbers if number in self._ids}
        if len(found) == len(numbers):
            return found
        with self._room.reading() as connection:
            for group in in_groups(sorted(number for number in numbers if number not in found)):
                found.update((row.number, row.id) for row in connection.execute(_IDS, {"numbers": list(group)}))
        if len(self._ids) < IDS_KEPT:
            self._ids.update(found)
        return found

    def takeover_by_fingerprint(self, fingerprint: str) -> Takeover | None:
        with self._room.reading() as connection:
            row = connection.execute(select(takeover).where(takeover.c.fingerprint == fingerprint)).one_or_none()
            return None if row is None else _read(connection, row)

    def takeovers(self, *, after: int = 0, limit: int | None = None) -> list[Takeover]:
        """Those with numbers above `after`, oldest first; all, unless `limit` says how many."""
        wanted = select(takeover).where(takeover.c.number > after).order_by(takeover.c.number).limit(limit)
        with self._room.reading() as connection:
            return [_read(connection, row) for row in connection.execute(wanted).all()]

    def move(self, number: int, state: State, *, at: str) -> Takeover:
        """The takeover is in `state`; `closed_at` is `at` if that is final.

        Only the moves of the domain exist, and of two concurrent ones one wins: the other raises `ForbiddenMove`.
        """
        before = [old.value for old, onward in MOVES.items() if state in onward]
        closing = {"closed_at": at} if state in FINAL else {}
        change = update(takeover).where(takeover.c.number == number, takeover.c.state.in_(before))
        with self._room.writing() as connection:
            if connection.execute(change.values(state=state.value, **closing)).rowcount != 1:
                found = connection.execute(
                    select(takeover.c.state).where(takeover.c.number == number)
                ).scalar_one_or_none()
                if found is None:
                    raise TakeoverUnknown(wanted=number)
                raise ForbiddenMove(state=found, wanted=state.value)
            return _read(connection, connection.execute(select(takeover).where(takeover.c.number == number)).one())
