"""Questions by their shape: what is said in one is left open, so that the statement for all of a shape is made once.

Profiled, of the 0.6 ms in which a study was found by its UID the database took 0.05: the rest went into putting
together the same statement as for the one before, and into looking up that it had been compiled.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any

from repository.catalogue.folding import date_key, folded_name
from repository.catalogue.matching import ABOVE, Form, Slot, beginning, pattern
from repository.catalogue.query import Level, Query
from repository.catalogue.text import key
from repository.domain.describing import Kind


@dataclass(frozen=True, slots=True)
class Shape:
    """`template` is the same for all questions of one shape; `values` are what this one says in its slots."""

    template: Query
    values: Mapping[str, Any]


def shape_of(query: Query, *, sqlite: bool) -> Shape | None:
    """None where something is asked that has no slot: then the statement is made for it alone."""
    if _unslotted(query) != _NOTHING:
        return None
    fields: list[tuple[str, Form]] = []
    values: dict[str, Any] = {}
    for name in _UIDS:
        uids = getattr(query, name)
        if len(uids) > 1:
            return None
        if uids:
            fields.append((name, Form.EXACT))
            values[f"{name}_"] = key(uids[0])
    for name, folds in _TEXTS.items():
        if (text := getattr(query, name)).strip("*"):
            fields.append((name, _worded(name, text if folds is None else folds(text), values, sqlite=sqlite)))
    for name in _DAYS:
        if text := getattr(query, name):
            dated = _dated(name, text, values)
            if dated is None:
                return None
            fields.append((name, dated))
    return Shape(_template(query.level, query.kind, tuple(fields), imaged=query.imaged, placed=query.placed), values)


@lru_cache(maxsize=1024)
def _template(
    level: Level, kind: Kind | None, fields: tuple[tuple[str, Form], ...], *, imaged: bool, placed: bool
) -> Query:
    slots: dict[str, Any] = {name: Slot(name, form) for name, form in fields}
    slots |= {name: (slots[name],) for name in _UIDS if name in slots}
    return Query(level=level, kind=kind, imaged=imaged, placed=placed, **slots)


_UIDS = ("study_uids", "series_uids", "sop_instance_uids")
_TEXTS: Mapping[str, Callable[[str], str] | None] = {
    "patient_id": None,
    "patient_name": folded_name,
    "accession_number": None,
    "modality": None,
    "referring_physician": folded_name,
}
_DAYS = ("dates", "birth_date")
_WITHOUT: Mapping[str, object] = {
    "after": "", "takeovers": None, "patient": None, "patient_root": None, "sex": "", "matching": (),
    "document_id": "", "document_root": None, "set_id": None, "replaces": None, "class_code": "", "author": "",
    "event_id": None, "fuzzy": False,
}  # fmt: skip
_unslotted = attrgetter(*_WITHOUT)
_NOTHING = tuple(_WITHOUT.values())


def _worded(name: str, text: str, values: dict[str, Any], *, sqlite: bool) -> Form:
    begun = beginning(text)
    if begun == text:
        values[f"{name}_"] = key(text)
        return Form.EXACT
    values[f"{name}_"] = pattern(text, sqlite=sqlite)
    if not begun:
        return Form.WILD
    values[f"{name}_low"], values[f"{name}_high"] = begun, begun + ABOVE
    return Form.BEGUN


def _dated(name: str, text: str, values: dict[str, Any]) -> Form | None:
    """None for what is no date or range."""
    first, dash, last = text.strip().partition("-")
    low, high = date_key(first), date_key(last)
    if (first.strip() and not low) or (last.strip() and not high) or not (low or high):
        return None
    if not dash:
        values[f"{name}_"] = low
        return Form.EXACT
    if low:
        values[f"{name}_low"] = low
    if high:
        values[f"{name}_high"] = high
    return Form.BETWEEN if low and high else Form.FROM if low else Form.UNTIL
