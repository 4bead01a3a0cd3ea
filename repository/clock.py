"""Time as the archive writes it: UTC, whole seconds or microseconds, with Z."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def now() -> datetime:
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """`2026-05-04T03:02:01Z`; a moment without a zone is a bug in the caller."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return moment.astimezone(UTC).isoformat(timespec="seconds")[:-6] + "Z"


def instant(moment: datetime) -> str:
    """`2026-05-04T03:02:01.000000Z`: always the same length, so that text order is time order."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"
