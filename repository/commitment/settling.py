"""The job of a transaction that a peer asked for: every instance is looked at, and what came of it is durable.

Cut off anywhere it is done again, and nothing is said before it is done; afterwards there is a job that reports it.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from repository.access.purpose import Purpose
from repository.catalogue.commitments import Commitment, CommitmentState
from repository.catalogue.jobs import Job
from repository.commitment.asking import enqueue, key_of
from repository.commitment.checking import OUT_OF_RESOURCES, PROCESSING_FAILURE, failures, looking
from repository.commitment.telling import note_commitment
from repository.evidence.errors import LogError
from repository.jobs.names import COMMITMENT
from repository.opening import upkeep
from repository.runtime import Archive
from storage.errors import StorageError
from storage.warrants import Warrant

Tick = Callable[[int, int], None]


def settle(archive: Archive, job: Job, tick: Tick) -> Mapping[str, Any]:
    """The transaction `job.subject` is looked into, and waits to be reported; the result counts. Raises what a store
    raises that does not answer, but at the last attempt: then the peer is told that nothing can be said."""
    desk = archive.catalogue.commitments
    known = desk.commitment(job.subject)
    if known is None or job.key != key_of(COMMITMENT, known):  # of an earlier round, which nobody waits for
        return {}
    if known.state is CommitmentState.RECEIVED:
        found = _looked(archive, known, job, tick)
        note_commitment(archive, known, found)
        known = desk.checked(known, found)
    enqueue(archive, known)
    return {"instances": len(known.instances), "failed": len(known.failures)}


def _looked(archive: Archive, known: Commitment, job: Job, tick: Tick) -> Mapping[int, int]:
    @cache
    def warrant(takeover: str) -> Warrant:
        reason = f"storage commitment {known.id}"
        return upkeep(archive, Purpose.MAINTENANCE, takeover=takeover, reason=reason)

    takeovers = [archive.catalogue.takeover(each) for each in known.takeovers]
    try:
        return failures(looking(archive, warrant), known.instances, takeovers, tick=tick)
    except StorageError as error:
        if error.retryable and job.attempts < job.attempts_most:
            raise
        return dict.fromkeys(range(len(known.instances)), OUT_OF_RESOURCES)
    except LogError:  # nothing is signed, so that nothing can be proved
        return dict.fromkeys(range(len(known.instances)), PROCESSING_FAILURE)
