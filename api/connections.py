"""One connection: uvicorn's protocol for httptools, with patience that ends, bounds on the head, and the certificate.

A client that is silent in the middle of a request, sends next to nothing, or reads nothing of its answer is cut off
after `patience` seconds (at most half as much again), so that it holds neither a connection nor what an answer holds
open. The head of a request is bounded before it is parsed to its end.
"""

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.callers.certificate import PEER, PROVED
from api.errors import RequestNotUnderstood
from api.joining import Joining
from api.problems import problem

MOST_HEAD = 64 << 10  # bytes before the body
SLOWEST = 64  # bytes a second, in either direction
_CLOSE = b"content-length: 0\r\nconnection: close\r\n\r\n"
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\n" + _CLOSE
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\n" + _CLOSE


class Connection(HttpToolsProtocol):
    """`patience` is set by a subclass of the server that is configured (`patient`)."""

    patience: ClassVar[float] = 20.0

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._certificate = b""
        self._in_head, self._head = True, 0
        self._head_since: float | None = None
        self._came, self._body_since = 0, 0.0
        self._unread_since: float | None = None
        self._unread = 0
        self._tick: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.transport = Joining(transport, self.loop)
        secured = transport.get_extra_info("ssl_object")
        if secured is not None:
            self._certificate = secured.getpeercert(binary_form=True) or b""
        self._head_since = self.loop.time()
        self._tick = self.loop.call_later(self.patience / 2, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._tick is not None:
            self._tick.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._came += len(data)
        if self._in_head:
            self._head += len(data)
            if self._head_since is None:
                self._head_since = self.loop.time()
        super().data_received(data)
        if self._in_head and self._head > MOST_HEAD:
            self._cut(TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        said: dict[str, Any] = self.scope  # type: ignore[assignment]
        said[PEER] = self.client[0] if self.client else ""
        if self._certificate:
            said[PROVED] = self._certificate

    def on_headers_complete(self) -> None:
        self._in_head, self._head, self._head_since = False, 0, None
        self._came, self._body_since = 0, self.loop.time()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head = True
        super().on_message_complete()

    def pause_writing(self) -> None:
        self._unread_since, self._unread = self.loop.time(), self.transport.get_write_buffer_size()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._unread_since = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  the parser's words
        """What cannot be parsed is told as every other error is, and the connection is closed."""
        told = problem(RequestNotUnderstood(reason="HTTP/1.1"))
        lines = (name + b": " + value + b"\r\n" for name, value in told.raw_headers)
        self.transport.write(
            b"".join((b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n", *lines, b"\r\n", told.body))
        )
        self.transport.close()

    def _look(self) -> None:
        """What the client has owed for too long ends the connection."""
        if self.transport.is_closing():
            return
        now = self.loop.time()
        if self._head_since is not None and now - self._head_since >= self.patience:
            self._cut(TOO_SLOW)
        elif self._owes_body(now) or self._leaves_unread(now):
            self.transport.abort()
        self._tick = self.loop.call_later(self.patience / 2, self._look)

    def _owes_body(self, now: float) -> bool:
        """It is the client's turn, and has been, and next to nothing came."""
        cycle = self.cycle
        turn = cycle is not None and cycle.more_body and not cycle.response_complete and not self.flow.read_paused
        if not turn or self._in_head or cycle.waiting_for_100_continue:
            self._came, self._body_since = 0, now
            return False
        if now - self._body_since < self.patience:
            return False
        slow = self._came < SLOWEST * (now - self._body_since)
        self._came, self._body_since = 0, now
        return slow

    def _leaves_unread(self, now: float) -> bool:
        """An answer waits for the client, and next to nothing of it was read."""
        if self._unread_since is None or now - self._unread_since < self.patience:
            return False
        left = self.transport.get_write_buffer_size()
        slow = self._unread - left < SLOWEST * (now - self._unread_since)
        self._unread_since, self._unread = now, left
        return slow

    def _cut(self, words: bytes) -> None:
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(words)
            self.transport.close()
        else:
            self.transport.abort()  # in the middle of another answer: nothing may be mixed into it


def patient(seconds: float) -> type[Connection]:
    """The protocol with that patience."""
    return type("PatientConnection", (Connection,), {"patience": seconds})
