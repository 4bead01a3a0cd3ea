"""The straight way to what is asked for most often: one instance, its frames, its metadata, one search.

An answer of one image took a third of its processor time in finding the endpoint among all others, in checking and
handing over its parameters, and in threads that were entered eight times. Here one pattern knows the address, and the
whole answer is made in one thread. It is the same endpoint with the same values: whatever is not plain (a parameter
that is wrong, a method that is not there) is left to the framework, which stands behind it and says so.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import anyio.to_thread
from fastapi import Request, Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from api.callers.scopes import Need
from api.errands import archive_of, errand_of

Values = Callable[[Request, Mapping[str, str]], dict[str, Any]]
"""What an endpoint is called with besides request, archive and errand; the texts are those of the pattern's groups."""
# A query that may name the parameter `accept`, be its letters encoded.
_ACCEPT = re.compile(rb"accept|%[67]")


@dataclass(frozen=True, slots=True)
class Straight:
    """`path` is the address as it is declared, with its door; `pattern` matches no address that the framework would
    refuse. `need`: as `api.callers.scopes.requires` says it. `searching`: the query has keys of a search."""

    path: str
    pattern: re.Pattern[str]
    endpoint: Callable[..., Response]
    values: Values
    need: tuple[Need, str] | None = None
    searching: bool = False

    def found(self, scope: Scope) -> re.Match[str] | None:
        query = scope.get("query_string", b"")
        if query and (not self.searching or _ACCEPT.search(query)):
            return None
        return self.pattern.fullmatch(scope["path"])

    def answer(self, request: Request, groups: Mapping[str, str]) -> Response:
        """In a thread. Raises what the endpoint raises."""
        if self.need is not None:
            request.state.need = self.need
        archive = archive_of(request)
        errand = errand_of(request)
        return self.endpoint(request=request, archive=archive, errand=errand, **self.values(request, groups))


class StraightRoute(BaseRoute):
    """Before all other routes of the application."""

    def __init__(self, ways: tuple[Straight, ...]) -> None:
        self._ways = ways

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and not scope.get("root_path"):
            for each in self._ways:
                if (found := each.found(scope)) is not None:
                    return Match.FULL, {"route": each, "endpoint": each.endpoint, "path_params": found.groupdict()}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        way: Straight = scope["route"]
        request = Request(scope, receive, send)
        response = await anyio.to_thread.run_sync(way.answer, request, scope["path_params"])
        await response(scope, receive, send)
