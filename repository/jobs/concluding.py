"""A live transfer is ended and a job concludes it: for whoever does not want to wait, and for whoever does.

Asked for, nobody pushes any more who was bound until then; each end is a deed of whoever asked. Then there is the row,
and only then has anything been promised. Cut off before it, the takeover is open and nobody is bound to it: it is asked
for again, or somebody is bound anew. Cut off after it, the next worker goes on.
"""

from collections.abc import Callable, Mapping
from typing import Any

from repository.access.principal import Principal
from repository.catalogue.jobs import Job
from repository.domain.takeover import State, Takeover
from repository.jobs.enqueuing import enqueue_once
from repository.jobs.names import CONCLUDE
from repository.jobs.waking import ring
from repository.opening import archive_itself
from repository.runtime import Archive
from repository.transfer.closing import close_transfer, end_bindings
from repository.transfer.errors import NotLive


def enqueue_conclusion(archive: Archive, takeover: Takeover, *, by: Principal | None) -> Job:
    """Whoever was bound to the takeover may not push any more, and there is a job that concludes it: a new one, the one
    that is under way, or the one that is done; never one that has failed. What was acknowledged until then is kept, and
    will be in the statement. Raises `NotLive`."""
    if not takeover.live:
        raise NotLive(takeover=takeover.id)
    if archive.catalogue.takeover(takeover.id).state is State.RECEIVING:
        end_bindings(archive, takeover, by=by)
    return enqueue_once(archive, CONCLUDE, takeover.id)


def ask_to_conclude(archive: Archive, takeover: Takeover, *, by: Principal | None) -> Job:
    """As `enqueue_conclusion`; whoever works on this machine looks at it at once."""
    job = enqueue_conclusion(archive, takeover, by=by)
    ring(archive.settings.home)
    return job


def concluding(archive: Archive, job: Job, tick: Callable[[int, int], None]) -> Mapping[str, Any]:
    """The takeover `job.subject` has reached a final state, which the result names; its protocol is signed and stored.
    Whoever was bound since it was asked for has been unbound by the archive itself."""
    takeover, by = archive.catalogue.takeover(job.subject), archive_itself(archive)
    tick(0, 0)  # the last moment at which it may be stopped
    return {"state": close_transfer(archive, takeover, by=by).state.value}
