"""The native REST interface, below /v1."""

from fastapi import Depends
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api.native import (
    accounts,
    bindings,
    consents,
    custody,
    demands,
    errors_told,
    feed,
    grants,
    handing_in,
    health,
    holdings,
    jobs,
    log,
    me,
    metrics,
    people,
    protection,
    pushes,
    relations,
    reports,
    runs,
    search,
    sessions,
    structures,
    takeovers,
    transfers,
    uploads,
)
from api.native.describing import described
from api.native.strictness import only_known
from api.routes import Routes
from storage.errors import ArchiveError

__all__ = ["HANDLED", "described", "router"]
HANDLED = (ArchiveError, HTTPException, RequestValidationError)


def router() -> Routes:
    found = Routes(dependencies=[Depends(only_known)])
    for part in (
        sessions,
        holdings,
        health,
        errors_told,
        takeovers,
        handing_in,
        bindings,
        transfers,
        pushes,
        uploads,
        search,
        jobs,
        runs,
        log,
        feed,
        metrics,
        structures,
        consents,
        grants,
        accounts,
        reports,
        demands,
        custody,
        protection,
        relations,
        people,
        me,
    ):
        found.include(part.router())
    return found
