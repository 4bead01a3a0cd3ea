"""Matching keys for attributes without a field of their own in `Query` (PS3.4 C.2.2.2), as conditions on the row of
their level: in a column, in what holdings share (`shared_facts`), or in what an image says alone (`instance.rest`).
"""

import re
from typing import Any

from sqlalchemy import ColumnElement, String, Table, and_, case, cast, false, func, or_, select, true, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect

from repository.catalogue.attributes import ALIKE, column
from repository.catalogue.folding import date_key
from repository.catalogue.matching import dated, wild
from repository.catalogue.query import Manner, Match
from repository.catalogue.tables import holding, instance, shared_facts, study
from repository.catalogue.text import Words, key

SEVERAL = frozenset({"ImageType", "OtherPatientIDs", "AdmittingDiagnosesDescription", "RelatedGeneralSOPClassUID"})
"""Attributes of several values: one of them has to match."""
_TIME = re.compile(r"(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.(\d{1,6}))?)?)?")
_WHOLE = re.compile(r"[+-]?\d{1,12}")


def holds(match: Match, table: Table, dialect: Dialect) -> ColumnElement[bool]:
    """The value of the row of `table` matches."""
    value = _value(match.keyword, table, dialect)
    match match.manner:
        case Manner.DATE:
            return dated(func.replace(value, ".", "", type_=String), match.text)
        case Manner.TIME if match.days:
            return on_the_ends(_date_beside(match.keyword, table, dialect), value, match)
        case Manner.TIME:
            return timed(value, match.text)
        case Manner.NUMBER:
            return numbered(value, match.text)
        case Manner.LIST:
            listed = [each.strip() for each in match.text.split("\\")]
            return or_(false(), *(_text(match.keyword, value, each, dialect=dialect) for each in listed))
        case _:
            return _text(match.keyword, value, match.text, dialect=dialect)


def _text(keyword: str, value: ColumnElement[Any], text: str, *, dialect: Dialect) -> ColumnElement[bool]:
    if keyword in SEVERAL:
        return wild(type_coerce("\\" + value + "\\", Words), f"*\\{text}\\*", dialect=dialect)
    return wild(value, text, dialect=dialect)


def numbered(value: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    if not _WHOLE.fullmatch(text.strip()):
        return false()
    number = int(text)
    sign, digits = ("-" if number < 0 else ""), str(abs(number)).lstrip("0")
    bare = func.ltrim(func.ltrim(value, "+", type_=String), "0", type_=String)
    # What is empty once its noughts are gone is nought, unless it was empty before.
    return and_(value != "", bare == sign + digits)


def timed(value: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """The time is `text`, or within its range, ends included. What is no time matches nothing."""
    bounds = [value != ""]
    for end, low in zip(_ends(text), (True, False), strict=True):
        if not end:
            continue
        bound = _bound(end, low=low)
        if bound is None:
            return false()
        bounds.append(_whole(value) >= bound if low else _whole(value) <= bound)
    return and_(*bounds) if len(bounds) > 1 else false()


def on_the_ends(date: ColumnElement[Any], time: ColumnElement[Any], match: Match) -> ColumnElement[bool]:
    """The time is not before the first time on the first of the days, nor after the last one on the last. That the
    date is one of the days is another condition; an end without a date is open, whatever time is said of it."""
    parts: list[ColumnElement[bool]] = [true()]
    for day, end, low in zip(_ends(match.days), _ends(match.text), (True, False), strict=True):
        if not (day and end):
            continue
        bound = _bound(end, low=low)
        if bound is None:
            return false()
        within = _whole(time) >= bound if low else _whole(time) <= bound
        parts.append(or_(date != date_key(day), and_(time != "", within)))
    return and_(*parts)


def _ends(text: str) -> tuple[str, str]:
    """Both ends of a range; a single value is both."""
    first, dash, last = text.strip().partition("-")
    return first.strip(), (last if dash else first).strip()


def _whole(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """A time that leaves out its minutes or seconds begins when it begins."""
    bare = func.replace(value, ":", "", type_=String)
    return case((func.length(bare) < len("HHMMSS"), func.substr(bare + "0000", 1, 6)), else_=bare)


def date_of(time: str) -> str:
    """The keyword of the date that stands beside the time with that keyword."""
    return f"{time.removesuffix('Time')}Date"


def _date_beside(keyword: str, table: Table, dialect: Dialect) -> ColumnElement[Any]:
    date = date_of(keyword)
    if date == "StudyDate" and table is study:
        return study.c.study_date_key
    return func.replace(_value(date, table, dialect), ".", "", type_=String)


def _bound(text: str, *, low: bool) -> str | None:
    """The first or the last moment that `text` may mean; None for what is no time."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    hours, minutes, seconds, fraction = found.groups()
    if int(hours) > 23 or int(minutes or 0) > 59 or int(seconds or 0) > 60:
        return None
    if low:
        return f"{hours}{minutes or '00'}{seconds or '00'}.{fraction or ''}".rstrip("0" if fraction else "").rstrip(".")
    return f"{hours}{minutes or '59'}{seconds or '59'}.{(fraction or '').ljust(6, '9')}"


def is_time(text: str) -> bool:
    """Whether `text` is a time or a range of them."""
    first, dash, last = text.strip().partition("-")
    ends = [each.strip() for each in ((first, last) if dash else (first,)) if each.strip()]
    return bool(ends) and all(_bound(each, low=True) is not None for each in ends)


def _value(keyword: str, table: Table, dialect: Dialect) -> ColumnElement[Any]:
    name = column(keyword)
    if name in table.c:
        return table.c[name]
    if table is instance and keyword not in ALIKE:
        return _in_json(instance.c.rest, (keyword,), dialect)
    # What is alike in a study or a series is told by the holding that names it first.
    place = table.c.ordinal if table is instance else table.c.first_ordinal
    same = and_(shared_facts.c.takeover == holding.c.takeover, shared_facts.c.digest == holding.c.facts)
    told = select(_in_json(shared_facts.c.body, (1, keyword), dialect)).select_from(holding.join(shared_facts, same))
    own = and_(holding.c.takeover == table.c.takeover, holding.c.ordinal == place)
    return func.coalesce(type_coerce(told.where(own).correlate(table).scalar_subquery(), Words), "", type_=Words)


def _in_json(body: ColumnElement[str], path: tuple[int | str, ...], dialect: Dialect) -> ColumnElement[Any]:
    if dialect.name == "sqlite":
        steps = "".join(f"[{each}]" if isinstance(each, int) else f'."{each}"' for each in path)
        return type_coerce(func.coalesce(func.json_extract(body, f"${steps}"), ""), Words)
    # PostgreSQL has no text with U+0000, and refuses all of a document that names it.
    read = cast(func.replace(body, "\\u0000", "\\u241b"), JSONB)
    found = func.coalesce(func.jsonb_extract_path_text(read, *map(str, path)), "", type_=String)
    return type_coerce(found.collate("C"), Words)


def listed_below(value: ColumnElement[Any], match: Match, dialect: Dialect) -> ColumnElement[bool]:
    """ModalitiesInStudy, SOPClassesInStudy: `value` of something below is one of those asked for."""
    listed = [key(each.strip()) for each in match.text.split("\\")]
    return or_(false(), *(wild(value, each, dialect=dialect) for each in listed))
