"""A scope as a condition on documents and images: what is known to lie inside, and what may lie inside.

The two readings are those of `Scope.covers` and `Scope.touches`; tests hold them to be the same.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Table,
    and_,
    cast,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    true,
)

from repository.access.subject import Scope
from repository.catalogue.tables import document, document_study, instance, medical_event, study
from repository.catalogue.text import Words, identifier_key, key
from repository.domain.describing import Identifier

Condition = ColumnElement[bool]
_SPACES = "".join(filter(str.isspace, map(chr, range(0x3001))))  # all that `str.strip` takes away


def speaks_of(scope: Scope) -> bool:
    """Whether it can cover an image, of which nothing is known but its study and the day of that."""
    return not (scope.documents or scope.classes or scope.events or scope.specialties)


def covered(scope: Scope, table: Table) -> Condition:
    """The row (a document, study, series or instance) is known to lie inside. Its limits have been found to be such
    as can be met, each by itself (`reach_terms`)."""
    parts: list[Condition] = []
    if table is document:
        if scope.documents:
            parts.append(or_(*(_is(document, each) for each in scope.documents)))
        if scope.classes:
            parts.append(document.c.class_key.in_([key(each) for each in scope.classes]))
        if scope.events:
            parts.append(_has_event(or_(*(_is(medical_event, each) for each in scope.events))))
        if scope.studies:
            parts.append(_of_one_study(scope.studies))
        parts += _on_days(scope, document.c.effective_key)
    else:
        if scope.studies:
            parts.append(table.c.study_instance_uid.in_([key(each) for each in scope.studies]))
        parts += _by_study(_on_days(scope, study.c.study_date_key), table)
    return and_(true(), *parts)


def touched(scope: Scope, table: Table) -> Condition:
    """The row may lie inside, for all that is known of it."""
    parts: list[Condition] = []
    if table is document:
        if scope.documents:
            parts.append(_may_be(document, scope.documents))
        if scope.classes:
            parts.append(document.c.class_key.in_(["", *(key(each) for each in scope.classes)]))
        if scope.events:
            parts.append(or_(not_(_has_event(true())), _has_event(_may_be(medical_event, scope.events))))
        if scope.studies:
            parts.append(or_(not_(_names_one_study()), _of_one_study(scope.studies)))
        parts += _maybe_on_days(scope, document.c.effective_key)
    else:
        if scope.studies:
            parts.append(table.c.study_instance_uid.in_(["", *(key(each) for each in scope.studies)]))
        parts += _maybe_by_study(_maybe_on_days(scope, study.c.study_date_key), table)
    return and_(true(), *parts)


def _is(table: Table, identifier: Identifier) -> Condition:
    there = table.c
    whole = there.identifier_key == identifier_key(identifier)
    return and_(whole, there.root == identifier.root, there.extension == identifier.extension)


def _may_be(table: Table, named: Iterable[Identifier]) -> Condition:
    """`identity.may_be`, or no number at all."""
    # What is trimmed is as escaped as it was, and is compared as such.
    extension, root = (func.trim(table.c[name], _SPACES, type_=Words) for name in ("extension", "root"))
    found: list[Condition] = [extension == ""]
    for each in named:
        same = extension == each.extension.strip()
        issuer = each.root.strip()
        found.append(and_(same, root.in_(["", issuer])) if issuer else same)
    return or_(*found)


def _has_event(said: Condition) -> Condition:
    there = medical_event.c
    own = and_(there.takeover == document.c.takeover, there.ordinal == document.c.ordinal)
    return exists(select(there.position).where(own, said).correlate(document))


def _study_named(*said: Condition) -> Condition:
    there = document_study.c
    own = and_(there.takeover == document.c.takeover, there.ordinal == document.c.ordinal)
    return exists(select(there.position).where(own, *said).correlate(document))


def _names_one_study() -> Condition:
    """A document that names several studies, or an empty one, is not known to be of any."""
    there = document_study.c
    return and_(_study_named(there.position == 1, there.uid_key != ""), not_(_study_named(there.position == 2)))


def _of_one_study(uids: Iterable[str]) -> Condition:
    there = document_study.c
    first = _study_named(there.position == 1, there.uid_key.in_([key(each) for each in uids]))
    return and_(_names_one_study(), first)


def _is_day(column: ColumnElement[Any]) -> Condition:
    """Eight ASCII digits: keys of dates have eight digits of any script, or nothing."""
    return func.length(cast(column, LargeBinary)) == 8


def _known_days(scope: Scope) -> bool:
    """Whether the bounds of the scope are days."""
    bounds = [each for each in (scope.first_day, scope.last_day) if each]
    return bool(bounds) and all(len(each) == 8 and each.isascii() and each.isdigit() for each in bounds)


def _on_days(scope: Scope, column: ColumnElement[str]) -> list[Condition]:
    if not (scope.first_day or scope.last_day):
        return []
    if not _known_days(scope):
        return [false()]
    parts = [_is_day(column), column >= scope.first_day]
    return [*parts, column <= scope.last_day] if scope.last_day else parts


def _maybe_on_days(scope: Scope, column: ColumnElement[str]) -> list[Condition]:
    return [or_(not_(_is_day(column)), and_(*_on_days(scope, column)))] if _known_days(scope) else []


def _by_study(said: list[Condition], table: Table) -> list[Condition]:
    """Conditions on the study of a row. An image of no series has none whose day was known (`subjects.subject_of`)."""
    if not said or table is study:
        return said
    names = ("takeover", "patient", "study_instance_uid")
    own = and_(*(study.c[name] == table.c[name] for name in names))
    placed = [table.c.series_instance_uid != ""] if table is instance else []
    return [*placed, exists(select(study.c.takeover).where(own, *said).correlate(table))]


def _maybe_by_study(said: list[Condition], table: Table) -> list[Condition]:
    """The same, or there is no study."""
    known = _by_study(said, table)
    if not known or table is not instance:
        return known
    return [or_(table.c.series_instance_uid == "", table.c.study_instance_uid == "", and_(*known))]
