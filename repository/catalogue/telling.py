"""Rows as hits: what they say themselves, what they are part of, and all that is catalogued of them elsewhere."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, and_, select, tuple_

from repository.catalogue import tables
from repository.catalogue.attributes import INSTANCE, SERIES, STUDY, column
from repository.catalogue.beneath import NOTHING, Beneath, beneath, key_of
from repository.catalogue.conditions import TABLES
from repository.catalogue.imaged import ATTRIBUTES, counted, first_studies
from repository.catalogue.listing import rows_named, rows_of, values_of
from repository.catalogue.prepared import Prepared
from repository.catalogue.query import Hit, Level, Query
from repository.catalogue.seeing import Sight
from repository.catalogue.text import unpacked
from repository.domain.describing import Identifier

AnyRow = Row[*tuple[Any, ...]]
Key = tuple[Any, ...]
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
_IMAGES = frozenset({Level.STUDY, Level.SERIES, Level.INSTANCE})


class Telling:
    """What is told of the rows of a page. All of a study is seen or is not, so what they are part of is as well."""

    def __init__(self, connection: Connection, query: Query, sight: Sight | None) -> None:
        self._connection, self._query, self._sight = connection, query, sight

    def hits(self, rows: Sequence[AnyRow]) -> list[Hit]:
        if not rows:
            return []
        level, above = self._query.level, self._above(rows)
        found = self._of(level, rows)
        if not above:
            return found
        whole: list[Hit] = []
        for row, hit in zip(rows, found, strict=True):
            parts = tuple(known[key_of(each, row)] for each, known in above.items() if key_of(each, row) in known)
            made = Hit(level, hit.takeover, hit.patient, hit.ordinal, hit.values, hit.counts, hit.identifiers, parts)
            whole.append(made)
        return whole

    def _above(self, rows: Sequence[AnyRow]) -> dict[Level, dict[Key, Hit]]:
        found: dict[Level, dict[Key, Hit]] = {}
        for level in self._query.above:
            keys = list(dict.fromkeys(key_of(level, row) for row in rows))
            above = _asked(self._connection, _rows(level, sqlite=_is_sqlite(self._connection)), keys)
            found[level] = {key_of(level, row): hit for row, hit in zip(above, self._of(level, above), strict=True)}
        return found

    def _of(self, level: Level, rows: Sequence[AnyRow]) -> list[Hit]:
        below = beneath(self._connection, level, rows=rows, sight=self._sight)
        named = _identifiers(self._connection, rows) if level is Level.PATIENT else {}
        alike = self._alike(level, rows) if level in _IMAGES else {}
        classes = _sop_classes(self._connection, rows) if self._query.sop_classes and level is Level.STUDY else {}
        imaged = self._imaged(rows) if self._query.imaged and level is Level.PATIENT else {}
        hits = []
        for row in rows:
            key = key_of(level, row)
            values = _values(level, row, below.get(key, NOTHING))
            if alike:
                values = {**alike.get(_place(level, row), {}), **values}
            if key in classes:
                values["SOPClassesInStudy"] = "\\".join(sorted(classes[key]))
            patient = row.number if level is Level.PATIENT else row.patient
            ordinal = row.ordinal if level in _PLACED else 0
            counts = below.get(key, NOTHING).counts
            if key in imaged:
                values, counts = {**values, **imaged[key][0]}, {**counts, **imaged[key][1]}
            hits.append(Hit(level, row.takeover, patient, ordinal, values, counts, tuple(named.get(key, ()))))
        return hits

    def _imaged(self, rows: Sequence[AnyRow]) -> Mapping[Key, tuple[Mapping[str, str], Mapping[str, int]]]:
        keys = [key_of(Level.PATIENT, row) for row in rows]
        studies = first_studies(self._connection, keys, self._sight)
        amounts = counted(self._connection, keys, self._sight)
        alike = self._alike(Level.STUDY, list(studies.values()))
        found = {}
        for key, row in studies.items():
            own = {word: text for word, name in ATTRIBUTES.items() if (text := getattr(row, name))}
            found[key] = {**alike.get(_place(Level.STUDY, row), {}), **own}, amounts.get(key, {})
        return found

    def _alike(self, level: Level, rows: Sequence[AnyRow]) -> Mapping[Key, Mapping[str, str]]:
        if self._query.all_values:
            return _alike(self._connection, level, rows)
        if not self._query.time_zone:
            return {}
        found = _alike(self._connection, level, rows, word=_TIME_ZONE)
        return {place: {_TIME_ZONE: said[_TIME_ZONE]} for place, said in found.items() if _TIME_ZONE in said}


_TIME_ZONE = "TimezoneOffsetFromUTC"
_PLACED = frozenset({Level.INSTANCE, Level.DOCUMENT, Level.HOLDING})


@cache
def _places(level: Level) -> tuple[tuple[str, int], ...]:
    """What is told of a row, and where in it that stands: all columns of its table come first, in their order."""
    names = [each.name for each in TABLES[level].columns]
    return tuple((word, names.index(name)) for word, name in _VALUES[level].items())


def _values(level: Level, row: AnyRow, below: Beneath) -> dict[str, str]:
    values = {word: text for word, place in _places(level) if (text := row[place]) is not None}
    if below.modalities:
        # ModalitiesInStudy (PS3.4 C.3.4), joined as any multi-valued attribute.
        values["ModalitiesInStudy"] = "\\".join(sorted(below.modalities))
    return values


def _place(level: Level, row: AnyRow) -> tuple[int, int]:
    return row.takeover, row.ordinal if level is Level.INSTANCE else row.first_ordinal


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def _asked(connection: Connection, wanted: Prepared, keys: Sequence[Key]) -> list[Any]:
    return wanted.all(connection, values_of(keys, sqlite=_is_sqlite(connection)))


@cache
def _rows(level: Level, *, sqlite: bool) -> Prepared:
    """The rows of these keys. Statements are made once: that takes as long as to ask them."""
    table = TABLES[level]
    columns = list(table.primary_key.columns)
    return Prepared(select(table).where(tuple_(*columns).in_(rows_named(columns, sqlite=sqlite))))


@cache
def _bodies(*, sqlite: bool, word: str) -> Prepared:
    """What is shared by the holdings at these places, where `word` stands in it."""
    own, shared = tables.holding.c, tables.shared_facts.c
    columns = (own.takeover, own.ordinal)
    same = and_(shared.takeover == own.takeover, shared.digest == own.facts)
    wanted = select(*columns, shared.body).select_from(tables.holding.join(tables.shared_facts, same))
    wanted = wanted.where(tuple_(*columns).in_(rows_named(columns, sqlite=sqlite)))
    return Prepared(wanted.where(shared.body.contains(f'"{word}"', autoescape=True)) if word else wanted)


def _alike(
    connection: Connection, level: Level, rows: Sequence[AnyRow], *, word: str = ""
) -> Mapping[Key, Mapping[str, str]]:
    """What the holdings say that name the rows: by (takeover, ordinal)."""
    keys = list(dict.fromkeys(_place(level, row) for row in rows))
    found: dict[Key, dict[str, str]] = defaultdict(dict)
    known: dict[str, dict[str, str]] = {}
    for *place, body in _asked(connection, _bodies(sqlite=_is_sqlite(connection), word=word), keys):
        if body not in known:
            known[body] = unpacked(body)[1]
        found[tuple(place)].update(known[body])
    if level is Level.INSTANCE and not word:
        for row in rows:
            rest = {word: text for word, text in unpacked(row.rest).items() if isinstance(text, str)}
            found[_place(level, row)].update(rest)
    return found


def _sop_classes(connection: Connection, rows: Sequence[AnyRow]) -> Mapping[Key, set[str]]:
    """By way of the series: images have no index on their study."""
    series, own = tables.series.c, tables.instance.c
    columns = (series.takeover, series.patient, series.study_instance_uid)
    names = ("series_instance_uid", "takeover", "patient", "study_instance_uid")
    joined = tables.series.join(tables.instance, and_(*(own[name] == series[name] for name in names)))
    listed = rows_of([key_of(Level.STUDY, row) for row in rows], columns, connection.dialect)
    wanted = select(*columns, own.sop_class_uid).select_from(joined).where(tuple_(*columns).in_(listed)).distinct()
    found: dict[Key, set[str]] = defaultdict(set)
    for *key, sop_class in connection.execute(wanted):
        found[tuple(key)].add(sop_class)
    return found


@cache
def _known(*, sqlite: bool) -> Prepared:
    known = tables.patient_identifier.c
    columns = (known.takeover, known.number)
    wanted = select(*columns, known.root, known.extension)
    wanted = wanted.where(tuple_(*columns).in_(rows_named(columns, sqlite=sqlite)))
    return Prepared(wanted.order_by(known.root_key, known.extension_key))


def _identifiers(connection: Connection, rows: Sequence[AnyRow]) -> dict[Key, list[Identifier]]:
    found: dict[Key, list[Identifier]] = defaultdict(list)
    keys = [key_of(Level.PATIENT, row) for row in rows]
    for takeover, number, root, extension in _asked(connection, _known(sqlite=_is_sqlite(connection)), keys):
        found[takeover, number].append(Identifier(root, extension))
    return found
