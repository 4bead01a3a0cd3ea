"""A takeover in numbers, counted by the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, distinct, func, select

from repository.catalogue.desk import Desk
from repository.catalogue.tables import (
    document,
    finding,
    holding,
    instance,
    item,
    patient,
    series,
    stored_object,
    study,
)
from repository.domain.takeover import Disposition


@dataclass(frozen=True, slots=True)
class Counts:
    """`size` is bytes as received, `stored_size` bytes of stored objects; `items` leaves out what there is none of."""

    items: Mapping[Disposition, int]
    holdings: int
    size: int
    stored_size: int
    packs: int
    patients: int
    documents: int
    studies: int
    series: int
    instances: int
    findings: int


def _count(connection: Connection, number: int, table: Table, what: ColumnElement[Any] | None = None) -> int:
    counted = func.count() if what is None else func.coalesce(what, 0)
    return int(connection.execute(select(counted).select_from(table).where(table.c.takeover == number)).scalar_one())


class Counting(Desk):
    def counts(self, number: int) -> Counts:
        """All counts of one state of the takeover. A study that two patients share is one study."""
        settled = select(item.c.disposition, func.count()).where(item.c.takeover == number)
        with self._room.reading_one_state() as connection:
            items = {
                Disposition(name): count for name, count in connection.execute(settled.group_by(item.c.disposition))
            }
            return Counts(
                items=items,
                holdings=_count(connection, number, holding),
                size=_count(connection, number, holding, func.sum(holding.c.size)),
                stored_size=_count(connection, number, stored_object, func.sum(stored_object.c.size)),
                packs=_count(connection, number, stored_object),
                patients=_count(connection, number, patient),
                documents=_count(connection, number, document),
                studies=_count(connection, number, study, func.count(distinct(study.c.study_instance_uid))),
                series=_count(connection, number, series, func.count(distinct(series.c.series_instance_uid))),
                instances=_count(connection, number, instance),
                findings=_count(connection, number, finding),
            )
