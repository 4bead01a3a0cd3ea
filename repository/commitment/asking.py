"""A peer asks for commitment: one durable transaction, and a job that looks (PS3.4 J.3.2).

What is looked into is settled as it asks: the takeovers that it may push into or once might, closed ones as well, no
further than it may see at this moment. So it learns of nothing that it could not have sent.
"""

from collections.abc import Collection, Sequence

from repository.access.errors import AccessRefused
from repository.access.principal import Principal
from repository.catalogue.commitments import Commitment, CommitmentState, Instance
from repository.catalogue.jobs import Job, JobState
from repository.commitment.errors import TransactionDiffers
from repository.jobs.names import COMMITMENT, COMMITMENT_REPORT
from repository.jobs.waking import ring
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
    *,
    instances: Sequence[Instance],
    title: str,
    within: Collection[str] | None,
) -> Commitment:
    """The transaction of that peer is durable, and will be looked into and reported. The same again is the same one;
    one that was reported, or given up, is looked into anew. `title`: of ours, as the peer
    called it, and is answered by. `within`: ids of takeovers; None: any.

    Raises `AccessRefused` for a peer that has nowhere to push, `TransactionDiffers`, and what the catalogue raises.
    """
    into = archive.catalogue.commitments.pushed_into(keys_of(principal))
    takeovers = [each for each in into if within is None or each in within]
    if not takeovers:
        raise AccessRefused
    known = archive.catalogue.commitments.ask(
        principal.id, transaction, title=title, takeovers=takeovers, instances=instances
    )
    if known.instances != tuple(instances):
        raise TransactionDiffers(peer=principal.id)
    if _is_over(archive, known):
        known = archive.catalogue.commitments.again(known)
    enqueue(archive, known)
    return known


def enqueue(archive: Archive, known: Commitment) -> Job | None:
    """The job that leads the transaction on from where it stands, and whoever does such jobs on this machine was woken;
    None for one that is at its end."""
    kind = _LEADING.get(known.state)
    if kind is None:
        return None
    job = archive.catalogue.jobs.enqueue(kind, known.id, key=key_of(kind, known), attempts=_MOST[kind])
    ring(archive.settings.home)
    return job


def enqueue_forgotten(archive: Archive) -> list[Job]:
    """Transactions that a crash left without a job have one now."""
    enqueued = [enqueue(archive, each) for each in archive.catalogue.commitments.without_a_job(_LEADING)]
    return [each for each in enqueued if each is not None]


def job_of(archive: Archive, known: Commitment) -> Job | None:
    """The job that `enqueue` makes, if it was made."""
    kind = _LEADING.get(known.state)
    return None if kind is None else archive.catalogue.jobs.find(key_of(kind, known))


def key_of(kind: str, known: Commitment) -> str:
    return f"{kind}/{known.id}/{known.round}"


def _is_over(archive: Archive, known: Commitment) -> bool:
    """Reported, or given up."""
    if known.state not in _LEADING:
        return True
    job = job_of(archive, known)
    return job is not None and job.state is JobState.FAILED
