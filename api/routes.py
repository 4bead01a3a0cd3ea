"""Routes of the doors, written down part by part, and made once: each at its whole address.

A router of FastAPI that is included in another makes its routes when they are added, and once more when the first
request comes; each request is then looked for in every layer of routers, and again where it was found. With 168 routes
in three layers both makings took 0.35 s of CPU in every process, one now takes 0.16; one look took 0.28 to 0.44 ms, and
takes 0.17 to 0.27.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.params import Depends

Endpoint = Callable[..., Any]
Written = tuple[str, Endpoint, dict[str, Any]]


class Routes:
    """Some routes of a door, of which nothing is made before `put`. What is said here holds for each of them: the
    prefix of its address, tags, what it depends on before all that is its own, and whether it is described."""

    def __init__(
        self,
        prefix: str = "",
        *,
        tags: Sequence[str] = (),
        dependencies: Sequence[Depends] = (),
        include_in_schema: bool = True,
    ) -> None:
        self._prefix, self._tags, self._dependencies = prefix, tags, dependencies
        self._described = include_in_schema
        self._written: list[Written] = []

    def add_api_route(self, path: str, endpoint: Endpoint, **options: Any) -> None:
        """`options` are those of the method of this name of FastAPI's routers."""
        self._write(path, endpoint, options)

    def include(self, part: "Routes", *, prefix: str = "") -> None:
        """What `part` has so far, below `prefix`, comes after all that is here."""
        for path, what, options in part.written():
            self._write(prefix + path, what, options)

    def written(self) -> Iterator[Written]:
        """Address, endpoint and options, in the order in which requests are looked for."""
        return iter(self._written)

    def put(self, router: APIRouter) -> None:
        """`router` has the routes."""
        for path, what, options in self._written:
            router.add_api_route(path, what, **options)

    def _write(self, path: str, what: Endpoint, options: dict[str, Any]) -> None:
        whole = {
            "tags": [*self._tags, *(options.get("tags") or ())],
            "dependencies": [*self._dependencies, *(options.get("dependencies") or ())],
            "include_in_schema": self._described and options.get("include_in_schema", True),
        }
        self._written.append((self._prefix + path, what, options | whole))
