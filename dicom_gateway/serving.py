"""One association, from its first byte to its last."""

import logging
import socket
from collections.abc import Callable, Mapping

from dicom_gateway.callers import TRY_LATER, VERSION_UNKNOWN, Caller, Rejected, caller_of
from dicom_gateway.contexts import extended, fits, settled
from dicom_gateway.protocol import commands
from dicom_gateway.protocol.association import Association, Gathered, Message, Sink
from dicom_gateway.protocol.commands import Command
from dicom_gateway.protocol.errors import ConnectionEnds, PeerAborted, PeerGone, ProtocolBroken
from dicom_gateway.protocol.negotiating import Agreed, Asked, Context, acceptance, asked
from dicom_gateway.protocol.pdus import (
    ABORT,
    ASSOCIATE_RQ,
    BY_PROVIDER,
    RELEASE_RP,
    UNEXPECTED_PDU,
    UNKNOWN_PDU,
    abort,
    reject,
)
from dicom_gateway.protocol.wire import Wire
from dicom_gateway.services.call import Call, House, Service
from dicom_gateway.services.echo import Echo
from dicom_gateway.services.finding import Finding
from dicom_gateway.services.getting import Getting
from dicom_gateway.services.moving import Moving
from dicom_gateway.services.storing import Storing
from dicom_gateway.statuses import CLASS_NOT_SUPPORTED, UNRECOGNISED, Status, of_error
from storage.errors import ArchiveError

_log = logging.getLogger("dicom_gateway")
SERVICES: Mapping[int, Service] = {
    commands.C_ECHO_RQ: Echo(),
    commands.C_STORE_RQ: Storing(),
    commands.C_FIND_RQ: Finding(),
    commands.C_GET_RQ: Getting(),
    commands.C_MOVE_RQ: Moving(),
}
_LINGER = 2.0  # seconds for the peer to read a rejection


def serve(
    house: House, connection: socket.socket, *, address: str, certificate: str, stopping: Callable[[], bool]
) -> None:
    """The association is over and the connection closed. Raises nothing that a peer or the archive can cause."""
    wire = Wire(connection, patience=house.settings.patience, stopping=stopping)
    try:
        _associated(house, wire, address=address, certificate=certificate)
    except ConnectionEnds as error:
        _log.info("an association ended: %s", type(error).__name__)
    except Exception as error:  # noqa: BLE001  one association; its words may be about somebody
        _log.error("an association failed: %s", type(error).__name__)
        _last_word(wire, abort())
    finally:
        wire.close()


def _associated(house: House, wire: Wire, *, address: str, certificate: str) -> None:
    try:
        what = _requested(wire)
        caller = caller_of(house.archive, house.settings, what, address=address, certificate=certificate)
    except Rejected as no:
        _last_word(wire, reject(*no.words))
        return
    except ArchiveError as error:
        _log.error("nobody can be let in: %s", error.code)
        _last_word(wire, reject(*TRY_LATER))
        return
    except ProtocolBroken as error:
        _last_word(wire, abort(source=BY_PROVIDER, reason=error.reason))
        raise
    association = _accepted(wire, what, caller)
    try:
        _served(house, caller, association)
    except (PeerGone, PeerAborted):
        raise
    except ConnectionEnds as error:
        association.abort(reason=error.reason if isinstance(error, ProtocolBroken) else None)
        wire.linger(_LINGER)
        raise


def _requested(wire: Wire) -> Asked:
    kind, content = wire.read(wire.patience.acse)
    if kind == ABORT:
        raise PeerAborted
    if kind != ASSOCIATE_RQ:
        raise ProtocolBroken(UNEXPECTED_PDU if ASSOCIATE_RQ < kind <= RELEASE_RP else UNKNOWN_PDU)
    what = asked(content)
    if not what.version & 1:
        raise Rejected(VERSION_UNKNOWN)
    return what


def _accepted(wire: Wire, what: Asked, caller: Caller) -> Association:
    found = settled(what, caller)
    more = extended(what, found.contexts)
    wire.send([acceptance(what, found.contexts, refused=found.refused, extended=more)])
    terms = Agreed(contexts={each.id: each for each in found.contexts}, longest=what.longest, extended=more)
    return Association(wire, terms)


def _served(house: House, caller: Caller, association: Association) -> None:
    """Requests are answered until the peer releases the association."""

    def sink(context: Context, command: Command) -> Sink:
        service = SERVICES.get(command.field) if fits(context, command.field) else None
        return service.sink(Call(house, caller, association, context, command)) if service else Gathered()

    while (message := association.receive(sink, patience=association.wire.patience.idle, idle=True)) is not None:
        _answered(Call(house, caller, association, message.context, message.command), message)


def _answered(call: Call, message: Message) -> None:
    if call.command.field == commands.C_CANCEL_RQ:
        return  # what it is about has ended
    if call.command.field & commands.RESPONSE:
        raise ProtocolBroken(UNEXPECTED_PDU)
    service = SERVICES.get(call.command.field)
    if service is None:
        call.answer(Status(UNRECOGNISED))
        return
    if not fits(call.context, call.command.field):
        call.answer(Status(CLASS_NOT_SUPPORTED))
        return
    try:
        service.serve(call, message.data_set)
    except ArchiveError as error:
        call.answer(of_error(error))


def _last_word(wire: Wire, word: bytes) -> None:
    try:
        wire.send([word])
        wire.linger(_LINGER)
    except ConnectionEnds:
        return
