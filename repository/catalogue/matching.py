"""DICOM matching (PS3.4 C.2.2.2) as conditions that an index can answer, on both engines."""

from typing import Any

from sqlalchemy import ColumnElement, and_, false
from sqlalchemy.engine import Dialect

from repository.catalogue.folding import date_key
from repository.catalogue.text import key

ABOVE = "\U0010ffff"  # sorts after every other character, in code points as in UTF-8


def _pattern(text: str, dialect: Dialect) -> str:
    if dialect.name == "sqlite":
        return text.replace("[", "[[]")  # GLOB has the wildcards of DICOM, and sets
    for plain in ("\\", "%", "_"):
        text = text.replace(plain, "\\" + plain)
    return text.replace("*", "%").replace("?", "_")


def wild(column: ColumnElement[str], text: str, *, dialect: Dialect) -> ColumnElement[bool]:
    """`column` matches `text` with `*` and `?`; what comes before the first of them narrows an index range."""
    prefix = text
    for mark in "*?":
        prefix = prefix.partition(mark)[0]
    if prefix == text:
        return column == key(text)
    matches: ColumnElement[bool] = column.op("GLOB" if dialect.name == "sqlite" else "LIKE", is_comparison=True)(
        _pattern(text, dialect)
    )
    return and_(column >= prefix, column < prefix + ABOVE, matches) if prefix else matches


def dated(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """`column`, a date key, is the date `text` or within its range, ends included. What is no date matches nothing."""
    first, dash, last = text.strip().partition("-")
    bounds: list[ColumnElement[bool]] = []
    if not dash:
        return column == date_key(first) if date_key(first) else false()
    for end, low in ((first, True), (last, False)):
        if end.strip():
            bound = date_key(end)
            if not bound:
                return false()
            bounds.append(column >= bound if low else column <= bound)
    # An open end still leaves out what has no date: zero-length keys match no range.
    return and_(column != "", *bounds) if bounds else false()


def listed(column: ColumnElement[str], texts: tuple[str, ...]) -> ColumnElement[bool]:
    """List of UID matching (PS3.4 C.2.2.2.2)."""
    keys: list[Any] = [key(text) for text in texts]
    return column == keys[0] if len(keys) == 1 else column.in_(keys)
