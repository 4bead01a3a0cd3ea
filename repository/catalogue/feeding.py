"""What happened, in the order of the log: its entries with what they stand for, told by kind and number alone."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, func, select

from repository.catalogue.desk import Desk
from repository.catalogue.journal_tables import journal
from repository.catalogue.tables import checkpoint, custody_event, log_entry, takeover


class Entry(StrEnum):
    """What an entry of the log stands for."""

    HOLDING = "holding"  # an item was kept
    EVENT = "event"  # something happened to a takeover (PREMIS)
    DEED = "deed"  # a line of the journal


@dataclass(frozen=True, slots=True)
class Happened:
    """Entry `index` of the log. `kind`, `at`, `outcome` of an event or a deed, empty for a holding; `takeover`: the id
    where an event is of one."""

    index: int
    entry: bytes
    what: Entry
    kind: str = ""
    at: str = ""
    outcome: str = ""
    takeover: str = ""


class Feeding(Desk):
    def signed(self) -> int:
        """How many entries lie under the newest checkpoint that was noted: these never change."""
        with self._room.reading() as connection:
            found: int | None = connection.execute(select(func.max(checkpoint.c.size))).scalar_one()
        return found or 0

    def noted_at(self) -> datetime | None:
        """When the newest checkpoint was noted here; None before the first."""
        newest = select(checkpoint.c.noted_at).order_by(checkpoint.c.size.desc()).limit(1)
        with self._room.reading() as connection:
            found = connection.execute(newest).scalar_one_or_none()
        return None if found is None else datetime.fromisoformat(found)

    def happened(self, start: int, stop: int) -> list[Happened]:
        """The entries [start, stop), in order."""
        entries = select(log_entry.c.index, log_entry.c.entry).where(*_within(log_entry.c.index, start, stop))
        deeds = select(journal.c.log_index, journal.c.kind, journal.c.at, journal.c.outcome).where(
            *_within(journal.c.log_index, start, stop)
        )
        told = custody_event.c
        joined = custody_event.join(takeover, takeover.c.number == told.takeover)
        events = select(told.log_index, told.kind, told.at, told.outcome, takeover.c.id).select_from(joined)
        with self._room.reading() as connection:
            known = {row[0]: (Entry.DEED, *row[1:]) for row in connection.execute(deeds)}
            known |= {
                row[0]: (Entry.EVENT, *row[1:])
                for row in connection.execute(events.where(*_within(told.log_index, start, stop)))
            }
            rows = connection.execute(entries.order_by(log_entry.c.index)).all()
        return [Happened(index, bytes(entry), *known.get(index, (Entry.HOLDING,))) for index, entry in rows]


def _within(column: ColumnElement[int], start: int, stop: int) -> tuple[ColumnElement[bool], ...]:
    return column >= start, column < stop
