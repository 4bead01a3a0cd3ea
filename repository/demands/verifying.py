"""Steps 3 and 4: whether the requester may have it, and only then the queue of whoever holds the record (R463-5, 7)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from repository.access.bodies import identifier_body
from repository.access.conditions.who import SKEW
from repository.access.decision import Decision
from repository.access.principal import Principal
from repository.access.request import AccessRequest
from repository.access.subject import Operation, Scope, Subject
from repository.clock import instant
from repository.demands.checks import takeovers_of_provider
from repository.demands.errors import NoLongerEntitled
from repository.demands.moving import move
from repository.demands.order import Demand
from repository.demands.standing import for_staff, listed
from repository.domain.demand import DemandState
from repository.domain.describing import Identifier
from repository.runtime import Archive

Decide = Callable[[AccessRequest], Decision]
OWN_QUEUE = "archive"
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the verification ended. `decision.told` says why it was refused (R463-7.1, 7.2)."""

    demand: Demand
    decision: Decision


def verify(archive: Archive, demand_id: str, *, decide: Decide, by: Principal, door: str = "cli") -> Verdict:
    """The demand is verified or refused, as `decide` says now, and the record of that decision is in its deed. Once it
    is verified it is about the takeover that keeps something of the patient.

    What `decide` raises goes on to the caller: the demand then stays in verification, and the same call tries again.
    Raises `WrongState`, `DemandMoved`, and `DemandUnknown` for others than staff.
    """
    demand = for_staff(archive, demand_id, by)
    if demand.state is not DemandState.VERIFYING:
        demand = move(archive, demand, DemandState.VERIFYING, by=by)
    request = request_of(archive, demand, door=door)
    decision = decide(request)
    detail: dict[str, Any] = {"decision": _record(request, decision)}
    if not decision.permitted:  # it says no takeover: which one it is would tell that the patient is there
        return Verdict(move(archive, demand, DemandState.REFUSED, by=by, detail=detail), decision)
    detail["takeover"] = request.subject.takeover
    return Verdict(move(archive, demand, DemandState.VERIFIED, by=by, detail=detail), decision)


def still_entitled(archive: Archive, demand: Demand, decide: Decide, *, door: str) -> dict[str, Any]:
    """The record of the decision that permits the demand now. Raises `NoLongerEntitled`, and what `decide` raises."""
    request = request_of(archive, demand, door=door)
    decision = decide(request)
    if not decision.permitted:
        raise NoLongerEntitled(demand=demand.id, reason=decision.reason)
    return _record(request, decision)


def request_of(archive: Archive, demand: Demand, *, door: str) -> AccessRequest:
    """What the requester wishes, as a decision sees it: made now, so that what was withdrawn meanwhile counts. Who
    asked is judged as of the submission."""
    order, now = demand.order, archive.clock()
    return AccessRequest(
        principal=_as_submitted(demand, now),
        purpose=order.purpose,
        operation=Operation.EXPORT,
        subject=_subject(archive, demand),
        at=now,
        door=door,
        basis=order.basis,
        reason=order.reason,
        evidence=f"demand {demand.id} {order.evidence}".rstrip(),
    )


def _as_submitted(demand: Demand, now: datetime) -> Principal:
    """The requester, identified now as at the submission: a session that was good then and has ended since lives on in
    the demand, which is what the evidence then names; one that was not good then identifies nobody."""
    who, then = demand.order.requester, demand.submitted_at
    known = who.identification
    if known is None or not (known.at - SKEW <= then < known.until and known.at < known.until):
        return replace(who, identification=None)
    if now < known.until:
        return who
    carried = f"demand {demand.id} submitted {instant(then)} {known.evidence}"
    return replace(who, identification=replace(known, evidence=carried, until=now + _INSTANT))


def patient_of(archive: Archive, demand: Demand) -> tuple[int, int]:
    """Numbers of the takeover and of the patient in it; the latter 0 where nobody there, or more than one, carries the
    identifier."""
    return _patient_in(archive, demand, demand.takeover)


def _patient_in(archive: Archive, demand: Demand, takeover: str) -> tuple[int, int]:
    number = archive.catalogue.takeover(takeover).number
    if demand.order.patient is None:
        return number, 0
    found_there = archive.catalogue.demands.patients_known_as(number, demand.order.patient)
    return number, found_there[0] if len(found_there) == 1 else 0


def _subject(archive: Archive, demand: Demand) -> Subject:
    """The patient's record in the takeover, narrowed to what the scope fixes. Somebody who is not there has no
    identifiers, so that no consent leads to anything."""
    takeover = _kept_in(archive, demand)
    number, patient = _patient_in(archive, demand, takeover)
    identifiers: tuple[Identifier, ...] = ()
    if patient:
        identifiers = archive.catalogue.entitling.identifiers_of(number, patient)
    return Subject(
        takeover=takeover,
        patient=patient,
        patient_identifiers=identifiers,
        **_fixed(demand.order.scope),
    )


def _kept_in(archive: Archive, demand: Demand) -> str:
    """The takeover that is meant: of several from one provider, until one is verified, the newest that keeps something
    of the patient, or else the newest."""
    order = demand.order
    if order.takeover or order.patient is None or demand.state is not DemandState.VERIFYING:
        return demand.takeover
    for each in reversed(takeovers_of_provider(archive, order)):
        number = archive.catalogue.takeover(each).number
        if archive.catalogue.demands.patients_known_as(number, order.patient):
            return each
    return demand.takeover


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
            "at": instant(request.at),
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
        "at": instant(decision.at),
    }


def forward(archive: Archive, demand_id: str, *, by: Principal) -> Demand:
    """The verified demand is in the queue of whoever holds the record: for a closed provider, the archive's own.

    Raises `WrongState` for anything that was not verified, a refused demand above all, and `DemandUnknown` for others
    than staff.
    """
    return move(archive, for_staff(archive, demand_id, by), DemandState.FORWARDED, by=by, detail={"queue": OWN_QUEUE})


def queue(archive: Archive, *, by: Principal, takeover: str = "") -> list[Demand]:
    """Demands that wait to be prepared and that `by` may see, the longest waiting first; of one takeover, where its id
    is given."""
    return listed(archive, by, states=[DemandState.FORWARDED], takeover=takeover)
