"""Dates of FHIR searches (R4 3.1.1.4.7) as half-open intervals of moments; days are days in Poland."""

import re
from datetime import UTC, datetime, timedelta

from repository.clock import instant
from repository.polish_time import in_poland

_DATE = re.compile(
    r"(?P<prefix>eq|ge|gt|le|lt|sa|eb)?(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2})"
    r"(?:T(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,6}))?)?"
    r"(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?"
)
Parts = dict[str, str | None]


def interval(value: str) -> tuple[str, str]:
    """(from, to) as `Account.at` writes moments, from included, to excluded, empty where open. ValueError if `value` is
    not a date from 1996 on, or has a prefix that asks for no interval (`ne`, `ap`)."""
    match = _DATE.fullmatch(value)
    if match is None:
        raise ValueError("not a date")
    parts: Parts = match.groupdict()
    try:
        first, after = _stamp(_start(parts)), _stamp(_end(parts))
    except (ValueError, OverflowError) as error:
        raise ValueError("not a date since 1996") from error
    return {
        "eq": (first, after),
        "ge": (first, ""),
        "gt": (after, ""),
        "sa": (after, ""),
        "le": ("", after),
        "lt": ("", first),
        "eb": ("", first),
    }[match["prefix"] or "eq"]


def _local(parts: Parts) -> datetime:
    numbers = [int(parts[name] or low) for name, low in (("year", 1), ("month", 1), ("day", 1), ("hour", 0),
               ("minute", 0), ("second", 0))]  # fmt: skip
    year, month, day, hour, minute, second = numbers
    micro = int((parts["fraction"] or "").ljust(6, "0"))
    return datetime(year, month, day, hour, minute, second, micro)  # noqa: DTZ001  the zone is given by `_moment`


def _start(parts: Parts) -> datetime:
    return _moment(_local(parts), parts["zone"])


def _end(parts: Parts) -> datetime:
    """Where the next such date begins: as wide as `parts` are exact."""
    local = _local(parts)
    if parts["hour"] is not None:
        return _moment(local, parts["zone"]) + _width(parts)
    if parts["day"] is not None:
        return _moment(local + timedelta(days=1), None)
    years, month = divmod(local.month, 12) if parts["month"] is not None else (1, 0)
    return _moment(local.replace(year=local.year + years, month=month + 1), None)


def _width(parts: Parts) -> timedelta:
    if parts["fraction"] is not None:
        return timedelta(microseconds=10 ** (6 - len(parts["fraction"])))
    return timedelta(seconds=1) if parts["second"] is not None else timedelta(minutes=1)


def _moment(local: datetime, zone: str | None) -> datetime:
    """UTC. The hour that clocks in Poland show twice is the first, the one that they leave out winter's."""
    if zone is not None:
        return datetime.fromisoformat(local.isoformat() + zone).astimezone(UTC)
    guesses = [local.replace(tzinfo=UTC) - timedelta(hours=offset) for offset in (2, 1)]
    return next((each for each in guesses if in_poland(each) == local), guesses[1])


def _stamp(moment: datetime) -> str:
    if moment.year < 1996:
        raise ValueError("before 1996")
    return instant(moment)
