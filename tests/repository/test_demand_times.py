"""How long a demand may stand in one state is a setting; what cannot be meant is refused at once."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repository.demand_times import TIMES, VARIABLE, times_from
from repository.domain.demand import FINAL, DemandState
from repository.errors import SettingWrong
from repository.settings import Settings, from_environment

STANDING = sorted(set(DemandState) - FINAL)


def test_unsaid_the_times_are_the_usual_ones() -> None:
    assert times_from({}) == times_from({VARIABLE: " "}) == TIMES
    assert set(TIMES) == set(STANDING)
    assert from_environment({}).demand_times == Settings(home=Path("x")).demand_times == TIMES


def test_what_is_named_is_changed_and_nothing_else() -> None:
    found = from_environment({VARIABLE: "forwarded=60d, sent=12h received=never"}).demand_times
    changed = {DemandState.FORWARDED: timedelta(days=60), DemandState.SENT: timedelta(hours=12)}
    kept = {state: time for state, time in TIMES.items() if state is not DemandState.RECEIVED}
    assert found == kept | changed


@given(st.dictionaries(st.sampled_from(STANDING), st.none() | st.integers(1, 3650 * 24), min_size=1))
def test_every_time_that_can_be_said_is_read_as_it_is_said(hours: dict[DemandState, int | None]) -> None:
    said = {state: "never" if time is None else f"{time}h" for state, time in hours.items()}
    read = times_from({VARIABLE: ",".join(f"{state.value}={time}" for state, time in said.items())})
    for state in STANDING:
        time = hours.get(state, 0)
        expected = TIMES[state] if time == 0 else None if time is None else timedelta(hours=time)
        assert read.get(state) == expected


@pytest.mark.parametrize(
    "said",
    [
        "30d", "sent", "sent=", "sent=30", "sent=0d", "sent=-1d", "sent=1.5d", "sent=30s", "Sent=30d", "sent=Never",
        "posted=30d", "expired=1d", "confirmed=never", "sent=3651d", "sent=99999d", "sent=1d sent=2d", "sent=1d;x=2d",
    ],
)  # fmt: skip
def test_what_is_no_time_of_a_state_is_refused(said: str) -> None:
    with pytest.raises(SettingWrong, match=VARIABLE):
        from_environment({VARIABLE: said})
