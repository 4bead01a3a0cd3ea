"""Demands that stood too long in one state expire. The law sets no times: these are ours, and configurable."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from repository.access.principal import Principal
from repository.clock import instant
from repository.demand_times import Times
from repository.demands.errors import WrongState
from repository.demands.moving import demand_of, move
from repository.demands.order import Demand
from repository.demands.standing import is_archive, is_staff
from repository.domain.demand import DemandState
from repository.runtime import Archive


def expire_due(
    archive: Archive,
    now: datetime,
    *,
    by: Principal,
    times: Times | None = None,
) -> list[Demand]:
    """Every demand that has been in its state for longer than `times` (None: the settings) give it is expired; those
    demands. Staff and the archive itself expire demands: for all others they are passed over, as if not there.

    A state without a time waits for ever. A demand that moves on at the same moment is left alone.
    """
    expired = list[Demand]()
    itself = is_archive(archive, by)
    for demand, time in list(_due(archive, now, times)):
        if itself or is_staff(archive, demand, by):
            try:
                detail = {"after_seconds": int(time.total_seconds())}
                expired.append(move(archive, demand, DemandState.EXPIRED, by=by, detail=detail))
            except WrongState:
                continue
    return expired


def first_due(archive: Archive, now: datetime) -> Demand | None:
    """A demand that has stood for longer than the settings allow; None where there is none."""
    found = next(_due(archive, now, None), None)
    return found[0] if found else None


def _due(archive: Archive, now: datetime, times: Times | None) -> Iterator[tuple[Demand, timedelta]]:
    for state, time in (archive.settings.demand_times if times is None else times).items():
        for row in archive.catalogue.demands.demands([state], since_before=instant(now - time)):
            yield demand_of(row), time
