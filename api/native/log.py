"""The evidence log: newest checkpoint, tiles, key, proofs that one state of it continues another.

Tiles, checkpoints and entries hold no personal data: an entry is the SHA-256 of a salted record. They are given to
every known caller and to nobody else all the same, for how fast the log grows tells how much is read here.
The addresses below /v1/log are those of C2SP tlog-tiles, so that its clients and witnesses can read the log.
"""

import base64
from typing import Annotated, Any

from fastapi import Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from api.digests import etag, matches
from api.errands import ForArchive, ForPrincipal
from api.errors import NothingOfThatName, ValueCannotBe
from api.native.answering import json_answer
from api.native.declared import problems
from api.native.roles import ForOverseer
from api.routes import Routes
from repository.catalogue.errors import DeedUnknown
from repository.evidence.checkpoint import Checkpoint
from repository.evidence.errors import NotInLog
from repository.journal import journal_proof
from repository.runtime import Archive
from storage.errors import ObjectMissing

_PLAIN = "text/plain"
_FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}
_TILE = "^(entries|[0-9]{1,2})/(x[0-9]{3}/){0,6}[0-9]{3}([.]p/[0-9]{1,3})?$"

Size = Annotated[int, Path(ge=1, lt=2**63, description="Entries under the checkpoint.")]
Deed = Annotated[int, Path(ge=1, lt=2**63, description="Number of the deed in the journal.")]
Level = Annotated[str, Path(pattern="^(entries|[0-9]|[1-5][0-9]|6[0-3])$", description="Of hashes, or `entries`.")]
Index = Annotated[str, Path(pattern="^[0-9]{3}$", description="Of the tile in its level.")]
Width = Annotated[int, Path(ge=1, le=255, description="Of a tile that is not full.")]
Tile = Annotated[str, Path(pattern=_TILE, description="As C2SP tlog-tiles names it.")]
Old = Annotated[int, Query(ge=1, lt=2**63, description="Size of the earlier checkpoint.")]
New = Annotated[int, Query(ge=1, lt=2**63, description="Size of the later checkpoint.")]
Under = Annotated[int | None, Query(ge=1, lt=2**63, description="Size of a checkpoint; the newest if left out.")]


class Consistency(BaseModel):
    """That the log over `old` entries is the beginning of that over `new`: RFC 6962 §2.1.2, hashes in base 64."""

    model_config = ConfigDict(extra="forbid")

    old: int
    new: int
    hashes: list[str]


def _content(media_type: str, *, tagged: bool = False) -> dict[int | str, dict[str, Any]]:
    schema = {"type": "string"} if media_type == _PLAIN else {"type": "string", "format": "binary"}
    found: dict[str, Any] = {"content": {media_type: {"schema": schema}}}
    if tagged:
        found["headers"] = {"ETag": {"schema": {"type": "string"}}}
    return {200: found}


def router() -> Routes:
    found = Routes(tags=["log"])
    get: dict[str, Any] = {"methods": ["GET"], "response_class": Response}
    found.add_api_route("/log/checkpoint", newest, responses=_content(_PLAIN, tagged=True) | _NOT_CHANGED, **get)
    found.add_api_route("/log/checkpoints/{size}", checkpoint, responses=_content(_PLAIN), **get)
    found.add_api_route("/log/key", key, responses=_content(_PLAIN), **get)
    binary = _content("application/octet-stream")
    found.add_api_route("/log/tile/{level}/{index}", tile, responses=binary, **get)
    found.add_api_route("/log/tile/{level}/{index}.p/{width}", partial, responses=binary, **get)
    # Indexes from 1000 on have more segments (x001/234), which OpenAPI has no word for.
    found.add_api_route("/log/tile/{tile:path}", deep, include_in_schema=False, **get)
    found.add_api_route(
        "/log/consistency", consistency, methods=["GET"], response_model=Consistency, responses=problems(422)
    )
    found.add_api_route("/log/deeds/{deed}/proof", deed_proof, responses=_content(_PLAIN), **get)
    return found


_NOT_CHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "As named by If-None-Match"}}


def newest(request: Request, archive: ForArchive, _: ForPrincipal) -> Response:
    """The newest checkpoint, a C2SP signed note."""
    found = archive.log.latest()
    if found is None:
        raise NothingOfThatName
    headers = {"ETag": etag(found.root), "Cache-Control": "private, no-cache"}
    if matches(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(found.note, headers=headers, media_type=_PLAIN)


def checkpoint(archive: ForArchive, _: ForPrincipal, size: Size) -> Response:
    """The checkpoint over so many entries, if one was signed."""
    return Response(_signed(archive, size).note, headers=_FOREVER, media_type=_PLAIN)


def key(archive: ForArchive, _: ForPrincipal) -> Response:
    """The public keys of the log, the present one first, a line each (C2SP signed note, "verifier keys")."""
    keys = "".join(f"{each}\n" for each in archive.log.verifiers)
    return Response(keys, headers={"Cache-Control": "private, no-cache"}, media_type=_PLAIN)


def tile(archive: ForArchive, _: ForPrincipal, level: Level, *, index: Index) -> Response:
    """A whole tile of hashes, or a bundle of entries. Larger indexes have segments before: `x001/234` is 1234."""
    return _part(archive, f"{level}/{index}")


def partial(archive: ForArchive, _: ForPrincipal, *, level: Level, index: Index, width: Width) -> Response:
    """The first `width` hashes or entries. One that was superseded is cut from the whole one."""
    return _part(archive, f"{level}/{index}.p/{width}")


def deep(archive: ForArchive, _: ForPrincipal, tile: Tile) -> Response:
    """The same with an index from 1000 on."""
    return _part(archive, tile)


def _part(archive: Archive, name: str) -> Response:
    try:
        content = archive.log.part(f"log/tile/{name}")
    except ObjectMissing:
        raise NothingOfThatName from None
    return Response(content, headers=_FOREVER, media_type="application/octet-stream")


def consistency(archive: ForArchive, _: ForPrincipal, old: Old, *, new: New) -> Response:
    """The proof, checked, that nothing under the earlier checkpoint was changed or taken away until the later one."""
    if old > new:
        raise ValueCannotBe(reason="old: larger than new")
    for size in (old, new):
        _signed(archive, size)
    hashes = [base64.b64encode(each).decode() for each in archive.log.consistency(old, new)]
    return json_answer({"old": old, "new": new, "hashes": hashes}, headers=_FOREVER)


def deed_proof(archive: ForArchive, _: ForOverseer, deed: Deed, *, size: Under = None) -> Response:
    """The proof file of a deed of the journal (docs/proofs.md). It names the kind of deed and when, and nobody."""
    try:
        return Response(journal_proof(archive, deed, size=size), media_type=_PLAIN)
    except (DeedUnknown, NotInLog):
        raise NothingOfThatName from None


def _signed(archive: Archive, size: int) -> Checkpoint:
    try:
        return archive.log.checkpoint(size)
    except NotInLog:
        raise NothingOfThatName from None
