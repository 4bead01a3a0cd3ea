"""Associations that we ask for: a destination of C-MOVE, a peer that is to hear of its commitment, an echo."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from dicom_gateway.protocol.association import Association
from dicom_gateway.protocol.errors import NotAgreed, NotReached, PeerAborted, ProtocolBroken
from dicom_gateway.protocol.negotiating import Asked, agreed, request
from dicom_gateway.protocol.pdus import ABORT, ASSOCIATE_AC, ASSOCIATE_RJ, UNEXPECTED_PDU
from dicom_gateway.protocol.wire import Patience, Wire

CONNECTING = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int
    tls: ssl.SSLContext | None = None


@contextmanager
def associated(what: Asked, at: Address, *, patience: Patience) -> Iterator[Association]:
    """An association that asks for `what`, released afterwards, or aborted if that ends by an error. Raises
    `NotReached`, `NotAgreed`, and whatever else ends a connection."""
    wire = Wire(_connected(at, patience), patience=patience)
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


def _connected(at: Address, patience: Patience) -> socket.socket:
    try:
        made = socket.create_connection((at.host, at.port), timeout=CONNECTING)
    except OSError:
        raise NotReached from None
    if at.tls is None:
        return made
    try:
        made.settimeout(patience.acse)
        return at.tls.wrap_socket(made, server_hostname=at.host)
    except (OSError, ssl.SSLError):
        with suppress(OSError):
            made.close()
        raise NotReached from None


def _agreed(wire: Wire, what: Asked) -> Association:
    wire.send([request(what)])
    kind, content = wire.read(wire.patience.acse)
    if kind == ASSOCIATE_AC:
        return Association(wire, agreed(content, what))
    if kind == ASSOCIATE_RJ and len(content) >= 4:
        raise NotAgreed(content[1], content[2], content[3])
    if kind == ABORT:
        raise PeerAborted
    raise ProtocolBroken(UNEXPECTED_PDU)
