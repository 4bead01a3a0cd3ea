"""A takeover as canonical rows, to compare a rebuilt catalogue with the one that was lost.

Rows are named by natural keys. Left out is what an order of commits decides or another place keeps: the takeover's
number, log indexes (the entries are there) and the epochs of record keys.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, Table, select

from repository.catalogue import tables
from repository.catalogue.desk import Desk
from repository.catalogue.errors import TakeoverUnknown

DERIVED = (
    tables.producer, tables.item, tables.patient, tables.patient_name, tables.name_word, tables.patient_identifier,
    tables.record_key, tables.stored_object, tables.shared_facts, tables.holding, tables.finding, tables.study,
    tables.series, tables.instance, tables.document, tables.document_study, tables.medical_event, tables.custody_event,
)  # fmt: skip
_LOGGED = (tables.holding, tables.custody_event)  # their log index leads to their entry
_LEFT_OUT = frozenset({"takeover", "log_index", "epoch"})


def _columns(table: Table) -> list[ColumnElement[Any]]:
    own: list[ColumnElement[Any]] = [column for column in table.columns if column.name not in _LEFT_OUT]
    return [*own, tables.log_entry.c.entry.label("logged")] if table in _LOGGED else own


def _plain(value: object) -> object:
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


class Dumping(Desk):
    def dump(self, number: int) -> Iterator[tuple[str, bytes]]:
        """(table, canonical JSON of a row) for every derived row of a takeover, by table and key.

        One transaction that sees one state; rows are streamed. Equal for two catalogues that know the same.
        """
        with self._room.reading_one_state() as connection:
            streamed = connection.execution_options(stream_results=True, yield_per=1000)
            own = [column for column in tables.takeover.columns if column.name != "number"]
            row = streamed.execute(select(*own).where(tables.takeover.c.number == number)).one_or_none()
            if row is None:
                raise TakeoverUnknown(wanted=number)
            yield "takeover", _canonical(own, row)
            for table in DERIVED:
                columns = _columns(table)
                wanted = select(*columns).where(table.c.takeover == number).order_by(*table.primary_key.columns)
                if table in _LOGGED:
                    wanted = wanted.outerjoin(tables.log_entry, tables.log_entry.c.index == table.c.log_index)
                for found in streamed.execute(wanted):
                    yield table.name, _canonical(columns, found)


def _canonical(columns: Sequence[ColumnElement[Any]], row: Row[*tuple[Any, ...]]) -> bytes:
    named = {str(column.key): _plain(value) for column, value in zip(columns, row, strict=True)}
    return orjson.dumps(named, option=orjson.OPT_SORT_KEYS)
