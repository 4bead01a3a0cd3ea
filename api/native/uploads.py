"""Packages in resumable parts, as tus 1.0.0 has it: core, creation, checksum, expiration, termination (decision 0012).

A part is durable before it is acknowledged; what is complete is taken over by POST /v1/takeovers.
"""

import base64
from email.utils import format_datetime
from typing import Annotated, Any

from anyio import CancelScope
from fastapi import Depends, Header, Path, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from api.errands import ForArchive
from api.errors import MediaTypeUnknown
from api.native.declared import problems
from api.native.errors import NoProtocolVersion
from api.native.once import ForOnce
from api.native.roles import ForAdministrator
from api.problems import MEDIA_TYPE as PROBLEM
from api.routes import Routes
from repository.uploads.keeping import MOST_BYTES, Upload, Uploads, uploads_of
from repository.uploads.parts import Part

VERSION = "1.0.0"
TYPE = "application/offset+octet-stream"
ALGORITHMS = ("sha256", "sha1")  # SHA-1 because tus asks every server for it; whoever may choose takes SHA-256
_PIECE = 1 << 20
_SAYS = {"Tus-Resumable": VERSION, "Cache-Control": "no-store"}

UploadId = Annotated[str, Path(pattern="^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]
Length = Annotated[int, Header(alias="Upload-Length", ge=1, lt=2**63, description="Bytes of the whole package.")]
Offset = Annotated[int, Header(alias="Upload-Offset", ge=0, lt=2**63, description="Where the part begins.")]
Whole = Annotated[
    str,
    Header(
        alias="Repr-Digest",
        pattern="^(sha-256=:[A-Za-z0-9+/]{43}=:)?$",
        description="SHA-256 of the whole package (RFC 9530). Another one is not taken over.",
    ),
]
Checksum = Annotated[
    str,
    Header(
        alias="Upload-Checksum",
        pattern="^((sha1 [A-Za-z0-9+/]{27}=)|(sha256 [A-Za-z0-9+/]{43}=))?$",
        description="Of this part, in base 64: what does not match is not kept.",
    ),
]
Tus = Annotated[str | None, Header(alias="Tus-Resumable", description=f"Always {VERSION}.")]


def requires_tus(version: Tus = None) -> None:
    if version != VERSION:
        raise NoProtocolVersion


def _answers(status: int, description: str, *names: str) -> dict[int | str, dict[str, Any]]:
    shown = {name: {"schema": {"type": "string"}} for name in ("Tus-Resumable", *names)}
    return {status: {"description": description, "headers": shown}}


def _own(status: int, description: str) -> dict[int | str, dict[str, Any]]:
    return {status: {"description": description, "content": {PROBLEM: {"schema": {"$ref": _PROBLEM}}}}}


_PROBLEM = "#/components/schemas/Problem"
_OPTIONS = _answers(204, "What is understood", "Tus-Version", "Tus-Extension", "Tus-Max-Size")
_BEGUN = _answers(201, "Begun", "Location", "Upload-Expires") | problems(409, 412, 413, 422)
_KNOWN = _answers(200, "How far it is", "Upload-Offset", "Upload-Length", "Upload-Expires") | problems(412)
_ADDED = (
    _answers(204, "Kept", "Upload-Offset", "Upload-Expires")
    | problems(409, 412, 413, 415, 422)
    | _own(460, "The part does not match its checksum")
    | _own(507, "The disk is full")
)
_GONE = _answers(204, "Gone") | problems(409, 412)
_BODY = {"requestBody": {"required": True, "content": {TYPE: {"schema": {"type": "string", "format": "binary"}}}}}


def router() -> Routes:
    found = Routes(tags=["uploads"])
    tus: dict[str, Any] = {"dependencies": [Depends(requires_tus)], "response_class": Response}
    all_, one = "/uploads", "/uploads/{upload}"
    found.add_api_route(all_, options, methods=["OPTIONS"], status_code=204, responses=_OPTIONS)
    found.add_api_route(all_, begin, methods=["POST"], status_code=201, responses=_BEGUN, **tus)
    found.add_api_route(one, offset, methods=["HEAD"], responses=_KNOWN, **tus)
    found.add_api_route(one, part, methods=["PATCH"], status_code=204, responses=_ADDED, openapi_extra=_BODY, **tus)
    found.add_api_route(one, cancel, methods=["DELETE"], status_code=204, responses=_GONE, **tus)
    return found


def options() -> Response:
    """What is understood of tus. Open to everybody."""
    told = {
        "Tus-Resumable": VERSION,
        "Tus-Version": VERSION,
        "Tus-Extension": "creation,checksum,expiration,termination",
        "Tus-Max-Size": str(MOST_BYTES),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }
    return Response(status_code=204, headers=told)


def begin(archive: ForArchive, who: ForAdministrator, once: ForOnce, *, length: Length, whole: Whole = "") -> Response:
    """A new upload of a package: a tar, tar.gz or zip. `Location` is where its parts go. Upload-Metadata is not kept:
    a file's name may say whose it is."""

    def made() -> Response:
        upload = uploads_of(archive).begin(who.id, length, sha256=_hex(whole.removeprefix("sha-256=:").rstrip(":")))
        headers = {**_SAYS, "Location": f"/v1/uploads/{upload.id}", **_expires(upload)}
        return Response(status_code=201, headers=headers)

    return once(made, {"length": length, "whole": whole})


def offset(archive: ForArchive, who: ForAdministrator, upload: UploadId) -> Response:
    """How many bytes are durable here: where the next part begins."""
    found = uploads_of(archive).find(upload, who.id)
    return Response(headers={**_SAYS, **_expires(found), **_reached(found), "Upload-Length": str(found.size)})


def cancel(archive: ForArchive, who: ForAdministrator, upload: UploadId) -> Response:
    """The upload is not there any more. One that is being taken over is not cancelled."""
    uploads_of(archive).cancel(upload, who.id)
    return Response(status_code=204, headers=_SAYS)


async def part(
    request: Request,
    archive: ForArchive,
    who: ForAdministrator,
    *,
    upload: UploadId,
    offset: Offset,
    checksum: Checksum = "",
) -> Response:
    """The next part; as large as you like. Cut off, it is kept as far as it came, unless it has a checksum. An upload
    may have 1000 parts of less than 1 MiB besides the last: another one is not kept (UPL-013)."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != TYPE:
        raise MediaTypeUnknown(known=TYPE)
    uploads = uploads_of(archive)
    found = await _received(request, uploads, upload, owner=who.id, offset=offset, checksum=checksum)
    return Response(status_code=204, headers={**_SAYS, **_expires(found), **_reached(found)})


async def _received(
    request: Request, uploads: Uploads, upload: str, *, owner: str, offset: int, checksum: str
) -> Upload:
    held = uploads.part(upload, owner, offset=offset)
    writing = await run_in_threadpool(held.__enter__)
    try:
        if checksum:
            algorithm, _, digest = checksum.partition(" ")
            writing.expect(algorithm, base64.b64decode(digest))
        await _written(request, writing)
        await run_in_threadpool(writing.finish)
    except BaseException as error:
        with CancelScope(shield=True):  # also where the server is being stopped: what came is settled, the lock is free
            await run_in_threadpool(held.__exit__, type(error), error, error.__traceback__)
        raise
    else:
        await run_in_threadpool(held.__exit__, None, None, None)
    return await run_in_threadpool(uploads.find, upload, owner)


async def _written(request: Request, writing: Part) -> None:
    """Everything that comes is handed on in pieces that are worth a thread. Raises `ClientDisconnect`."""
    waiting = bytearray()
    try:
        async for piece in request.stream():
            waiting += piece
            if len(waiting) >= _PIECE:
                whole, waiting = bytes(waiting), bytearray()
                await run_in_threadpool(writing.add, whole)
    except ClientDisconnect:
        await run_in_threadpool(writing.add, bytes(waiting))
        raise
    await run_in_threadpool(writing.add, bytes(waiting))


def _reached(upload: Upload) -> dict[str, str]:
    return {"Upload-Offset": str(upload.offset)}


def _expires(upload: Upload) -> dict[str, str]:
    return {"Upload-Expires": format_datetime(upload.expires_at, usegmt=True)}


def _hex(digest: str) -> str:
    return base64.b64decode(digest).hex()
