"""What came of a storage commitment goes to the peer that asked (PS3.4 J.3.3): N-EVENT-REPORT over a new association.

Always over one that we ask for, where the peer listens, and as its SCP (role selection, PS3.7 D.3.3.4); never over the
one on which it asked, which may be gone by then. What the peer does not acknowledge is tried again for a week, later
each time; so is what is for a peer of which no address is known, which the log says.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from dicom_gateway.contexts import COMMITMENT, EXPLICIT, IMPLICIT
from dicom_gateway.errors import ReportNotTaken, TlsUnfit
from dicom_gateway.protocol.association import Association
from dicom_gateway.protocol.commands import (
    AFFECTED_CLASS,
    AFFECTED_INSTANCE,
    DATA_SET,
    DATA_SET_TYPE,
    EVENT_TYPE,
    FIELD,
    MESSAGE_ID,
    N_EVENT_REPORT_RQ,
)
from dicom_gateway.protocol.errors import ConnectionEnds
from dicom_gateway.protocol.negotiating import Asked, Proposed
from dicom_gateway.protocol.requesting import Address, associated
from dicom_gateway.protocol.wire import Patience
from dicom_gateway.securing import secured
from dicom_gateway.services.committing import WELL_KNOWN
from dicom_gateway.services.committing_reports import SUCCESSFUL, WITH_FAILURES
from dicom_gateway.settings import GatewaySettings
from dicom_gateway.statuses import SUCCESS
from repository.catalogue.commitments import Commitment, CommitmentState
from repository.catalogue.jobs import Job
from repository.commitment.asking import key_of
from repository.formats.dicom.transactions import Named, Transaction, write_transaction
from repository.jobs.draining import LEASE
from repository.jobs.names import COMMITMENT_REPORT
from repository.jobs.performing import perform
from repository.jobs.waking import Bell
from repository.liveness import new_name
from repository.peers.peer import Peer
from repository.peers.registering import registered
from repository.runtime import Archive
from storage.errors import ArchiveError

EVERY = 2.0  # seconds between two looks at the rows
_log = logging.getLogger("dicom_gateway")
_NO_SCU_BUT_SCP = False, True
Tick = Callable[[int, int], None]


class Reporting:
    """From `start` to `stop` reports are sent in a thread, as soon as somebody rings that there is one; several
    processes may do so at once: a report is sent by whoever holds the lease of its job. The home is not held meanwhile:
    a dead peer keeps nobody waiting."""

    def __init__(self, archive: Archive, settings: GatewaySettings, *, every: float = EVERY) -> None:
        self._archive, self._settings, self._every = archive, settings, every
        self._stopping = threading.Event()
        self._bell = Bell(archive.settings.home)
        self._thread = threading.Thread(target=self._run, name="reports")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """No further report is begun; may be called again."""
        self._stopping.set()

    def join(self) -> None:
        """The report that was on its way has been answered, or will be sent again."""
        self._thread.join()

    def _run(self) -> None:
        owner = new_name()  # of the process in which the thread runs
        while not self._stopping.is_set():
            try:
                report_due(self._archive, self._settings, owner=owner, stopping=self._stopping.is_set)
            except ArchiveError as error:  # the database is away for a while: the rows are still there
                _log.warning("no report was looked for (%s)", error.code)
            except Exception as error:  # noqa: BLE001  a thread that has died without a word serves nobody
                _log.error("no report was looked for (%s)", type(error).__name__)
            self._bell.wait(self._stopping, self._every)


def report_due(
    archive: Archive,
    settings: GatewaySettings,
    *,
    owner: str,
    seconds: float = LEASE,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """No report is due, or `stopping` said so; how many were tried. `seconds`: of a lease. Raises what the catalogue
    raises."""

    def run(own: Archive, held: Job, _tick: Tick) -> Mapping[str, Any]:
        return report(own, settings, held)

    tried = 0
    while not stopping():
        held = archive.catalogue.jobs.lease({COMMITMENT_REPORT}, owner=owner, seconds=seconds)
        if held is None:
            break
        perform(archive, held, run=run, seconds=seconds, stopping=stopping)
        tried += 1
    return tried


def report(archive: Archive, settings: GatewaySettings, job: Job) -> Mapping[str, Any]:
    """The peer knows what came of the transaction `job.subject`, and that it does is durable. Raises
    `ReportNotTaken`."""
    known = archive.catalogue.commitments.commitment(job.subject)
    if known is None or known.state is not CommitmentState.CHECKED or job.key != key_of(COMMITMENT_REPORT, known):
        return {}  # the peer has asked anew meanwhile, or knows
    peer = registered(archive, known.peer)
    if peer is None or not (peer.host and peer.port):
        _log.warning("commitment %s waits: no address of its peer is known", known.id)
        raise ReportNotTaken(ae_title=known.peer, reason="no address of it is known")
    try:
        status = _sent(known, peer, settings)
    except ConnectionEnds as error:
        raise ReportNotTaken(ae_title=peer.ae_title, reason=type(error).__name__) from None
    except TlsUnfit as error:  # for us to mend; until then nothing is given up
        raise ReportNotTaken(ae_title=peer.ae_title, reason=error.code) from error
    if status != SUCCESS:
        raise ReportNotTaken(ae_title=peer.ae_title, reason=f"status {status:04X}")
    archive.catalogue.commitments.reported(known)
    return {"instances": len(known.instances), "failed": len(known.failures)}


def _sent(known: Commitment, peer: Peer, settings: GatewaySettings) -> int:
    """The status that the peer answers with. Raises `ConnectionEnds`, `ReportNotTaken`, `TlsUnfit`."""
    what = Asked(
        calling=known.title,
        called=peer.ae_title,
        contexts=[Proposed(1, COMMITMENT, (EXPLICIT, IMPLICIT))],
        roles={COMMITMENT: _NO_SCU_BUT_SCP},
        longest=settings.pdu,
    )
    at = Address(peer.host, peer.port, secured(settings).calling if peer.tls else None)
    with associated(what, at, patience=_patience(settings)) as line:
        # A peer that takes the context and says nothing of roles takes the report as well, more often than not.
        if 1 not in line.terms.contexts:
            raise ReportNotTaken(ae_title=peer.ae_title, reason="it does not take reports of commitment")
        return _told(line, known, settings)


def _patience(settings: GatewaySettings) -> Patience:
    """No step takes longer than the door may take to close."""
    most = settings.patience
    return replace(most, acse=min(most.acse, settings.grace), dimse=min(most.dimse, settings.grace))


def _told(line: Association, known: Commitment, settings: GatewaySettings) -> int:
    context, number = line.terms.contexts[1], line.next_id()
    command: dict[int, int | str] = {
        AFFECTED_CLASS: COMMITMENT,
        FIELD: N_EVENT_REPORT_RQ,
        MESSAGE_ID: number,
        DATA_SET_TYPE: DATA_SET,
        AFFECTED_INSTANCE: WELL_KNOWN,
        EVENT_TYPE: WITH_FAILURES if known.failures else SUCCESSFUL,
    }
    said = Transaction(
        known.transaction,
        referenced=tuple(Named(each.sop_class, each.uid) for each in known.committed),
        failed=tuple(Named(each.sop_class, each.uid, reason) for each, reason in known.failed),
    )
    line.send(context, command, [write_transaction(said, syntax=context.syntax, retrieve_from=known.title)])
    return line.response(number, patience=_patience(settings).dimse).command.status
