"""Steps 3 and 4: whether the requester may have it, and only then the queue of whoever holds the record (R463-5, 7)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from repository.access.bodies import identifier_body, moment
from repository.access.decision import Decision
from repository.access.principal import Principal
from repository.access.request import AccessRequest
from repository.access.subject import Operation, Scope, Subject
from repository.demands.moving import demand_of, found, move
from repository.demands.order import Demand
from repository.domain.demand import DemandState
from repository.domain.describing import Identifier
from repository.runtime import Archive

Decide = Callable[[AccessRequest], Decision]
OWN_QUEUE = "archive"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the verification ended. `decision.told` says why it was refused (R463-7.1, 7.2)."""

    demand: Demand
    decision: Decision


def verify(
    archive: Archive, demand_id: str, *, decide: Decide, by: Principal | None = None, door: str = "cli"
) -> Verdict:
    """The demand is verified or refused, as `decide` says now, and the record of that decision is in its deed.

    What `decide` raises goes on to the caller: the demand then stays in verification, and the same call tries again.
    Raises `WrongState`, `DemandMoved`.
    """
    demand = found(archive, demand_id)
    if demand.state is not DemandState.VERIFYING:
        demand = move(archive, demand, DemandState.VERIFYING, by=by)
    request = request_of(archive, demand, door=door)
    decision = decide(request)
    to = DemandState.VERIFIED if decision.permitted else DemandState.REFUSED
    return Verdict(move(archive, demand, to, by=by, detail={"decision": _record(request, decision)}), decision)


def request_of(archive: Archive, demand: Demand, *, door: str) -> AccessRequest:
    """What the requester wishes, as a decision sees it: made now, so that what was withdrawn meanwhile counts."""
    order = demand.order
    return AccessRequest(
        principal=order.requester,
        purpose=order.purpose,
        operation=Operation.EXPORT,
        subject=_subject(archive, demand),
        at=archive.clock(),
        door=door,
        basis=order.basis,
        reason=order.reason,
        evidence=f"demand {demand.id} {order.evidence}".rstrip(),
    )


def patient_of(archive: Archive, demand: Demand) -> tuple[int, int]:
    """Numbers of the takeover and of the patient in it; the latter 0 where nobody there, or more than one, carries the
    identifier."""
    number = archive.catalogue.takeover(demand.takeover).number
    if demand.order.patient is None:
        return number, 0
    found_there = archive.catalogue.demands.patients_known_as(number, demand.order.patient)
    return number, found_there[0] if len(found_there) == 1 else 0


def _subject(archive: Archive, demand: Demand) -> Subject:
    """The patient's record in the takeover, narrowed to what the scope fixes. Somebody who is not there has no
    identifiers, so that no consent leads to anything."""
    number, patient = patient_of(archive, demand)
    identifiers: tuple[Identifier, ...] = ()
    if patient:
        identifiers = archive.catalogue.entitling.identifiers_of(number, patient)
    return Subject(
        takeover=demand.takeover,
        patient=patient,
        patient_identifiers=identifiers,
        **_fixed(demand.order.scope),
    )


def _fixed(scope: Scope) -> dict[str, Any]:
    """Attributes that all inside of the scope share."""
    fixed: dict[str, Any] = {}
    for name, values in (
        ("document", scope.documents),
        ("class_code", scope.classes),
        ("study", scope.studies),
        ("specialty", scope.specialties),
    ):
        if len(values) == 1:
            fixed[name] = values[0]
    if len(scope.events) == 1:
        fixed["events"] = scope.events
    if scope.first_day and scope.first_day == scope.last_day:
        fixed["date"] = scope.first_day
    return fixed


def _record(request: AccessRequest, decision: Decision) -> dict[str, Any]:
    """The decision for good: what it was made of, by which rules, and what came of it (R463-5, step 3)."""
    what = request.subject
    return {
        "inputs": {
            "at": moment(request.at),
            "door": request.door,
            "operation": request.operation.value,
            "purpose": None if request.purpose is None else request.purpose.value,
            "basis": request.basis,
            "reason": request.reason,
            "evidence": request.evidence,
            "takeover": what.takeover,
            "patient": what.patient,
            "document": identifier_body(what.document),
            "class_code": what.class_code,
            "events": [identifier_body(each) for each in what.events],
            "study": what.study,
            "specialty": what.specialty,
            "date": what.date,
        },
        "rules": decision.rules,
        "rule": decision.rule,
        "permitted": decision.permitted,
        "reasons": list(decision.told),
        "duties": list(decision.duties),
        "at": moment(decision.at),
    }


def forward(archive: Archive, demand_id: str, *, by: Principal | None = None) -> Demand:
    """The verified demand is in the queue of whoever holds the record: for a closed provider, the archive's own.

    Raises `WrongState` for anything that was not verified, a refused demand above all.
    """
    return move(archive, found(archive, demand_id), DemandState.FORWARDED, by=by, detail={"queue": OWN_QUEUE})


def queue(archive: Archive, *, takeover: str = "") -> list[Demand]:
    """Demands that wait to be prepared, the longest waiting first; of one takeover, where its id is given."""
    waiting = archive.catalogue.demands.demands([DemandState.FORWARDED], takeover=takeover)
    return [demand_of(row) for row in waiting]
