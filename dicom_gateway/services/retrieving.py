"""What C-GET and C-MOVE have in common (PS3.4 C.4.2, C.4.3): what is asked for, sent one by one, counted and told.

Everything that is told of is decided first; what may not be read is not counted, and a retrieval of nothing succeeds
with nothing, whether it is not there or not for the peer. An instance goes out with the bytes of its data set as they
came, where its transfer syntax is agreed on; otherwise, uncompressed ones in another such syntax.
"""

import logging
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    STATUS,
    WARNING,
    response_to,
)
from dicom_gateway.protocol.negotiating import Context
from dicom_gateway.services.call import Call
from dicom_gateway.statuses import CANCELLED, CANNOT_PERFORM, PENDING, SOME_FAILED, SUCCESS
from repository.access.errors import AccessRefused
from repository.access.subject import Operation
from repository.dicom_retrieval import Wanted, data_set, wanted
from repository.formats.dicom.elements import UnusualEncoding
from repository.formats.dicom.identifiers_writing import write_identifier
from repository.imaging import REENCODED, UNCOMPRESSED, contents, in_syntax, scanned
from repository.opening import Admitted, Errand, admit
from repository.runtime import Archive
from storage.errors import ArchiveError

INTERVAL = 1.0  # seconds between two pending responses
_MOST = 0xFFFF  # that a count can say; more are sent and told as so many
_FAILED_UIDS = 0x00080058
_log = logging.getLogger("dicom_gateway")


@dataclass(slots=True)
class Tally:
    """Sub-operations. `failed_uids`: of those that failed. `most`: seconds for all of them."""

    remaining: int
    most: float
    completed: int = 0
    warned: int = 0
    failed_uids: list[str] = field(default_factory=list)
    late: bool = False
    _began: float = field(default_factory=time.monotonic)
    _told: float = field(default_factory=time.monotonic)

    def settle(self, instance: str, status: int | None) -> None:
        """`status`: of the C-STORE; None where it was not tried."""
        self.remaining -= 1
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

    def overdue(self) -> bool:
        """Whether all of it takes too long: what is not sent by then is not sent."""
        self.late = self.late or time.monotonic() - self._began > self.most
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


def told(call: Call, tally: Tally, *, cancelled: bool) -> None:
    """The final response; with the UIDs of what failed (0008,0058), where anything did."""
    status = CANCELLED if cancelled else tally.status
    said = response_to(call.command, status, tally.counts(remaining=cancelled))
    if tally.late:
        said[ERROR_COMMENT] = f"longer than {tally.most:g} s: ask for what is left"
    if not tally.failed_uids:
        call.association.send(call.context, said)
        return
    failed = write_identifier([(_FAILED_UIDS, "UI", "\\".join(tally.failed_uids))], syntax=call.context.syntax)
    call.association.send(call.context, said | {DATA_SET_TYPE: DATA_SET}, [failed])


@dataclass(frozen=True, slots=True)
class Sending:
    """One instance on its way: by which context; `content`: of its data set, in the syntax of that, which raises where
    it cannot be opened."""

    admitted: Admitted
    context: Context
    content: Iterator[bytes | memoryview]


def sendings(
    archive: Archive, what: Sequence[Admitted], contexts: Mapping[str, Sequence[Context]]
) -> Iterator[Sending | Admitted]:
    """Each of `what` as it can be sent by one of the `contexts` of its class, or as it is where it cannot, be it that
    it does not open. Those that go as they are stored are opened along their objects."""
    chosen = [(each, _context_for(each, contexts)) for each in what]
    as_stored = _AsStored(archive, [each for each, context in chosen if context and _is_stored(each, context)])
    for each, context in chosen:
        if context is None:
            yield each
            continue
        try:
            if _is_stored(each, context):
                pieces = as_stored.next()
            else:
                pieces = in_syntax(scanned(archive, each), context.syntax)
        except ArchiveError as error:
            _log.error("an image cannot be given out: %s", error.code)
            yield each
        else:
            yield Sending(each, context, data_set(pieces))


class _AsStored:
    """The contents of images one after another; where one does not open, the others do. Reading ahead, another may be
    what an error is about: so each is tried alone then, and the rest begun anew."""

    def __init__(self, archive: Archive, what: Sequence[Admitted]) -> None:
        self._archive, self._rest = archive, deque(what)
        self._opened = contents(archive, what)
        self._broken = False

    def next(self) -> Iterator[bytes]:
        each = self._rest.popleft()
        if not self._broken:
            try:
                _, pieces = next(self._opened)
            except ArchiveError:
                self._broken = True
            else:
                return self._watched(pieces)
        _, pieces = next(contents(self._archive, [each]))
        self._opened, self._broken = contents(self._archive, tuple(self._rest)), False
        return pieces

    def _watched(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """One that is not used up, whatever for, leaves nothing to go on from."""
        self._broken = True
        yield from pieces
        self._broken = False


def store(
    association: Association, sending: Sending, *, originator: tuple[str, int] | None = None, patience: float
) -> int | None:
    """The status that the peer answers with; None where nothing was sent, for it does not open. Raises
    `ConnectionEnds`."""
    facts = sending.admitted.found.holding.description.dicom
    if facts is None:
        raise ValueError("internal: no image")
    number = association.next_id()
    command: dict[int, int | str] = {
        AFFECTED_CLASS: sending.context.abstract,
        FIELD: C_STORE_RQ,
        MESSAGE_ID: number,
        PRIORITY: 0,
        DATA_SET_TYPE: DATA_SET,
        AFFECTED_INSTANCE: facts.sop_instance_uid,
    }
    if originator is not None:
        command |= {ORIGINATOR: originator[0], ORIGINATOR_ID: originator[1]}
    try:
        association.send(sending.context, command, sending.content)
    except (ArchiveError, UnusualEncoding) as error:
        _log.error("an image cannot be given out: %s", getattr(error, "code", type(error).__name__))
        return None
    return association.response(number, patience=patience).command.number(STATUS)


def uid_of(each: Admitted) -> str:
    facts = each.found.holding.description.dicom
    return facts.sop_instance_uid if facts is not None else ""


def _context_for(each: Admitted, contexts: Mapping[str, Sequence[Context]]) -> Context | None:
    """One of the stored syntax; or, of an uncompressed image, one of another such syntax."""
    facts = each.found.holding.description.dicom
    if facts is None:
        return None
    known = contexts.get(facts.sop_class_uid, ())
    for context in known:
        if context.syntax == facts.transfer_syntax_uid:
            return context
    if facts.transfer_syntax_uid not in UNCOMPRESSED:
        return None
    return next((context for context in known if context.syntax in REENCODED), None)


def _is_stored(each: Admitted, context: Context) -> bool:
    facts = each.found.holding.description.dicom
    return facts is not None and facts.transfer_syntax_uid == context.syntax
