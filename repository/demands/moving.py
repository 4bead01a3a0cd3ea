"""One move of a demand: a deed that the database accepts only from where the demand stands."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from repository.access.bodies import read_moment
from repository.access.principal import Principal
from repository.catalogue.demands import DemandRow
from repository.catalogue.errors import CatalogueConflict
from repository.clock import instant
from repository.demands.errors import DemandMoved, DemandUnknown, WrongState
from repository.demands.messages import order_of, principal_body
from repository.demands.order import Demand
from repository.domain.deed import Deed
from repository.domain.demand import MOVES, DemandState
from repository.journal import note
from repository.runtime import Archive

STEP = "demand-step"


def found(archive: Archive, demand_id: str) -> Demand:
    """The demand as it stands now. Raises `DemandUnknown`."""
    row = archive.catalogue.demands.demand(demand_id)
    if row is None:
        raise DemandUnknown
    return demand_of(row)


def demand_of(row: DemandRow) -> Demand:
    return Demand(
        id=row.id,
        order=order_of(row.order),
        state=row.state,
        position=row.position,
        submitted_at=read_moment(row.submitted_at),
        since=read_moment(row.since),
        takeover=row.takeover,
    )


def require(demand: Demand, wanted: DemandState) -> None:
    """Raises `WrongState` unless the demand may become `wanted` from where it stands."""
    if wanted not in MOVES[demand.state]:
        raise WrongState(demand=demand.id, state=demand.state.value, wanted=wanted.value)


def step_body(demand: Demand, to: DemandState, *, by: Principal | None, detail: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "demand": demand.id,
        "position": demand.position + 1,
        "from": demand.state.value,
        "to": to.value,
        "by": None if by is None else principal_body(by),
        "detail": dict(detail),
    }


def move(
    archive: Archive, demand: Demand, to: DemandState, *, by: Principal | None, detail: Mapping[str, Any] | None = None
) -> Demand:
    """The demand is in state `to`, moved by `by` (None: the archive itself), and that is a deed.

    Raises `WrongState`, or `DemandMoved` where another was faster: of two at once exactly one succeeds.
    """
    require(demand, to)
    said = detail or {}
    body = step_body(demand, to, by=by, detail=said)
    try:
        deed = note(archive, STEP, body, outcome=to.value, at=instant(archive.clock()))
    except CatalogueConflict:
        raise_if_moved(archive, demand, to)
        raise
    stands = demand.position + 1
    takeover = said.get("takeover", demand.takeover)
    return replace(demand, state=to, position=stands, since=read_moment(deed.at), takeover=takeover)


def moved_by(archive: Archive, deed: Deed) -> Demand:
    """The demand as it stood after this move of it, whatever moved it since."""
    body, now = deed.body, found(archive, deed.body["demand"])
    takeover = body["detail"].get("takeover", now.takeover)
    return replace(
        now, state=DemandState(body["to"]), position=body["position"], since=read_moment(deed.at), takeover=takeover
    )


def raise_if_moved(archive: Archive, demand: Demand, to: DemandState) -> None:
    """Raises `DemandMoved` if the demand does not stand any more where it stood."""
    now = found(archive, demand.id)
    if now.position != demand.position:
        raise DemandMoved(demand=demand.id, state=now.state.value, wanted=to.value) from None
