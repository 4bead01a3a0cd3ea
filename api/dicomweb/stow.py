"""STOW-RS (PS3.18 §10.5): instances pushed into the open takeover that the caller is bound to.

To push is not to read: there is no purpose and no grant, only the binding, which is a deed. Whoever has none is told
what everybody is told of what is not for him. A repeated push changes nothing and is answered as the first one.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from fastapi import Header, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.accepting import Offer, chosen
from api.dicomweb.stow_answer import JSON, XML, Received, answer_of, as_json, as_xml, status_of
from api.dicomweb.stow_errors import ComesTooSlowly, ReceptionFull
from api.dicomweb.stow_offering import DICOM, deposited, is_wanted, offered, parts_of
from api.dicomweb.stow_receiving import Reception, Waiting
from api.errands import principal_of
from api.errors import MediaTypeUnknown
from api.multipart.errors import BodyEndsEarly, NoParts
from api.multipart.parameters import boundary_of, read_media_type
from api.multipart.reading import Begun, Piece, Reader
from api.problems import MEDIA_TYPE as PROBLEM
from api.routes import Routes
from api.slots import Slots
from repository.transfer.opening import Depositor
from repository.transfer.transfers import Transfers

RELATED = "multipart/related"
_FORMS = tuple(Offer(each) for each in (JSON, XML, "application/json"))
# A body up to this size, announced, is read before anybody is asked whose it is: the server holds as much of it anyway,
# and all that is left is then done in one thread, without a way back to the loop.
SMALL_BODY = 64 << 10
WHOLE_BODY = 2 << 20  # up to this, a body is held whole and not deposited before it has ended
AT_ONCE = 16  # requests; each may hold some 20 MB
PATIENCE = 10.0  # seconds to wait for one of them to end
IDLE = 30.0  # seconds without a byte
SLOWEST = 1024  # bytes a second, once `GRACE` seconds have passed
GRACE = 60.0

StudyUid = Annotated[str, Path(pattern="^[0-9.]{1,64}$", description="Study Instance UID that all instances have.")]
TakeoverName = Annotated[
    str, Query(max_length=36, description="Id of the takeover, for whoever may push into several.")
]
TakeoverField = Annotated[str, Header(alias="EDM-Takeover", max_length=36, description="The same as a header.")]


class Receptions(Slots):
    """The live transfers of the door, and how many requests may bring something at one time."""

    def __init__(self, transfers: Transfers) -> None:
        super().__init__(AT_ONCE, patience=PATIENCE, full=lambda: ReceptionFull(most=AT_ONCE))
        self.transfers = transfers
        self.waiting = Waiting()


def router() -> Routes:
    found = Routes(tags=["dicomweb"])
    for address, does in (("/studies", store), ("/studies/{study}", store_in_study)):
        found.add_api_route(
            address, does, methods=["POST"], response_class=Response, responses=_RESPONSES, openapi_extra=_BODY
        )
    return found


async def store(request: Request, *, takeover: TakeoverName = "", edm_takeover: TakeoverField = "") -> Response:
    """Instances are kept in the open takeover that you are bound to: 200 all, 202 some, 409 none."""
    return await _stored(request, takeover=takeover or edm_takeover)


async def store_in_study(
    request: Request,
    study: StudyUid,
    *,
    takeover: TakeoverName = "",
    edm_takeover: TakeoverField = "",
) -> Response:
    """The same; an instance of another study fails with A901H."""
    return await _stored(request, study=study, takeover=takeover or edm_takeover)


@dataclass(frozen=True, slots=True)
class _Push:
    """One request, and what it wants."""

    request: Request
    receptions: Receptions
    takeover: str
    study: str

    def admitted(self) -> tuple[Depositor, str, bytes]:
        """Who pushes, in which form the answer goes out, and the boundary of parts, if any. In a thread, and in one:
        who it is and what he is bound to. Raises as `caller_of`, `Transfers.admitted` and `_boundary`, and
        `NotAcceptable`."""
        headers = self.request.headers
        transfers = self.receptions.transfers
        depositor = transfers.admitted(principal_of(self.request), door="dicomweb", wanted=self.takeover)
        form = chosen(headers.get("accept", ""), _FORMS).media_type
        return depositor, form, _boundary(headers.get("content-type", ""))

    def at_once(self, chunks: Sequence[bytes]) -> tuple[bytes, int, str]:
        """In a thread: everything, of a body that is there. The answer, its status and its media type."""
        return self.kept_whole(chunks, self.admitted())

    def kept_whole(self, chunks: Sequence[bytes], admitted: tuple[Depositor, str, bytes]) -> tuple[bytes, int, str]:
        depositor, form, boundary = admitted
        transfers = self.receptions.transfers
        taken, told = offered(parts_of(chunks, boundary, home=transfers.home), study=self.study)
        told |= deposited(taken, partial(transfers.deposit, depositor))
        return self.answer([told[number] for number in sorted(told)], form)

    def answer(self, received: Sequence[Received], form: str) -> tuple[bytes, int, str]:
        """Raises as `status_of`."""
        answer = answer_of(received, base=f"{self.request.app.state.settings.url}/dicomweb")
        return as_xml(answer) if form == XML else as_json(answer), status_of(received), form


async def _stored(request: Request, *, takeover: str, study: str = "") -> Response:
    receptions: Receptions = request.app.state.receptions
    push = _Push(request, receptions, takeover, study)
    size = _announced(request)
    if size <= SMALL_BODY:
        chunks = [chunk async for chunk in _chunks(request)]
        async with receptions.slot():
            return _response(await run_in_threadpool(push.at_once, chunks))
    admitted = await run_in_threadpool(push.admitted)
    async with receptions.slot():
        if size <= WHOLE_BODY:
            chunks = [chunk async for chunk in _chunks(request)]
            return _response(await run_in_threadpool(push.kept_whole, chunks, admitted))
        return _response(await _streamed(push, *admitted))


def _response(answer: tuple[bytes, int, str]) -> Response:
    body, status, media_type = answer
    return Response(body, status, media_type=media_type)


def _announced(request: Request) -> float:
    """Bytes of the body; more than any body has where it is not said, or where the client waits to be asked for it:
    then whoever it is comes first."""
    length = request.headers.get("content-length", "")
    if "expect" in request.headers or not (length.isascii() and length.isdecimal()):
        return float("inf")
    return int(length)


async def _streamed(push: _Push, depositor: Depositor, form: str, boundary: bytes) -> tuple[bytes, int, str]:
    receptions = push.receptions
    reception = Reception(receptions.transfers, depositor, waiting=receptions.waiting, study=push.study)
    try:
        await (_read_parts if boundary else _read_one)(push.request, reception, boundary)
        received = await reception.finish()
    except BaseException:
        await reception.abandon()
        raise
    return push.answer(received, form)


async def _read_parts(request: Request, reception: Reception, boundary: bytes) -> None:
    reader = Reader(boundary)
    async for chunk in _chunks(request):
        for event in reader.feed(chunk):
            if isinstance(event, Piece):
                await reception.add(event.content)
            elif isinstance(event, Begun):
                reception.begin(event.number, wanted=is_wanted(event.headers))
            else:
                await reception.end()
    reader.finish()


async def _read_one(request: Request, reception: Reception, _boundary: bytes) -> None:
    reception.begin(1)
    came = False
    async for chunk in _chunks(request):
        came = True
        await reception.add(chunk)
    if not came:
        raise NoParts
    await reception.end()


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes. Raises `ComesTooSlowly`, `BodyEndsEarly` where the client is gone, and `BodyTooLarge`."""
    receive, begun, came = request.receive, time.monotonic(), 0
    while True:
        try:
            async with asyncio.timeout(IDLE):
                message = await receive()
        except TimeoutError:
            raise ComesTooSlowly from None
        if message["type"] == "http.disconnect":
            raise BodyEndsEarly
        chunk: bytes = message.get("body", b"")
        came += len(chunk)
        if came < (time.monotonic() - begun - GRACE) * SLOWEST:
            raise ComesTooSlowly
        if chunk:
            yield chunk
        if not message.get("more_body", False):
            return


def _boundary(content_type: str) -> bytes:
    """Empty for one instance without parts. Raises `MediaTypeUnknown`, `BoundaryMissing`."""
    media_type = read_media_type(content_type)
    if media_type is not None and media_type.name == DICOM:
        return b""
    # Without `type` (RFC 2387 §3.1 asks for it), the parts say what they are.
    if media_type is None or media_type.name != RELATED or media_type.parameters.get("type", DICOM).lower() != DICOM:
        raise MediaTypeUnknown(known=f'{RELATED}; type="{DICOM}", {DICOM}')
    return boundary_of(media_type)


def _told(description: str, *media_types: str) -> dict[str, Any]:
    return {"description": description, "content": {each: {} for each in media_types}}


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {each: {"schema": {"type": "string", "format": "binary"}} for each in (RELATED, DICOM)},
    }
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: _told("All instances are kept.", JSON, XML),
    202: _told("Some are kept, or with warnings.", JSON, XML),
    409: _told("None is kept, or the takeover is not named or does not receive any more.", JSON, XML, PROBLEM),
    **{
        status: _told(told, PROBLEM)
        for status, told in {
            400: "The body is not understood, or has ended early.",
            401: "Nobody is known to be asking.",
            404: "There is no open takeover that you may push into.",
            406: "Not acceptable.",
            408: "It comes too slowly.",
            413: "The body is too large.",
            415: "Neither multipart/related of DICOM instances nor one instance.",
            500: "A bug; the request may be sent again.",
            503: "Something is down or full for a while; the request may be sent again.",
            507: "The store is full.",
        }.items()
    },
}
