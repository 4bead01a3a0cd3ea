"""C-STORE (PS3.4 B): instances are kept, as they come, in the open takeover that the peer is bound to.

The data set is hashed and described as it comes; what is large waits sealed. 0000 is said once the sealed bytes are in
the store, the rows are committed and the entries are in the log. The same instance again is 0000; another under the
same UID is kept beside the first, and 0000 too: the statement tells of it.
"""

from dataclasses import dataclass, field

from dicom_gateway.callers import DOOR
from dicom_gateway.protocol.commands import AFFECTED_CLASS, AFFECTED_INSTANCE
from dicom_gateway.protocol.messages import Sink
from dicom_gateway.services.call import Call
from dicom_gateway.statuses import (
    CANNOT_UNDERSTAND,
    CLASS_NOT_SUPPORTED,
    DATA_SET_MISMATCH,
    DATA_SET_MISMATCH_KEPT,
    SUCCESS,
    Status,
    of_error,
)
from repository.formats.dicom.heading import heading
from repository.transfer.offering import Collecting, Outcome, label_of
from repository.transfer.opening import Depositor
from storage.errors import ArchiveError

_PIECES, _MANY = 128 << 10, 1 << 12  # bytes, and fragments: handed on together, and hashed before the next come


@dataclass(slots=True)
class _Coming:
    """An instance as it comes. `refused`: nothing of it is kept, and why."""

    collecting: Collecting | None = None
    depositor: Depositor | None = None
    refused: Status | None = None
    held: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, fragment: memoryview) -> None:
        if self.collecting is None or self.refused is not None:
            return
        self.held.append(bytes(fragment))
        self.size += len(fragment)
        if self.size >= _PIECES or len(self.held) >= _MANY:
            self.flush()

    def flush(self) -> None:
        held, small = self.held, self.size < len(self.held) * _MANY
        self.held, self.size = [], 0
        if self.collecting is None:
            return
        if small:  # each piece costs fifty bytes beside its own: of two bytes each, an instance would be a flood
            held = [b"".join(held)]
        try:
            self.collecting.add(held)
        except ArchiveError as error:  # a disk that is full: the rest comes, and is told of
            self.drop()
            self.refused = of_error(error)

    def drop(self) -> None:
        self.held = []
        if self.collecting is not None:
            self.collecting.discard()
            self.collecting = None


class Storing:
    def sink(self, call: Call) -> Sink:
        sop_class, instance = call.command.text(AFFECTED_CLASS), call.command.text(AFFECTED_INSTANCE)
        if not call.context.serves or sop_class != call.context.abstract:
            return _Coming(refused=Status(CLASS_NOT_SUPPORTED))
        wanted = call.caller.takeover.id if call.caller.takeover else ""
        try:
            depositor = call.house.transfers.admitted(call.caller.principal, door=DOOR, wanted=wanted)
        except ArchiveError as error:
            return _Coming(refused=of_error(error))
        coming = _Coming(Collecting(call.house.transfers.home), depositor)
        coming.held.append(heading(sop_class, instance, call.context.syntax))
        return coming

    def serve(self, call: Call, data_set: Sink | None) -> None:
        try:
            status = _kept(call, data_set)
        finally:
            if data_set is not None:
                data_set.drop()
        call.answer(status, {AFFECTED_INSTANCE: call.command.text(AFFECTED_INSTANCE)})


def _kept(call: Call, data_set: Sink | None) -> Status:
    if not isinstance(data_set, _Coming):
        return Status(CANNOT_UNDERSTAND, "no data set")
    if data_set.refused is None:
        data_set.flush()
    if data_set.refused is not None or data_set.collecting is None or data_set.depositor is None:
        return data_set.refused or Status(CANNOT_UNDERSTAND)
    try:
        offer = data_set.collecting.offer()
        instance = offer.instance
        if instance is None:
            return Status(CANNOT_UNDERSTAND, "the data set does not say which instance it is")
        said = call.command.text(AFFECTED_CLASS), call.command.text(AFFECTED_INSTANCE)
        if said != (instance.sop_class_uid, instance.sop_instance_uid):
            return Status(DATA_SET_MISMATCH, "the data set is of another class or instance")
        offer.path = label_of(instance)
        (outcome,) = call.house.transfers.deposit(data_set.depositor, [offer])
    except ArchiveError as error:
        return of_error(error)
    return _settled(outcome)


def _settled(outcome: Outcome) -> Status:
    if outcome.reason:
        return Status(CANNOT_UNDERSTAND, outcome.reason[:64])
    return Status(DATA_SET_MISMATCH_KEPT if outcome.lacking else SUCCESS)
