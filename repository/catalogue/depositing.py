"""Live transfers: who may push into which open takeover, and what a group of pushes writes in one transaction.

Ordinals are given before anything is sealed, because the record of a holding has its own. So the transaction that
writes a group first looks whether the takeover still stands where its writer believed it to stand, and is still open;
if not, nothing is written and the writer numbers its group anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, bindparam, false, func, or_, select

from repository.catalogue import bulk, tables
from repository.catalogue.desk import Desk
from repository.catalogue.errors import CatalogueError, TakeoverUnknown
from repository.catalogue.flattening import item_row
from repository.catalogue.journal import Make, write_sequenced
from repository.catalogue.journal_tables import leave
from repository.catalogue.log import STANDING, Standing, sequence_from, standing_in, take_sequencer
from repository.catalogue.newer import LAST, Newer, newer_than
from repository.catalogue.prepared import Prepared
from repository.catalogue.text import fit, unpacked
from repository.catalogue.turns import Turn, turn_of
from repository.catalogue.writing import write_new_packs
from repository.catalogue.written import Written
from repository.domain.holding import PackRecord
from repository.domain.takeover import Item, State
from storage.errors import Text

TRANSFER = "transfer"  # kind of the deed that lets somebody push


class TakeoverOver(CatalogueError):
    """The takeover does not receive any more: it was closed, perhaps at this moment."""

    code = "CAT-021"
    exit_code = 2
    what = Text(en="Takeover {takeover} does not receive any more.", pl="Przejęcie {takeover} już nie przyjmuje.")
    todo = Text(
        en="Ask the archive for another open takeover; what was acknowledged before is kept.",
        pl="Poproś archiwum o inne otwarte przejęcie; to, co potwierdzono wcześniej, jest zachowane.",
    )


class TakeoverOvertaken(CatalogueError):
    """Another process has written to the takeover since this one looked."""

    code = "CAT-022"
    retryable = True
    what = Text(
        en="Another process writes to takeover {takeover} at the same time.",
        pl="Inny proces zapisuje w tym samym czasie do przejęcia {takeover}.",
    )
    todo = Text(
        en="Nothing was written. Send it again after a moment.", pl="Niczego nie zapisano. Wyślij ponownie za chwilę."
    )


class BindingOver(CatalogueError):
    """A binding was ended, or changed, since it was read."""

    code = "CAT-023"
    exit_code = 2
    what = Text(
        en="Whoever pushed into takeover {takeover} may not any more.",
        pl="Przekazujący do przejęcia {takeover} nie ma już do tego prawa.",
    )
    todo = Text(
        en="Nothing of it was deposited. Ask the archive to be bound to the takeover again.",
        pl="Nic z tego nie zostało przyjęte. Poproś archiwum o ponowne powiązanie z przejęciem.",
    )


@dataclass(frozen=True, slots=True)
class BindingRow:
    """`takeover` is an id, `grantee` the key that a permission would have; `ended`: by a deed, which says `until`."""

    id: str
    takeover: str
    grantee: str
    since: str
    until: str
    ended: bool
    body: dict[str, Any]


class Depositing(Desk):
    """What live transfers write and ask."""

    def bindings_for(self, grantees: Sequence[str]) -> list[BindingRow]:
        """Those of the open takeovers that name one of these, ended or not, in the order in which they were given."""
        if not grantees:
            return []
        asked = {f"grantee{place}": each for place, each in enumerate(grantees)}
        with self._room.reading() as connection:
            return [_binding(row) for row in _open_to(len(grantees)).all(connection, asked)]

    def bindings_of(self, takeover: str) -> list[BindingRow]:
        """All that the takeover ever had, in the order in which they were given."""
        there = leave.c
        wanted = select(leave).where(there.kind == TRANSFER, there.takeover == takeover)
        with self._room.reading() as connection:
            return [_binding(row) for row in connection.execute(wanted.order_by(there.since, there.id))]

    def binding(self, id: str) -> BindingRow | None:  # noqa: A002
        """Ended or not; None for the id of anything else."""
        wanted = select(leave).where(leave.c.kind == TRANSFER, leave.c.id == fit(id))
        with self._room.reading() as connection:
            row = connection.execute(wanted).one_or_none()
        return None if row is None else _binding(row)

    def turn(self, number: int) -> Turn:
        """At writing to the takeover, among the processes that do."""
        return turn_of(self._room, number)

    def newer(self, number: int, *, after: int, most: int) -> Newer | None:
        """What has been written to the takeover since `after` was its highest ordinal; None where that are more than
        `most` items, and whoever wants to know reads anew what he needs."""
        with self._room.reading_one_state() as connection:
            return newer_than(connection, number, after, most=most)

    def last_ordinal(self, number: int) -> int:
        """The highest ordinal of the takeover; 0 while it has no items."""
        with self._room.reading() as connection:
            return _last_ordinal(connection, number)

    def write(
        self,
        number: int,
        items: Sequence[Item],
        packs: Sequence[PackRecord],
        *,
        after: int,
        deeds: Sequence[Make],
        written: Written,
        bindings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`items` with their dispositions, what `packs` keep and `deeds` are there, durable and sequenced in the log;
        or nothing is. `after`: the highest ordinal that the writer knew. `written`: what it wrote before, and now this.
        `bindings`: ids of those by which it was pushed, and until when each lasted when that was asked.

        Raises `TakeoverOver` where the takeover does not receive any more, `TakeoverOvertaken` where it has grown,
        `BindingOver` where one of the bindings has changed.
        """
        with self._room.writing() as connection:
            take_sequencer(connection)
            standing = _check(connection, number, after=after, bindings=bindings)
            done = [make(place) for place, make in enumerate(deeds, standing.deeds + 1)]
            entries = [holding.entry for record in packs for holding in record.holdings]
            indexes = sequence_from(connection, [*entries, *(deed.entry for deed in done)], standing)
            bulk.insert(connection, tables.item, [item_row(number, each) for each in items])
            fresh = write_new_packs(connection, number, packs, indexes=indexes[: len(entries)], written=written)
            write_sequenced(connection, done, indexes[len(entries) :])
        written.add(fresh)


# Made once: each push asks them, and making a statement costs more than answering it.
@cache
def _open_to(grantees: int) -> Prepared:
    """For so many of them: a principal has few keys. The list by SQLAlchemy took 0.3 ms of a push."""
    return Prepared(
        select(leave)
        .join(tables.takeover, tables.takeover.c.id == leave.c.takeover)
        .where(
            leave.c.kind == TRANSFER,
            or_(*(leave.c.person == bindparam(f"grantee{place}") for place in range(grantees))),
            tables.takeover.c.state == State.RECEIVING.value,
        )
        .order_by(leave.c.since, leave.c.id)
    )


# Where several write at a time (PostgreSQL), whoever closes the takeover waits for this transaction, or it for him.
# Whoever ends a binding does so by a deed, which is in the log: it was there before this transaction had the
# sequencer's place, and is seen, or comes after it.
# All that a group has to know is asked for at once: each question costs as much as writing four rows.
@cache
def _standing_with(bindings: int) -> Prepared:
    """For a group that was pushed by so many bindings: hardly ever more than one or two."""
    known = (
        (leave.c.id == bindparam(f"binding{each}")) & (leave.c.until == bindparam(f"until{each}"))
        for each in range(bindings)
    )
    return Prepared(
        select(
            tables.takeover.c.state,
            tables.takeover.c.id,
            LAST.scalar_subquery().label("last"),
            *STANDING,
            select(func.count()).select_from(leave).where(or_(false(), *known)).scalar_subquery().label("bindings"),
        )
        .where(tables.takeover.c.number == bindparam("number"))
        .with_for_update(read=True, of=tables.takeover)
    )


def _check(connection: Connection, number: int, *, after: int, bindings: Mapping[str, str]) -> Standing:
    asked: dict[str, int | str] = {"number": number}
    for place, (id, until) in enumerate(bindings.items()):  # noqa: A001  the domain calls it id everywhere
        asked |= {f"binding{place}": id, f"until{place}": until}
    row = _standing_with(len(bindings)).first(connection, asked)
    if row is None:
        raise TakeoverUnknown(wanted=number)
    if row.state != State.RECEIVING.value:
        raise TakeoverOver(takeover=row.id)
    if row.bindings != len(bindings):
        raise BindingOver(takeover=row.id)
    if row.last != after:
        raise TakeoverOvertaken(takeover=row.id)
    return standing_in(row)


def _last_ordinal(connection: Connection, number: int) -> int:
    found: int = connection.execute(LAST, {"number": number}).scalar_one()
    return found


def _binding(row: Any) -> BindingRow:
    body = unpacked(row.body)
    return BindingRow(row.id, row.takeover, row.person, row.since, row.until, row.until != body["until"], body)
