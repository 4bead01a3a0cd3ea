"""Search as somebody, for a purpose: what the errand may learn of, and nothing else, is found, counted and paged.

By GET with conditions that name nobody; by POST with those that do. One request is one attempt with one account.
"""

from typing import Annotated

from fastapi import Body, Depends, Query, Request, Response

from api.callers.scopes import requires
from api.errands import ForArchive, ForErrand
from api.native.answering import json_answer, next_link
from api.native.declared import problems
from api.native.search_models import LEVELS, Asked, AskedByName, HitPage, What, told_hit
from api.routes import Routes
from repository.catalogue.errors import TakeoverUnknown
from repository.catalogue.query import Page
from repository.catalogue.query import Query as Wanted
from repository.opening import Errand
from repository.runtime import Archive
from repository.searching import search


def router() -> Routes:
    found = Routes(tags=["search"], dependencies=[Depends(requires("search"))])
    found.add_api_route("/search/{what}", by_address, methods=["GET"], response_model=HitPage, responses=problems(422))
    found.add_api_route("/search/{what}", by_body, methods=["POST"], response_model=HitPage, responses=problems(422))
    return found


def by_address(
    request: Request, archive: ForArchive, errand: ForErrand, *, what: What, asked: Annotated[Asked, Query()]
) -> Response:
    """A page of what matches, in a stable order; `Link` leads to the next one."""
    page = _found(archive, errand, what, asked)
    return _answer(archive, page, headers=next_link(request, after=page.next))


def by_body(archive: ForArchive, errand: ForErrand, what: What, *, asked: Annotated[AskedByName, Body()]) -> Response:
    """The same, by conditions that may name a person; send `next` as `after` for the next page."""
    return _answer(archive, _found(archive, errand, what, asked), headers={})


def _found(archive: Archive, errand: Errand, what: What, asked: Asked) -> Page:
    query = Wanted(level=LEVELS[what], takeovers=_takeovers(archive, asked.takeover), **asked.terms())
    return search(archive, errand, [query])[0]


def _takeovers(archive: Archive, named: str | None) -> tuple[int, ...] | None:
    """The takeover that is meant; none where there is none, which finds nothing and says no more than that."""
    if named is None:
        return None
    try:
        return (archive.catalogue.takeover(named).number,)
    except TakeoverUnknown:
        return ()


def _answer(archive: Archive, page: Page, *, headers: dict[str, str]) -> Response:
    numbers = {hit.takeover for hit in page.hits}
    ids = {number: archive.catalogue.takeover_by_number(number).id for number in numbers}
    hits = [told_hit(hit, ids[hit.takeover]) for hit in page.hits]
    return json_answer({"hits": hits, "next": page.next}, headers=headers)
