"""The items of a package: listed once, settled one by one."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Row, bindparam, case, func, select

from repository.catalogue import bulk
from repository.catalogue.desk import Desk
from repository.catalogue.flattening import finding_row, item_row
from repository.catalogue.tables import finding, item
from repository.catalogue.text import unpacked
from repository.domain.takeover import STORED, Disposition, Item
from repository.findings import Finding

LISTED_AT_ONCE = 5_000
READ_AT_ONCE = 2_000
_KEPT = ", ".join(f"'{disposition.value}'" for disposition in sorted(STORED))
# What is stored stays stored, whatever a resumed or doubled run says of it afterwards.
SETTLE = (
    "UPDATE item SET disposition = ?, duplicate_of = ?, conflicts_with = ?, reason = ? "  # noqa: S608  our own words
    f"WHERE takeover = ? AND ordinal = ? AND disposition NOT IN ({_KEPT})"
)

# Made once: each reading asks it.
_ONE = select(item).where(item.c.takeover == bindparam("takeover"), item.c.ordinal == bindparam("ordinal"))


_DISPOSITIONS = {each.value: each for each in Disposition}


def read_item(row: Row[*tuple[Any, ...]]) -> Item:
    """By place, in the order of the columns of `item`: every item is read twice in a takeover, and by name it takes
    twice as long."""
    _, ordinal, path, size, declared, declared_size, digests, disposition, duplicate_of, conflicts_with, reason = row
    said, became = unpacked(digests), _DISPOSITIONS[disposition]
    return Item(ordinal, path, size, declared, declared_size, said, became, duplicate_of, conflicts_with, reason)


@dataclass(frozen=True, slots=True)
class Pending:
    """How many items wait, and their bytes as listed."""

    items: int
    size: int


class Items(Desk):
    def list_items(self, number: int, items: Iterable[Item]) -> int:
        """`items` are listed; those that were listed before stay as they are. Returns how many were given.

        Commits every few thousand, so memory is constant and a run that dies goes on where it stopped.
        """
        given, source = 0, iter(items)
        while group := [item_row(number, each) for each in islice(source, LISTED_AT_ONCE)]:
            given += len(group)
            with self._room.writing() as connection:
                bulk.insert_new(connection, item, group)
        return given

    def items(
        self, number: int, *, dispositions: Collection[Disposition] | None = None, after: int = 0
    ) -> Iterator[Item]:
        """Items with ordinals greater than `after`, ascending; read in short transactions of a few thousand."""
        wanted = select(item).where(item.c.takeover == number).order_by(item.c.ordinal).limit(READ_AT_ONCE)
        if dispositions is not None:
            wanted = wanted.where(item.c.disposition.in_([each.value for each in dispositions]))
        while True:
            with self._room.reading() as connection:
                group = [read_item(row) for row in connection.execute(wanted.where(item.c.ordinal > after))]
            yield from group
            if len(group) < READ_AT_ONCE:
                return
            after = group[-1].ordinal

    def pending(self, number: int) -> Pending:
        """What is still to be settled."""
        there = case((item.c.size > 0, item.c.size), else_=0)
        wanted = select(func.count(), func.coalesce(func.sum(there), 0)).where(
            item.c.takeover == number, item.c.disposition == Disposition.PENDING.value
        )
        with self._room.reading() as connection:
            items, size = connection.execute(wanted).one()
        return Pending(items, int(size))

    def item(self, number: int, ordinal: int) -> Item | None:
        with self._room.reading() as connection:
            row = connection.execute(_ONE, {"takeover": number, "ordinal": ordinal}).one_or_none()
        return None if row is None else read_item(row)

    def items_at(self, number: int, paths: Sequence[str]) -> list[Item]:
        """Items with these paths, by ordinal. Looks through all items of the takeover: for once in its life."""
        wanted = select(item).where(item.c.takeover == number, item.c.path.in_(paths)).order_by(item.c.ordinal)
        with self._room.reading() as connection:
            return [read_item(row) for row in connection.execute(wanted)]

    def settle(self, number: int, items: Sequence[Item], findings: Sequence[Finding] = ()) -> None:
        """`items` have the dispositions they carry, for those that are not stored; `findings` explain them.

        An item that is stored already is left as it is: `record` alone says that something is kept.
        """
        changes = [(i.disposition.value, i.duplicate_of, i.conflicts_with, i.reason, number, i.ordinal) for i in items]
        with self._room.writing() as connection:
            bulk.execute_many(connection, SETTLE, changes)
            bulk.insert_new(connection, finding, [finding_row(number, each) for each in findings])
