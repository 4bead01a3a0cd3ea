"""One association, from its first byte to its last."""

import logging
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from dicom_gateway.callers import Caller, caller_of
from dicom_gateway.contexts import (
    INVENTORY_FIND,
    INVENTORY_GET,
    INVENTORY_MOVE,
    REPOSITORY_QUERY,
    Giving,
    extended,
    fits,
    settled,
)
from dicom_gateway.measures import ENDED, RECEIVED, REJECTED, SENT, class_of
from dicom_gateway.measures import SERVICES as SERVICE_NAMES
from dicom_gateway.protocol import commands
from dicom_gateway.protocol.association import Association
from dicom_gateway.protocol.commands import Command
from dicom_gateway.protocol.encoding import acceptance
from dicom_gateway.protocol.errors import (
    ConnectionEnds,
    PeerAborted,
    PeerGone,
    PeerSilent,
    ProtocolBroken,
    Stopping,
)
from dicom_gateway.protocol.messages import Gathered, Message, Sink
from dicom_gateway.protocol.negotiating import Agreed, Asked, Context, asked
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
from dicom_gateway.rejecting import Rejected, Why
from dicom_gateway.services.by_class import ByClass
from dicom_gateway.services.call import Call, House, Service
from dicom_gateway.services.committing import Committing
from dicom_gateway.services.committing_reports import Hearing
from dicom_gateway.services.echo import Echo
from dicom_gateway.services.finding import Finding
from dicom_gateway.services.getting import Getting
from dicom_gateway.services.inventories_finding import FindingInventories
from dicom_gateway.services.inventories_retrieving import GettingInventories, MovingInventories
from dicom_gateway.services.moving import Moving
from dicom_gateway.services.repository_query import RepositoryQuery
from dicom_gateway.services.storing import Storing
from dicom_gateway.statuses import CLASS_NOT_SUPPORTED, UNRECOGNISED, Status, of_error
from repository.dicom_encodings import held
from repository.rendering.pool import codecs_installed
from storage.errors import ArchiveError

_log = logging.getLogger("dicom_gateway")
SERVICES: Mapping[int, Service] = {
    commands.C_ECHO_RQ: Echo(),
    commands.C_STORE_RQ: Storing(),
    commands.C_FIND_RQ: ByClass(Finding(), {REPOSITORY_QUERY: RepositoryQuery(), INVENTORY_FIND: FindingInventories()}),
    commands.C_GET_RQ: ByClass(Getting(), {INVENTORY_GET: GettingInventories()}),
    commands.C_MOVE_RQ: ByClass(Moving(), {INVENTORY_MOVE: MovingInventories()}),
    commands.N_ACTION_RQ: Committing(),
    commands.N_EVENT_REPORT_RQ: Hearing(),
}
_LINGER = 2.0  # seconds for the peer to read a rejection
_HOW: Mapping[type[ConnectionEnds], str] = {
    PeerGone: "gone",
    PeerAborted: "aborted-by-peer",
    PeerSilent: "silent",
    ProtocolBroken: "broken",
    Stopping: "stopping",
}
_WORTH_TELLING = ("warning", "refused", "failure")


@dataclass(frozen=True, slots=True)
class Arrival:
    """Of a connection: from where, with which certificate. `identified`: it is known who calls; False where the
    connection had to go meanwhile."""

    address: str
    certificate: str
    identified: Callable[[], bool]


def serve(house: House, connection: socket.socket, arrival: Arrival, *, stopping: Callable[[], bool]) -> None:
    """The association is over and the connection closed. Raises nothing that a peer or the archive can cause."""
    wire = Wire(connection, patience=house.settings.patience, longest=house.settings.pdu, stopping=stopping)
    try:
        _associated(house, wire, arrival)
    except ConnectionEnds as error:
        _log.info("an association ended: %s", type(error).__name__)
    except Exception as error:  # noqa: BLE001  one association; its words may be about somebody
        _log.error("an association failed: %s", type(error).__name__)
        _last_word(wire, abort())
    finally:
        wire.close()
        house.measures.counters.add(RECEIVED, value=wire.received)
        house.measures.counters.add(SENT, value=wire.sent)


def _associated(house: House, wire: Wire, arrival: Arrival) -> None:
    address = arrival.address
    with ExitStack() as stack:
        try:
            what = _requested(wire)
            caller = caller_of(house.archive, house.settings, what, address=address, certificate=arrival.certificate)
            stack.enter_context(house.places.taken(caller.peer.ae_title))
        except Rejected as no:
            _reject(house, wire, no.why, address=address)
            return
        except ArchiveError as error:
            _log.error("nobody can be let in: %s", error.code)
            _reject(house, wire, Why.OURS, address=address)
            return
        except ProtocolBroken as error:
            _last_word(wire, abort(source=BY_PROVIDER, reason=error.reason))
            raise
        if not arrival.identified():
            raise PeerGone
        stack.enter_context(house.measures.association(caller.peer.ae_title, at=house.archive.clock()))
        _conversed(house, caller, _accepted(house, wire, what, caller))


def _reject(house: House, wire: Wire, why: Why, *, address: str) -> None:
    """The log has no title of whoever is not known: it may be anything."""
    _log.warning("an association was rejected: %s, from %s", why.shown, address)
    house.measures.counters.add(REJECTED, why.shown)
    _last_word(wire, reject(*why.words))


def _conversed(house: House, caller: Caller, association: Association) -> None:
    began, how = time.monotonic(), "failed"
    try:
        _served(house, caller, association)
        how = "released"
    except ConnectionEnds as error:
        how = _HOW.get(type(error), "aborted")
        if not isinstance(error, PeerGone | PeerAborted):
            association.abort(reason=error.reason if isinstance(error, ProtocolBroken) else None)
            association.wire.linger(_LINGER)
        raise
    finally:
        house.measures.counters.add(ENDED, how)
        _log.info("association with %s: %s after %.1f s", caller.peer.ae_title, how, time.monotonic() - began)


def _requested(wire: Wire) -> Asked:
    kind, content = wire.read(wire.patience.acse, whole=True)
    if kind == ABORT:
        raise PeerAborted
    if kind != ASSOCIATE_RQ:
        raise ProtocolBroken(UNEXPECTED_PDU if ASSOCIATE_RQ < kind <= RELEASE_RP else UNKNOWN_PDU)
    what = asked(content)
    if not what.version & 1:
        raise Rejected(Why.VERSION)
    return what


def _accepted(house: House, wire: Wire, what: Asked, caller: Caller) -> Association:
    found = settled(what, caller, Giving(lambda: _held(house, caller), codecs_installed()))
    more = extended(what, found.contexts)
    wire.send(
        [
            acceptance(
                what,
                found.contexts,
                refused=found.refused,
                extended=more,
                identity=caller.user.answer,
                longest=house.settings.pdu,
            )
        ]
    )
    terms = Agreed(contexts={each.id: each for each in found.contexts}, longest=what.longest, extended=more)
    return Association(wire, terms)


def _held(house: House, caller: Caller) -> Mapping[str, Mapping[str, int]] | None:
    """Where it cannot be had, what is asked for later tells why."""
    try:
        return held(house.archive, caller.errand, caller.within)
    except ArchiveError as error:
        _log.error("what is kept in which transfer syntax cannot be told: %s", error.code)
        return None


def _served(house: House, caller: Caller, association: Association) -> None:
    """Requests are answered until the peer releases the association."""

    def sink(context: Context, command: Command) -> Sink:
        service = SERVICES.get(command.field) if fits(context, command.field) else None
        return service.sink(Call(house, caller, association, context, command)) if service else Gathered()

    while (message := association.receive(sink, patience=association.wire.patience.idle, idle=True)) is not None:
        _measured(Call(house, caller, association, message.context, message.command), message)


def _measured(call: Call, message: Message) -> None:
    """Answered, and counted with the status of the last response."""
    began, call.association.answered = time.monotonic(), -1
    try:
        _answered(call, message)
    finally:
        if (status := call.association.answered) >= 0:
            call.house.measures.answered(call.command.field, status, seconds=time.monotonic() - began)
            if class_of(status) in _WORTH_TELLING:
                name = SERVICE_NAMES.get(call.command.field, "other")
                why = call.association.comment or "no comment"
                _log.info("%s of %s: answered with %04X (%s)", name, call.caller.peer.ae_title, status, why)


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
