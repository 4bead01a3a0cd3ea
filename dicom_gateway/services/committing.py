"""Storage commitment asked of the archive (PS3.4 J.3.2): N-ACTION → a durable transaction.

0000 says that the transaction will outlive this process, and nothing of the images: they are looked at by a job, and
what comes of it goes to the peer over an association of our own (`dicom_gateway.reporting`), never over this one.
"""

from dataclasses import dataclass, field

from dicom_gateway.contexts import COMMITMENT
from dicom_gateway.protocol.commands import ACTION_TYPE, AFFECTED_INSTANCE, REQUESTED_CLASS, REQUESTED_INSTANCE
from dicom_gateway.protocol.messages import LONGEST_IDENTIFIER, Sink
from dicom_gateway.services.call import Call
from dicom_gateway.statuses import (
    INVALID_ARGUMENT,
    NO_SUCH_ACTION,
    NO_SUCH_CLASS,
    NO_SUCH_INSTANCE,
    RESOURCE_LIMITATION,
    SUCCESS,
    UNRECOGNISED,
    Status,
    of_error,
)
from repository.access.errors import AccessRefused
from repository.catalogue.commitments import Instance
from repository.commitment.asking import take_on
from repository.commitment.errors import TransactionDiffers
from repository.formats.dicom.transactions import (
    TooManyInstances,
    Transaction,
    TransactionUnreadable,
    read_transaction,
)
from repository.peers.titles import title_of
from storage.errors import ArchiveError

WELL_KNOWN = "1.2.840.10008.1.20.1.1"
REQUEST = 1
MOST = 10_000
"""Instances of one transaction; 4 MiB of a data set."""


@dataclass(slots=True)
class Bounded:
    """A data set up to the longest that is read; of a longer one nothing is kept, and it is told of."""

    parts: bytearray = field(default_factory=bytearray)
    too_long: bool = False

    def add(self, fragment: memoryview) -> None:
        self.too_long = self.too_long or len(self.parts) + len(fragment) > LONGEST_IDENTIFIER
        if self.too_long:
            self.parts.clear()
        else:
            self.parts += fragment

    def drop(self) -> None:
        self.parts.clear()


class Committing:
    def sink(self, call: Call) -> Sink:  # noqa: ARG002  each has its own
        return Bounded()

    def serve(self, call: Call, data_set: Sink | None) -> None:
        status = _wrong(call)
        if status is None:
            said = transaction_of(call, data_set)
            status = _taken_on(call, said) if isinstance(said, Transaction) else said
        call.answer(status, {AFFECTED_INSTANCE: WELL_KNOWN, ACTION_TYPE: call.command.number(ACTION_TYPE)})


def transaction_of(call: Call, data_set: Sink | None) -> Transaction | Status:
    """What a data set of storage commitment says, or why it cannot be taken."""
    if not isinstance(data_set, Bounded):
        return Status(INVALID_ARGUMENT, "no data set")
    if data_set.too_long:
        return Status(RESOURCE_LIMITATION, f"more than {MOST} instances")
    try:
        return read_transaction(bytes(data_set.parts), syntax=call.context.syntax, most=MOST)
    except TransactionUnreadable as error:
        return Status(INVALID_ARGUMENT, str(error))
    except TooManyInstances:
        return Status(RESOURCE_LIMITATION, f"more than {MOST} instances")


def _wrong(call: Call) -> Status | None:
    """PS3.7 10.1.4.1.10."""
    command = call.command
    if call.context.abstract != COMMITMENT or not call.context.serves:
        return Status(UNRECOGNISED)
    if command.text(REQUESTED_CLASS) != COMMITMENT:
        return Status(NO_SUCH_CLASS)
    if command.text(REQUESTED_INSTANCE) != WELL_KNOWN:
        return Status(NO_SUCH_INSTANCE)
    return None if command.number(ACTION_TYPE) == REQUEST else Status(NO_SUCH_ACTION)


def _taken_on(call: Call, said: Transaction) -> Status:
    if not said.referenced:
        return Status(INVALID_ARGUMENT, "ReferencedSOPSequence")
    archive, caller = call.house.archive, call.caller
    instances = [Instance(each.sop_class, each.uid) for each in said.referenced]
    try:
        take_on(archive, caller.principal, said.uid, instances=instances, title=_title(call), within=caller.within)
    except TransactionDiffers as error:
        return Status(INVALID_ARGUMENT, error.code)
    except AccessRefused as error:
        return of_error(error)
    except ArchiveError as error:
        return Status(RESOURCE_LIMITATION, error.code)
    return Status(SUCCESS)


def _title(call: Call) -> str:
    """As the peer called us."""
    takeover = call.caller.takeover
    return call.house.settings.ae_title if takeover is None else title_of(takeover)
