"""Reading what was recorded: in short transactions, by key ranges, in constant memory."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Select, bindparam, literal, select, tuple_

from repository.catalogue import tables
from repository.catalogue.assembling import (
    read_custody_event,
    read_finding,
    read_holdings,
    read_pack,
    read_patients,
)
from repository.catalogue.bulk import in_groups
from repository.catalogue.desk import Desk
from repository.catalogue.errors import HoldingUnknown
from repository.catalogue.prepared import Prepared
from repository.catalogue.tables import custody_event, finding, holding, log_entry, stored_object
from repository.domain.describing import Kind
from repository.domain.holding import CustodyEvent, Holding, PatientRecord, StoredPack
from repository.findings import Finding

READ_AT_ONCE = 500
_HOLDINGS = select(holding, log_entry.c.entry).join(log_entry, log_entry.c.index == holding.c.log_index)
# Made once: each reading asks them, and making a statement costs more than answering it.
_OF_TAKEOVER = holding.c.takeover == bindparam("takeover")
_HOLDING = Prepared(_HOLDINGS.where(_OF_TAKEOVER, holding.c.ordinal == bindparam("ordinal")))
_FIRST = select(holding.c.ordinal).where(_OF_TAKEOVER, holding.c.patient > 0)
_SOMEBODYS = Prepared(
    select(
        tables.takeover.c.id,
        _FIRST.order_by(holding.c.patient, holding.c.ordinal).limit(1).scalar_subquery().label("ordinal"),
    ).where(tables.takeover.c.number == bindparam("takeover"))
)
_SOME_HOLDINGS = _HOLDINGS.where(_OF_TAKEOVER, holding.c.ordinal.in_(bindparam("ordinals", expanding=True)))


def holdings_page(number: int, after: tuple[str, int]) -> Select[*tuple[Any, ...]]:
    """The rows of one takeover that follow `after` in the order of (object id, offset).

    The takeover stands by itself and not in the row comparison: PostgreSQL then starts the index range at `after`.
    """
    place = (holding.c.object_id, holding.c.offset)
    start = tuple_(*(literal(value, type_=column.type) for value, column in zip(after, place, strict=True)))
    wanted = _HOLDINGS.where(holding.c.takeover == number, tuple_(*place) > start)
    return wanted.order_by(*place).limit(READ_AT_ONCE)


def _packs_page(number: int, after: str) -> Select[*tuple[Any, ...]]:
    wanted = select(stored_object).where(stored_object.c.takeover == number, stored_object.c.object_id > after)
    return wanted.order_by(stored_object.c.object_id).limit(READ_AT_ONCE)


class Reading(Desk):
    def together(self) -> AbstractContextManager[None]:
        """Whatever this thread asks of the catalogue until the end of the block is asked in one transaction that sees
        one state (`Room.together`)."""
        return self._room.together()

    def holding(self, number: int, ordinal: int) -> Holding:
        """Raises `HoldingUnknown`."""
        with self._room.reading() as connection:
            row = _HOLDING.first(connection, {"takeover": number, "ordinal": ordinal})
            if row is None:
                raise HoldingUnknown(takeover=number, ordinal=ordinal)
            return read_holdings(connection, number, [row])[0]

    def somebodys(self, number: int) -> tuple[str, Holding]:
        """The id of the takeover with this number, and the first holding of the first patient of whom it has one; its
        first one, where it has no patient's. Raises `HoldingUnknown` where it has none at all."""
        with self._room.together(), self._room.reading() as connection:
            row = _SOMEBODYS.first(connection, {"takeover": number})
            if row is None:
                raise HoldingUnknown(takeover=number, ordinal=1)
            return row.id, self.holding(number, row.ordinal or 1)

    def holdings_at(self, places: Sequence[tuple[int, int]]) -> list[tuple[int, Holding]]:
        """The holdings of these (takeover, ordinal), in the order of `places`, with the numbers of their takeovers: in
        one transaction, and for each takeover in some five statements however many they are. Raises `HoldingUnknown`
        for the first that is not there."""
        ordinals: dict[int, list[int]] = defaultdict(list)
        for number, ordinal in dict.fromkeys(places):
            ordinals[number].append(ordinal)
        found: dict[tuple[int, int], Holding] = {}
        with self._room.reading_one_state() as connection:
            for number, mine in ordinals.items():
                for group in in_groups(mine):
                    rows = connection.execute(_SOME_HOLDINGS, {"takeover": number, "ordinals": list(group)}).all()
                    found.update(((number, each.ordinal), each) for each in read_holdings(connection, number, rows))
        for number, ordinal in places:
            if (number, ordinal) not in found:
                raise HoldingUnknown(takeover=number, ordinal=ordinal)
        return [(place[0], found[place]) for place in places]

    def holdings(self, number: int, *, after: tuple[str, int] = ("", -1)) -> Iterator[Holding]:
        """The holdings of a takeover in the order of (object id, offset): each object is read once, forwards."""
        while True:
            with self._room.reading() as connection:
                rows = connection.execute(holdings_page(number, after)).all()
                found = read_holdings(connection, number, rows)
            yield from found
            if len(rows) < READ_AT_ONCE:
                return
            after = (rows[-1].object_id, rows[-1].offset)

    def every_holding(self, *, after: tuple[int, str, int] = (0, "", -1)) -> Iterator[tuple[int, Holding]]:
        """All holdings of the archive with the number of their takeover, by (takeover, object id, offset)."""
        for number in self._from_takeover(after[0]):
            start = after[1:] if number == after[0] else ("", -1)
            for each in self.holdings(number, after=start):
                yield number, each

    def _from_takeover(self, first: int) -> list[int]:
        numbers = select(tables.takeover.c.number).where(tables.takeover.c.number >= first)
        with self._room.reading() as connection:
            return list(connection.execute(numbers.order_by(tables.takeover.c.number)).scalars())

    def holdings_of_patient(self, number: int, patient: int, *, after: int = 0) -> Iterator[Holding]:
        """What a takeover keeps of one patient, by ordinal; `patient` 0 is what belongs to nobody."""
        mine = _HOLDINGS.where(holding.c.takeover == number, holding.c.patient == patient)
        ordered = mine.order_by(holding.c.ordinal).limit(READ_AT_ONCE)
        while True:
            with self._room.reading() as connection:
                rows = connection.execute(ordered.where(holding.c.ordinal > after)).all()
                found = read_holdings(connection, number, rows)
            yield from found
            if len(rows) < READ_AT_ONCE:
                return
            after = rows[-1].ordinal

    def ordinals_of_kind(self, number: int, kind: Kind) -> list[int]:
        """The ordinals of the holdings of one kind, ascending; for kinds that are few in a takeover."""
        same = (holding.c.takeover == number) & (holding.c.kind == kind.value)
        with self._room.reading() as connection:
            return list(connection.execute(select(holding.c.ordinal).where(same).order_by(holding.c.ordinal)).scalars())

    def pack(self, number: int, object_id: str) -> StoredPack | None:
        same = (stored_object.c.takeover == number) & (stored_object.c.object_id == object_id)
        with self._room.reading() as connection:
            row = connection.execute(select(stored_object).where(same)).one_or_none()
        return None if row is None else read_pack(row)

    def packs(self, number: int, *, after: str = "") -> Iterator[StoredPack]:
        """The stored objects of a takeover, by object id."""
        while True:
            with self._room.reading() as connection:
                rows = connection.execute(_packs_page(number, after)).all()
            yield from map(read_pack, rows)
            if len(rows) < READ_AT_ONCE:
                return
            after = rows[-1].object_id

    def every_pack(self, *, after: tuple[int, str] = (0, "")) -> Iterator[tuple[int, StoredPack]]:
        """All stored objects with the number of their takeover, by (takeover, object id)."""
        for number in self._from_takeover(after[0]):
            for each in self.packs(number, after=after[1] if number == after[0] else ""):
                yield number, each

    def findings(self, number: int, *, ordinal: int | None = None) -> list[Finding]:
        """Findings of a takeover: of the package as a whole first, then by holding. `ordinal` asks for one only."""
        wanted = select(finding).where(finding.c.takeover == number).order_by(*finding.primary_key.columns)
        if ordinal is not None:
            wanted = wanted.where(finding.c.ordinal == ordinal)
        with self._room.reading() as connection:
            return [read_finding(row) for row in connection.execute(wanted)]

    def events(self, number: int) -> list[CustodyEvent]:
        """Custody events of a takeover in the order of the log."""
        wanted = select(custody_event).where(custody_event.c.takeover == number).order_by(custody_event.c.log_index)
        with self._room.reading() as connection:
            return [read_custody_event(row) for row in connection.execute(wanted)]

    def patients(self, number: int) -> list[PatientRecord]:
        """Patients of a takeover by number; identifiers in order, all that any pack or holding named."""
        people, known = tables.patient, tables.patient_identifier
        with self._room.reading() as connection:
            named = select(known).where(known.c.takeover == number)
            named = named.order_by(known.c.number, known.c.root_key, known.c.extension_key)
            rows = connection.execute(select(people).where(people.c.takeover == number).order_by(people.c.number))
            return read_patients(rows, connection.execute(named))

    def record_keys(self, number: int | None = None) -> list[tuple[str, int, int, int]]:
        """(id, takeover, patient, epoch) of record keys; epoch 0 where none has been noted."""
        known = tables.record_key
        wanted = select(known.c.id, known.c.takeover, known.c.patient, known.c.epoch).order_by(known.c.id)
        if number is not None:
            wanted = wanted.where(known.c.takeover == number)
        with self._room.reading() as connection:
            return [(row.id, row.takeover, row.patient, row.epoch) for row in connection.execute(wanted)]

    def record_key_of(self, number: int, patient: int) -> str | None:
        known = tables.record_key.c
        wanted = select(known.id).where(known.takeover == number, known.patient == patient).order_by(known.id).limit(1)
        with self._room.reading() as connection:
            return connection.execute(wanted).scalar_one_or_none()
