"""The door as one ASGI application over an open archive."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import FastAPI
from starlette.types import ASGIApp

from api import native
from api.callers.session import Sessions
from api.callers.way import Way
from api.limits import Limits
from api.problems import answer
from api.requests import Requests
from api.settings import HttpSettings
from repository.runtime import Archive

THREADS = 40  # requests at work at one time; others wait for their turn


def door(archive: Archive, settings: HttpSettings) -> ASGIApp:
    """Everything that is served over HTTP. The archive stays the caller's to close, after the last answer."""
    app = application(archive, settings, ways=(Sessions(archive),))
    return Requests(Limits(app, settings=settings))


def application(archive: Archive, settings: HttpSettings, *, ways: Sequence[Way]) -> FastAPI:
    """The application without its limits: what OpenAPI describes."""
    app = FastAPI(
        title="EDM Archive",
        version="1",
        openapi_url="/v1/openapi.json",
        docs_url=None,  # no pages with scripts from elsewhere
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.archive, app.state.settings, app.state.ways = archive, settings, ways
    app.include_router(native.router(), prefix="/v1")
    app.add_exception_handler(Exception, answer)
    for kind in native.HANDLED:
        app.add_exception_handler(kind, answer)
    return app


@asynccontextmanager
async def _lifespan(_app: FastAPI) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
    yield
