"""A demand as it is told to its requester and to staff, and as it is taken from whoever is known to be sending it."""

from functools import partial
from typing import Any

from repository.access.bodies import identifier_body, scope_body
from repository.access.principal import Principal, PrincipalKind
from repository.clock import instant
from repository.demands.errors import DemandUnreadable
from repository.demands.messages import order_of, principal_body
from repository.demands.order import Demand, DemandOrder
from repository.demands.progress import confirmations, progress
from repository.demands.standing import for_either
from repository.demands.verifying import Decide
from repository.opening import judged
from repository.runtime import Archive

Body = dict[str, Any]


def deciding(archive: Archive) -> Decide:
    """The decision of this archive, each with its account (R463-10.1.2)."""
    return partial(judged, archive)


def order_from(value: object, by: Principal, *, known_as: str = "") -> DemandOrder:
    """The order that `value` holds, whose requester is `by`: an identity that a message claims is worth nothing.

    Raises `DemandUnreadable`, also where it names another requester than `by`, or the name that `by` signs in with.
    """
    if not isinstance(value, dict):
        raise DemandUnreadable(path="message")
    claimed = value.get("requester")
    if claimed is not None and (not isinstance(claimed, dict) or claimed.get("id") not in (by.id, known_as or by.id)):
        raise DemandUnreadable(path="requester: not who is signed in")
    return order_of(value | {"requester": principal_body(by)})


def told(demand: Demand) -> Body:
    """Where it stands, without a person."""
    return {
        "id": demand.id,
        "state": demand.state.value,
        "since": instant(demand.since),
        "submitted_at": instant(demand.submitted_at),
        "takeover": demand.takeover,
        "message_id": demand.order.message_id,
    }


def told_whole(archive: Archive, demand_id: str, *, to: Principal) -> tuple[Demand, Body]:
    """What is demanded, and every move with who made it and when; whose record it is, to medical workers alone. Raises
    `DemandUnknown` for whoever is neither its requester nor staff."""
    demand = for_either(archive, demand_id, to)
    moves, confirmed = progress(archive, demand_id), confirmations(archive, demand_id)
    answer = told(demand) | {
        "purpose": demand.order.purpose.value if demand.order.purpose else "",
        "basis": demand.order.basis,
        "scope": scope_body(demand.order.scope),
        "moves": [{"state": m.state.value, "at": m.at, "deed": m.deed, "by": named(m.by)} for m in moves],
        "confirmations": [{"place": c.place.value, "at": c.at, "by": named(c.by)} for c in confirmed],
    }
    if to.kind is PrincipalKind.MEDICAL_WORKER:
        answer["patient"] = identifier_body(demand.order.patient)
    return demand, answer


def named(who: Principal | None) -> str:
    """First name, surname and NPWZ of whoever made a move; empty for the archive itself."""
    if who is None:
        return ""
    name = f"{who.given_name} {who.surname}".strip() or who.id
    return f"{name} ({who.npwz})" if who.npwz else name
