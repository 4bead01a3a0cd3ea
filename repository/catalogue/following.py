"""What follows from the journal, as canonical rows in the order of their keys: to compare two catalogues in one pass.

One transaction that sees one state, on both engines. Keys order alike on both: text by its bytes, numbers as numbers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import orjson
from sqlalchemy import Connection, Table, func, select

from repository.catalogue.desk import Desk
from repository.catalogue.journal_tables import journal
from repository.catalogue.projecting import FOLLOWING
from repository.catalogue.text import fit

Key = tuple[int, tuple[bytes | int, ...]]  # the table's place in FOLLOWING, and the row's primary key
# Columns that name no person: what a finding may say of a row. All others stay in the catalogue.
_NAMING = frozenset({"id", "number", "edition", "takeover", "since", "demand", "position", "place"})


@dataclass(frozen=True, slots=True)
class FollowingRow:
    """`at` counts the rows of the table from 1; `named` says which row it is, without a word about anybody."""

    key: Key
    table: str
    named: str
    content: bytes


class Following(Desk):
    def following(self, begin: Callable[[int], None] = lambda _last: None) -> Iterator[FollowingRow]:
        """Every row that follows from the deeds up to the last one; `begin` gets its number first."""
        with self._room.reading_one_state() as connection:
            begin(connection.execute(select(func.max(journal.c.number))).scalar_one() or 0)
            streamed = connection.execution_options(stream_results=True, yield_per=1000)
            for place, table in enumerate(FOLLOWING):
                yield from _rows(streamed, table, place)


def _rows(connection: Connection, table: Table, place: int) -> Iterator[FollowingRow]:
    names = [str(column.name) for column in table.columns]
    keys = [str(column.name) for column in table.primary_key.columns]
    safe = _NAMING.issuperset(keys)
    for at, row in enumerate(connection.execute(select(table).order_by(*table.primary_key.columns)), 1):
        values = dict(zip(names, row, strict=True))
        named = ", ".join(f"{name} {values[name]}" for name in keys) if safe else f"place {at}"
        content = orjson.dumps({name: _plain(value) for name, value in values.items()}, option=orjson.OPT_SORT_KEYS)
        yield FollowingRow((place, tuple(_sortable(values[name]) for name in keys)), table.name, named, content)


def _plain(value: object) -> object:
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def _sortable(value: object) -> bytes | int:
    if isinstance(value, str):
        return fit(value).encode()
    return value if isinstance(value, int) else bytes(value)  # type: ignore[call-overload]
