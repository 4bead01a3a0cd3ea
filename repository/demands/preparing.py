"""Step 5: a named medical worker chooses the content, and from then on it is frozen under its SHA-256."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from repository.access.principal import Principal, PrincipalKind
from repository.access.subject import Subject
from repository.canonical import canonical
from repository.catalogue.errors import HoldingUnknown
from repository.clock import instant
from repository.demands.errors import ContentRefused, SealForged, WorkerIncomplete, WrongState
from repository.demands.looking import looked_at
from repository.demands.moving import found, move, require
from repository.demands.order import Demand
from repository.demands.standing import for_either, for_preparer
from repository.demands.verifying import Decide, patient_of, still_entitled
from repository.domain.demand import DemandState
from repository.runtime import Archive
from repository.subjects import subject_of

FORMAT = 1
NOT_THEIRS = "it is not the patient's"  # said as well of what is not there: nobody counts another's holdings by it
Named = tuple[str, int]  # takeover id, ordinal


def prepare(
    archive: Archive,
    demand_id: str,
    *,
    worker: Principal,
    holdings: Sequence[Named],
    decide: Decide,
    door: str = "cli",
) -> Demand:
    """The content is frozen: these holdings, as received, named in a manifest whose SHA-256 is what will be signed.

    `worker`: of the archive or of the custodian, and not the requester; `DemandUnknown` for all others. `decide` says
    whether the requester is still entitled. Raises `WorkerIncomplete`, `NoLongerEntitled`, `ContentRefused` for what is
    not the patient's or outside of what was demanded, `WrongState`, and `DemandMoved` where another was faster.
    """
    require_worker(worker)
    demand = for_preparer(archive, demand_id, worker)
    require(demand, DemandState.PREPARED)
    record = still_entitled(archive, demand, decide, door=door)
    manifest = _manifest(archive, demand, worker, holdings)
    digest = sha256(canonical(manifest)).hexdigest()
    detail = {"content": manifest, "content_sha256": digest, "decision": record}
    return move(archive, demand, DemandState.PREPARED, by=worker, detail=detail)


def require_worker(worker: Principal) -> None:
    """Raises `WorkerIncomplete` unless it is a medical worker with first name, surname and NPWZ (R463-5, step 5)."""
    said = {"first name": worker.given_name, "surname": worker.surname, "NPWZ": worker.npwz}
    missing = [name for name, value in said.items() if not value.strip()]
    if worker.kind is not PrincipalKind.MEDICAL_WORKER:
        missing.insert(0, "medical worker")
    if missing:
        raise WorkerIncomplete(missing=", ".join(missing))


def frozen(archive: Archive, demand_id: str, *, by: Principal, door: str = "cli") -> tuple[bytes, str]:
    """The manifest, canonical, and its SHA-256 in hex, for the requester and for staff; accounted for.

    Raises `DemandUnknown` for all others, `WrongState` before there is one, `SealForged`.
    """
    looked_at(archive, demand_id, by, may=for_either, door=door, whose=True)
    return frozen_content(archive, demand_id)


def frozen_content(archive: Archive, demand_id: str) -> tuple[bytes, str]:
    """As `frozen`, for a step of the demand that has asked already who makes it."""
    detail = detail_of(archive, demand_id, DemandState.PREPARED)
    content, digest = canonical(detail["content"]), detail["content_sha256"]
    if sha256(content).hexdigest() != digest:
        raise SealForged(demand=demand_id)
    return content, digest


def detail_of(archive: Archive, demand_id: str, state: DemandState) -> dict[str, Any]:
    """What the move to `state` recorded. Raises `WrongState` where there was none."""
    for step in archive.catalogue.demands.steps(demand_id):
        if step.state is state:
            return dict(step.body["detail"]) | {"by": step.body["by"], "at": step.at}
    raise WrongState(demand=demand_id, state=found(archive, demand_id).state.value, wanted=state.value)


def _manifest(archive: Archive, demand: Demand, worker: Principal, holdings: Sequence[Named]) -> dict[str, Any]:
    if not holdings:
        raise ContentRefused(demand=demand.id, ordinal=0, reason="none is named")
    if len(set(holdings)) != len(holdings):
        raise ContentRefused(demand=demand.id, ordinal=0, reason="one is named twice")
    whose = patient_of(archive, demand)
    chosen = [_chosen(archive, demand, whose, named) for named in sorted(holdings)]
    return {
        "format": FORMAT,
        "demand": demand.id,
        "message_id": demand.order.message_id,
        "prepared_at": instant(archive.clock()),
        "prepared_by": {name: getattr(worker, name) for name in ("given_name", "surname", "npwz", "role")},
        "holdings": chosen,
    }


def _chosen(archive: Archive, demand: Demand, whose: tuple[int, int], named: Named) -> dict[str, Any]:
    """The line of one holding: what was received, and where the evidence log commits to it."""
    (takeover, ordinal), (number, patient) = named, whose
    if takeover != demand.takeover:
        raise ContentRefused(demand=demand.id, ordinal=ordinal, reason="it is of another takeover")
    try:
        holding = archive.catalogue.holding(number, ordinal)
    except HoldingUnknown:
        raise ContentRefused(demand=demand.id, ordinal=ordinal, reason=NOT_THEIRS) from None
    if not patient or holding.patient != patient:
        raise ContentRefused(demand=demand.id, ordinal=ordinal, reason=NOT_THEIRS)
    if not demand.order.scope.covers(subject_of(Subject(takeover=takeover, patient=patient), holding)):
        raise ContentRefused(demand=demand.id, ordinal=ordinal, reason="it is outside of what was demanded")
    return {
        "takeover": takeover,
        "ordinal": ordinal,
        "kind": holding.description.kind.value,
        "size": holding.size,
        "sha256": holding.sha256.hex(),
        "log_index": archive.catalogue.index_of(number, ordinal),
    }
