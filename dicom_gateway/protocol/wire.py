"""A connection as whole PDUs, owned by one thread.

Promised: no more memory than the longest PDU agreed on and as much again; nobody holds a thread longer than the
deadlines say and `SLOWEST` makes of them, however slowly bytes come or are taken; what a PDU says of its length is
believed only within the bounds.

The stock DCMTK client leaves Nagle's algorithm on. With the receiver's delayed ACK that costs 40 ms an object on every
server that people use; TCP_QUICKACK, set again after every read since the kernel forgets it, takes it away.
"""

import math
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial

from dicom_gateway.protocol.errors import PeerGone, PeerSilent, ProtocolBroken, Stopping
from dicom_gateway.protocol.pdus import INVALID_PARAMETER, LARGEST, Bytes, header
from dicom_gateway.protocol.waiting import READING, TICK, WRITING, Beside, ready

SLOWEST = 4096
"""Bytes a second, beyond the patience for anything at all: a modality behind the slowest line there is sends twice as
many, and a byte a minute is nobody's."""
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)
_IOV = 512  # pieces of one call; the system takes 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds. `acse`: for an answer to a request for, or the release of, an association; `dimse`: for a response;
    `idle`: for the next message of a peer that asks for nothing; `network`: for the rest of what has begun to come,
    and for anything to be taken of what is sent."""

    acse: float = 30.0
    dimse: float = 120.0
    idle: float = 600.0
    network: float = 60.0


class Wire:
    """`stopping` is looked at while nothing comes; `beside` whenever something is waited for, and what it raises goes
    through here."""

    def __init__(
        self,
        connection: socket.socket,
        *,
        patience: Patience,
        longest: int = LARGEST,
        stopping: Callable[[], bool] = lambda: False,
        beside: Beside | None = None,
    ) -> None:
        self._socket, self.patience, self._longest, self._stopping = connection, patience, longest, stopping
        self.beside, self._midst = beside, False
        self.until = math.inf
        self._plain = not isinstance(connection, ssl.SSLSocket)
        self._buffer = bytearray(2 * (longest + 6))  # its pages cost nothing until they are used
        self._view = memoryview(self._buffer)
        self._start = self._end = 0
        self.received = self.sent = 0
        """Bytes, of the connection's content."""
        self._coming = select.poll()
        self._coming.register(connection, select.POLLIN)
        connection.settimeout(TICK)
        with suppress(OSError):  # not TCP: a pair of sockets in a test
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._quick()

    def read(self, patience: float, *, idle: bool = False, whole: bool = False) -> tuple[int, memoryview]:
        """Type and content of the next PDU, which must begin within `patience`, and with `whole` also end; the content
        is good until anything else is asked of this. Raises `PeerGone`, `PeerSilent`, `ProtocolBroken`, and with `idle`
        `Stopping`."""
        until = time.monotonic() + patience
        self._fill(6, patience, idle=idle)
        kind, length = header(self._view[self._start : self._start + 6])
        if length > self._longest:
            raise ProtocolBroken(INVALID_PARAMETER)
        rest = self.patience.network
        self._fill(6 + length, min(rest, until - time.monotonic()) if whole else rest)
        content = self._view[self._start + 6 : self._start + 6 + length]
        self._start += 6 + length
        return kind, content

    @contextmanager
    def ending(self, at: float) -> Iterator[None]:
        """While the block runs nothing is waited for beyond `at` (monotonic), whatever patience there is."""
        self.until = at
        try:
            yield
        finally:
            self.until = math.inf

    def fileno(self) -> int:
        return self._socket.fileno()

    def waits(self) -> bool:
        """Whether a whole PDU has come that was not read yet, or one that may not; nothing is waited for, and all that
        has come is taken until there is one. Raises `PeerGone`."""
        if self._has_whole():
            return True
        if self._plain and not self._coming.poll(0):  # mostly; 1 µs, where reading in vain took 5
            return False
        self._make_room(6 + self._longest)
        self._socket.settimeout(0)
        try:
            while not self._has_whole():
                self._received()
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        finally:
            self._socket.settimeout(TICK)
        return True

    def send(self, parts: Sequence[Bytes], *, patience: float | None = None) -> None:
        """All has been given to the system. `patience`: with which it is taken, instead of the network's. Raises
        `PeerGone`, `PeerSilent`; after that nothing more is sent: it would come amid what was cut off."""
        if self._midst:
            raise PeerGone
        size = sum(map(len, parts))
        most = self.patience.network if patience is None else patience
        self.sent += size
        self._send_all(parts, most, min(time.monotonic() + most + size / SLOWEST, self.until))
        self._midst = False

    def _send_all(self, parts: Sequence[Bytes], most: float, last: float) -> None:
        if not self._plain:
            self._midst = True  # a record that was begun is in OpenSSL's hands
            rest = memoryview(b"".join(parts))
            while rest:
                rest = rest[self._patiently(partial(self._socket.send, rest), most, last) :]
            return
        waiting, left = [each for each in parts if len(each)], sum(map(len, parts))
        while left:
            sent = self._patiently(partial(self._socket.sendmsg, waiting[:_IOV]), most, last)
            left -= sent
            self._midst = True
            if left:  # hardly ever: of an image on its way to a peer that reads, the system takes all in one go
                _drop(waiting, sent)

    def linger(self, patience: float) -> None:
        """After the last word: what the peer still sends is thrown away until it closes the connection, as is its part
        (PS3.8 9.2.2, Sta13), so that the word reaches it and is not lost to a reset."""
        until = time.monotonic() + patience
        with suppress(OSError, PeerGone, PeerSilent):
            while time.monotonic() < until:
                self._start = self._end = 0
                with suppress(TimeoutError):
                    self._received()

    def close(self) -> None:
        with suppress(OSError):
            self._socket.close()

    def _fill(self, need: int, patience: float, *, idle: bool = False) -> None:
        """`need` bytes are there from `_start` on."""
        if self._end - self._start >= need:
            return
        self._make_room(need)
        until = min(time.monotonic() + patience, self.until)
        while self._end - self._start < need:
            with suppress(TimeoutError, ssl.SSLWantReadError):
                self._receive()
                if self._end - self._start >= need:
                    return
            if time.monotonic() > until:
                raise PeerSilent
            if idle and self._end == self._start and self._stopping():
                raise Stopping

    def _make_room(self, need: int) -> None:
        """So many bytes fit in from `_start` on."""
        if self._start + need > len(self._buffer) or self._start == self._end:
            rest = self._end - self._start
            self._view[:rest] = bytes(self._view[self._start : self._end])
            self._start, self._end = 0, rest

    def _has_whole(self) -> bool:
        have = self._end - self._start
        if have < 6:
            return False
        _, length = header(self._view[self._start : self._start + 6])
        return length > self._longest or have >= 6 + length

    def _receive(self) -> None:
        """Something has come. Raises `TimeoutError` where nothing does for a `TICK`, `PeerGone`, and what `beside`
        raises."""
        if not (isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()):
            self._turn(READING)
        self._received()

    def _received(self) -> None:
        try:
            count = self._socket.recv_into(self._view[self._end :])
        except (TimeoutError, BlockingIOError, ssl.SSLWantReadError):
            raise
        except OSError:
            raise PeerGone from None
        if count == 0:
            raise PeerGone
        self._end += count
        self.received += count
        self._quick()

    def _patiently(self, send: Callable[[], int], most: float, last: float) -> int:
        now = time.monotonic()
        if now > last:  # something was taken each time, and not enough
            raise PeerSilent
        until = min(last, now + most)
        while True:
            try:
                self._turn(WRITING)
                return send()
            except (TimeoutError, BlockingIOError, ssl.SSLWantWriteError):
                if time.monotonic() > until:
                    raise PeerSilent from None
            except OSError:
                raise PeerGone from None

    def _turn(self, event: int) -> None:
        """It is the connection's turn. Raises `TimeoutError` where it is not, and what `beside` raises."""
        if self.beside is not None and not ready(self._socket, event, seconds=TICK, beside=self.beside):
            raise TimeoutError

    def _quick(self) -> None:
        if _QUICKACK is not None and self._plain:
            with suppress(OSError):
                self._socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)


def _drop(waiting: list[Bytes], sent: int) -> None:
    """The first `sent` bytes of `waiting` are not in it any more."""
    done = 0
    while sent and sent >= len(waiting[done]):
        sent -= len(waiting[done])
        done += 1
    del waiting[:done]
    if sent:
        waiting[0] = memoryview(waiting[0])[sent:]
