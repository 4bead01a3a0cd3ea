"""Searching: one page at a time, in the order of keys, so that a page never repeats or skips what was there before."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    func,
    select,
    tuple_,
)
from sqlalchemy.engine import Dialect

from repository.access.reach import Reach
from repository.catalogue import tables
from repository.catalogue.attributes import INSTANCE, SERIES, STUDY, column
from repository.catalogue.conditions import leads
from repository.catalogue.desk import Clock, Desk, utc_now
from repository.catalogue.engine import Room
from repository.catalogue.grounding import Ground, grounded
from repository.catalogue.paging import mark_of, page, page_size
from repository.catalogue.query import Hit, Level, Page, Query
from repository.catalogue.remembering import Memory, state_of
from repository.catalogue.seeing import Sight
from repository.domain.describing import Identifier

AnyRow = Row[*tuple[Any, ...]]
REMEMBERED = 64  # reaches: askers with their purposes, at one time
_UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")
_DOCUMENT = ("root", "extension", "set_root", "set_extension", "version", "template", "code", "class_code", "title",
    "effective_time", "confidentiality", "language", "author")  # fmt: skip
_VALUES = {
    Level.PATIENT: {"PatientName": "name", "PatientBirthDate": "birth_date", "PatientSex": "sex"},
    Level.STUDY: {word: column(word) for word in (_UIDS[0], *STUDY)},
    Level.SERIES: {word: column(word) for word in (*_UIDS[:2], *SERIES)},
    Level.INSTANCE: {word: column(word) for word in (*_UIDS, *INSTANCE)} | {"TransferSyntaxUID": "transfer_syntax_uid"},
    Level.DOCUMENT: {name: name for name in _DOCUMENT},
    Level.HOLDING: {name: name for name in ("path", "kind", "media_type", "disposition", "received_at", "object_id")},
}


class Sights:
    """What a reach lets be seen, as things stand: for questions that lead along an index, and for others."""

    def __init__(self, connection: Connection, reach: Reach) -> None:
        ground = grounded(connection, reach)
        self._led, self._unled = (Sight(ground, connection.dialect, led=led) for led in (True, False))

    def of(self, query: Query, dialect: Dialect) -> Sight:
        return self._led if leads(query, dialect) else self._unled


class Search(Desk):
    def __init__(self, room: Room, *, now: Clock = utc_now) -> None:
        super().__init__(room, now=now)
        self._sights: Memory[Reach, Sights] = Memory(REMEMBERED)

    def _sight(self, connection: Connection, query: Query, reach: Reach) -> Sight:
        """`reach` on the ground of the state that `connection` sees."""
        if reach.refused:
            return Sight(Ground(), connection.dialect)
        sights = self._sights.recall(reach, state_of(connection), lambda: Sights(connection, reach))
        return sights.of(query, connection.dialect)

    def search(self, query: Query, reach: Reach | None = None) -> Page:
        """A page of matches at the level of the query, of what lies within `reach`: what does not is nowhere in hits,
        counts, modalities, identifiers or marks, and nothing is found by it. Without a reach it is everything, which
        is for the archive's own upkeep. Raises `BadCursor` for a mark that no search gave."""
        with self._room.reading_one_state() as connection:
            sight = None if reach is None else self._sight(connection, query, reach)
            rows, most = page(query, connection, sight), page_size(query)
            shown = rows[:most]
            counts = _counts(connection, query.level, shown, sight) if shown else {}
            named = _identifiers(connection, shown) if query.level is Level.PATIENT and shown else {}
            seen = _modalities(connection, shown) if query.level is Level.STUDY and shown else {}
        hits = []
        for row in shown:
            key = _key(query.level, row)
            hits.append(
                _hit(query.level, row, counts=counts.get(key, {}), named=named.get(key, ()), seen=seen.get(key))
            )
        return Page(tuple(hits), mark_of(query, shown[-1]) if len(rows) > most else "")


def _key(level: Level, row: AnyRow) -> tuple[Any, ...]:
    """What counts are grouped by: the part of the key that the tables below share."""
    match level:
        case Level.PATIENT:
            return (row.takeover, row.number)
        case Level.STUDY:
            return (row.takeover, row.patient, row.study_instance_uid)
        case Level.SERIES:
            return (row.takeover, row.patient, row.study_instance_uid, row.series_instance_uid)
        case _:
            return (row.takeover, row.ordinal)


def _hit(level: Level, row: AnyRow, *, counts: Any, named: Any, seen: str | None) -> Hit:
    mapping = row._mapping  # noqa: SLF001  SQLAlchemy's documented way to columns by name
    values = {word: mapping[name] for word, name in _VALUES[level].items() if mapping[name] is not None}
    if seen is not None:
        values["ModalitiesInStudy"] = seen
    patient = row.number if level is Level.PATIENT else row.patient
    ordinal = row.ordinal if "ordinal" in mapping else 0
    return Hit(level, row.takeover, patient, ordinal, values, counts, tuple(named))


def _counts(
    connection: Connection, level: Level, rows: Sequence[AnyRow], sight: Sight | None
) -> dict[tuple[Any, ...], dict[str, int]]:
    """Of what may be seen: below a study that is all, below a patient it need not be."""
    found: dict[tuple[Any, ...], dict[str, int]] = defaultdict(dict)
    keys = [_key(level, row) for row in rows]
    series, instance = tables.series, tables.instance
    study_of = (series.c.takeover, series.c.patient, series.c.study_instance_uid)
    of_series = and_(
        *(instance.c[name] == series.c[name] for name in ("series_instance_uid", "takeover", "patient")),
        instance.c.study_instance_uid == series.c.study_instance_uid,
    )
    counted = func.count(instance.c.ordinal)
    asked: list[tuple[str, Sequence[ColumnElement[Any]], Select[Any]]] = []
    if level is Level.PATIENT:
        for name, table in (("studies", tables.study), ("documents", tables.document), ("holdings", tables.holding)):
            counting = select(func.count()).select_from(table)
            if sight is not None and sight.partial:
                counting = counting.where(sight.row(table))
            asked.append((name, (table.c.takeover, table.c.patient), counting))
    elif level is Level.STUDY:
        asked.append(("series", study_of, select(func.count()).select_from(series)))
        asked.append(("instances", study_of, select(counted).select_from(series.join(instance, of_series))))
    elif level is Level.SERIES:
        whole = (*study_of, series.c.series_instance_uid)
        asked.append(("instances", whole, select(counted).select_from(series.join(instance, of_series))))
    for name, columns, wanted in asked:
        grouped = wanted.add_columns(*columns).where(*_any_of(columns, keys)).group_by(*columns)
        for count, *key in connection.execute(grouped):
            found[tuple(key)][name] = count
    return found


def _any_of(columns: Sequence[ColumnElement[Any]], keys: Sequence[tuple[Any, ...]]) -> list[ColumnElement[bool]]:
    """One of `keys`, which begin with takeover and patient. These are said apart as well: SQLite reads a whole table
    rather than look up a list of two tuples."""
    apart = [column.in_(sorted({key[place] for key in keys})) for place, column in enumerate(columns[:2])]
    return [*apart, tuple_(*columns).in_(keys)]


def _identifiers(connection: Connection, rows: Sequence[AnyRow]) -> dict[tuple[Any, ...], list[Identifier]]:
    known, found = tables.patient_identifier.c, defaultdict(list)
    keys = [_key(Level.PATIENT, row) for row in rows]
    wanted = select(known.takeover, known.number, known.root, known.extension)
    mine = wanted.where(tuple_(known.takeover, known.number).in_(keys)).order_by(known.root_key, known.extension_key)
    for takeover, number, root, extension in connection.execute(mine):
        found[takeover, number].append(Identifier(root, extension))
    return found


def _modalities(connection: Connection, rows: Sequence[AnyRow]) -> dict[tuple[Any, ...], str]:
    """ModalitiesInStudy (PS3.4 C.3.4), joined as any multi-valued attribute."""
    series, found = tables.series.c, defaultdict(list)
    columns = (series.takeover, series.patient, series.study_instance_uid)
    keys = [_key(Level.STUDY, row) for row in rows]
    wanted = select(*columns, series.modality).distinct().where(*_any_of(columns, keys))
    for *key, modality in connection.execute(wanted.order_by(series.modality)):
        if modality:
            found[tuple(key)].append(modality)
    return {key: "\\".join(names) for key, names in found.items()}
