"""The day in Poland, held against the zone data of the system, or where it has none, against the rule of the zone as
POSIX writes it and Python reads it."""

from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from repository.polish_time import warsaw_date

RULE = b"CET-1CEST,M3.5.0,M10.5.0/3"
"""POSIX.1-2017, 8.3: since 1996 the clocks go on the last Sundays of March and October, at 1:00 in UTC."""


def ruled(rule: bytes) -> ZoneInfo:
    """A zone that has been by this rule for ever, as a file of zone data (RFC 8536) without one transition."""
    kind = (3600).to_bytes(4) + bytes(2)  # one hour east of Greenwich, no summer time, the name at its beginning
    head = b"TZif2" + bytes(15) + b"".join(count.to_bytes(4) for count in (0, 0, 0, 0, 1, 4))
    body = kind + b"CET\0"
    return ZoneInfo.from_file(BytesIO(2 * (head + body) + b"\n" + rule + b"\n"), key="by-rule")


@cache
def zone() -> ZoneInfo:
    try:
        return ZoneInfo("Europe/Warsaw")
    except ZoneInfoNotFoundError:
        return ruled(RULE)


BY_RULE = ruled(RULE)


@given(st.integers(1_000_000_000, 2_100_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)))
@example(datetime(2026, 3, 28, 23, 0, tzinfo=UTC))
@example(datetime(2026, 3, 29, 22, 0, tzinfo=UTC))
@example(datetime(2026, 10, 24, 22, 0, tzinfo=UTC))
@example(datetime(2026, 10, 25, 22, 59, 59, tzinfo=UTC))
def test_the_day_is_that_of_the_zone_data_and_of_its_rule(moment: datetime) -> None:
    found = warsaw_date(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert {moment.astimezone(each).date().isoformat() for each in (zone(), BY_RULE)} == {found}


@pytest.mark.parametrize("text", ["2026-01-01T00:00:00", "2026-01-01T00:00:00+02:00", "1989-06-04T00:00:00Z", "x"])
def test_what_is_no_moment_in_utc_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  any
        warsaw_date(text)
