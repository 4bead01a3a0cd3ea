"""A peer asks for commitment: one durable transaction, and a job that looks (PS3.4 J.3.2).

What is looked into is settled as it asks: the takeovers that it may push into or once might, closed ones as well, no
further than it may see at this moment. So it learns of nothing that it could not have sent.
"""

from collections.abc import Collection, Sequence

from repository.access.errors import AccessRefused
from repository.access.principal import Principal
from repository.catalogue.commitments import Commitment, CommitmentState, Instance, Side
from repository.catalogue.jobs import JobState
from repository.commitment.errors import TransactionDiffers
from repository.jobs.names import COMMITMENT, COMMITMENT_REPORT
from repository.runtime import Archive
from repository.transfer.opening import keys_of

ATTEMPTS = 20  # at looking, some two and a half hours of a store that is away
DAYS = 7
REPORTS = DAYS * 144 + 3  # attempts to report, one in ten minutes after the first few
_LEADING = {CommitmentState.RECEIVED: COMMITMENT, CommitmentState.CHECKED: COMMITMENT_REPORT}
_MOST = {COMMITMENT: ATTEMPTS, COMMITMENT_REPORT: REPORTS}


def take_on(
    archive: Archive,
    principal: Principal,
    transaction: str,
    instances: Sequence[Instance],
    *,
    within: Collection[str] | None,
) -> Commitment:
    """The transaction of that peer is durable, and will be looked into and reported. The same again is the same one;
    one that was reported, or given up, is looked into anew. `within`: ids of takeovers; None: any.

    Raises `AccessRefused` for a peer that has nowhere to push, `TransactionDiffers`, and what the catalogue raises.
    """
    into = archive.catalogue.commitments.pushed_into(keys_of(principal))
    takeovers = [each for each in into if within is None or each in within]
    if not takeovers:
        raise AccessRefused
    known = archive.catalogue.commitments.ask(
        Side.OURS, principal.id, transaction, takeovers=takeovers, instances=instances
    )
    if known.instances != tuple(instances):
        raise TransactionDiffers(peer=principal.id)
    if _is_over(archive, known):
        known = archive.catalogue.commitments.again(known)
    enqueue(archive, known)
    return known


def enqueue(archive: Archive, known: Commitment) -> None:
    """There is a job that leads the transaction on from where it stands."""
    kind = _LEADING.get(known.state)
    if kind is not None:
        archive.catalogue.jobs.enqueue(kind, known.id, key=_key(kind, known), attempts=_MOST[kind])


def enqueue_forgotten(archive: Archive) -> None:
    """Transactions that a crash left without a job have one now."""
    for each in archive.catalogue.commitments.without_a_job(_LEADING):
        enqueue(archive, each)


def _key(kind: str, known: Commitment) -> str:
    return f"{kind}/{known.id}/{known.round}"


def _is_over(archive: Archive, known: Commitment) -> bool:
    """Reported, or given up."""
    kind = _LEADING.get(known.state)
    if kind is None:
        return True
    job = archive.catalogue.jobs.find(_key(kind, known))
    return job is not None and job.state is JobState.FAILED
