"""The entries of the evidence log, until and after they are integrated into tiles.

There is one sequencer: whoever appends holds the writer's place (SQLite: BEGIN IMMEDIATE; PostgreSQL: an advisory
lock) until the commit, so indexes are consecutive and visible in order, and no index is ever seen and then taken back.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import psycopg
from sqlalchemy import Connection, exists, func, select, text

from repository.catalogue.beginning import say
from repository.catalogue.bulk import execute_many, in_groups, insert
from repository.catalogue.desk import Desk
from repository.catalogue.errors import HoldingUnknown, LogContradiction
from repository.catalogue.journal_tables import journal
from repository.catalogue.prepared import Prepared, driver_of
from repository.catalogue.tables import checkpoint, custody_event, holding, log_entry
from repository.clock import instant

_SEQUENCER = 0x45444D_02  # "EDM", 2
_TRY_SEQUENCER = f"SELECT pg_try_advisory_xact_lock({_SEQUENCER})".encode()
_RESTORED_AT_ONCE = 4096
_WAITING = text("claimed = 0")
# Made once: each commit asks them, and making a statement costs more than answering it.
_LAST = Prepared(select(func.max(log_entry.c.index).label("last")))
_ANY_WAITING = Prepared(select(log_entry.c.index).where(_WAITING).limit(1))
# Each deed and each push asks all of it, and a question takes as long as writing a row.
STANDING = (
    select(func.coalesce(func.max(journal.c.number), 0)).scalar_subquery().label("deeds"),
    select(func.coalesce(func.max(log_entry.c.index) + 1, 0)).scalar_subquery().label("entries"),
    exists().where(_WAITING).select_from(log_entry).label("restored"),
)
_STANDING = Prepared(select(*STANDING))


@dataclass(frozen=True, slots=True)
class Standing:
    """How many deeds and entries of the log there are; whether some entries came back from tiles and wait for their
    holdings (`rebuild`)."""

    deeds: int
    entries: int
    restored: bool


def standing(connection: Connection) -> Standing:
    """As the next one to append finds it. Needs `take_sequencer`."""
    (row,) = _STANDING.all(connection, {})
    return standing_in(row)


def standing_in(row: Any) -> Standing:
    """As it stands in a row with the columns `STANDING`."""
    return Standing(row.deeds, row.entries, bool(row.restored))


def take_sequencer(connection: Connection) -> None:
    """This transaction alone appends to the log until it ends. Most often nobody else does; whoever has to wait can be
    interrupted meanwhile."""
    if connection.dialect.name != "postgresql":
        return
    driver = driver_of(connection)
    if isinstance(driver, psycopg.Connection) and say(driver, _TRY_SEQUENCER) == b"t":
        return
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _SEQUENCER})


def size_of(connection: Connection) -> int:
    (row,) = _LAST.all(connection, {})
    return 0 if row.last is None else row.last + 1


def _claimed(connection: Connection, entries: Sequence[bytes]) -> dict[bytes, int]:
    """Entries that the log's tiles brought back before their holdings were recorded (`rebuild`), with their index."""
    if _ANY_WAITING.first(connection, {}) is None:
        return {}
    found: dict[bytes, int] = {}
    for group in in_groups(entries):
        wanted = select(log_entry.c.entry, log_entry.c.index).where(_WAITING, log_entry.c.entry.in_(group))
        found.update((bytes(entry), index) for entry, index in connection.execute(wanted))
    claim = 'UPDATE log_entry SET claimed = 1 WHERE "index" = ?'
    execute_many(connection, claim, [(index,) for index in found.values()])
    return found


def sequence(connection: Connection, entries: Sequence[bytes]) -> list[int]:
    """The index of each of `entries`: the next ones, or those that they have had before. Needs `take_sequencer`."""
    size = size_of(connection)
    known = _claimed(connection, entries) if entries else {}
    new = [entry for entry in entries if entry not in known] if known else entries
    insert(connection, log_entry, [(size + place, entry, 1) for place, entry in enumerate(new)])
    if not known:
        return list(range(size, size + len(entries)))
    following = iter(range(size, size + len(new)))
    return [known[entry] if entry in known else next(following) for entry in entries]


def sequence_from(connection: Connection, entries: Sequence[bytes], now: Standing) -> list[int]:
    """The same, for whoever knows how the log stands."""
    if now.restored:
        return sequence(connection, entries)
    indexes = list(range(now.entries, now.entries + len(entries)))
    insert(connection, log_entry, entry_rows(entries, indexes))
    return indexes


def entry_rows(entries: Sequence[bytes], indexes: Sequence[int]) -> list[tuple[int, bytes, int]]:
    return [(index, entry, 1) for index, entry in zip(indexes, entries, strict=True)]


class Log(Desk):
    """What the evidence log reads and notes (`repository.evidence`: its source of entries)."""

    def log_size(self) -> int:
        with self._room.reading() as connection:
            return size_of(connection)

    def entries(self, start: int, stop: int) -> list[bytes]:
        """The 32-byte entries [start, stop). Raises `LogContradiction` where the catalogue does not hold them all."""
        wanted = select(log_entry.c.entry).where(log_entry.c.index >= start, log_entry.c.index < stop)
        with self._room.reading() as connection:
            found = [bytes(row.entry) for row in connection.execute(wanted.order_by(log_entry.c.index))]
        if len(found) != max(0, stop - start):
            raise LogContradiction(size=stop)
        return found

    def last_checkpoint(self) -> bytes | None:
        """The signed note of the largest checkpoint."""
        newest = select(checkpoint.c.note).order_by(checkpoint.c.size.desc()).limit(1)
        with self._room.reading() as connection:
            found = connection.execute(newest).scalar_one_or_none()
        return None if found is None else bytes(found)

    def note_checkpoint(self, size: int, root: bytes, note: bytes) -> None:
        """The checkpoint is known here; noting it again changes nothing, the first note of a size stays.

        Raises `LogContradiction` for another root of the same size and for a size beyond the entries held here.
        """
        with self._room.writing() as connection:
            take_sequencer(connection)
            before = connection.execute(select(checkpoint.c.root).where(checkpoint.c.size == size)).scalar_one_or_none()
            if size > size_of(connection) or (before is not None and bytes(before) != root):
                raise LogContradiction(size=size)
            if before is None:
                insert(connection, checkpoint, [(size, root, note, instant(self._now()))])

    def restore_log(self, start: int, entries: Iterable[bytes]) -> None:
        """Entries read back from the log's tiles are here, from index `start` on, waiting for `record` to claim them.

        Entries that are here already must be equal. Raises `LogContradiction` for a gap or a different entry.
        """
        every = list(entries)
        for offset in range(0, len(every), _RESTORED_AT_ONCE):
            self._restore(start + offset, every[offset : offset + _RESTORED_AT_ONCE])

    def _restore(self, start: int, entries: list[bytes]) -> None:
        with self._room.writing() as connection:
            take_sequencer(connection)
            size = size_of(connection)
            here = select(log_entry.c.entry).where(log_entry.c.index >= start).order_by(log_entry.c.index)
            held = [bytes(row.entry) for row in connection.execute(here.limit(len(entries)))]
            if start > size or held != entries[: len(held)]:
                raise LogContradiction(size=size)
            fresh = enumerate(entries[len(held) :], start + len(held))
            insert(connection, log_entry, [(index, entry, 0) for index, entry in fresh])

    def knows(self, entries: Sequence[bytes]) -> bool:
        """Whether all of `entries` were restored and wait to be claimed."""
        waiting, found = text("claimed = 0"), 0
        with self._room.reading() as connection:
            for group in in_groups(entries):
                same = select(func.count()).select_from(log_entry).where(waiting, log_entry.c.entry.in_(group))
                found += connection.execute(same).scalar_one()
        return found == len(entries)

    def unclaimed(self) -> int:
        """How many restored entries no holding or event has claimed; 0 after a complete rebuild."""
        with self._room.reading() as connection:
            waiting = select(func.count()).select_from(log_entry).where(text("claimed = 0"))
            return connection.execute(waiting).scalar_one()

    def unheld(self) -> Iterator[tuple[int, int]]:
        """(first index, how many) of entries that follow each other and that no holding, event or deed has.

        None in a catalogue that nobody changed by hand and that was not rebuilt without a lost object: an entry is
        written with its row, in one transaction.
        """
        held = (holding.c.log_index, custody_event.c.log_index, journal.c.log_index)
        alone = select(log_entry.c.index).except_(*(select(index) for index in held))
        with self._room.reading() as connection:
            indexes = [row[0] for row in connection.execute(alone)]
        for _, run in groupby(enumerate(sorted(indexes)), key=lambda place: place[1] - place[0]):
            group = [index for _, index in run]
            yield group[0], len(group)

    def index_of(self, number: int, ordinal: int) -> int:
        """The log index of a holding. Raises `HoldingUnknown`."""
        wanted = select(holding.c.log_index).where(holding.c.takeover == number, holding.c.ordinal == ordinal)
        with self._room.reading() as connection:
            found: int | None = connection.execute(wanted).scalar_one_or_none()
        if found is None:
            raise HoldingUnknown(takeover=number, ordinal=ordinal)
        return found

    def index_of_event(self, number: int, entry: bytes) -> int | None:
        """The log index of the custody event whose entry this is."""
        same = (custody_event.c.takeover == number) & (custody_event.c.entry == entry)
        with self._room.reading() as connection:
            return connection.execute(select(custody_event.c.log_index).where(same)).scalar_one_or_none()
