"""A wish becomes a row of its own, once, however often it is said and wherever the process dies in between.

The order of an intake: the order file (durable) → the takeover and its opening → the row. Cut off after the first
step, `recover` does the others; cut off before it, nothing was promised.
"""

from collections.abc import Collection
from contextlib import suppress
from itertools import count

from repository.catalogue.jobs import Job, JobState
from repository.commitment.asking import enqueue_forgotten
from repository.demands.expiring import first_due
from repository.intake import Order, announce
from repository.jobs.names import EXPIRE, FORWARD, HEADERS, INTAKE, PUBLISH
from repository.jobs.orders import Orders
from repository.own_places import must_lie_apart
from repository.runtime import Archive
from repository.uploads.keeping import uploads_of
from storage.errors import ArchiveError


def enqueue_intake(archive: Archive, order: Order) -> Job:
    """The takeover of the package is announced, and there is a job that completes it: a new one, the one that is
    under way, the one that is done; never one that has failed.

    Raises what opening the package raises, `PackageIsArchive`, and `OrderNotKept`.
    """
    must_lie_apart(archive.settings, order.package)
    orders = Orders(archive.settings.home)
    with orders.locked(wait=True), order.opened(uploads_of(archive).kept) as package:
        known = archive.catalogue.takeover_by_fingerprint(package.fingerprint)
        if known is None or not known.closed_at:
            orders.keep(package.fingerprint, order)
        takeover = announce(archive, package, order)
        return enqueue_once(archive, INTAKE, takeover.id)


def enqueue_publish(archive: Archive) -> Job:
    """There is a job that publishes the log over what is committed now."""
    return archive.catalogue.jobs.enqueue(PUBLISH, "log", key=f"{PUBLISH}/{archive.catalogue.log_size()}")


def enqueue_routine(archive: Archive) -> list[Job]:
    """There are jobs for what comes due by itself: deeds that no checkpoint covers, accounts that no collector has,
    demands that have stood in one state for too long; storage commitments that a crash left without a job.

    One of each kind at a time, so that what waits for its next attempt is not overtaken. One that has given up is
    followed by another at once, and then by one each hour.
    """
    jobs: list[Job] = enqueue_forgotten(archive)
    catalogue, collector = archive.catalogue, archive.settings.collector
    if catalogue.journal.bundled() < catalogue.journal.size():
        jobs.append(_routine(archive, PUBLISH, "log", key=f"{PUBLISH}/{catalogue.log_size()}"))
    cursor = catalogue.collectors.cursor(collector.name) if collector is not None else 0
    if collector is not None and cursor < catalogue.accounts.last():
        jobs.append(_routine(archive, FORWARD, "accounts", key=f"{FORWARD}/{collector.name}/{cursor}"))
    if (due := first_due(archive, archive.clock())) is not None:
        jobs.append(_routine(archive, EXPIRE, "demands", key=f"{EXPIRE}/{due.id}/{due.position}"))
    jobs.extend(
        catalogue.jobs.enqueue(HEADERS, takeover, key=f"{HEADERS}/{takeover}")
        for takeover in catalogue.images.unprepared(HEADERS)
    )
    return jobs


def _routine(archive: Archive, kind: str, subject: str, *, key: str) -> Job:
    jobs = archive.catalogue.jobs
    if (under_way := jobs.unfinished(kind)) is not None:
        return under_way
    first = jobs.enqueue(kind, subject, key=key)
    ended = first.state in {JobState.FAILED, JobState.DONE}  # done: and yet there is something left to do
    return jobs.enqueue(kind, subject, key=f"{key}/{archive.clock():%Y%m%d%H}") if ended else first


def recover(archive: Archive) -> list[Job]:
    """Orders that a crash left without a job have one now; those whose package has changed since then are dropped."""
    orders = Orders(archive.settings.home)
    jobs: list[Job] = []
    if not (waiting := [each for each in orders.fingerprints() if not _has_job(archive, each)]):
        return jobs
    with orders.locked(wait=False) as free:
        for fingerprint in waiting if free else ():
            with suppress(ArchiveError):
                if job := _resume(archive, orders, fingerprint):
                    jobs.append(job)
    return jobs


def _resume(archive: Archive, orders: Orders, fingerprint: str) -> Job | None:
    order = orders.find(fingerprint)
    if order is None:
        return None
    with order.opened(uploads_of(archive).kept) as package:
        if package.fingerprint != fingerprint:  # nobody was told yet that it would be taken over, and now it cannot
            orders.drop(fingerprint)
            return None
        takeover = announce(archive, package, order)
    return enqueue_once(archive, INTAKE, takeover.id)


def _has_job(archive: Archive, fingerprint: str) -> bool:
    takeover = archive.catalogue.takeover_by_fingerprint(fingerprint)
    return takeover is not None and archive.catalogue.jobs.find(f"{INTAKE}/{takeover.id}") is not None


def enqueue_once(archive: Archive, kind: str, subject: str) -> Job:
    """A job that failed stays what it is; asked for again, its work has a job with the next number."""
    return _numbered(archive, kind, subject, over={JobState.FAILED})


def enqueue_next(archive: Archive, kind: str, subject: str) -> Job:
    """The job of this kind and subject that is under way, or a new one after all that have ended."""
    return _numbered(archive, kind, subject, over={JobState.FAILED, JobState.DONE})


def _numbered(archive: Archive, kind: str, subject: str, *, over: Collection[JobState]) -> Job:
    for number in count(1):
        key = f"{kind}/{subject}" if number == 1 else f"{kind}/{subject}/{number}"
        job = archive.catalogue.jobs.enqueue(kind, subject, key=key)
        if job.state not in over:
            return job
    raise AssertionError("unreachable: counting does not end")
