"""What C-GET and C-MOVE have in common (PS3.4 C.4.2, C.4.3): what is asked for, sent one by one, counted and told.

Everything that is told of is decided first; what may not be read is not counted, and a retrieval of nothing succeeds
with nothing, whether it is not there or not for the peer. In which encoding an instance goes out: `sendings`.
"""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from dicom_gateway.protocol.association import Association
from dicom_gateway.protocol.commands import (
    AFFECTED_CLASS,
    AFFECTED_INSTANCE,
    C_STORE_RQ,
    COMPLETED,
    DATA_SET,
    DATA_SET_TYPE,
    ERROR_COMMENT,
    FAILED,
    FIELD,
    MESSAGE_ID,
    ORIGINATOR,
    ORIGINATOR_ID,
    PRIORITY,
    REMAINING,
    WARNING,
    response_to,
)
from dicom_gateway.services.call import Call
from dicom_gateway.services.sendings import GivenUp, NotSent, Sending, uid_of
from dicom_gateway.statuses import CANCELLED, CANNOT_PERFORM, PENDING, SOME_FAILED, SUCCESS
from repository.access.errors import AccessRefused
from repository.access.subject import Operation
from repository.dicom_retrieval import Wanted, wanted
from repository.formats.dicom.elements import UnusualEncoding
from repository.formats.dicom.identifiers_writing import write_identifier
from repository.opening import Admitted, Errand, admit
from repository.runtime import Archive
from storage.errors import ArchiveError

INTERVAL = 1.0  # seconds between two pending responses
_MOST = 0xFFFF  # that a count can say; more are sent and told as so many
_FAILED_UIDS = 0x00080058
_LONGEST = 64  # of an Error Comment (LO)
_log = logging.getLogger("dicom_gateway")


@dataclass(slots=True)
class Tally:
    """Sub-operations. `failed_uids`: of those that failed; `whys`: codes of what kept us from sending them. `most`:
    seconds for all of them."""

    remaining: int
    most: float
    completed: int = 0
    warned: int = 0
    failed_uids: list[str] = field(default_factory=list)
    whys: set[str] = field(default_factory=set)
    late: bool = False
    _began: float = field(default_factory=time.monotonic)
    _told: float = field(default_factory=time.monotonic)

    def settle(self, instance: str, status: int | None, *, why: str = "") -> None:
        """`status`: of the C-STORE; None where it was not tried."""
        self.remaining -= 1
        if why:
            self.whys.add(why)
        if status == SUCCESS:
            self.completed += 1
        elif status is not None and (status & 0xF000 == 0xB000 or status in (0x0001, 0x0107, 0x0116)):
            self.warned += 1
        else:
            self.failed_uids.append(instance)

    def counts(self, *, remaining: bool) -> dict[int, int | str]:
        found: dict[int, int | str] = {
            COMPLETED: min(self.completed, _MOST),
            FAILED: min(len(self.failed_uids), _MOST),
            WARNING: min(self.warned, _MOST),
        }
        return found | ({REMAINING: min(self.remaining, _MOST)} if remaining else {})

    def due(self) -> bool:
        """Whether it is time for a pending response."""
        now = time.monotonic()
        if now - self._told < INTERVAL:
            return False
        self._told = now
        return True

    def give_up(self, rest: Iterable[Admitted]) -> None:
        """None of the rest is tried."""
        for each in rest:
            self.settle(uid_of(each), None)

    @property
    def until(self) -> float:
        """(monotonic) When it takes too long."""
        return self._began + self.most

    def overdue(self) -> bool:
        """Whether all of it takes too long: what is not sent by then is not sent."""
        self.late = self.late or time.monotonic() > self.until
        return self.late

    @property
    def status(self) -> int:
        if self.late:
            return CANNOT_PERFORM
        if not self.failed_uids:
            return SUCCESS
        return SOME_FAILED if self.completed or self.warned else CANNOT_PERFORM


def admitted(archive: Archive, errand: Errand, what: Wanted) -> list[Admitted]:
    """What of it the errand may read; accounted for. Nothing where there is nothing, or nothing for it."""
    try:
        return list(admit(archive, errand, wanted(archive, what), operation=Operation.READ))
    except AccessRefused:
        return []


def pending(call: Call, tally: Tally) -> None:
    call.association.send(call.context, response_to(call.command, PENDING, tally.counts(remaining=True)))


def meanwhile(tally: Tally, *, cancelled: bool) -> None:
    """Raises `GivenUp` where an image need not be decoded any more."""
    if cancelled or tally.overdue():
        raise GivenUp


def told(call: Call, tally: Tally, *, cancelled: bool) -> None:
    """The final response; with the UIDs of what failed (0008,0058), where anything did."""
    status = CANCELLED if cancelled else tally.status
    said = response_to(call.command, status, tally.counts(remaining=cancelled))
    if tally.late:
        said[ERROR_COMMENT] = f"longer than {tally.most:g} s: ask for what is left"
    elif tally.whys:
        said[ERROR_COMMENT] = f"not sent: {', '.join(sorted(tally.whys))}"[:_LONGEST]
    if not tally.failed_uids:
        call.association.send(call.context, said)
        return
    failed = write_identifier([(_FAILED_UIDS, "UI", "\\".join(tally.failed_uids))], syntax=call.context.syntax)
    call.association.send(call.context, said | {DATA_SET_TYPE: DATA_SET}, [failed])


def give(
    association: Association,
    each: Sending | NotSent,
    tally: Tally,
    *,
    originator: tuple[str, int] | None = None,
    patience: float,
) -> None:
    """The sub-operation is settled: as the peer answers, or as failed where nothing was sent, or nobody knows whether
    it came. `originator`: of C-MOVE; without one it is whoever asked that is given it, and heard meanwhile. Raises
    `ConnectionEnds`."""
    status, why = None, ""
    try:
        if isinstance(each, NotSent):
            why = each.why
        else:
            status = _stored(association, each, originator=originator, patience=patience)
    except (ArchiveError, UnusualEncoding) as error:
        why = getattr(error, "code", type(error).__name__)
        _log.error("an image cannot be given out: %s", why)
    finally:
        tally.settle(uid_of(each.admitted), status, why=why)


def _stored(
    association: Association, sending: Sending, *, originator: tuple[str, int] | None, patience: float
) -> int | None:
    """The status that the peer answers with. Raises what opening does where nothing of it was sent."""
    number = association.next_id()
    command: dict[int, int | str] = {
        AFFECTED_CLASS: sending.context.abstract,
        FIELD: C_STORE_RQ,
        MESSAGE_ID: number,
        PRIORITY: 0,
        DATA_SET_TYPE: DATA_SET,
        AFFECTED_INSTANCE: uid_of(sending.admitted),
    }
    if originator is not None:
        command |= {ORIGINATOR: originator[0], ORIGINATOR_ID: originator[1]}
    association.send(sending.context, command, sending.content, heed=originator is None)
    sending.meanwhile()
    return association.response(number, patience=patience).command.status
