"""Demands that stood too long in one state expire. The law sets no times: these are ours, and configurable."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from repository.access.principal import Principal
from repository.clock import instant
from repository.demands.errors import WrongState
from repository.demands.moving import demand_of, move
from repository.demands.order import Demand
from repository.demands.standing import is_staff
from repository.domain.demand import DemandState
from repository.runtime import Archive

TIMES: Mapping[DemandState, timedelta] = {
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


def expire_due(
    archive: Archive,
    now: datetime,
    *,
    by: Principal,
    times: Mapping[DemandState, timedelta] = TIMES,
) -> list[Demand]:
    """Every demand that has been in its state for longer than `times` gives it is expired; those demands. Staff alone
    expires demands: all others are passed over, as if they were not there.

    A state without a time waits for ever. A demand that moves on at the same moment is left alone.
    """
    expired = list[Demand]()
    for state, time in times.items():
        due = archive.catalogue.demands.demands([state], since_before=instant(now - time))
        for row in list(due):
            demand = demand_of(row)
            if not is_staff(archive, demand, by):
                continue
            try:
                detail = {"after_seconds": int(time.total_seconds())}
                expired.append(move(archive, demand, DemandState.EXPIRED, by=by, detail=detail))
            except WrongState:
                continue
    return expired
