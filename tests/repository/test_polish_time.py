"""The day in Poland, held against the zone data of the system."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from repository.polish_time import warsaw_date


def zone() -> ZoneInfo:
    try:
        return ZoneInfo("Europe/Warsaw")
    except ZoneInfoNotFoundError:
        pytest.skip("this machine has no zone data to compare with")


@given(st.integers(1_000_000_000, 2_100_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)))
@example(datetime(2026, 3, 28, 23, 0, tzinfo=UTC))
@example(datetime(2026, 3, 29, 22, 0, tzinfo=UTC))
@example(datetime(2026, 10, 24, 22, 0, tzinfo=UTC))
@example(datetime(2026, 10, 25, 22, 59, 59, tzinfo=UTC))
def test_the_day_is_that_of_the_zone_data(moment: datetime) -> None:
    assert warsaw_date(moment.strftime("%Y-%m-%dT%H:%M:%SZ")) == moment.astimezone(zone()).date().isoformat()


@pytest.mark.parametrize("text", ["2026-01-01T00:00:00", "2026-01-01T00:00:00+02:00", "1989-06-04T00:00:00Z", "x"])
def test_what_is_no_moment_in_utc_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  any
        warsaw_date(text)
