"""DICOM matching (PS3.4 C.2.2.2) as conditions that an index can answer, on both engines."""

from enum import StrEnum
from typing import Any, Self

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, false
from sqlalchemy.engine import Dialect

from repository.catalogue.folding import date_key
from repository.catalogue.text import key

ABOVE = "\U0010ffff"  # sorts after every other character, in code points as in UTF-8


class Form(StrEnum):
    """What a text asks for, and so which values a condition needs for it."""

    EXACT = "exact"
    BEGUN = "begun"  # wildcards behind a beginning
    WILD = "wild"  # wildcards from the first character
    BETWEEN = "between"  # days, ends included
    FROM = "from"
    UNTIL = "until"


class Slot(str):  # noqa: SLOT000  it has names of its own, and there are some dozens
    """Stands in a query for a text of one form that is said only when the statement is asked (`shapes.py`). It is a
    text that is not empty and has no wildcards."""

    form: Form
    name: str

    def __new__(cls, name: str, form: Form) -> Self:
        made = super().__new__(cls, f"{name} {form.value}")
        made.name, made.form = name, form
        return made

    def value(self, column: ColumnElement[str], part: str = "") -> BindParameter[str]:
        """What will be said: all of it, or its `low` or `high` end."""
        return bindparam(f"{self.name}_{part}", type_=column.type)


def pattern(text: str, *, sqlite: bool) -> str:
    """The wildcards of DICOM as the engine has them."""
    if sqlite:
        return text.replace("[", "[[]")  # GLOB has the wildcards of DICOM, and sets
    for plain in ("\\", "%", "_"):
        text = text.replace(plain, "\\" + plain)
    return text.replace("*", "%").replace("?", "_")


def beginning(text: str) -> str:
    """What comes before the first wildcard; all of what has none."""
    for mark in "*?":
        text = text.partition(mark)[0]
    return text


def wild(column: ColumnElement[str], text: str, *, dialect: Dialect) -> ColumnElement[bool]:
    """`column` matches `text` with `*` and `?`; what comes before the first of them narrows an index range."""
    sqlite = dialect.name == "sqlite"
    matches = column.op("GLOB" if sqlite else "LIKE", is_comparison=True)
    if isinstance(text, Slot):
        if text.form is Form.EXACT:
            return column == text.value(column)
        told = matches(text.value(column))
        begun = (column >= text.value(column, "low"), column < text.value(column, "high"))
        return and_(*begun, told) if text.form is Form.BEGUN else told
    prefix = beginning(text)
    if prefix == text:
        return column == key(text)
    found: ColumnElement[bool] = matches(pattern(text, sqlite=sqlite))
    return and_(column >= prefix, column < prefix + ABOVE, found) if prefix else found


def dated(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """`column`, a date key, is the date `text` or within its range, ends included. What is no date matches nothing."""
    if isinstance(text, Slot):
        return _dated(column, text)
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


def _dated(column: ColumnElement[str], slot: Slot) -> ColumnElement[bool]:
    if slot.form is Form.EXACT:
        return column == slot.value(column)
    bounds: list[ColumnElement[bool]] = []
    if slot.form is not Form.UNTIL:
        bounds.append(column >= slot.value(column, "low"))
    if slot.form is not Form.FROM:
        bounds.append(column <= slot.value(column, "high"))
    return and_(column != "", *bounds)


def listed(column: ColumnElement[str], texts: tuple[str, ...]) -> ColumnElement[bool]:
    """List of UID matching (PS3.4 C.2.2.2.2)."""
    first = texts[0]
    if len(texts) == 1:
        return column == (first.value(column) if isinstance(first, Slot) else key(first))
    keys: list[Any] = [key(text) for text in texts]
    return column.in_(keys)
