"""Limits before any work: header fields, address, codings, body bytes, requests a minute, requests at one time.

By the peer's address before anybody is identified, and by caller afterwards; a body is counted as it arrives, whatever
Content-Length says. Counts are of one process: with several, a caller who meets all of them gets as many times more.
"""

import re
from collections import Counter
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from threading import Lock

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.callers.entrance import SLOT
from api.callers.errors import TooManyAtOnce
from api.errors import (
    BodyTooLarge,
    HeadersTooLarge,
    HttpError,
    MediaTypeUnknown,
    RequestNotUnderstood,
    TooManyRequests,
)
from api.problems import Told, by_problem
from api.rate import Rate
from api.settings import MOST_WORDS, HttpSettings

MOST_HEADERS, MOST_FIELDS = 32 << 10, 100
LONGEST_ADDRESS = 16 << 10
FILES = ("/v1/uploads", "/dicomweb/studies")  # where bodies are files
BUNDLES = ("/fhir", "/fhir/")  # where documents come in a bundle, which is read into memory
MOST_BUNDLE = 48 << 20
# What one part of a system may read as one place and another as a second: slashes and dots in disguise, empty and dot
# segments, control characters, backslashes. None of our addresses has any.
_TRICKS = re.compile(rb"%2f|%5c|%2e|%[01]|%7f|\\|//|/\.\.?(?:/|$)|[\x00-\x20\x7f-\xff]", re.IGNORECASE)


class Limits:
    """Between the requests and the application. `told`: how an error is told at the path of a request."""

    def __init__(self, app: ASGIApp, *, settings: HttpSettings, told: Told = by_problem) -> None:
        self._app, self._settings, self._told = app, settings, told
        self._by_address, self._by_caller = Rate(settings.rate), Rate(settings.rate)
        self._at_work: Counter[str] = Counter()
        self._lock = Lock()  # callers are known in threads, and answers end in the loop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        most = self._most(scope["path"])
        counted = _Counted(receive, most)
        if refused := self._refused(scope, headers, most):
            await self._told(Request(scope), refused)(scope, receive, send)
            return
        slot = scope[SLOT] = Slot(self)
        try:
            await self._app(scope, counted, send)
        finally:
            slot.free()

    def _most(self, path: str) -> int:
        if path.startswith(FILES):
            return self._settings.most_body
        return min(MOST_BUNDLE, self._settings.most_body) if path in BUNDLES else MOST_WORDS

    def _refused(self, scope: Scope, headers: Headers, most: int) -> HttpError | None:
        fields = scope["headers"]
        if len(fields) > MOST_FIELDS or sum(len(name) + len(value) + 4 for name, value in fields) > MOST_HEADERS:
            return HeadersTooLarge(most=MOST_HEADERS)
        peer = _peer(scope)
        if not self._by_address.hit(peer):
            return TooManyRequests(most=self._settings.rate, retry_after=self._by_address.wait(peer))
        return _misshapen(scope) or _body_refused(headers, most)

    def begun(self, caller: str) -> None:
        """One more request of this caller is at work. Raises `TooManyRequests`, `TooManyAtOnce`."""
        if not self._by_caller.hit(caller):
            raise TooManyRequests(most=self._settings.rate, retry_after=self._by_caller.wait(caller))
        with self._lock:
            if self._at_work[caller] >= self._settings.at_once:
                raise TooManyAtOnce(most=self._settings.at_once, retry_after=1)
            self._at_work[caller] += 1

    def ended(self, caller: str) -> None:
        with self._lock:
            self._at_work[caller] -= 1
            if self._at_work[caller] <= 0:
                del self._at_work[caller]


class Slot:
    """Of one request: taken once it is known whose it is, free when its answer has ended, however it ends."""

    def __init__(self, limits: Limits) -> None:
        self._limits, self._caller = limits, ""

    def take(self, caller: str) -> None:
        if not self._caller:
            self._limits.begun(caller)
            self._caller = caller

    def free(self) -> None:
        if self._caller:
            self._limits.ended(self._caller)
            self._caller = ""


def _peer(scope: Scope) -> str:
    """Whom a request is counted for before it is known whose it is: an address, of IPv6 the network of one site."""
    return _counted_as(str(scope["client"][0])) if scope.get("client") else "-"


@lru_cache(maxsize=1024)
def _counted_as(host: str) -> str:
    try:
        found = ip_address(host)
    except ValueError:
        return host
    return str(ip_network((found, 64), strict=False)) if isinstance(found, IPv6Address) else host


def _misshapen(scope: Scope) -> HttpError | None:
    raw = scope.get("raw_path") or scope["path"].encode()
    if len(raw) + len(scope.get("query_string", b"")) > LONGEST_ADDRESS:
        return RequestNotUnderstood(reason=f"the address is longer than {LONGEST_ADDRESS} bytes")
    if _TRICKS.search(raw):
        return RequestNotUnderstood(reason="the path has characters or segments that no address here has")
    return None


def _body_refused(headers: Headers, most: int) -> HttpError | None:
    """A coding is refused: what it unpacks to would have to be counted while it is unpacked, and nobody needs it."""
    coding = headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("", "identity"):
        return MediaTypeUnknown(known="Content-Encoding: identity")
    length = headers.get("content-length")
    if length is not None and not (length.isascii() and length.isdecimal() and len(length) < 20):
        return RequestNotUnderstood(reason="Content-Length")
    return BodyTooLarge(most=most) if length is not None and int(length) > most else None


class _Counted:
    """`receive`, which ends with an error once more than `most` bytes came."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive, self._most, self._came = receive, most, 0

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._came += len(message.get("body", b""))
            if self._came > self._most:
                raise BodyTooLarge(most=self._most)
        return message
