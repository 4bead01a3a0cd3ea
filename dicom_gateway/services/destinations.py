"""Destinations of C-MOVE: registered peers, reached over associations that we ask them for.

What is sent to one is its own to see: it is decided and accounted for in its name, and says who had it moved. While it
is waited for, whoever asked is heard (`attending`).
"""

import logging
from collections.abc import Callable, Sequence

from dicom_gateway.callers import DOOR
from dicom_gateway.protocol.association import Association
from dicom_gateway.protocol.commands import DESTINATION
from dicom_gateway.protocol.errors import ConnectionEnds
from dicom_gateway.protocol.negotiating import Asked, Proposed
from dicom_gateway.protocol.requesting import Address, associated
from dicom_gateway.services.attending import Attending
from dicom_gateway.services.call import Call
from dicom_gateway.statuses import UNKNOWN_DESTINATION, Status
from repository.errand import Errand
from repository.peers.peer import Peer
from repository.peers.registering import registered

_log = logging.getLogger("dicom_gateway")


def destination_of(call: Call) -> Peer | None:
    """The one that the command names; None after the answer that there is none, or none that listens."""
    found = registered(call.house.archive, call.command.text(DESTINATION))
    if found is None or not (found.host and found.port):
        call.answer(Status(UNKNOWN_DESTINATION))
        return None
    return found


def errand_of(call: Call, destination: Peer) -> Errand:
    """The destination's own, for what is sent to it; the peer's where that is itself."""
    if destination.ae_title == call.caller.peer.ae_title:
        return call.caller.errand
    principal = destination.principal(address=destination.host, certificate="", at=call.house.archive.clock())
    reason = f"moved as {call.caller.peer.ae_title} asked"
    return Errand(
        principal=principal, purpose=destination.purpose, door=DOOR, basis=destination.basis, reason=reason,
        manner="electronic",
    )  # fmt: skip


def reached(
    call: Call,
    destination: Peer,
    contexts: Sequence[Proposed],
    *,
    attending: Attending,
    send: Callable[[Association], None],
) -> bool:
    """Whether `send` had an association with the destination, and nothing ended that before its time. Else the log
    says what did, unless it is that the retrieval is over."""
    settings = call.house.settings
    what = Asked(calling=settings.ae_title, called=destination.ae_title, contexts=contexts, longest=settings.pdu)
    at = Address(destination.host, destination.port, call.house.secured.calling if destination.tls else None)
    try:
        with associated(what, at, patience=settings.patience, beside=attending.beside) as line:
            attending.engaged = True
            send(line)
    except ConnectionEnds as error:
        if not attending.over:
            _log.info("destination %s failed: %s", destination.ae_title, type(error).__name__)
        return False
    finally:
        attending.engaged = False
    return True
