"""Patients as images tell of them: what the image says that was taken over first, and how much there is below."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, Select, cast, func, select, tuple_

from repository.catalogue import tables
from repository.catalogue.attributes import column
from repository.catalogue.beneath import images_of_series, rows_seen
from repository.catalogue.listing import rows_named, values_of
from repository.catalogue.prepared import Prepared
from repository.catalogue.seeing import Sight

AnyRow = Row[*tuple[Any, ...]]
Key = tuple[Any, ...]
ATTRIBUTES = {
    word: column(word) for word in ("PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex")
}


def first_studies(connection: Connection, keys: Sequence[Key], sight: Sight | None) -> Mapping[Key, AnyRow]:
    """The row of the study that came first, of those that may be seen, by (takeover, number of the patient)."""
    wanted = _studies(sqlite=connection.dialect.name == "sqlite")
    rows = rows_seen(connection, wanted, keys, sight=sight, table=tables.study)
    return {(row.takeover, row.patient): row for row in rows}


@cache
def _studies(*, sqlite: bool) -> Select[Any]:
    there = tables.study.c
    columns = (there.takeover, there.patient)
    mine = tuple_(*columns).in_(rows_named(columns, sqlite=sqlite))
    return select(tables.study).where(mine).order_by(there.first_ordinal.desc())


def counted(connection: Connection, keys: Sequence[Key], sight: Sight | None) -> Mapping[Key, Mapping[str, int]]:
    """How many series and instances there are of each patient, of those that may be seen."""
    sqlite = connection.dialect.name == "sqlite"
    values = values_of(keys, sqlite=sqlite)
    rows: Sequence[Any]
    if sight is None or not sight.partial:
        rows = _all_amounts(sqlite=sqlite).all(connection, values)
    else:
        seen = sight.row(tables.series)
        rows = sight.asked(connection, _series, lambda: _amounts(_series(sqlite=sqlite).where(seen)), values=values)
    return {(row.takeover, row.patient): {"series": row.series, "instances": row.images} for row in rows}


@cache
def _series(*, sqlite: bool) -> Select[Any]:
    there = tables.series.c
    columns = (there.takeover, there.patient)
    mine = tuple_(*columns).in_(rows_named(columns, sqlite=sqlite))
    return select(*columns, images_of_series().label("images")).where(mine)


def _amounts(listed: Select[Any]) -> Select[Any]:
    series = listed.subquery()
    whose = (series.c.takeover, series.c.patient)
    images = cast(func.sum(series.c.images), BigInteger).label("images")
    return select(*whose, func.count().label("series"), images).group_by(*whose)


@cache
def _all_amounts(*, sqlite: bool) -> Prepared:
    return Prepared(_amounts(_series(sqlite=sqlite)))
