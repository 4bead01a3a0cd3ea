"""The native REST interface, below /v1."""

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api.native import health, holdings, sessions
from storage.errors import ArchiveError

HANDLED = (ArchiveError, HTTPException, RequestValidationError)


def router() -> APIRouter:
    found = APIRouter()
    for part in (sessions, holdings, health):
        found.include_router(part.router())
    return found
