"""Measures for Prometheus: for overseers, systems, and whoever has the token of HOME/metrics.token; never open."""

import hmac
from typing import Annotated

from fastapi import Depends, Request, Response

from api.callers.way import bearer
from api.errands import ForArchive, archive_of, caller_of
from api.measures import TYPE, Measures
from api.native.errors import RoleMissing
from api.native.roles import oversees
from api.routes import Routes
from repository.access.principal import PrincipalKind
from storage.errors import KeyRingMissing
from storage.keys.ring import read_private

TOKEN = "metrics.token"  # noqa: S105  a file of the home, readable by its owner alone
SHORTEST = 32


def allowed(request: Request) -> None:
    """Raises `RoleMissing` and what `caller_of` raises, and `KeyRingExposed` for a token that others can read."""
    try:
        token = read_private(archive_of(request).settings.home / TOKEN).strip()
    except KeyRingMissing:
        token = b""
    if len(token) >= SHORTEST and hmac.compare_digest(bearer(request).encode(), token):
        return
    caller = caller_of(request)
    if not oversees(caller) and caller.principal.kind is not PrincipalKind.SYSTEM:
        raise RoleMissing(roles="administrators, auditors, systems")


def router() -> Routes:
    found = Routes(tags=["metrics"])
    found.add_api_route(
        "/metrics",
        metrics,
        methods=["GET"],
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    return found


def metrics(request: Request, _archive: ForArchive, _allowed: Annotated[None, Depends(allowed)]) -> Response:
    """In the text format of Prometheus."""
    measures: Measures = request.app.state.measures
    return Response(measures.text(), headers={"Cache-Control": "no-store", "Content-Type": TYPE})
