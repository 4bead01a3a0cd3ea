"""Storage commitment that the archive has asked for (PS3.4 J.3.3): N-EVENT-REPORT → what the peer says, durable.

Where the peer ignores role selection its report is taken all the same: a transaction of ours is what it must name.
"""

from dicom_gateway.contexts import COMMITMENT
from dicom_gateway.protocol.commands import AFFECTED_CLASS, AFFECTED_INSTANCE, EVENT_TYPE
from dicom_gateway.protocol.messages import Sink
from dicom_gateway.services.call import Call
from dicom_gateway.services.committing import WELL_KNOWN, Bounded, transaction_of
from dicom_gateway.statuses import (
    INVALID_ARGUMENT,
    NO_SUCH_CLASS,
    NO_SUCH_EVENT,
    NO_SUCH_INSTANCE,
    PROCESSING_FAILURE,
    SUCCESS,
    UNRECOGNISED,
    Status,
)
from repository.catalogue.commitments import Instance
from repository.commitment.errors import TransactionUnknown
from repository.commitment.hearing import heard
from repository.formats.dicom.transactions import Transaction
from storage.errors import ArchiveError

SUCCESSFUL, WITH_FAILURES = 1, 2


class Hearing:
    def sink(self, call: Call) -> Sink:  # noqa: ARG002
        return Bounded()

    def serve(self, call: Call, data_set: Sink | None) -> None:
        status = _wrong(call)
        if status is None:
            said = transaction_of(call, data_set)
            status = _heard(call, said) if isinstance(said, Transaction) else said
        call.answer(status, {AFFECTED_INSTANCE: WELL_KNOWN, EVENT_TYPE: call.command.number(EVENT_TYPE)})


def _wrong(call: Call) -> Status | None:
    """PS3.7 10.1.1.1.8."""
    command = call.command
    if call.context.abstract != COMMITMENT:
        return Status(UNRECOGNISED)
    if command.text(AFFECTED_CLASS) != COMMITMENT:
        return Status(NO_SUCH_CLASS)
    if command.text(AFFECTED_INSTANCE) != WELL_KNOWN:
        return Status(NO_SUCH_INSTANCE)
    return None if command.number(EVENT_TYPE) in (SUCCESSFUL, WITH_FAILURES) else Status(NO_SUCH_EVENT)


def _heard(call: Call, said: Transaction) -> Status:
    committed = {Instance(each.sop_class, each.uid) for each in said.referenced}
    failed = {Instance(each.sop_class, each.uid): each.reason for each in said.failed}
    try:
        heard(call.house.archive, call.caller.peer.ae_title, said.uid, committed=committed, failed=failed)
    except TransactionUnknown as error:
        return Status(INVALID_ARGUMENT, error.code)
    except ArchiveError as error:
        return Status(PROCESSING_FAILURE, error.code)
    return Status(SUCCESS)
