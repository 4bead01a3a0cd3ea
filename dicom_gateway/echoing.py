"""C-ECHO to a registered peer: whether it listens, takes us, and answers."""

import time

from dicom_gateway.contexts import EXPLICIT, IMPLICIT, VERIFICATION
from dicom_gateway.errors import PeerDoesNotAnswer
from dicom_gateway.protocol.commands import (
    AFFECTED_CLASS,
    C_ECHO_RQ,
    DATA_SET_TYPE,
    FIELD,
    MESSAGE_ID,
    NO_DATA_SET,
)
from dicom_gateway.protocol.errors import ConnectionEnds, NotAgreed, NotReached
from dicom_gateway.protocol.negotiating import Asked, Proposed
from dicom_gateway.protocol.requesting import Address, associated
from dicom_gateway.securing import secured
from dicom_gateway.settings import GatewaySettings
from repository.peers.peer import Peer

_REASONS = {(1, 3): "it does not know our AE title", (1, 7): "it does not know its own AE title as we have it"}


def echo(peer: Peer, settings: GatewaySettings) -> float:
    """Seconds from the request for an association to the answer. Raises `PeerDoesNotAnswer`, `TlsUnfit`."""
    what = Asked(
        calling=settings.ae_title,
        called=peer.ae_title,
        contexts=[Proposed(1, VERIFICATION, (EXPLICIT, IMPLICIT))],
        longest=settings.pdu,
    )
    if not (peer.host and peer.port):
        raise PeerDoesNotAnswer(ae_title=peer.ae_title, reason="it has no address")
    began = time.monotonic()
    try:
        at = Address(peer.host, peer.port, secured(settings).calling if peer.tls else None)
        with associated(what, at, patience=settings.patience) as line:
            context = line.terms.contexts.get(1)
            if context is None:
                raise PeerDoesNotAnswer(ae_title=peer.ae_title, reason="it does not take C-ECHO")
            number = line.next_id()
            line.send(
                context,
                {AFFECTED_CLASS: VERIFICATION, FIELD: C_ECHO_RQ, MESSAGE_ID: number, DATA_SET_TYPE: NO_DATA_SET},
            )
            status = line.response(number, patience=settings.patience.dimse).command.status
            took = time.monotonic() - began
    except NotReached:
        raise PeerDoesNotAnswer(ae_title=peer.ae_title, reason="nobody listens there") from None
    except NotAgreed as no:
        reason = _REASONS.get((no.words[0], no.words[2]), "it refuses the association")
        raise PeerDoesNotAnswer(ae_title=peer.ae_title, reason=reason) from None
    except ConnectionEnds as error:
        raise PeerDoesNotAnswer(ae_title=peer.ae_title, reason=type(error).__name__) from None
    if status != 0:
        raise PeerDoesNotAnswer(ae_title=peer.ae_title, reason=f"status {status:04X}")
    return took
