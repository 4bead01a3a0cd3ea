"""A takeover as canonical rows, to compare a rebuilt catalogue with the one that was lost.

Rows are named by natural keys. Left out is what an order of commits decides or another place keeps: the takeover's
number, log indexes (the entries are there) and the epochs of record keys.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, Table, Text, select, type_coerce

from repository.catalogue import tables
from repository.catalogue.desk import Desk
from repository.catalogue.errors import TakeoverUnknown
from repository.catalogue.text import Words

DERIVED = (
    tables.producer, tables.item, tables.patient, tables.patient_name, tables.name_word, tables.patient_identifier,
    tables.record_key, tables.stored_object, tables.shared_facts, tables.holding, tables.finding, tables.study,
    tables.series, tables.instance, tables.document, tables.document_study, tables.medical_event, tables.custody_event,
)  # fmt: skip
_LOGGED = (tables.holding, tables.custody_event)  # their log index leads to their entry
_LEFT_OUT = frozenset({"takeover", "log_index", "epoch"})


def _columns(table: Table, *, but: frozenset[str] = _LEFT_OUT) -> list[ColumnElement[Any]]:
    """Text as it is stored, escaped: one to one, and never without a form in UTF-8."""
    own: list[ColumnElement[Any]] = [
        type_coerce(column, Text()).label(column.name) if isinstance(column.type, Words) else column
        for column in table.columns
        if column.name not in but
    ]
    return [*own, tables.log_entry.c.entry.label("logged")] if table in _LOGGED else own


def _plain(value: Any) -> str:
    return bytes(value).hex()


class Dumping(Desk):
    def dump(self, number: int) -> Iterator[tuple[str, bytes]]:
        """(table, canonical JSON of a row) for every derived row of a takeover, by table and key.

        One transaction that sees one state; rows are streamed. Equal for two catalogues that know the same.
        """
        with self._room.reading_one_state() as connection:
            streamed = connection.execution_options(stream_results=True, yield_per=1000)
            own = _columns(tables.takeover, but=frozenset({"number"}))
            row = streamed.execute(select(*own).where(tables.takeover.c.number == number)).one_or_none()
            if row is None:
                raise TakeoverUnknown(wanted=number)
            yield "takeover", _canonical([str(each.key) for each in own], row)
            for table in DERIVED:
                columns = _columns(table)
                names = [str(each.key) for each in columns]
                wanted = select(*columns).where(table.c.takeover == number).order_by(*table.primary_key.columns)
                if table in _LOGGED:
                    wanted = wanted.outerjoin(tables.log_entry, tables.log_entry.c.index == table.c.log_index)
                for found in streamed.execute(wanted):
                    yield table.name, _canonical(names, found)


def _canonical(names: Sequence[str], row: Row[*tuple[Any, ...]]) -> bytes:
    return orjson.dumps(dict(zip(names, row, strict=True)), default=_plain, option=orjson.OPT_SORT_KEYS)
