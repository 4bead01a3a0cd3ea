"""Lists of keys as rows of a query: however many they are, the statement is the same one, so that an engine that has
planned it once need not plan it again, and nothing is spelt out for each of them.
"""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    ColumnElement,
    Select,
    String,
    Text,
    any_,
    bindparam,
    column,
    func,
    literal,
    select,
)
from sqlalchemy.engine import Dialect

from repository.catalogue.text import fit


def rows_of(keys: Sequence[tuple[Any, ...]], columns: Sequence[ColumnElement[Any]], dialect: Dialect) -> Select[Any]:
    """A query that gives `keys`, one at least, as values of `columns`, which are numbers or words."""
    sqlite = dialect.name == "sqlite"
    values = values_of(keys, sqlite=sqlite)
    types = _types(columns, sqlite=sqlite)
    return _listed(columns, [literal(values[name], of) for name, of in types.items()], sqlite=sqlite)


def rows_named(columns: Sequence[ColumnElement[Any]], *, sqlite: bool) -> Select[Any]:
    """The same for a statement that is made once: `values_of` says what its keys are whenever it is asked."""
    types = _types(columns, sqlite=sqlite)
    return _listed(columns, [bindparam(name, type_=of) for name, of in types.items()], sqlite=sqlite)


def values_of(keys: Sequence[tuple[Any, ...]], *, sqlite: bool) -> dict[str, Any]:
    """Parameters of a statement with `rows_named`."""
    stored = [tuple(fit(value) if isinstance(value, str) else value for value in each) for each in keys]
    if sqlite:  # one column is said without a row around each: half the work, where hidden people are looked up
        return {"keys_": orjson.dumps([each[0] for each in stored] if _single(stored) else stored).decode()}
    return {f"keys_{place}": list(each) for place, each in enumerate(zip(*stored, strict=True))}


def among(column: ColumnElement[int], name: str, *, sqlite: bool) -> ColumnElement[bool]:
    """`column` is one of the numbers that `one_of` gives as the parameter `name`, along an index."""
    if not sqlite:
        return column == any_(bindparam(name, type_=ARRAY(BigInteger)))
    listed = func.json_each(bindparam(name, type_=String())).table_valued("value")
    return column.in_(select(listed.c.value))


def one_of(numbers: Sequence[int], *, sqlite: bool) -> object:
    return orjson.dumps(list(numbers)).decode() if sqlite else list(numbers)


def _types(columns: Sequence[ColumnElement[Any]], *, sqlite: bool) -> dict[str, Any]:
    if sqlite:
        return {"keys_": String()}
    return {f"keys_{place}": ARRAY(BigInteger() if _counts(each) else Text()) for place, each in enumerate(columns)}


def _single(rows: Sequence[tuple[Any, ...]]) -> bool:
    return bool(rows) and len(rows[0]) == 1


def _counts(column: ColumnElement[Any]) -> bool:
    return isinstance(column.type, BigInteger)


def _listed(columns: Sequence[ColumnElement[Any]], lists: Sequence[BindParameter[Any]], *, sqlite: bool) -> Select[Any]:
    if sqlite:
        rows = func.json_each(*lists).table_valued("value")
        if len(columns) == 1:
            return select(rows.c.value)
        return select(*(func.json_extract(rows.c.value, f"$[{place}]") for place in range(len(columns))))
    types = [BigInteger() if _counts(each) else Text() for each in columns]
    names = [column(f"k{place}", of) for place, of in enumerate(types)]
    listed = func.unnest(*lists).table_valued(*names).render_derived()
    # Words compare byte by byte, here and in their columns.
    told = zip(listed.c, columns, strict=True)
    return select(*(own if _counts(each) else own.collate("C") for own, each in told))
