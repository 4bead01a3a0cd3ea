"""Around every request: its id, one line in the log, headers that every answer has, and the end of what nobody caught.

Pure ASGI, so that answers stream untouched. A line of the log has the id, method, route (never a path: it may name a
patient), status, bytes and milliseconds; nothing that a caller typed.
"""

import logging
import secrets
import time
from collections.abc import MutableMapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Bug
from api.logs import shown
from api.measures import Measures
from api.problems import problem

_log = logging.getLogger("api.requests")

REQUEST_ID = b"x-request-id"
SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"strict-transport-security", b"max-age=31536000"),  # ignored by clients where the answer came without TLS
    (b"cross-origin-resource-policy", b"same-site"),
)


class Requests:
    """The outermost layer."""

    def __init__(self, app: ASGIApp, *, measures: Measures | None = None) -> None:
        self._app, self._measures = app, measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        number = secrets.token_hex(8)
        scope.setdefault("state", {})["id"] = number
        answered = _Answered(send, number)
        if self._measures is not None:
            self._measures.began()
        try:
            await self._app(scope, receive, answered)
        except Exception as error:
            answered.failed = type(error).__name__
            _log.error("request %s failed: %s", number, shown(error))
            if answered.whole:
                return  # the framework raises again what it has answered already
            if answered.status:
                raise  # the answer has begun: the server cuts the connection, so that nothing short looks whole
            await problem(Bug(request=number))(scope, receive, answered)
        finally:
            _tell(answered.line(scope))
            if self._measures is not None:
                answered.measure(scope, self._measures)


class _Answered:
    """`send`, with the headers of every answer, and what is told of it afterwards."""

    def __init__(self, send: Send, number: str) -> None:
        self._send, self._number, self._begun = send, number, time.monotonic()
        self.status, self.octets, self.failed, self.whole = 0, 0, "", False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*_completed(message), (REQUEST_ID, self._number.encode())]
        elif message["type"] == "http.response.body":
            self.octets += len(message.get("body", b""))
        await self._send(message)
        self.whole = message["type"] == "http.response.body" and not message.get("more_body", False)

    def line(self, scope: Scope) -> str:
        took = (time.monotonic() - self._begun) * 1000
        end = f" {self.failed}" if self.failed else ""
        return f"{self._number} {scope['method']} {_route(scope)} {self.status} {self.octets} {took:.1f}ms{end}"

    def measure(self, scope: Scope, measures: Measures) -> None:
        seconds = time.monotonic() - self._begun
        measures.answered(scope["method"], _route(scope), self.status, octets=self.octets, seconds=seconds)


def _tell(line: str) -> None:
    """As `_log.info("%s", line)`, without looking for the place in the program that says so, which nobody is told."""
    if _log.isEnabledFor(logging.INFO):
        _log.handle(_log.makeRecord(_log.name, logging.INFO, "", 0, "%s", (line,), None))


def _route(scope: Scope) -> str:
    """The address as it is declared, with its door before it; nothing where there is none."""
    declared = getattr(scope.get("route"), "path", "")
    door = "/" + scope["path"].split("/", 2)[1]
    return f"{'' if declared.startswith(door) else door}{declared}" if declared else "-"


def _completed(message: MutableMapping[str, Any]) -> list[tuple[bytes, bytes]]:
    """The answer's own headers, and those of `SECURITY` that it does not set itself."""
    own = list(message.get("headers", ()))
    named = {name.lower() for name, _ in own}
    return own + [pair for pair in SECURITY if pair[0] not in named]
