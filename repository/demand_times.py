"""How long a demand may stand in one state, from `EDM_ARCHIVE_DEMAND_EXPIRY`. The law sets no times: these are ours.

Words `STATE=TIME`, apart by commas or spaces: `forwarded=60d, sent=12h, received=never`. A time is a number of days (d)
or hours (h), or `never`: the demand then waits for ever. A state that is not named keeps its usual time.
"""

import re
from collections.abc import Mapping
from datetime import timedelta

from repository.domain.demand import FINAL, DemandState
from repository.errors import SettingWrong

VARIABLE = "EDM_ARCHIVE_DEMAND_EXPIRY"
NEVER = "never"
LONGEST = timedelta(days=3650)
Times = Mapping[DemandState, timedelta]
TIMES: Times = {
    DemandState.SUBMITTED: timedelta(days=1),
    DemandState.ACCEPTED: timedelta(days=1),
    DemandState.VERIFYING: timedelta(days=1),
    DemandState.VERIFIED: timedelta(days=1),
    DemandState.FORWARDED: timedelta(days=30),
    DemandState.PREPARED: timedelta(days=7),
    DemandState.SIGNED: timedelta(days=7),
    DemandState.SENT: timedelta(days=30),
    DemandState.RECEIVED: timedelta(days=30),
}
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1)}
_WORD = re.compile(r"([a-z]+)=(?:([1-9][0-9]{0,4})([dh])|never)")


def times_from(environment: Mapping[str, str]) -> Times:
    """The times that the variable gives, the usual ones where it says nothing. Raises `SettingWrong`."""
    times, named = dict(TIMES), set[DemandState]()
    for word in re.split(r"[,\s]+", environment.get(VARIABLE, "").strip()):
        if not word:
            continue
        state, time = _read(word)
        if state in named:
            raise SettingWrong(setting=VARIABLE, reason=f"{state.value} is named twice")
        named.add(state)
        if time is None:
            times.pop(state, None)
        else:
            times[state] = time
    return times


def _read(word: str) -> tuple[DemandState, timedelta | None]:
    said = _WORD.fullmatch(word)
    if said is None:
        raise SettingWrong(setting=VARIABLE, reason="not of the form STATE=30d, STATE=12h or STATE=never")
    standing = {state.value: state for state in DemandState if state not in FINAL}
    state = standing.get(said[1])
    if state is None:
        raise SettingWrong(setting=VARIABLE, reason=f"no state of these: {', '.join(standing)}")
    if said[2] is None:
        return state, None
    time = int(said[2]) * _UNITS[said[3]]
    if time > LONGEST:
        raise SettingWrong(setting=VARIABLE, reason=f"longer than {LONGEST.days}d")
    return state, time
