"""One job after another, until none is due: what every worker does, in a thread, in a process, woken by whatever.

Two drains never run one job at the same time: the lease keeps them apart, and what an owner of an old lease still
does is not taken. The job of a process of this machine that was killed is taken at once, that of any other when its
lease has run out. Where the catalogue is SQLite, the home folder's lock is held as well while a job runs, so that a
command of this machine (`keys rotate`, `rebuild`) and a worker wait for each other.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from repository.errors import HomeBusy
from repository.home_lock import sole_writer
from repository.jobs.enqueuing import enqueue_routine, recover
from repository.jobs.kinds import KINDS, Run
from repository.jobs.performing import perform
from repository.jobs.uploading import reap_uploads
from repository.runtime import Archive
from repository.settings import read_home

LEASE = 60.0  # seconds without a sign of life after which a job is another's; at once if its owner is surely gone


def drain(
    archive: Archive,
    *,
    owner: str,
    kinds: Mapping[str, Run] = KINDS,
    seconds: float = LEASE,
    until: Callable[[], bool] = lambda: False,
) -> int:
    """No job of these kinds is due, or `until` said stop, or another process has the home; how many were run.

    `owner`: a name that `liveness.new_name` made in this process, or one that the time alone takes jobs from.
    Raises what the catalogue raises while nothing is held.
    """
    recover(archive)
    reap_uploads(archive)
    enqueue_routine(archive)
    ran = 0
    while not until():
        held = archive.catalogue.jobs.lease(kinds, owner=owner, seconds=seconds)
        if held is None:
            return ran
        try:
            with home_of(archive):
                perform(archive, held, run=kinds[held.kind], seconds=seconds, stopping=until)
        except HomeBusy:
            archive.catalogue.jobs.release(held)
            return ran
        ran += 1
    return ran


@contextmanager
def home_of(archive: Archive) -> Iterator[None]:
    """The home is held against other processes of this machine where they could get in each other's way."""
    if is_embedded(archive):
        with sole_writer(archive.settings.home):
            yield
    else:
        yield


def is_embedded(archive: Archive) -> bool:
    """Whether the catalogue is a file of this machine, with one writer at a time."""
    return read_home(archive.settings.home).catalogue.startswith("sqlite")
