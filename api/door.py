"""The door as one ASGI application over an open archive."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import FastAPI, Request, Response
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from api import dicomweb, fhir, native, tokens
from api.callers.certificate import Proxies
from api.callers.entrance import Entrance, entrance
from api.callers.following import IdentityFile
from api.dicomweb.stow import Receptions
from api.dicomweb.stow_straight import StraightPush
from api.limits import Limits
from api.measures import Measures
from api.problems import by_problem
from api.requests import Requests
from api.routes import Routes
from api.settings import HttpSettings
from api.straight import StraightWays
from api.threads import Threads
from repository.rendering.pool import Pool, sensible_workers
from repository.runtime import Archive
from repository.transfer.transfers import Transfers

THREADS = 40  # requests at work at one time; others wait for their turn
# What pages of the origins that the operator names may send, and may read of an answer. Cookies are never looked at.
READABLE = [
    "Accept", "Accept-Language", "Authorization", "Content-Type", "EDM-Basis", "EDM-Evidence", "EDM-For", "EDM-Purpose",
    "EDM-Reason", "EDM-Takeover", "If-Match", "If-None-Match", "If-Range", "Idempotency-Key", "Prefer", "Range",
    "Repr-Digest", "Tus-Resumable", "Upload-Checksum", "Upload-Length", "Upload-Metadata", "Upload-Offset",
]  # fmt: skip
TOLD = [
    "Accept-Ranges", "Allow", "Content-Disposition", "Content-Location", "Content-Range", "ETag", "Link", "Location",
    "Repr-Digest", "Retry-After", "Tus-Checksum-Algorithm", "Tus-Extension", "Tus-Max-Size", "Tus-Resumable",
    "Tus-Version", "Upload-Expires", "Upload-Length", "Upload-Offset", "Warning", "WWW-Authenticate", "X-Request-Id",
]  # fmt: skip


def door(archive: Archive, settings: HttpSettings) -> ASGIApp:
    """Everything that is served over HTTP. The archive stays the caller's to close, after the last answer."""
    inner = application(archive, settings, entrance=entrance_of(archive, settings))
    app: ASGIApp = StraightWays(inner, dicomweb.OFTEN, told=told)
    if settings.origins:
        app = CORSMiddleware(
            app,
            allow_origins=settings.origins,
            allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=READABLE,
            expose_headers=TOLD,
            max_age=600,
        )
    return Requests(Limits(app, settings=settings, told=told), measures=inner.state.measures)


def entrance_of(archive: Archive, settings: HttpSettings) -> Entrance:
    """The entrance that the identity file describes, as it is at each moment. Raises `IdentityFileWrong`."""
    identities = IdentityFile(archive.settings.home, told=settings.identity)
    proxies = Proxies(settings.client_header, settings.proxies)
    return entrance(archive, identities, address=settings.url, proxies=proxies)


def application(archive: Archive, settings: HttpSettings, *, entrance: Entrance) -> FastAPI:
    """The application without its limits: what OpenAPI describes."""
    app = FastAPI(
        title="EDM Archive",
        version="1",
        openapi_url="/v1/openapi.json",
        docs_url=None,  # no pages with scripts from elsewhere
        redoc_url=None,
        lifespan=_lifespan,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # it tells addresses, which may name patients
    )
    app.state.archive, app.state.settings, app.state.entrance = archive, settings, entrance
    app.state.measures = Measures(archive)
    transfers = Transfers(archive)
    app.state.receptions = Receptions(transfers)
    app.state.bundles = fhir.Bundles(archive, transfers)
    app.state.pool = Pool(sensible_workers())
    app.router.routes += [StraightPush()]
    for part, prefix in ((tokens, ""), (native, "/v1"), (dicomweb, "/dicomweb"), (fhir, "/fhir")):
        routes = Routes(prefix)
        routes.include(part.router())
        routes.put(app.router)
    setattr(app, "openapi", native.described(app))  # noqa: B010  as FastAPI documents it; a method to mypy
    app.add_exception_handler(Exception, _told)
    for kind in native.HANDLED:
        app.add_exception_handler(kind, _told)
    return app


async def _told(request: Request, error: Exception) -> Response:
    return told(request, error)


def told(request: Request, error: Exception) -> Response:
    """As the door through which it came tells errors."""
    if request.url.path.startswith("/fhir/") or request.url.path == "/fhir":
        return fhir.refused(request, error)
    return by_problem(request, error)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    places = anyio.to_thread.current_default_thread_limiter()
    places.total_tokens = THREADS
    measures: Measures = app.state.measures
    with measures.shared(), Threads(places) as app.state.threads:
        yield
    receptions: Receptions = app.state.receptions
    await anyio.to_thread.run_sync(receptions.transfers.close)
    pool: Pool = app.state.pool
    await anyio.to_thread.run_sync(pool.close)
