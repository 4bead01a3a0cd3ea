"""Demands that stood too long in one state expire. The law sets no times: these are ours, and configurable."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from repository.access.bodies import moment
from repository.access.principal import Principal
from repository.demands.errors import WrongState
from repository.demands.moving import demand_of, move
from repository.demands.order import Demand
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
    times: Mapping[DemandState, timedelta] = TIMES,
    by: Principal | None = None,
) -> list[Demand]:
    """Every demand that has been in its state for longer than `times` gives it is expired; those demands.

    A state without a time waits for ever. A demand that moves on at the same moment is left alone.
    """
    expired = list[Demand]()
    for state, time in times.items():
        due = archive.catalogue.demands.demands([state], since_before=moment(now - time))
        for row in list(due):
            try:
                detail = {"after_seconds": int(time.total_seconds())}
                expired.append(move(archive, demand_of(row), DemandState.EXPIRED, by=by, detail=detail))
            except WrongState:
                continue
    return expired
