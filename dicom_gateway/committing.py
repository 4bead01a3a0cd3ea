"""A peer is asked for its commitment (PS3.4 J.3.2): N-ACTION, one for each transaction, over one association.

It reports whenever it likes, over an association of its own (`services.committing_reports`).
"""

from collections.abc import Iterator, Sequence

from dicom_gateway.contexts import COMMITMENT, EXPLICIT, IMPLICIT
from dicom_gateway.errors import CommitmentNotAsked
from dicom_gateway.protocol.association import Association
from dicom_gateway.protocol.commands import (
    ACTION_TYPE,
    DATA_SET,
    DATA_SET_TYPE,
    FIELD,
    MESSAGE_ID,
    N_ACTION_RQ,
    REQUESTED_CLASS,
    REQUESTED_INSTANCE,
)
from dicom_gateway.protocol.errors import ConnectionEnds
from dicom_gateway.protocol.negotiating import Asked, Proposed
from dicom_gateway.protocol.requesting import Address, associated
from dicom_gateway.securing import secured
from dicom_gateway.services.committing import REQUEST, WELL_KNOWN
from dicom_gateway.settings import GatewaySettings
from dicom_gateway.statuses import SUCCESS
from repository.catalogue.commitments import Commitment
from repository.formats.dicom.transactions import Named, Transaction, write_transaction
from repository.peers.peer import Peer, Service
from repository.runtime import Archive


def ask(
    archive: Archive, peer: Peer, transactions: Sequence[Commitment], *, settings: GatewaySettings
) -> Iterator[Commitment]:
    """Each of `transactions` with what the peer has answered, which is durable; those of a peer that goes away in the
    midst stay prepared. Raises `CommitmentNotAsked`, `TlsUnfit`."""
    if not (peer.host and peer.port):
        raise CommitmentNotAsked(ae_title=peer.ae_title, reason="it has no address")
    if Service.COMMITMENT not in peer.services:
        raise CommitmentNotAsked(
            ae_title=peer.ae_title, reason="it is not registered for commitment, and could not report"
        )
    contexts = [Proposed(1, COMMITMENT, (EXPLICIT, IMPLICIT))]
    what = Asked(calling=settings.ae_title, called=peer.ae_title, contexts=contexts, longest=settings.pdu)
    at = Address(peer.host, peer.port, secured(settings).calling if peer.tls else None)
    try:
        with associated(what, at, patience=settings.patience) as line:
            if 1 not in line.terms.contexts:
                raise CommitmentNotAsked(ae_title=peer.ae_title, reason="it does not take storage commitment")
            for each in transactions:
                taken = _asked(line, each, settings) == SUCCESS
                yield archive.catalogue.commitments.sent(each, taken=taken)
    except ConnectionEnds as error:
        raise CommitmentNotAsked(ae_title=peer.ae_title, reason=type(error).__name__) from None


def _asked(line: Association, each: Commitment, settings: GatewaySettings) -> int:
    context, number = line.terms.contexts[1], line.next_id()
    command: dict[int, int | str] = {
        REQUESTED_CLASS: COMMITMENT,
        FIELD: N_ACTION_RQ,
        MESSAGE_ID: number,
        DATA_SET_TYPE: DATA_SET,
        REQUESTED_INSTANCE: WELL_KNOWN,
        ACTION_TYPE: REQUEST,
    }
    said = Transaction(each.transaction, tuple(Named(one.sop_class, one.uid) for one in each.instances))
    line.send(context, command, [write_transaction(said, syntax=context.syntax)])
    return line.response(number, patience=settings.patience.dimse).command.status
