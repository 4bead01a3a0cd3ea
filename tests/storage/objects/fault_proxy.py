"""A faulty network and server between a client and a real S3 server: each fault is done to real requests.

Requests pass unchanged, their Host header too, so that signatures hold. A fault is armed for requests that a filter
picks, a number of times; how often it struck is counted, so that no test passes because nothing happened.
"""

import http.client
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

_STALL = 30.0  # seconds, cut short when the proxy closes; clients of these tests wait one


class Fault(Enum):
    INTERNAL_ERROR = auto()  # 500, not forwarded
    SLOW_DOWN = auto()  # 503 with S3's code, not forwarded
    GATEWAY_NOT_FOUND = auto()  # 404 in HTML, as a misrouted proxy says it
    STALL_BEFORE = auto()  # no answer, not forwarded
    STALL_AFTER = auto()  # forwarded, no answer
    RESET_BEFORE = auto()  # connection reset, not forwarded
    RESET_AFTER = auto()  # forwarded, connection reset instead of the answer
    ERROR_AFTER = auto()  # forwarded, 500 instead of the answer
    TRUNCATED = auto()  # half of the body, under the header of the whole
    RESET_IN_BODY = auto()  # half of the body, then a reset
    LOST_OBJECT = auto()  # PUT answered 200, not forwarded
    STALE_LIST = auto()  # the listing as it was when the fault was armed
    UNKNOWN_HEADER = auto()  # 501 NotImplemented


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Armed:
    fault: Fault
    picks: Callable[[Request], bool]
    times: int
    struck: int = 0
    stale: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)


def any_request(_: Request) -> bool:
    return True


class FaultProxy:
    """`with FaultProxy(backend) as proxy:` listens on `proxy.endpoint` until the block ends."""

    def __init__(self, backend: str) -> None:
        self.backend = backend
        self.requests: list[Request] = []
        self.closing = threading.Event()
        self._armed: list[Armed] = []
        self._lock = threading.Lock()
        proxy = self

        class Handler(_Handler):
            owner = proxy

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def arm(self, fault: Fault, *, times: int = 1, picks: Callable[[Request], bool] = any_request) -> Armed:
        armed = Armed(fault=fault, picks=picks, times=times)
        with self._lock:
            self._armed.append(armed)
        return armed

    def disarm(self) -> None:
        with self._lock:
            self._armed.clear()

    def fault_for(self, request: Request) -> Armed | None:
        with self._lock:
            self.requests.append(request)
            for armed in self._armed:
                if armed.struck < armed.times and armed.picks(request):
                    armed.struck += 1
                    return armed
        return None

    def forwarded(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self.backend, timeout=30)
        try:
            connection.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                if name.lower() != "connection":
                    connection.putheader(name, value)
            connection.endheaders(request.body or None)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that gave up is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    owner: FaultProxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = _STALL

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        request = Request(self.command, self.path, dict(self.headers.items()), self.rfile.read(length))
        armed = self.owner.fault_for(request)
        if armed is None:
            self._answer(*self.owner.forwarded(request))
        else:
            self._fail(armed, request)

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _serve  # noqa: N815  names of the base class

    def _fail(self, armed: Armed, request: Request) -> None:
        match armed.fault:
            case Fault.INTERNAL_ERROR:
                self._error(500, "InternalError")
            case Fault.SLOW_DOWN:
                self._error(503, "SlowDown")
            case Fault.UNKNOWN_HEADER:
                self._error(501, "NotImplemented")
            case Fault.GATEWAY_NOT_FOUND:
                self._answer(404, {"Content-Type": "text/html"}, b"<html>no route</html>")
            case Fault.STALL_BEFORE:
                self._stall()
            case Fault.STALL_AFTER:
                self.owner.forwarded(request)
                self._stall()
            case Fault.RESET_BEFORE:
                self._reset()
            case Fault.RESET_AFTER:
                self.owner.forwarded(request)
                self._reset()
            case Fault.ERROR_AFTER:
                self.owner.forwarded(request)
                self._error(500, "InternalError")
            case Fault.TRUNCATED:
                self._answer(*self.owner.forwarded(request), half=True)
                self.close_connection = True
            case Fault.RESET_IN_BODY:
                self._answer(*self.owner.forwarded(request), half=True)
                self._reset()
            case Fault.LOST_OBJECT:
                self._answer(200, {"ETag": '"00000000000000000000000000000000"'}, b"")
            case Fault.STALE_LIST:
                self._answer(*armed.stale[request.path.partition("?")[0]])

    def _answer(self, status: int, headers: dict[str, str], body: bytes, *, half: bool = False) -> None:
        sent = body[: len(body) // 2] if half else body
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in {"transfer-encoding", "connection", "content-length"}:
                self.send_header(name, value)
        length = headers.get("Content-Length", "0") if self.command == "HEAD" else str(len(body))
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(sent)
            self.wfile.flush()

    def _error(self, status: int, code: str) -> None:
        self._answer(status, {"Content-Type": "application/xml"}, f"<Error><Code>{code}</Code></Error>".encode())

    def _stall(self) -> None:
        self.owner.closing.wait(_STALL)
        self.close_connection = True

    def _reset(self) -> None:
        # a socket closed with SO_LINGER 0 sends RST
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name for it
        """Quiet: what failed is said by the test."""
