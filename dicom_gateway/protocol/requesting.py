"""Associations that we ask for: a destination of C-MOVE, a peer that is to hear of its commitment, an echo."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dicom_gateway.protocol.association import Association
from dicom_gateway.protocol.encoding import request
from dicom_gateway.protocol.errors import NotAgreed, NotReached, PeerAborted, ProtocolBroken
from dicom_gateway.protocol.negotiating import Asked, agreed
from dicom_gateway.protocol.pdus import ABORT, ASSOCIATE_AC, ASSOCIATE_RJ, LARGEST, UNEXPECTED_PDU
from dicom_gateway.protocol.waiting import Beside, connected, shaken
from dicom_gateway.protocol.wire import Patience, Wire

CONNECTING = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int
    tls: ssl.SSLContext | None = None


@contextmanager
def associated(what: Asked, at: Address, *, patience: Patience, beside: Beside | None = None) -> Iterator[Association]:
    """An association that asks for `what`, released afterwards, or aborted if that ends by an error. `beside` is looked
    at from the first packet to the last, and what it raises ends the association. Raises `NotReached`, `NotAgreed`, and
    whatever else ends a connection."""
    wire = Wire(_connected(at, patience, beside), patience=patience, longest=what.longest or LARGEST, beside=beside)
    try:
        association = _agreed(wire, what)
        try:
            yield association
        except BaseException as error:
            if not isinstance(error, PeerAborted):
                association.abort(reason=error.reason if isinstance(error, ProtocolBroken) else None)
            raise
        if not association.released:
            association.release()
    finally:
        wire.close()


def _connected(at: Address, patience: Patience, beside: Beside | None) -> socket.socket:
    made = connected(at.host, at.port, seconds=CONNECTING, beside=beside)
    if at.tls is None:
        return made
    try:
        secured = at.tls.wrap_socket(made, server_hostname=at.host, do_handshake_on_connect=False)
    except (OSError, ValueError):  # a host name that is none
        made.close()
        raise NotReached from None
    try:
        shaken(secured, seconds=patience.acse, beside=beside)
    except OSError:
        secured.close()
        raise NotReached from None
    except BaseException:
        secured.close()
        raise
    return secured


def _agreed(wire: Wire, what: Asked) -> Association:
    wire.send([request(what)])
    kind, content = wire.read(wire.patience.acse, whole=True)
    if kind == ASSOCIATE_AC:
        return Association(wire, agreed(content, what))
    if kind == ASSOCIATE_RJ and len(content) >= 4:
        raise NotAgreed(content[1], content[2], content[3])
    if kind == ABORT:
        raise PeerAborted
    raise ProtocolBroken(UNEXPECTED_PDU)
