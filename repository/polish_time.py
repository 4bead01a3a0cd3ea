"""The day on which something happened in Poland, for terms that the law counts in days.

Summer time is reckoned by its rule (Directive 2000/84/EC: from 01:00 UTC on the last Sunday of March to 01:00 UTC on
the last Sunday of October), which holds for every date that the archive writes: a server without zone data knows it.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache


def warsaw_date(stamp: str) -> str:
    """The date in Poland (YYYY-MM-DD) of a moment in UTC with Z, from 1996 on. ValueError for anything else."""
    return in_poland(datetime.fromisoformat(stamp)).date().isoformat()


def in_poland(moment: datetime) -> datetime:
    """What clocks in Poland show at a moment in UTC, from 1996 on, without a zone. ValueError for anything else."""
    if moment.utcoffset() != timedelta(0) or moment.year < 1996:
        raise ValueError("not a moment in UTC since 1996")
    summer = _turn(moment.year, 3) <= moment < _turn(moment.year, 10)
    return (moment + timedelta(hours=2 if summer else 1)).replace(tzinfo=None)


@lru_cache(maxsize=64)
def _turn(year: int, month: int) -> datetime:
    """01:00 UTC on the last Sunday of a month of 31 days."""
    last = date(year, month, 31)
    sunday = last - timedelta(days=(last.weekday() + 1) % 7)
    return datetime(sunday.year, sunday.month, sunday.day, 1, tzinfo=UTC)
