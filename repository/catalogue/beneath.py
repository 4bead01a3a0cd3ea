"""What lies below the rows of a page: how much there is, and of a study the modalities. Of what may be seen: below a
study that is all, below a patient it need not be.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Row,
    ScalarSelect,
    Select,
    Table,
    and_,
    cast,
    func,
    select,
    tuple_,
)

from repository.catalogue import tables
from repository.catalogue.listing import rows_named, values_of
from repository.catalogue.prepared import Prepared
from repository.catalogue.query import Level
from repository.catalogue.seeing import Sight

AnyRow = Row[*tuple[Any, ...]]
Key = tuple[Any, ...]


@dataclass(slots=True)
class Beneath:
    """`counts` by name; what there is none of has no count."""

    counts: dict[str, int] = field(default_factory=dict)
    modalities: set[str] = field(default_factory=set)


NOTHING = Beneath()


def key_of(level: Level, row: AnyRow) -> Key:
    """What is grouped by: the part of the key that the tables below share."""
    match level:
        case Level.PATIENT:
            return (row.takeover, row.number if "number" in row._fields else row.patient)
        case Level.STUDY:
            return (row.takeover, row.patient, row.study_instance_uid)
        case Level.SERIES:
            return (row.takeover, row.patient, row.study_instance_uid, row.series_instance_uid)
        case _:
            return (row.takeover, row.ordinal)


def beneath(
    connection: Connection, level: Level, *, rows: Sequence[AnyRow], sight: Sight | None
) -> Mapping[Key, Beneath]:
    """By the keys of `rows`."""
    keys = [key_of(level, row) for row in rows]
    match level:
        case Level.PATIENT if keys:
            return _of_patients(connection, keys, sight)
        case Level.STUDY if keys:
            return _of_studies(connection, keys)
        case Level.SERIES if keys:
            return _of_series(connection, keys)
        case _:
            return {}


def rows_seen(
    connection: Connection, wanted: Select[Any], keys: Sequence[Key], *, sight: Sight | None, table: Table
) -> Sequence[Any]:
    """Rows of `wanted`, a statement that is made once and names rows of `table`, for `keys`, of what may be seen."""
    values = values_of(keys, sqlite=connection.dialect.name == "sqlite")
    if sight is None or not sight.partial:
        return _prepared(wanted).all(connection, values)
    return sight.asked(connection, wanted, lambda: wanted.where(sight.row(table)), values=values)


@cache
def _prepared(wanted: Select[Any]) -> Prepared:
    return Prepared(wanted)


_BELOW_PATIENTS = {"studies": tables.study, "documents": tables.document, "holdings": tables.holding}


@cache
def _of_people(name: str, *, sqlite: bool) -> Select[Any]:
    there = _BELOW_PATIENTS[name].c
    columns = (there.takeover, there.patient)
    mine = tuple_(*columns).in_(rows_named(columns, sqlite=sqlite))
    return select(*columns, func.count().label("amount")).where(mine).group_by(*columns)


def _of_patients(connection: Connection, keys: Sequence[Key], sight: Sight | None) -> Mapping[Key, Beneath]:
    found: dict[Key, Beneath] = defaultdict(Beneath)
    for name, table in _BELOW_PATIENTS.items():
        wanted = _of_people(name, sqlite=connection.dialect.name == "sqlite")
        for takeover, patient, amount in rows_seen(connection, wanted, keys, sight=sight, table=table):
            found[takeover, patient].counts[name] = amount
    return found


def images_of_series() -> ScalarSelect[int]:
    """How many a series has. A series and its images share all of its key."""
    series, instance = tables.series.c, tables.instance.c
    names = ("series_instance_uid", "takeover", "patient", "study_instance_uid")
    own = and_(*(instance[name] == series[name] for name in names))
    return select(func.count(instance.ordinal)).where(own).correlate(tables.series).scalar_subquery()


@cache
def _studies(*, sqlite: bool) -> Prepared:
    """In one statement, for each of them is a message to the database; made once, for that takes longer than asking."""
    there = tables.series.c
    columns = (there.takeover, there.patient, there.study_instance_uid)
    asked = tuple_(*columns).in_(rows_named(columns, sqlite=sqlite))
    series = select(*columns, there.modality, images_of_series().label("images")).where(asked).subquery()
    shared = [series.c[column.name] for column in (*columns, there.modality)]
    images = cast(func.sum(series.c.images), BigInteger).label("images")
    return Prepared(select(*shared, func.count().label("series"), images).group_by(*shared))


def _of_studies(connection: Connection, keys: Sequence[Key]) -> Mapping[Key, Beneath]:
    sqlite = connection.dialect.name == "sqlite"
    found: dict[Key, Beneath] = defaultdict(Beneath)
    for row in _studies(sqlite=sqlite).all(connection, values_of(keys, sqlite=sqlite)):
        modality, below = row.modality, found[row[:3]]
        for name, number in (("series", row.series), ("instances", row.images)):
            if number:
                below.counts[name] = below.counts.get(name, 0) + number
        if modality:
            below.modalities.add(modality)
    return found


@cache
def _series(*, sqlite: bool) -> Prepared:
    there = tables.series.c
    columns = (there.takeover, there.patient, there.study_instance_uid, there.series_instance_uid)
    mine = tuple_(*columns).in_(rows_named(columns, sqlite=sqlite))
    return Prepared(select(*columns, images_of_series().label("images")).where(mine))


def _of_series(connection: Connection, keys: Sequence[Key]) -> Mapping[Key, Beneath]:
    sqlite = connection.dialect.name == "sqlite"
    counted = _series(sqlite=sqlite).all(connection, values_of(keys, sqlite=sqlite))
    return {row[:4]: Beneath({"instances": row.images}) for row in counted if row.images}
