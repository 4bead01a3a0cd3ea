"""Images by their UIDs, without a search: for whoever has decided already, or decides on what is found."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, exists, func, literal, select, tuple_

from repository.catalogue import bulk, tables
from repository.catalogue.assembling import AnyRow, Place, read_holdings, read_holdings_page_by_page
from repository.catalogue.desk import Desk
from repository.catalogue.header_tables import series_header
from repository.catalogue.prepared import Prepared
from repository.catalogue.tables import holding, instance, log_entry, series
from repository.catalogue.text import fit, key
from repository.domain.holding import Holding
from repository.domain.takeover import FINAL

READ_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """One series of one patient in one takeover; the UIDs as columns hold them."""

    takeover: int
    patient: int
    study: str
    series: str


@dataclass(frozen=True, slots=True)
class Alike:
    """`instances` images of a series that say the same of patient, study and series, so that what may be done with one
    of them may be done with all; from ordinal `first` to `last`."""

    series: SeriesKey
    facts: bytes
    instances: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class SeriesHeader:
    """Where the metadata of a series lies sealed: `length` sealed bytes at `offset` of the object `key`.

    `index_length` bytes of it, opened, are its index; `sha256` is that of all of it, opened.
    """

    series: SeriesKey
    key: str
    size: int
    record_key: str
    offset: int
    length: int
    sealed_sha256: bytes
    index_length: int
    instances: int
    last_ordinal: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Fixity:
    """What proves the bytes of a holding: their digest and number as received, and where the log has its entry."""

    sha256: bytes
    size: int
    log_index: int
    received_at: str


class Images(Desk):
    def fixity(self, takeover: int, ordinals: Sequence[int]) -> dict[int, Fixity]:
        """By ordinal, of those of these holdings that there are."""
        found: dict[int, Fixity] = {}
        with self._room.reading() as connection:
            for group in bulk.in_groups(ordinals):
                rows = connection.execute(_FIXITY, {"takeover": takeover, "ordinals": list(group)})
                found.update((row[0], Fixity(bytes(row[1]), *row[2:])) for row in rows)
        return found

    def named(self, study: str, *, series: str = "", sop: str = "") -> Iterator[tuple[int, Holding]]:
        """The kept images of these UIDs in all takeovers, with the numbers of those, by (takeover, ordinal)."""
        asked = {"study": key(study), "series": key(series), "sop": key(sop)}
        wanted = _page(series=bool(series), sop=bool(sop))

        def page(connection: Connection, after: Place) -> Sequence[AnyRow]:
            return wanted.all(connection, asked | {"takeover": after[0], "ordinal": after[1]})

        return read_holdings_page_by_page(self._room, page, most=READ_AT_ONCE)

    def alike(self, study: str, *, series: str = "", sop: str = "") -> list[Alike]:
        """The images of these UIDs in groups, by takeover, patient, series, and first ordinal."""
        asked = {"study": key(study), "series": key(series), "sop": key(sop)}
        with self._room.reading() as connection:
            rows = _counted(series=bool(series), sop=bool(sop)).all(connection, asked)
        found = [Alike(SeriesKey(*row[:4]), bytes(row[4] or b""), *row[5:]) for row in rows]
        return sorted(found, key=lambda each: (each.series.takeover, each.series.patient, each.first))

    def ordinals(self, alike: Alike) -> frozenset[int]:
        """The ordinals of the images of a group."""
        facts = holding.c.facts.is_(None) if not alike.facts else holding.c.facts == alike.facts
        same = and_(*_of_series(instance, alike.series), facts)
        with self._room.reading() as connection:
            return frozenset(connection.execute(_joined(select(instance.c.ordinal)).where(same)).scalars())

    def of_series(self, wanted: SeriesKey) -> Iterator[Holding]:
        """The images of one series, by ordinal."""
        rows = _joined(select(holding, log_entry.c.entry)).join(log_entry, log_entry.c.index == holding.c.log_index)
        rows = rows.where(*_of_series(instance, wanted)).order_by(instance.c.ordinal).limit(READ_AT_ONCE)
        after = 0
        while True:
            with self._room.reading() as connection:
                page = connection.execute(rows.where(instance.c.ordinal > after)).all()
                found = read_holdings(connection, wanted.takeover, page)
            yield from found
            if len(page) < READ_AT_ONCE:
                return
            after = page[-1].ordinal

    def series_in(self, takeover: int) -> list[SeriesKey]:
        """All series of a takeover."""
        there = series.c
        columns = (there.takeover, there.patient, there.study_instance_uid, there.series_instance_uid)
        with self._room.reading() as connection:
            rows = connection.execute(select(*columns).where(there.takeover == takeover).order_by(*columns))
            return [SeriesKey(*row) for row in rows]

    def unprepared(self, kind: str) -> list[str]:
        """The ids of ended takeovers with images for which there never was a job of this kind: after they end, and
        after the catalogue was made again, for jobs are not."""
        there, own = tables.takeover.c, tables.job.c
        asked = exists().where(own.key == literal(f"{kind}/").concat(there.id))
        images = exists().where(series.c.takeover == there.number)
        ended = there.state.in_([state.value for state in FINAL])
        with self._room.reading() as connection:
            wanted = select(there.id).where(ended, images, ~asked).order_by(there.number)
            return list(connection.execute(wanted).scalars())

    def extent(self, wanted: SeriesKey) -> tuple[int, int, int]:
        """How many images a series has, the least and the greatest of their ordinals; zeros where there are none."""
        with self._room.reading() as connection:
            ((count, first, last),) = _EXTENT.all(connection, asdict(wanted))
        return count, first or 0, last or 0

    def header(self, wanted: SeriesKey) -> SeriesHeader | None:
        with self._room.reading() as connection:
            row = _HEADER.first(connection, asdict(wanted))
        return None if row is None else _header(row)

    def headers(self, takeover: int) -> list[SeriesHeader]:
        """All that are known of a takeover, by the names of their objects."""
        mine = select(series_header).where(series_header.c.takeover == takeover)
        with self._room.reading() as connection:
            return [_header(row) for row in connection.execute(mine.order_by(series_header.c.key))]

    def note_header(self, header: SeriesHeader) -> bool:
        """The header is known, unless one is that tells of as many images or more; whether it was taken."""
        own = header.series
        row = (own.takeover, own.patient, fit(own.study), fit(own.series), header.key, header.size, header.record_key,
            header.offset, header.length, header.sealed_sha256, header.index_length, header.instances,
            header.last_ordinal, header.sha256)  # fmt: skip
        changed = ", ".join(f'"{column.name}" = excluded."{column.name}"' for column in list(series_header.c)[4:])
        conflict = (
            "ON CONFLICT (takeover, patient, study_instance_uid, series_instance_uid) DO UPDATE SET "
            f"{changed} WHERE excluded.last_ordinal > series_header.last_ordinal"
        )
        with self._room.writing() as connection:
            bulk.insert(connection, series_header, [row], conflict=conflict)
            there = select(series_header.c.key).where(*_of_series(series_header, own))
            return bool(connection.execute(there).scalar_one() == header.key)

    def forget_header(self, header: SeriesHeader) -> None:
        """This header is not known any more: it does not open, or is not what it was."""
        same = (*_of_series(series_header, header.series), series_header.c.key == header.key)
        with self._room.writing() as connection:
            connection.execute(series_header.delete().where(*same))


@cache
def _page(*, series: bool, sop: bool) -> Prepared:
    """The images after (takeover, ordinal); made once: making it took five times as long as asking it."""
    wanted = _joined(select(holding, log_entry.c.entry)).join(log_entry, log_entry.c.index == holding.c.log_index)
    place = (instance.c.takeover, instance.c.ordinal)
    after = tuple_(*(bindparam(each.name, type_=each.type) for each in place))
    named = _named(series=series, sop=sop)
    return Prepared(wanted.where(*named, tuple_(*place) > after).order_by(*place).limit(READ_AT_ONCE))


@cache
def _counted(*, series: bool, sop: bool) -> Prepared:
    there = instance.c
    own = (there.takeover, there.patient, there.study_instance_uid, there.series_instance_uid, holding.c.facts)
    counts = (func.count(), func.min(there.ordinal), func.max(there.ordinal))
    return Prepared(_joined(select(*own, *counts)).where(*_named(series=series, sop=sop)).group_by(*own))


def _named(*, series: bool, sop: bool) -> list[ColumnElement[bool]]:
    """Along the index of what is named most closely."""
    there = instance.c
    asked = [there.study_instance_uid == bindparam("study")]
    asked += [there.series_instance_uid == bindparam("series")] if series else []
    asked += [there.sop_instance_uid == bindparam("sop")] if sop else []
    if not series and not sop:
        own = tables.series.c
        listed = select(own.series_instance_uid).where(own.study_instance_uid == bindparam("study"))
        asked.append(there.series_instance_uid.in_(listed))
    return asked


def _joined(wanted: Select[Any]) -> Select[Any]:
    same = and_(holding.c.takeover == instance.c.takeover, holding.c.ordinal == instance.c.ordinal)
    return wanted.select_from(instance.join(holding, same))


def _of_series(table: Any, wanted: SeriesKey) -> tuple[Any, ...]:
    return (
        table.c.series_instance_uid == wanted.series,
        table.c.takeover == wanted.takeover,
        table.c.patient == wanted.patient,
        table.c.study_instance_uid == wanted.study,
    )


def _header(row: Any) -> SeriesHeader:
    return SeriesHeader(
        SeriesKey(row.takeover, row.patient, row.study_instance_uid, row.series_instance_uid),
        row.key, row.size, row.record_key, row.offset, row.length, bytes(row.sealed_sha256), row.index_length,
        row.instances, row.last_ordinal, bytes(row.sha256),
    )  # fmt: skip


_FIXITY = select(
    holding.c.ordinal, holding.c.sha256, holding.c.size, holding.c.log_index, holding.c.received_at
).where(
    holding.c.takeover == bindparam("takeover"), holding.c.ordinal.in_(bindparam("ordinals", expanding=True))
)  # fmt: skip
_PARTS: dict[str, Any] = {name: bindparam(name) for name in SeriesKey.__slots__}
_BY_KEY = SeriesKey(**_PARTS)  # what stands for its parts
_HEADER = Prepared(select(series_header).where(*_of_series(series_header, _BY_KEY)))
_EXTENT = Prepared(
    select(func.count(), func.min(instance.c.ordinal), func.max(instance.c.ordinal)).where(
        *_of_series(instance, _BY_KEY)
    )
)
