"""A look at what a demand holds or has come to: allowed by who somebody is to the demand, and accounted for (R463-5).

No rule of access decides it: the requester is told of the requester's own demand, staff of what they serve, and no
byte of a holding is in it. The account says so by its rule, `demand`, and is durable before anything is told.
"""

from collections.abc import Callable
from typing import TypeAlias

from repository.access.account import account_of_attempt
from repository.access.decision import Decision
from repository.access.principal import Principal
from repository.access.request import AccessRequest
from repository.access.rules import rules_in_force
from repository.access.subject import Operation, Subject
from repository.demands.errors import DemandUnknown
from repository.demands.order import Demand
from repository.demands.verifying import patient_of
from repository.opening import NOT_THERE, accounted
from repository.runtime import Archive

RULE = "demand"
May: TypeAlias = Callable[[Archive, str, Principal], Demand]
"""The demand, for whom it is; raises `DemandUnknown` for all others (`standing`)."""


def looked_at(archive: Archive, demand_id: str, by: Principal, *, may: May, door: str, whose: bool = False) -> Demand:
    """The demand, after the one account of this attempt; with `whose` it names the patient of what was prepared.

    Raises `DemandUnknown` for what is not there and for whom it is not, after accounts that are alike.
    """
    try:
        demand = may(archive, demand_id, by)
    except DemandUnknown:
        _account(archive, by, None, Subject(takeover=""), door=door)
        raise
    _account(archive, by, demand, _subject(archive, demand, whose=whose), door=door)
    return demand


def _subject(archive: Archive, demand: Demand, *, whose: bool) -> Subject:
    """Before something is prepared nobody says whose record is meant: that would tell that the patient is there."""
    patient = patient_of(archive, demand)[1] if whose and demand.takeover else 0
    return Subject(takeover=demand.takeover, patient=patient)


def _account(archive: Archive, by: Principal, demand: Demand | None, subject: Subject, *, door: str) -> None:
    request = AccessRequest(
        principal=by,
        purpose=demand.order.purpose if demand else None,
        operation=Operation.SEARCH,
        subject=subject,
        at=archive.clock(),
        door=door,
        basis=demand.order.basis if demand else "",
        evidence=f"demand {demand.id}" if demand else "",
    )
    reasons, rule = ((), RULE) if demand else ((NOT_THERE,), "")
    decision = Decision(reasons, rule, (), rules_in_force(request.at).version, request.at)
    name = archive.catalogue.entitling.patient_name(*_numbers(archive, subject)) if subject.patient else ""
    accounted(archive, account_of_attempt(request, decision, patient_name=name))


def _numbers(archive: Archive, subject: Subject) -> tuple[int, int]:
    return archive.catalogue.takeover(subject.takeover).number, subject.patient
