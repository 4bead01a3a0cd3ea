"""Messages over one association (PS3.7 6.3), as whoever accepted it and as whoever requested it.

    receive     the next message: its command set whole, its data set into the sink that `sinks` gives for it
    send        a command set, and a data set by its pieces

One message at a time in each direction: asynchronous operations are not negotiated. While we answer one request at
length, `cancelled` hears what comes meanwhile, and so does `send` with `heed`: only C-CANCEL may come, or the response
to what is being sent. Neither waits for the rest of what has come in part: it is kept, and put together as it comes.
"""

import math
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from dicom_gateway.protocol import commands
from dicom_gateway.protocol.errors import ConnectionEnds, Interrupted, PeerAborted, PeerSilent, ProtocolBroken
from dicom_gateway.protocol.messages import Coming, Message, Sinks, gathering, none_taken
from dicom_gateway.protocol.negotiating import Agreed, Context
from dicom_gateway.protocol.pdus import (
    ABORT,
    ASSOCIATE_RQ,
    BY_PROVIDER,
    INVALID_PARAMETER,
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
    one_piece,
    values,
)
from dicom_gateway.protocol.waiting import Beside
from dicom_gateway.protocol.wire import Wire

_FRAGMENTS = 1000  # of cancels, that are heard at one time
_LAST_WORD = 1.0  # seconds for an A-ABORT to be taken: whoever takes nothing any more is not waited for


_Value = tuple[int, int, memoryview]  # of a P-DATA-TF: context, header, fragment


class Association:
    """After its negotiation. To be used by the thread that owns the wire."""

    def __init__(self, wire: Wire, terms: Agreed) -> None:
        self.wire, self.terms = wire, terms
        self._values: Iterator[_Value] = iter(())
        self._rest: deque[_Value] = deque()
        self._begun: Coming | None = None  # what has come, in part, of a message while we answered another
        self._cancelled: set[int] = set()
        self._sending = 0  # the message id of a request of ours, while it goes and the peer is heeded
        self._early: dict[int, Message] = {}  # responses that came before all of their request had gone
        self._last_id = 0
        self.released = False
        self.answered = -1
        """The status of the last response that was sent; -1 before there was one."""
        self.comment = ""
        """What it said of that."""

    def next_id(self) -> int:
        """For a request of ours."""
        self._last_id = self._last_id % 0xFFFF + 1
        return self._last_id

    def receive(
        self, sinks: Sinks, *, patience: float, idle: bool = False, until: float | None = None
    ) -> Message | None:
        """The next message, which must begin within `patience`, and end by `until`, if that is told; None once the peer
        has released the association, which is answered. Raises `ConnectionEnds`; what had come of a data set was
        dropped then."""
        coming, self._begun = self._begun or Coming(self.terms.contexts, sinks), None
        coming.sinks = sinks
        if coming.begun:
            patience = min(patience, self.wire.patience.network)
        try:
            while True:
                began = time.monotonic()
                if until is not None:
                    patience = min(patience, until - began)
                value = self._next_value(patience, coming, idle=idle and not coming.begun, whole=until is not None)
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

    def send(
        self,
        context: Context,
        command: Mapping[int, int | str],
        data_set: Iterable[Bytes] | None = None,
        *,
        heed: bool = False,
    ) -> None:
        """The message has been given to the system. Raises `ConnectionEnds`, and what `data_set` raises before anything
        of the message has gone; afterwards that is `Interrupted`. With `heed`, for a request with a data set, the peer
        is heard between and amid its PDUs: a C-CANCEL changes nothing of what is being sent (PS3.8 knows no end of a
        message but its last fragment), but is known at once; an A-ABORT, or the end of the connection, ends it."""
        longest = self.terms.longest
        said = commands.written(command)
        self._note(command)
        waiting = [each for group in fragments(context.id, [said], longest=longest, command=True) for each in group]
        if data_set is None:
            self.wire.send(waiting)
            return
        if heed:
            self._sending = int(command[commands.MESSAGE_ID])
            self.wire.beside = Beside(self.wire.fileno(), self._hear)
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
        finally:
            if heed:
                self.wire.beside, self._sending = None, 0

    def send_each(
        self,
        context: Context,
        command: Mapping[int, int | str],
        data_sets: Iterable[bytes],
        *,
        then: Mapping[int, int | str] | None = None,
    ) -> None:
        """A message with each of the data sets, which are small, and `then` one without any, given to the system in one
        go: a call for each of a thousand answers takes longer than to make them. Raises `ConnectionEnds`."""
        longest = self.terms.longest
        self._note(command)
        head = one_piece(context.id, commands.written(command), longest=longest, command=True)
        waiting: list[bytes] = []
        for data_set in data_sets:
            waiting.append(head)
            waiting.append(one_piece(context.id, data_set, longest=longest))
        if then is not None:
            self._note(then)
            waiting.append(one_piece(context.id, commands.written(then), longest=longest, command=True))
        self.wire.send([b"".join(waiting)])

    def cancelled(self, message_id: int) -> bool:
        """Whether the peer has asked, up to now, to cancel its request. Raises `ConnectionEnds`."""
        self._hear()
        return message_id in self._cancelled

    def response(self, to: int, *, patience: float) -> Message:
        """The response to a request of ours; C-CANCEL may come before it. Raises `ConnectionEnds`."""
        if (early := self._early.pop(to, None)) is not None:
            return early
        until = time.monotonic() + patience
        while True:
            if (left := until - time.monotonic()) <= 0:
                raise PeerSilent
            found = self.receive(gathering, patience=left, until=until)
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
                kind, _ = self.wire.read(left, whole=True)
                if kind == RELEASE_RQ:  # both ask at the same time
                    self.wire.send([RELEASE_RESPONSE])
                elif kind != P_DATA:
                    break
        self.released = True

    def abort(self, *, reason: int | None = None) -> None:
        """A-ABORT: ours, or with a `reason` the protocol's."""
        with suppress(ConnectionEnds):
            self.wire.beside, self.wire.until = None, math.inf  # nobody else is listened to any more
            said = abort() if reason is None else abort(source=BY_PROVIDER, reason=reason)
            self.wire.send([said], patience=_LAST_WORD)

    def _note(self, command: Mapping[int, int | str]) -> None:
        field, status = command.get(commands.FIELD), command.get(commands.STATUS)
        if isinstance(field, int) and field & commands.RESPONSE and isinstance(status, int):
            self.answered, self.comment = status, str(command.get(commands.ERROR_COMMENT, ""))

    def _hear(self) -> None:
        """All that has come by now in whole PDUs is known, and nothing is waited for."""
        for _ in range(_FRAGMENTS):
            if not (self._rest or self.wire.waits()):
                return
            coming = self._begun = self._begun or Coming(self.terms.contexts, none_taken)
            value = self._next_value(self.wire.patience.network, coming, idle=False, whole=False)
            if value is None:
                self.released = True
                raise PeerAborted
            message = coming.take(*value)
            self._keep_rest()
            if message is not None:
                self._begun = None
                self._note_heard(message)

    def _note_heard(self, message: Message) -> None:
        field, number = message.command.field, message.command.number(commands.RESPONDS_TO)
        if field == commands.C_CANCEL_RQ:
            self._cancelled.add(number)
        elif field & commands.RESPONSE and self._sending and number == self._sending:
            self._early[number] = message
        else:
            raise ProtocolBroken(UNEXPECTED_PDU)

    def _keep_rest(self) -> None:
        """What stands after a message in its PDU, which nobody sends, outlives what is read next."""
        try:
            self._rest.extend((id, control, memoryview(bytes(each))) for id, control, each in self._values)  # noqa: A001
        except ValueError:
            raise ProtocolBroken(INVALID_PARAMETER) from None

    def _next_value(self, patience: float, coming: Coming, *, idle: bool, whole: bool) -> _Value | None:
        """None once the association is released, which is not done in the midst of a message."""
        if self._rest:
            return self._rest.popleft()
        try:
            for value in self._values:
                return value
        except ValueError:
            raise ProtocolBroken(INVALID_PARAMETER) from None
        kind, content = self.wire.read(patience, idle=idle, whole=whole)
        if kind == P_DATA:
            self._values = values(content)
            return self._next_value(patience, coming, idle=idle, whole=whole)
        if kind == RELEASE_RQ and not coming.begun and not self._sending:  # an answer would stand amid what goes
            if len(content) != len(RELEASE_REQUEST) - 6:
                raise ProtocolBroken(INVALID_PARAMETER)
            self.wire.send([RELEASE_RESPONSE])
            return None
        if kind == ABORT:
            raise PeerAborted
        raise ProtocolBroken(UNEXPECTED_PDU if ASSOCIATE_RQ <= kind <= RELEASE_RP else UNKNOWN_PDU)
