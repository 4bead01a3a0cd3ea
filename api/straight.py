"""The straight way to what is asked for most often: one instance, its frames, its metadata, one search.

An answer of one image took a third of its processor time in finding the endpoint among all others, in checking and
handing over its parameters, in threads that were entered eight times, and in what the framework wraps around every
call. Here one pattern knows the address, before the framework, and the whole answer is made in one thread. It is the
same endpoint with the same values, and errors are told alike: whatever is not plain (a parameter that is wrong, a
method that is not there) is left to the framework, which stands behind it and says so.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.types import Receive, Scope, Send

from api.callers.scopes import Need
from api.errands import archive_of, errand_of
from api.problems import Told
from api.threads import Threads
from storage.errors import ArchiveError

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


class StraightWays:
    """Between the limits and the framework. `told`: how an error is told at the path of a request."""

    def __init__(self, app: FastAPI, ways: tuple[Straight, ...], *, told: Told) -> None:
        self._app, self._ways, self._told = app, ways, told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and not scope.get("root_path"):
            for way in self._ways:
                if (found := way.found(scope)) is not None:
                    scope["app"], scope["route"] = self._app, way
                    request = Request(scope, receive)
                    await self._answer(request, partial(way.answer, request, found.groupdict()), send)
                    return
        await self._app(scope, receive, send)

    async def _answer(self, request: Request, made: Callable[[], Response], send: Send) -> None:
        threads: Threads = self._app.state.threads
        try:
            response = await threads.run(made)
        except ArchiveError as error:
            response = self._told(request, error)
        except Exception as error:
            await self._told(request, error)(request.scope, request.receive, send)
            raise  # the log tells where it came from
        await response(request.scope, request.receive, send)
