"""The journal: deeds, numbered without a gap, each an entry of the evidence log and, with what follows from it, one
durable transaction. Lines are sealed in the object store in bundles (`repository/journal.py`) before the log over them
is published, so that a lost catalogue loses none that a checkpoint covers.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, func, select

from repository.catalogue.bulk import insert, insert_at_once
from repository.catalogue.desk import Clock, utc_now
from repository.catalogue.doing import Doing, Written, current, done_here, mark_made
from repository.catalogue.engine import Room
from repository.catalogue.errors import CatalogueConflict
from repository.catalogue.following import Following
from repository.catalogue.grouping import Queue, Turn
from repository.catalogue.journal_tables import journal, journal_bundle
from repository.catalogue.log import Standing, entry_rows, sequence_from, standing, take_sequencer
from repository.catalogue.prepared import Prepared
from repository.catalogue.projecting import account_rows, project
from repository.catalogue.tables import log_entry
from repository.catalogue.text import packed, unpacked
from repository.domain.deed import Deed

Make = Callable[[int], Deed]
_Asked = tuple[Make, Doing | None]  # with the request of the thread that wants it: another one may write it
AT_ONCE = 500
_LAST = Prepared(select(func.max(journal.c.number).label("last")))


@dataclass(frozen=True, slots=True)
class Bundle:
    """Deeds `first` to `last`, both included, in one sealed object under `record_key`."""

    first: int
    last: int
    key: str
    version: str
    size: int
    record_key: str
    header_sha256: bytes
    description_sha256: bytes


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it lies there: `deed` is None where its values are none that the archive writes, `entry` where the log
    has none at `log_index`."""

    number: int
    deed: Deed | None
    log_index: int
    entry: bytes | None


def _read(row: Row[*tuple[Any, ...]]) -> Deed:
    record = bytes(row.record)
    return Deed(row.number, row.kind, row.at, row.outcome, unpacked(row.body), record, sha256(record).digest())


class Journal(Following):
    def __init__(self, room: Room, *, now: Clock = utc_now) -> None:
        super().__init__(room, now=now)
        self._queue: Queue[_Asked, Deed] = Queue(self._write, most=AT_ONCE)

    def write(self, make: Sequence[Make]) -> list[Deed]:
        """The deeds are written, in this order, with the next numbers; or none is, where one of them conflicts.

        Each of `make` gets its number and returns the deed. Raises `CatalogueConflict` for what contradicts. Threads
        that write at the same time share a transaction and its wait for the disk (`grouping.py`); what contradicts is
        told to whoever said it, and `make` of the others is then asked once more.
        """
        doing = current()
        return self._queue.add([(each, doing) for each in make])

    def _write(self, turn: Turn[_Asked, Deed]) -> None:
        """What waits is taken only when this thread may write: the longer it had to wait, the more it writes."""
        with done_here(None), self._room.writing() as connection:
            take_sequencer(connection)
            asked = turn.take()
            deeds = write_deeds(connection, [make for make, _ in asked])
            for doing in {doing for _, doing in asked} - {None}:
                made = [deed for deed, (_, whose) in zip(deeds, asked, strict=True) if whose == doing]
                if done := [deed.number for deed in made if deed.kind != "account"]:
                    mark_made(connection, doing, Written(deeds=done))
            turn.settle(deeds)

    def restore(self, deeds: Sequence[Deed]) -> None:
        """Deeds read back from the store, the next ones in order, with what follows from them (`rebuild`)."""
        with self._room.writing() as connection:
            take_sequencer(connection)
            now = standing(connection)
            first = now.deeds + 1
            if [deed.number for deed in deeds] != list(range(first, first + len(deeds))):
                raise CatalogueConflict(reason="journal")
            _write(connection, deeds, now)

    def size(self) -> int:
        """The number of the last deed."""
        with self._room.reading() as connection:
            return _last(connection)

    def deeds(self, *, after: int = 0, last: int | None = None, kind: str = "") -> Iterator[Deed]:
        """Deeds with numbers above `after`, up to `last`, in order."""
        while page := self._page(after, last, kind):
            yield from page
            after = page[-1].number

    def numbered(self, numbers: Sequence[int]) -> list[Deed]:
        """The deeds with these numbers, in the order of their numbers."""
        wanted = select(journal).where(journal.c.number.in_(list(numbers))).order_by(journal.c.number)
        with self._room.reading() as connection:
            return [_read(row) for row in connection.execute(wanted)]

    def _page(self, after: int, last: int | None, kind: str) -> list[Deed]:
        wanted = select(journal).where(journal.c.number > after)
        wanted = wanted if last is None else wanted.where(journal.c.number <= last)
        wanted = wanted.where(journal.c.kind == kind) if kind else wanted
        with self._room.reading() as connection:
            rows = connection.execute(wanted.order_by(journal.c.number).limit(AT_ONCE)).all()
        return [_read(row) for row in rows]

    def index_of(self, number: int) -> int | None:
        """The log index of a deed."""
        with self._room.reading() as connection:
            return connection.execute(
                select(journal.c.log_index).where(journal.c.number == number)
            ).scalar_one_or_none()

    def bundles(self) -> list[Bundle]:
        with self._room.reading() as connection:
            rows = connection.execute(select(journal_bundle).order_by(journal_bundle.c.first)).all()
        return [_bundle(row) for row in rows]

    def bundled(self) -> int:
        """Up to which deed all are sealed in the store."""
        with self._room.reading() as connection:
            return _bundled(connection)

    def extent(self) -> tuple[int, int]:
        """What `bundled` and `size` tell, at one moment."""
        bundled = select(func.max(journal_bundle.c.last)).scalar_subquery()
        last = select(func.max(journal.c.number)).scalar_subquery()
        with self._room.reading() as connection:
            found = connection.execute(select(func.coalesce(bundled, 0), func.coalesce(last, 0))).one()
        return found[0], found[1]

    def covered(self) -> int:
        """How many entries of the log may be signed: all before that of the first deed which no bundle holds."""
        bundled = select(func.coalesce(func.max(journal_bundle.c.last), 0)).scalar_subquery()
        waiting = select(func.min(journal.c.log_index)).where(journal.c.number > bundled).scalar_subquery()
        size = select(func.coalesce(func.max(log_entry.c.index) + 1, 0)).scalar_subquery()
        with self._room.reading() as connection:  # one statement, so that it sees one state on PostgreSQL as well
            counted: int = connection.execute(select(func.coalesce(waiting, size))).scalar_one()
        return counted

    def lines(self, *, after: int, last: int) -> Iterator[Line]:
        """Lines with numbers above `after`, up to `last`, in order, whatever they hold."""
        joined = journal.outerjoin(log_entry, log_entry.c.index == journal.c.log_index)
        wanted = select(journal, log_entry.c.entry).select_from(joined).where(journal.c.number <= last)
        while True:
            page = wanted.where(journal.c.number > after).order_by(journal.c.number).limit(AT_ONCE)
            with self._room.reading() as connection:
                rows = connection.execute(page).all()
            if not rows:
                return
            after = rows[-1].number
            yield from map(_line, rows)

    def signed_up_to(self, size: int) -> int:
        """The number of the last deed that is, with all before it, among the first `size` entries of the log."""
        beyond = select(func.min(journal.c.number) - 1).where(journal.c.log_index >= size).scalar_subquery()
        last = select(func.max(journal.c.number)).scalar_subquery()
        with self._room.reading() as connection:
            number: int = connection.execute(select(func.coalesce(beyond, last, 0))).scalar_one()
        return number

    def note_bundle(self, bundle: Bundle) -> None:
        """The bundle, which follows the last one, is known. Raises `CatalogueConflict` if it does not follow."""
        with self._room.writing() as connection:
            take_sequencer(connection)
            if bundle.first != _bundled(connection) + 1 or not bundle.first <= bundle.last <= _last(connection):
                raise CatalogueConflict(reason="journal_bundle")
            insert(connection, journal_bundle, [astuple(bundle)])


def write_deeds(connection: Connection, make: Sequence[Make]) -> list[Deed]:
    """What `Journal.write` does, in a transaction that is under way. Needs `take_sequencer`."""
    now = standing(connection)
    deeds = [each(number) for number, each in enumerate(make, now.deeds + 1)]
    _write(connection, deeds, now)
    return deeds


def write_sequenced(connection: Connection, deeds: Sequence[Deed], indexes: Sequence[int]) -> None:
    """`deeds`, which have the next numbers, and whose entries the log has at `indexes`, are there with what follows."""
    insert(connection, journal, _rows(deeds, indexes))
    project(connection, deeds)


def _rows(deeds: Sequence[Deed], indexes: Sequence[int]) -> list[tuple[Any, ...]]:
    return [
        (deed.number, deed.kind, deed.at, deed.outcome, packed(dict(deed.body)), deed.record, index)
        for deed, index in zip(deeds, indexes, strict=True)
    ]


def _line(row: Row[*tuple[Any, ...]]) -> Line:
    entry = None if row.entry is None else bytes(row.entry)
    try:
        return Line(row.number, _read(row), row.log_index, entry)
    except (ValueError, TypeError):  # somebody changed the row by hand
        return Line(row.number, None, row.log_index, entry)


def _bundle(row: Row[*tuple[Any, ...]]) -> Bundle:
    digests = bytes(row.header_sha256), bytes(row.description_sha256)
    return Bundle(row.first, row.last, row.key, row.version, row.size, row.record_key, *digests)


def _last(connection: Connection) -> int:
    (row,) = _LAST.all(connection, {})
    return row.last or 0


def _bundled(connection: Connection) -> int:
    found: int | None = connection.execute(select(func.max(journal_bundle.c.last))).scalar_one()
    return found or 0


def _write(connection: Connection, deeds: Sequence[Deed], now: Standing) -> None:
    """Accounts, which are nearly all deeds, and which refer to nothing, go to the database at once."""
    entries = [deed.entry for deed in deeds]
    if now.restored or any(deed.kind != "account" for deed in deeds):
        write_sequenced(connection, deeds, sequence_from(connection, entries, now))
        return
    indexes = range(now.entries, now.entries + len(deeds))
    logged = entry_rows(entries, indexes)
    insert_at_once(connection, [(log_entry, logged), (journal, _rows(deeds, indexes)), *account_rows(deeds)])
