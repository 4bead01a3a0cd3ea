"""The kinds of jobs: name → what is done. Each can be cut off anywhere and run again.

A run gets the archive with a catalogue that is fenced by its lease, the job, and a `tick` to say how far it has come:
`tick` raises when the job is another's by now, or when the worker is to stop, and the run lets that pass.
"""

import socket
from collections.abc import Callable, Mapping
from typing import Any

from repository import journal
from repository.access.account import Account
from repository.access.account_query import AccountQuery
from repository.accounting.collector_settings import Collector
from repository.accounting.dicom_audit import audit_message
from repository.accounting.forwarding import Forwarded, forward
from repository.accounting.syslog import SyslogTls, syslog_message
from repository.catalogue.jobs import Job
from repository.commitment.settling import settle
from repository.demands.expiring import expire_due
from repository.domain.takeover import FINAL, Takeover
from repository.headers.preparing import prepare
from repository.intake import Order, complete
from repository.jobs.concluding import concluding
from repository.jobs.errors import OrderMissing, PackageDiffers
from repository.jobs.names import COMMITMENT, CONCLUDE, EXPIRE, FORWARD, HEADERS, INTAKE, PUBLISH, UPLOAD, VERIFY
from repository.jobs.orders import Orders
from repository.jobs.uploading import discard, take_up
from repository.jobs.verification import verifying
from repository.opening import archive_itself
from repository.runtime import Archive
from repository.takeover.receiving import Progress
from repository.uploads.keeping import uploads_of

Tick = Callable[[int, int], None]  # done, of
Run = Callable[[Archive, Job, Tick], Mapping[str, Any]]

__all__ = ["EXPIRE", "FORWARD", "HEADERS", "INTAKE", "KINDS", "PUBLISH", "UPLOAD", "VERIFY", "Run", "Tick", "intake"]


def intake(
    archive: Archive,
    job: Job,
    tick: Tick,
    *,
    report: Callable[[Progress], None] = lambda _: None,
    forking: bool = False,
) -> Mapping[str, Any]:
    """The takeover `job.subject` has reached a final state; its order is gone. The result names the state. `forking`:
    as for `complete`."""

    def progress(so_far: Progress) -> None:
        tick(so_far.items, so_far.of_items)
        report(so_far)

    takeover = archive.catalogue.takeover(job.subject)
    orders = Orders(archive.settings.home)
    if takeover.state in FINAL:
        journal.publish(archive)
    else:
        takeover = _complete(archive, takeover, orders, progress=progress, forking=forking)
    if (order := orders.find(takeover.fingerprint)) is not None:
        discard(archive, order)
    orders.drop(takeover.fingerprint)
    return {"state": takeover.state.value}


def _complete(
    archive: Archive, takeover: Takeover, orders: Orders, *, progress: Callable[[Progress], None], forking: bool
) -> Takeover:
    order = _order_of(takeover, orders)
    with order.opened(uploads_of(archive).kept) as package:
        if package.fingerprint != takeover.fingerprint:
            raise PackageDiffers(path=takeover.package, takeover=takeover.id)
        return complete(archive, takeover, package, progress=progress, forking=forking)


def _order_of(takeover: Takeover, orders: Orders) -> Order:
    order = orders.find(takeover.fingerprint)
    if order is None:
        raise OrderMissing(takeover=takeover.id, path=str(orders.folder))
    return order


def publish(archive: Archive, _job: Job, _tick: Tick) -> Mapping[str, Any]:
    """What is committed now is provable. The result names the size of the log."""
    return {"size": journal.publish(archive).size}


def forwarding(archive: Archive, _job: Job, tick: Tick) -> Mapping[str, Any]:
    """The collector has every account that was written so far. Raises what kept it from them; the cursor stays."""
    collector, sent = archive.settings.collector, 0
    while collector is not None:
        done = _forwarded(archive, collector, tick)
        sent += done.sent
        if done.failure is not None:
            raise done.failure
        if not done.more:
            break
    return {"sent": sent}


def _forwarded(archive: Archive, collector: Collector, tick: Tick) -> Forwarded:
    host, name = socket.gethostname(), archive.id.hex

    def due(after: int, limit: int) -> list[Account]:
        tick(0, 0)  # between two batches it may be stopped
        return archive.catalogue.accounts.search(AccountQuery(after=after, limit=limit))

    return forward(
        due,
        archive.catalogue.collectors,
        SyslogTls(collector),
        name=collector.name,
        render=lambda each: syslog_message(each, host=host, archive=name, message=audit_message(each, archive=name)),
    )


def expiring(archive: Archive, _job: Job, tick: Tick) -> Mapping[str, Any]:
    """Every demand that has stood in one state for longer than the settings allow is expired, by the archive itself."""
    tick(0, 0)
    return {"expired": len(expire_due(archive, archive.clock(), by=archive_itself(archive)))}


def headers(archive: Archive, job: Job, tick: Tick) -> Mapping[str, Any]:
    """The metadata of every series of the takeover `job.subject` is made ready to be told. What cannot be opened is
    left to whoever asks for it, and the result counts it; `verify` is what names damage."""
    return prepare(archive, archive.catalogue.takeover(job.subject), progress=tick)


KINDS: Mapping[str, Run] = {
    INTAKE: intake,
    PUBLISH: publish,
    FORWARD: forwarding,
    EXPIRE: expiring,
    UPLOAD: take_up,
    VERIFY: verifying,
    HEADERS: headers,
    CONCLUDE: concluding,
    COMMITMENT: settle,
}
