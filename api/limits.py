"""Limits before any work: header bytes, body bytes, requests a minute of one caller.

Who calls too often is told by the peer's address before anybody is identified; a body is counted as it arrives,
whatever Content-Length says.
"""

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import BodyTooLarge, HeadersTooLarge, HttpError, RequestNotUnderstood, TooManyRequests
from api.languages import language_of
from api.problems import problem
from api.settings import MOST_WORDS, HttpSettings

MOST_HEADERS = 32 << 10
FILES = ("/v1/uploads", "/dicomweb/studies")  # where bodies are files


class Limits:
    """Between the requests and the application."""

    def __init__(self, app: ASGIApp, *, settings: HttpSettings) -> None:
        self._app, self._settings = app, settings
        self._rate = RateLimitItemPerMinute(settings.rate)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        most = self._settings.most_body if scope["path"].startswith(FILES) else MOST_WORDS
        if refused := self._refused(scope, headers, most):
            answer = problem(refused, language=language_of(headers.get("accept-language", "")))
            await answer(scope, receive, send)
            return
        await self._app(scope, _Counted(receive, most), send)

    def _refused(self, scope: Scope, headers: Headers, most: int) -> HttpError | None:
        if sum(len(name) + len(value) + 4 for name, value in scope["headers"]) > MOST_HEADERS:
            return HeadersTooLarge(most=MOST_HEADERS)
        peer = scope["client"][0] if scope.get("client") else "-"
        if not self._limiter.hit(self._rate, peer):
            return TooManyRequests(most=self._settings.rate, retry_after=60)
        length = headers.get("content-length")
        if length is not None and not (length.isascii() and length.isdecimal()):
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
