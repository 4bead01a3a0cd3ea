"""Where a demand has been: every move with who made it and when (R463-5: each transition is on record)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from repository.access.principal import Principal
from repository.demands.messages import principal_of
from repository.demands.moving import found
from repository.domain.demand import DemandState, Place
from repository.runtime import Archive


@dataclass(frozen=True, slots=True)
class Move:
    """One move. `by` None is the archive itself, or for the first one the requester, who is in the order. `at`: UTC
    with microseconds and Z; `deed`: the number in the journal; `detail`: what was recorded with it."""

    position: int
    came_from: str
    state: DemandState
    at: str
    deed: int
    by: Principal | None = field(repr=False)
    detail: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Confirmation:
    place: Place
    at: str
    by: Principal | None = field(repr=False)


def progress(archive: Archive, demand_id: str) -> list[Move]:
    """Every move of the demand, in order. Raises `DemandUnknown`."""
    found(archive, demand_id)
    return [
        Move(
            position=step.position,
            came_from=step.came_from,
            state=step.state,
            at=step.at,
            deed=step.number,
            by=_by(step.body),
            detail=step.body.get("detail", {}),
        )
        for step in archive.catalogue.demands.steps(demand_id)
    ]


def confirmations(archive: Archive, demand_id: str) -> list[Confirmation]:
    """The confirmations of its receipt, in order."""
    known = archive.catalogue.demands.confirmations(demand_id)
    return [Confirmation(place, at, _by(body)) for place, (at, body) in known.items()]


def _by(body: Mapping[str, Any]) -> Principal | None:
    said = body.get("by")
    return None if said is None else principal_of(said)
