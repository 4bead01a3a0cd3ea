"""Takeovers: state, counts, statement, signed protocol.

At the command line counts and codes need no sign-in, for whoever is there keeps the machine. Here they are for
overseers (`roles`) and for the custodian of the takeover; for all others it is not there. Names of files are decided
and accounted for like any reading, so a request for them says what for.
"""

import json
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Annotated, Any

import orjson
from fastapi import Path, Query, Request, Response

from api.accepting import Offer, chosen
from api.digests import etag
from api.errands import PURPOSE, ForArchive, errand_of
from api.native.answering import JSON, Limit, json_answer, next_link
from api.native.declared import problems
from api.native.roles import ForCaller, oversees
from api.native.takeover_models import (
    TakeoverPage,
    ToldStatement,
    WholeTakeover,
    told_balance,
    told_counts,
    told_event,
    told_finding,
    told_takeover,
    unnamed,
)
from api.routes import Routes
from api.streamed import Begun, Streamed
from repository.access.errors import AccessRefused
from repository.catalogue.errors import BadCursor, TakeoverUnknown
from repository.domain.takeover import Item, Takeover
from repository.intake import statement_of
from repository.listing import name_items
from repository.papers import in_custody_of, paper_for
from repository.runtime import Archive
from repository.takeover.concluding import item_to_json
from repository.takeover.rendering import protocol_page

UUID = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
PAGE = "text/html"
FORMS = (Offer(JSON), Offer(PAGE))
_READ_AT_ONCE = 100
_PIECE = 256 << 10
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"

WholeId = Annotated[str, Path(pattern=UUID, description="Id of the takeover.")]
After = Annotated[str, Query(pattern=f"{UUID[:-1]}$|^$", description="`next` of the page before.")]
Items = Annotated[bool, Query(description="List every item with its lot; needs a purpose.")]
PROTOCOL: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The signed protocol, or the page that shows it",
        "content": {"application/json": {"schema": {"type": "object"}}, "text/html": {"schema": {"type": "string"}}},
        "headers": {"ETag": {"schema": {"type": "string"}}},
    }
}


def router() -> Routes:
    found = Routes(tags=["takeovers"])
    found.add_api_route("/takeovers", takeovers, methods=["GET"], response_model=TakeoverPage, responses=problems(422))
    found.add_api_route("/takeovers/{takeover}", takeover, methods=["GET"], response_model=WholeTakeover)
    found.add_api_route("/takeovers/{takeover}/statement", statement, methods=["GET"], response_model=ToldStatement)
    found.add_api_route(
        "/takeovers/{takeover}/protocol",
        protocol,
        methods=["GET"],
        response_class=Response,
        responses=PROTOCOL | problems(406, 409),
    )
    return found


def takeovers(
    request: Request, archive: ForArchive, caller: ForCaller, *, after: After = "", limit: Limit = 50
) -> Response:
    """Those that the caller oversees or has in custody, oldest first."""
    shown: list[Takeover] = []
    number = overseen(archive, caller, after, missing=BadCursor()).number if after else 0
    more = True
    while more and len(shown) <= limit:
        page = archive.catalogue.takeovers(after=number, limit=_READ_AT_ONCE)
        shown += [each for each in page if _oversees(archive, caller, each)]
        more = len(page) == _READ_AT_ONCE
        number = page[-1].number if page else number
    last = shown[limit - 1].id if len(shown) > limit else ""
    told = {"takeovers": [told_takeover(each) for each in shown[:limit]], "next": last}
    return json_answer(told, headers=next_link(request, after=last))


def takeover(archive: ForArchive, caller: ForCaller, takeover: WholeId) -> Response:
    """Who handed over, in which state it is, what is kept, what happened to it. Names no file of a patient."""
    found = overseen(archive, caller, takeover)
    told = told_takeover(found) | {
        "counts": told_counts(archive.catalogue.counts(found.number)),
        "findings": [told_finding(unnamed(each)) for each in archive.catalogue.findings(found.number, ordinal=0)],
        "events": [told_event(each) for each in archive.catalogue.events(found.number)],
    }
    return json_answer(told)


def statement(
    request: Request, archive: ForArchive, caller: ForCaller, *, takeover: WholeId, items: Items = False
) -> Response:
    """The balance of declared against received. With a purpose, what the caller may learn of is told by name."""
    found = overseen(archive, caller, takeover)
    made = statement_of(archive, found)
    head: dict[str, Any] = {"id": found.id, "state": found.state.value}
    if not items and PURPOSE not in request.headers:
        return json_answer(head | {"statement": told_balance(made, shows=lambda _: False)})
    asked: Iterable[Item] = archive.catalogue.items(found.number) if items else made.exceptions
    sight = name_items(archive, errand_of(request), found, wanted=asked)
    head["statement"] = told_balance(made, shows=sight.shows)
    if not items:
        return json_answer(head)
    shown = (item_to_json(each) for each in archive.catalogue.items(found.number) if sight.shows(each))
    headers = {"Cache-Control": "no-store", "Content-Type": JSON}
    return Streamed(Begun(_with_rows(head, "items", shown)), headers=headers)


def protocol(request: Request, archive: ForArchive, caller: ForCaller, *, takeover: WholeId) -> Response:
    """The signed protocol (protokół przekazania) as signed JSON, or as the page that shows and carries it. Where it
    names files it needs a purpose, and a caller who may learn of all that was kept."""
    form = chosen(request.headers.get("accept", ""), FORMS)
    found = overseen(archive, caller, takeover)
    paper = paper_for(archive, found, lambda: errand_of(request))
    headers = {"Cache-Control": "private, no-cache", "Vary": "Accept"}
    if form.media_type == PAGE:
        page = protocol_page(paper, json.loads(paper), log_key=archive.log_key)
        return Response(page, headers=headers | {"Content-Security-Policy": _PAGE_POLICY}, media_type=PAGE)
    return Response(paper, headers=headers | {"ETag": etag(sha256(paper).digest())}, media_type=JSON)


def _oversees(archive: Archive, caller: ForCaller, takeover: Takeover) -> bool:
    return oversees(caller) or in_custody_of(archive, caller.principal, takeover)


def overseen(archive: Archive, caller: ForCaller, wanted: str, *, missing: Exception | None = None) -> Takeover:
    """The takeover, if it is there and the caller's to see. Raises `AccessRefused` for either, or `missing`."""
    refused = missing or AccessRefused()
    try:
        found = archive.catalogue.takeover(wanted)
    except TakeoverUnknown:
        raise refused from None
    if not _oversees(archive, caller, found):
        raise refused
    return found


def _with_rows(head: dict[str, Any], name: str, rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """The JSON object `head` with an array `name` more, in pieces."""
    piece = bytearray(orjson.dumps(head)[:-1] + f',"{name}":['.encode())
    before = b""
    for row in rows:
        piece += before + orjson.dumps(row)
        before = b","
        if len(piece) >= _PIECE:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece) + b"]}"
