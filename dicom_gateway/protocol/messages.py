"""A message (PS3.7 6.3), and how one comes: its command set whole, its data set into a sink."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from dicom_gateway.protocol import commands
from dicom_gateway.protocol.commands import Command
from dicom_gateway.protocol.errors import PeerSilent, ProtocolBroken
from dicom_gateway.protocol.negotiating import Context
from dicom_gateway.protocol.pdus import COMMAND, INVALID_PARAMETER, LAST, UNEXPECTED_PDU
from dicom_gateway.protocol.wire import SLOWEST

LONGEST_IDENTIFIER = 4 << 20  # bytes of a data set that is a question or an answer, and no image


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


def none_taken(_context: Context, _command: Command) -> Sink:
    """For what may come while a request is answered: none of it has a data set."""
    raise ProtocolBroken(UNEXPECTED_PDU)


def gathering(_context: Context, _command: Command) -> Sink:
    return Gathered()


class Coming:
    """A message, fragment by fragment. `sinks` is asked once the command set has come; until then it may change."""

    def __init__(self, contexts: Mapping[int, Context], sinks: Sinks) -> None:
        self._contexts, self.sinks = contexts, sinks
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
            self._sink = self.sinks(self._context, self._command)
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
