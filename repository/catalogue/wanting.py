"""Images by the unique keys of a retrieval (PS3.4 C.4.2.1.4): of patients, studies, series, or one by one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, select, tuple_

from repository.catalogue.assembling import AnyRow, Place, read_holdings_page_by_page
from repository.catalogue.desk import Desk
from repository.catalogue.tables import holding, instance, log_entry, patient_identifier, series
from repository.catalogue.text import key
from repository.domain.holding import Holding

READ_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """All that is said must hold; of several values, one. `takeovers`: numbers; None: any."""

    patient_id: str = ""
    studies: Sequence[str] = ()
    series: Sequence[str] = ()
    instances: Sequence[str] = ()
    takeovers: Sequence[int] | None = None


class Wanting(Desk):
    def images(self, keys: Keys) -> Iterator[tuple[int, Holding]]:
        """The kept images of these keys, with the numbers of their takeovers, by (takeover, ordinal); none where no
        key is said."""
        if not (keys.patient_id or keys.studies or keys.series or keys.instances):
            return iter(())
        wanted, place = _wanted(keys), (instance.c.takeover, instance.c.ordinal)

        def page(connection: Connection, after: Place) -> Sequence[AnyRow]:
            return connection.execute(wanted.where(tuple_(*place) > after)).all()

        return read_holdings_page_by_page(self._room, page, most=READ_AT_ONCE)


def _wanted(keys: Keys) -> Select[Any]:
    same = and_(holding.c.takeover == instance.c.takeover, holding.c.ordinal == instance.c.ordinal)
    wanted = select(holding, log_entry.c.entry).select_from(instance.join(holding, same))
    wanted = wanted.join(log_entry, log_entry.c.index == holding.c.log_index)
    return wanted.where(*_conditions(keys)).order_by(instance.c.takeover, instance.c.ordinal).limit(READ_AT_ONCE)


def _conditions(keys: Keys) -> Iterator[ColumnElement[bool]]:
    """Along the index of what is named most closely: the table of images has none by study or by patient, whose series
    lead to them."""
    there, listed = instance.c, series.c
    if keys.takeovers is not None:
        yield there.takeover.in_(keys.takeovers)
    if keys.instances:
        yield there.sop_instance_uid.in_([key(each) for each in keys.instances])
    if keys.series:
        yield there.series_instance_uid.in_([key(each) for each in keys.series])
    if keys.studies:
        studies = [key(each) for each in keys.studies]
        yield there.study_instance_uid.in_(studies)
        if not (keys.series or keys.instances):
            of_them = select(listed.series_instance_uid).where(listed.study_instance_uid.in_(studies))
            yield there.series_instance_uid.in_(of_them)
    if keys.patient_id:
        known = patient_identifier.c
        of_it = select(known.takeover, known.number).where(known.extension_key == key(keys.patient_id))
        yield tuple_(there.takeover, there.patient).in_(of_it)
        if not (keys.studies or keys.series or keys.instances):
            own = tuple_(listed.takeover, listed.patient).in_(of_it)
            yield there.series_instance_uid.in_(select(listed.series_instance_uid).where(own))
