"""Steps 1 and 2: a demand arrives, and is answered by a receipt or by a list of its errors, by exactly one of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeAlias

from repository.access.principal import Principal
from repository.canonical import canonical
from repository.catalogue.errors import CatalogueConflict
from repository.clock import instant
from repository.demands.checks import Fault, checked
from repository.demands.errors import DemandConflict, DemandMoved
from repository.demands.looking import looked_at
from repository.demands.messages import order_body, order_of, order_text
from repository.demands.moving import demand_of, found, move, require
from repository.demands.order import Demand, DemandOrder
from repository.demands.standing import for_answer
from repository.domain.demand import DemandState
from repository.journal import note
from repository.runtime import Archive
from storage.errors import Text
from storage.ids import new_id

KIND = "demand"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The demand is accepted; `takeover` is what it was found to be about, `order_sha256` what was received."""

    demand: str
    at: str
    takeover: str
    order_sha256: str


@dataclass(frozen=True, slots=True)
class ErrorList:
    """The demand is rejected for all these faults."""

    demand: str
    at: str
    faults: tuple[Fault, ...]


Answer: TypeAlias = Receipt | ErrorList


def submit(archive: Archive, order: DemandOrder) -> Demand:
    """The order is a demand, durable, under its own id. The same order under the same message id is the same demand.

    Raises `DemandUnreadable`, and `DemandConflict` where the requester used the message id for something else.
    """
    order_of(order_body(order))
    order_text(order)
    digest = _content(order)
    known = _known(archive, order, digest)
    if known is not None:
        return known
    body = {
        "demand": str(new_id()), "order": order_body(order), "requester_key": order.requester_key,
        "message_id": order.message_id, "content_sha256": digest,
    }  # fmt: skip
    try:
        note(archive, KIND, body, outcome=DemandState.SUBMITTED.value, at=instant(archive.clock()))
    except CatalogueConflict:
        known = _known(archive, order, digest)  # submitted twice at once: the first one counts
        if known is None:
            raise
        return known
    return found(archive, str(body["demand"]))


def _known(archive: Archive, order: DemandOrder, digest: str) -> Demand | None:
    row = archive.catalogue.demands.demand_by_message(order.requester_key, order.message_id)
    if row is None:
        return None
    if row.content_sha256 != digest:
        raise DemandConflict(demand=row.id)
    return demand_of(row)


def _content(order: DemandOrder) -> str:
    """What makes two messages the same. The evidence of identity is left out: whoever sends again signs in again."""
    body = order_body(order)
    body["requester"] = body["requester"] | {"identification": None}
    return sha256(canonical(body)).hexdigest()


def accept_or_reject(archive: Archive, demand_id: str, *, by: Principal, door: str = "cli") -> Answer:
    """The demand is accepted or rejected, once and for all: asked again, the answer is the same. For its requester, for
    staff, and for the archive itself; each time it is accounted for.

    Raises `DemandUnknown` for all others, and `WrongState` if it expired unanswered.
    """
    demand = looked_at(archive, demand_id, by, may=for_answer, door=door)
    if demand.state is not DemandState.SUBMITTED and (given := answer(archive, demand_id)) is not None:
        return given
    require(demand, DemandState.ACCEPTED)
    result = checked(archive, demand)
    detail: dict[str, Any] = {"faults": [*map(fault_body, result.faults)]}
    if not result.faults:
        order_sha256 = sha256(order_text(demand.order)).hexdigest()
        detail = {"takeover": result.takeover, "order_sha256": order_sha256}
    to = DemandState.REJECTED if result.faults else DemandState.ACCEPTED
    try:
        moved = move(archive, demand, to, by=by, detail=detail)
    except DemandMoved:
        if (given := answer(archive, demand_id)) is None:
            raise
        return given
    return _answered(demand_id, to, instant(moved.since), detail)


def answer(archive: Archive, demand_id: str) -> Answer | None:
    """The receipt or the list of errors that was given; None where there is neither yet."""
    for step in archive.catalogue.demands.steps(demand_id)[1:2]:
        if step.state in {DemandState.ACCEPTED, DemandState.REJECTED}:
            return _answered(demand_id, step.state, step.at, step.body["detail"])
    return None


def _answered(demand_id: str, state: DemandState, at: str, detail: Mapping[str, Any]) -> Answer:
    if state is DemandState.ACCEPTED:
        return Receipt(demand_id, at, detail["takeover"], detail["order_sha256"])
    return ErrorList(demand_id, at, tuple(map(_fault_of, detail["faults"])))


def fault_body(fault: Fault) -> dict[str, Any]:
    """As lists of errors have it, in both languages."""
    message = {"en": fault.message.en, "pl": fault.message.pl}
    named = {name: getattr(fault, name) for name in ("code", "severity", "path", "rule", "rules")}
    return named | {"message": message}


def _fault_of(body: Mapping[str, Any]) -> Fault:
    said = dict(body)
    return Fault(**said | {"message": Text(**said["message"])})
