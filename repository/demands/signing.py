"""Steps 6 and 7: the worker who prepared it signs, the institution seals it, and only then is it sent.

Signed are the bytes of `to_be_signed`: the demand, the SHA-256 of its frozen content, the worker's names and NPWZ. The
seal is a paper of its own, with the key of the evidence log, over the same and over the worker's signature.
"""

from base64 import b64encode
from hashlib import sha256
from typing import Any

from repository.access.principal import Principal
from repository.canonical import canonical
from repository.clock import instant
from repository.demands.errors import OtherWorker, SealForged
from repository.demands.looking import looked_at
from repository.demands.moving import move, require
from repository.demands.order import Demand
from repository.demands.preparing import detail_of, frozen_content, require_worker
from repository.demands.standing import for_either, for_preparer, for_staff
from repository.demands.verifying import Decide, still_entitled
from repository.domain.demand import DemandState
from repository.domain.identifiers import PESEL_OID
from repository.evidence.errors import PaperForged
from repository.evidence.signing import opened, signed
from repository.evidence.trust.store import read_store
from repository.evidence.worker_signature import Checked, Supplied, check
from repository.runtime import Archive

PURPOSE = "demand"
FORMAT = 1


def to_be_signed(archive: Archive, demand_id: str, *, worker: Principal) -> bytes:
    """The bytes that the worker's signature has to be over. Raises `OtherWorker` for all but the one who prepared, and
    `DemandUnknown` for whoever could not have prepared it."""
    require_worker(worker)
    for_preparer(archive, demand_id, worker)
    _content, digest = frozen_content(archive, demand_id)
    by = detail_of(archive, demand_id, DemandState.PREPARED)["by"]
    if (by["id"], by["npwz"]) != (worker.id, worker.npwz):
        raise OtherWorker(demand=demand_id)
    return canonical(
        {
            "format": FORMAT,
            "demand": demand_id,
            "content_sha256": digest,
            "given_name": worker.given_name,
            "surname": worker.surname,
            "npwz": worker.npwz,
        }
    )


def sign(archive: Archive, demand_id: str, *, worker: Principal, signature: Supplied) -> Demand:
    """The frozen content is signed by the worker who prepared it, and sealed by the institution.

    Raises `SignatureRefused`, a `TrustError` for a certificate that the trust folder does not vouch for, `OtherWorker`,
    `WorkerIncomplete`, `WrongState`, `DemandMoved`, and `DemandUnknown` for whoever is no worker of the archive or the
    custodian, or is the requester.
    """
    require_worker(worker)
    demand = for_preparer(archive, demand_id, worker)
    require(demand, DemandState.SIGNED)
    text = to_be_signed(archive, demand_id, worker=worker)
    now, known = archive.clock(), worker.identifier
    pesel = known.extension if known is not None and known.root == PESEL_OID else ""
    trust = read_store(archive.settings.trust_path, revocation=archive.settings.revocation)
    names = {"given_name": worker.given_name, "surname": worker.surname, "pesel": pesel}
    evidence = _evidence(text, signature, check(text, signature, **names, at=now, trust=trust))
    paper = {"demand": demand_id, "content_sha256": frozen_content(archive, demand_id)[1], "signed_at": instant(now)}
    seal = signed(paper | {"signature": evidence}, purpose=PURPOSE, seed=archive.ring.signing_seed())
    detail = {"signature": evidence, "seal": seal.decode()}
    return move(archive, demand, DemandState.SIGNED, by=worker, detail=detail)


def _evidence(text: bytes, signature: Supplied, seen: Checked) -> dict[str, Any]:
    """The signature, what it is over, and all that was found about it."""
    return {
        "kind": seen.kind,
        "form": seen.form,
        "algorithm": seen.algorithm,
        "value": b64encode(signature.value).decode(),
        "certificate": b64encode(seen.certificate).decode(),
        "certificate_sha256": seen.certificate_sha256,
        "valid_from": instant(seen.valid_from),
        "valid_to": instant(seen.valid_to),
        "checked": list(seen.checked),
        "unchecked": list(seen.unchecked),
        "trust": seen.trusted.evidence(),
        "text": text.decode(),
    }


def seal_of(archive: Archive, demand_id: str) -> bytes:
    """The sealed paper, its seal checked against this archive's key and the frozen content. Raises `SealForged`."""
    paper = str(detail_of(archive, demand_id, DemandState.SIGNED)["seal"]).encode()
    _content, digest = frozen_content(archive, demand_id)
    try:
        value = opened(paper, purpose=PURPOSE, public_key=archive.ring.signing_public_key())
    except PaperForged:
        raise SealForged(demand=demand_id) from None
    if (value["demand"], value["content_sha256"]) != (demand_id, digest):
        raise SealForged(demand=demand_id)
    return paper


def outgoing(archive: Archive, demand_id: str, *, by: Principal, door: str = "cli") -> dict[str, Any]:
    """What goes to the requester besides the holdings themselves: the manifest and the sealed signature over it. For
    the requester and for staff; accounted for.

    Raises `DemandUnknown` for all others, `WrongState` for what is not signed, `SealForged`.
    """
    looked_at(archive, demand_id, by, may=for_either, door=door, whose=True)
    content, digest = frozen_content(archive, demand_id)
    return {
        "demand": demand_id,
        "content_sha256": digest,
        "content": content.decode(),
        "seal": _text(archive, demand_id),
    }


def _text(archive: Archive, demand_id: str) -> str:
    return seal_of(archive, demand_id).decode()


def send(
    archive: Archive, demand_id: str, *, by: Principal, decide: Decide, channel: str = "", door: str = "cli"
) -> Demand:
    """The message is sent by staff: to whom, over which channel and what exactly is on record (R463-5, step 7).

    Raises `WrongState` for what is not signed, `NoLongerEntitled` where `decide` does not permit it any more, and
    `SealForged` where content and seal do not agree; it then stays signed. `DemandUnknown` for others than staff.
    """
    demand = for_staff(archive, demand_id, by)
    require(demand, DemandState.SENT)
    decision = still_entitled(archive, demand, decide, door=door)
    paper = seal_of(archive, demand_id)
    content, digest = frozen_content(archive, demand_id)
    record = {
        "recipient": demand.order.requester_key,
        "message_id": demand.order.message_id,
        "channel": channel,
        "content_sha256": digest,
        "content_size": len(content),
        "seal_sha256": sha256(paper).hexdigest(),
    }
    return move(archive, demand, DemandState.SENT, by=by, detail={"transmission": record, "decision": decision})
