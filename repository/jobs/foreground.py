"""A takeover that a person waits for, under the same lease as one that a worker does.

So `receive` or `close` in a terminal and a worker, on this machine or another, never work on one takeover at the same
time. Where whoever had it was killed on this machine, it is gone on with at once.
"""

from collections.abc import Callable, Mapping
from typing import Any

from repository.access.principal import Principal
from repository.catalogue.jobs import Job, JobState
from repository.domain.takeover import Takeover
from repository.intake import Order
from repository.jobs.concluding import concluding, enqueue_conclusion
from repository.jobs.draining import LEASE, home_of
from repository.jobs.enqueuing import enqueue_intake
from repository.jobs.errors import TakeoverHeld
from repository.jobs.kinds import Run, Tick, intake
from repository.jobs.performing import perform
from repository.liveness import new_name
from repository.runtime import Archive
from repository.takeover.receiving import Progress


def receive_here(
    archive: Archive, order: Order, *, progress: Callable[[Progress], None], seconds: float = LEASE
) -> Takeover:
    """The takeover of the package, concluded; run again for the same package, it goes on or gives the outcome.

    Raises what the intake raises, `TakeoverHeld` while a worker has it, and `HomeBusy`.
    """

    def run(own: Archive, held: Job, tick: Tick) -> Mapping[str, Any]:
        return intake(own, held, tick, report=progress, forking=True)

    with home_of(archive):
        return _done(archive, enqueue_intake(archive, order), run, seconds=seconds)


def conclude_here(archive: Archive, takeover: Takeover, *, by: Principal | None, seconds: float = LEASE) -> Takeover:
    """The live transfer, ended and concluded; run again it goes on, or gives the outcome.

    Raises what concluding raises, `NotLive`, `TakeoverHeld` while a worker has it, and `HomeBusy`.
    """
    with home_of(archive):
        return _done(archive, enqueue_conclusion(archive, takeover, by=by), concluding, seconds=seconds)


def _done(archive: Archive, job: Job, run: Run, *, seconds: float) -> Takeover:
    if job.state is not JobState.DONE:
        _do(archive, job, run, seconds=seconds)
    return archive.catalogue.takeover(job.subject)


def _do(archive: Archive, job: Job, run: Run, *, seconds: float) -> None:
    faults: list[BaseException] = []

    def noting(own: Archive, held: Job, tick: Tick) -> Mapping[str, Any]:
        try:
            return run(own, held, tick)
        except BaseException as fault:
            faults.append(fault)
            raise

    held = archive.catalogue.jobs.lease({job.kind}, owner=new_name(), seconds=seconds, key=job.key)
    if held is None:
        raise TakeoverHeld(takeover=job.subject, job=job.id)
    try:
        perform(archive, held, run=noting, seconds=seconds, retrying=False)
    except BaseException:  # somebody pressed Ctrl-C
        archive.catalogue.jobs.release(held)
        raise
    if faults:
        raise faults[0]
