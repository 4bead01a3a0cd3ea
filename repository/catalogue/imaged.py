"""Patients as images tell of them: what the image says that was taken over first, and how much there is below."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, cast, func, select, tuple_

from repository.catalogue import tables
from repository.catalogue.attributes import column
from repository.catalogue.beneath import images_of_series
from repository.catalogue.listing import rows_of
from repository.catalogue.seeing import Sight

AnyRow = Row[*tuple[Any, ...]]
Key = tuple[Any, ...]
ATTRIBUTES = {
    word: column(word) for word in ("PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex")
}


def first_studies(connection: Connection, keys: Sequence[Key], sight: Sight | None) -> Mapping[Key, AnyRow]:
    """The row of the study that came first, of those that may be seen, by (takeover, number of the patient)."""
    there = tables.study.c
    columns = (there.takeover, there.patient)
    mine = tuple_(*columns).in_(rows_of(keys, columns, connection.dialect))
    wanted = select(tables.study).where(mine).order_by(there.first_ordinal.desc())
    if sight is not None and sight.partial:
        wanted = wanted.where(sight.row(tables.study))
    return {(row.takeover, row.patient): row for row in connection.execute(wanted)}


def counted(connection: Connection, keys: Sequence[Key], sight: Sight | None) -> Mapping[Key, Mapping[str, int]]:
    """How many series and instances there are of each patient, of those that may be seen."""
    there = tables.series.c
    columns = (there.takeover, there.patient)
    mine = tuple_(*columns).in_(rows_of(keys, columns, connection.dialect))
    listed = select(*columns, images_of_series().label("images")).where(mine)
    if sight is not None and sight.partial:
        listed = listed.where(sight.row(tables.series))
    series = listed.subquery()
    whose = (series.c.takeover, series.c.patient)
    wanted = select(*whose, func.count(), cast(func.sum(series.c.images), BigInteger)).group_by(*whose)
    return {(row[0], row[1]): {"series": row[2], "instances": row[3]} for row in connection.execute(wanted)}
