"""Messages over one association (PS3.7 6.3), as whoever accepted it and as whoever requested it.

    receive     the next message: its command set whole, its data set into the sink that `sinks` gives for it
    send        a command set, and a data set by its pieces

One message at a time in each direction: asynchronous operations are not negotiated. While we answer one request at
length, `cancelled` reads what comes meanwhile: only C-CANCEL may.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from dicom_gateway.protocol import commands
from dicom_gateway.protocol.commands import Command
from dicom_gateway.protocol.errors import ConnectionEnds, Interrupted, PeerAborted, PeerSilent, ProtocolBroken
from dicom_gateway.protocol.negotiating import Agreed, Context
from dicom_gateway.protocol.pdus import (
    ABORT,
    ASSOCIATE_RQ,
    BY_PROVIDER,
    COMMAND,
    INVALID_PARAMETER,
    LAST,
    P_DATA,
    RELEASE_REQUEST,
    RELEASE_RESPONSE,
    RELEASE_RP,
    RELEASE_RQ,
    UNEXPECTED_PDU,
    UNKNOWN_PDU,
    Bytes,
    abort,
    fragments,
    values,
)
from dicom_gateway.protocol.wire import SLOWEST, Wire

LONGEST_IDENTIFIER = 4 << 20  # bytes of a data set that is a question or an answer, and no image
_CANCELS = 1000  # that are read at one time


_Value = tuple[int, int, memoryview]  # of a P-DATA-TF: context, header, fragment


class Sink(Protocol):
    """Where a data set goes as it comes. A fragment is good until `add` returns. `drop`: no more will come."""

    def add(self, fragment: memoryview) -> None: ...

    def drop(self) -> None: ...


class Gathered:
    """A data set in memory, up to `LONGEST_IDENTIFIER`."""

    def __init__(self) -> None:
        self._content = bytearray()

    def add(self, fragment: memoryview) -> None:
        if len(self._content) + len(fragment) > LONGEST_IDENTIFIER:
            raise ProtocolBroken(INVALID_PARAMETER)
        self._content += fragment

    def drop(self) -> None:
        self._content = bytearray()

    @property
    def content(self) -> bytes:
        return bytes(self._content)


@dataclass(frozen=True, slots=True)
class Message:
    context: Context
    command: Command
    data_set: Sink | None


Sinks = Callable[[Context, Command], Sink]


def gathering(_context: Context, _command: Command) -> Sink:
    return Gathered()


class Association:
    """After its negotiation. To be used by the thread that owns the wire."""

    def __init__(self, wire: Wire, terms: Agreed) -> None:
        self.wire, self.terms = wire, terms
        self._values: Iterator[_Value] = iter(())
        self._rest: deque[_Value] = deque()
        self._cancelled: set[int] = set()
        self._last_id = 0
        self.released = False
        self.answered = -1
        """The status of the last response that was sent; -1 before there was one."""

    def next_id(self) -> int:
        """For a request of ours."""
        self._last_id = self._last_id % 0xFFFF + 1
        return self._last_id

    def receive(self, sinks: Sinks, *, patience: float, idle: bool = False) -> Message | None:
        """The next message; None once the peer has released the association, which is answered. Raises
        `ConnectionEnds`; what had come of a data set was dropped then."""
        coming = _Coming(self.terms.contexts, sinks)
        try:
            while True:
                began = time.monotonic()
                value = self._next_value(patience, coming, idle=idle and not coming.begun)
                if value is None:
                    return None
                if coming.begun:
                    coming.waited_for(time.monotonic() - began, self.wire.patience.network)
                if (message := coming.take(*value)) is not None:
                    self._keep_rest()
                    if not message.command.field & commands.RESPONSE and message.command.field != commands.C_CANCEL_RQ:
                        self._cancelled.clear()  # its number may have been that of another, which is over
                    return message
                patience = self.wire.patience.network
        except BaseException:
            coming.drop()
            raise

    def send(self, context: Context, command: Mapping[int, int | str], data_set: Iterable[Bytes] | None = None) -> None:
        """The message has been given to the system. Raises `ConnectionEnds`, and what `data_set` raises before anything
        of the message has gone; afterwards that is `Interrupted`."""
        longest = self.terms.longest
        said = commands.written(command)
        self._note(command)
        waiting = [each for group in fragments(context.id, [said], longest=longest, command=True) for each in group]
        if data_set is None:
            self.wire.send(waiting)
            return
        try:
            for group in fragments(context.id, data_set, longest=longest):
                self.wire.send([*waiting, *group])
                waiting = []
        except ConnectionEnds:
            raise
        except Exception as error:
            if waiting:
                raise
            raise Interrupted from error

    def send_each(self, context: Context, command: Mapping[int, int | str], data_sets: Iterable[Bytes]) -> None:
        """A message with each of the data sets, which are small, given to the system in one go: a call for each of a
        thousand answers takes longer than to make them. Raises `ConnectionEnds`."""
        longest = self.terms.longest
        said = commands.written(command)
        self._note(command)
        head = b"".join(
            each for group in fragments(context.id, [said], longest=longest, command=True) for each in group
        )
        waiting: list[Bytes] = []
        for data_set in data_sets:
            waiting.append(head)
            waiting += [each for group in fragments(context.id, [data_set], longest=longest) for each in group]
        self.wire.send([b"".join(waiting)])

    def cancelled(self, message_id: int) -> bool:
        """Whether the peer has asked, up to now, to cancel its request. Raises `ConnectionEnds`."""
        for _ in range(_CANCELS):
            if not (self._rest or self.wire.waits()):
                break
            self._read_cancel(self.wire.patience.network)
        return message_id in self._cancelled

    def response(self, to: int, *, patience: float) -> Message:
        """The response to a request of ours; C-CANCEL may come before it. Raises `ConnectionEnds`."""
        until = time.monotonic() + patience
        while True:
            if (left := until - time.monotonic()) <= 0:
                raise PeerSilent
            found = self.receive(gathering, patience=left)
            if found is None:
                self.released = True
                raise PeerAborted
            if found.command.field == commands.C_CANCEL_RQ:
                self._cancelled.add(found.command.number(commands.RESPONDS_TO))
            elif found.command.field & commands.RESPONSE and found.command.number(commands.RESPONDS_TO) == to:
                return found
            else:
                raise ProtocolBroken(UNEXPECTED_PDU)

    def release(self) -> None:
        """The association has ended in order, if the peer took part in it."""
        with suppress(ConnectionEnds):
            self.wire.send([RELEASE_REQUEST])
            until = time.monotonic() + self.wire.patience.acse
            while (left := until - time.monotonic()) > 0:
                kind, _ = self.wire.read(left)
                if kind == RELEASE_RQ:  # both ask at the same time
                    self.wire.send([RELEASE_RESPONSE])
                elif kind != P_DATA:
                    break
        self.released = True

    def abort(self, *, reason: int | None = None) -> None:
        """A-ABORT: ours, or with a `reason` the protocol's."""
        with suppress(ConnectionEnds):
            self.wire.send([abort() if reason is None else abort(source=BY_PROVIDER, reason=reason)])

    def _note(self, command: Mapping[int, int | str]) -> None:
        field, status = command.get(commands.FIELD), command.get(commands.STATUS)
        if isinstance(field, int) and field & commands.RESPONSE and isinstance(status, int):
            self.answered = status

    def _read_cancel(self, patience: float) -> None:
        found = self.receive(gathering, patience=patience)
        if found is None:
            self.released = True
            raise PeerAborted
        if found.command.field != commands.C_CANCEL_RQ:
            raise ProtocolBroken(UNEXPECTED_PDU)
        self._cancelled.add(found.command.number(commands.RESPONDS_TO))

    def _keep_rest(self) -> None:
        """What stands after a message in its PDU, which nobody sends, outlives what is read next."""
        try:
            self._rest.extend((id, control, memoryview(bytes(each))) for id, control, each in self._values)  # noqa: A001
        except ValueError:
            raise ProtocolBroken(INVALID_PARAMETER) from None

    def _next_value(self, patience: float, coming: "_Coming", *, idle: bool) -> _Value | None:
        """None once the association is released, which is not done in the midst of a message."""
        if self._rest:
            return self._rest.popleft()
        try:
            for value in self._values:
                return value
        except ValueError:
            raise ProtocolBroken(INVALID_PARAMETER) from None
        kind, content = self.wire.read(patience, idle=idle)
        if kind == P_DATA:
            self._values = values(content)
            return self._next_value(patience, coming, idle=idle)
        if kind == RELEASE_RQ and not coming.begun:
            if len(content) != len(RELEASE_REQUEST) - 6:
                raise ProtocolBroken(INVALID_PARAMETER)
            self.wire.send([RELEASE_RESPONSE])
            return None
        if kind == ABORT:
            raise PeerAborted
        raise ProtocolBroken(UNEXPECTED_PDU if ASSOCIATE_RQ <= kind <= RELEASE_RP else UNKNOWN_PDU)


class _Coming:
    """A message, fragment by fragment."""

    def __init__(self, contexts: Mapping[int, Context], sinks: Sinks) -> None:
        self._contexts, self._sinks = contexts, sinks
        self._context: Context | None = None
        self._command: Command | None = None
        self._parts = bytearray()
        self._sink: Sink | None = None
        self._size, self._waited = 0, 0.0

    @property
    def begun(self) -> bool:
        return self._context is not None

    def waited_for(self, seconds: float, patience: float) -> None:
        """So long for the next of it. Raises `PeerSilent` where it comes slower, on the whole, than anybody sends."""
        self._waited += seconds
        if self._waited > patience + self._size / SLOWEST:
            raise PeerSilent

    def take(self, id: int, control: int, fragment: memoryview) -> Message | None:  # noqa: A002  the standard's word
        """The message, with its last fragment."""
        if self._context is None:
            self._context = self._contexts.get(id)
        if self._context is None or self._context.id != id or bool(control & COMMAND) is not (self._command is None):
            raise ProtocolBroken(INVALID_PARAMETER)
        last = bool(control & LAST)
        if not (fragment or last):  # of those there could be any number in a message
            raise ProtocolBroken(INVALID_PARAMETER)
        self._size += len(fragment)
        if self._command is None:
            self._command = self._commanded(fragment, last=last)
            if self._command is None:
                return None
            if not self._command.has_data_set:
                return Message(self._context, self._command, None)
            self._sink = self._sinks(self._context, self._command)
            return None
        if self._sink is not None:
            self._sink.add(fragment)
        return Message(self._context, self._command, self._sink) if last else None

    def drop(self) -> None:
        if self._sink is not None:
            self._sink.drop()

    def _commanded(self, fragment: memoryview, *, last: bool) -> Command | None:
        """The command set, once its last fragment has come."""
        if len(self._parts) + len(fragment) > commands.LONGEST:
            raise ProtocolBroken(INVALID_PARAMETER)
        self._parts += fragment
        try:
            return commands.read(bytes(self._parts)) if last else None
        except ValueError:
            raise ProtocolBroken(INVALID_PARAMETER) from None
