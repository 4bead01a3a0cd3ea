"""Signing in with a local account: the token of a session, to be sent as bearer token from then on."""

from typing import Annotated

from fastapi import Body, Request, Response
from pydantic import BaseModel, Field

from api.callers.way import bearer
from api.errands import ForArchive, ForPrincipal
from api.native.declared import problems
from api.routes import Routes
from repository.clock import instant
from repository.people.noting import into_journal
from repository.people.sessions import sign_out
from repository.people.signing_in import sign_in


class Credentials(BaseModel, extra="forbid"):
    name: Annotated[str, Field(max_length=200)]
    password: Annotated[str, Field(max_length=4096)]
    totp: Annotated[str, Field(max_length=16)] = ""


class Session(BaseModel):
    token: str
    id: str
    account: str
    until: str


def router() -> Routes:
    found = Routes(tags=["sessions"])
    found.add_api_route(
        "/sessions", open_session, methods=["POST"], status_code=201, response_model=Session, responses=problems()
    )
    found.add_api_route("/sessions/current", close_session, methods=["DELETE"], status_code=204)
    return found


def open_session(archive: ForArchive, given: Annotated[Credentials, Body()], response: Response) -> Session:
    """A session of the account; or 401, whatever was wrong."""
    made = sign_in(archive, given.name, given.password, totp=given.totp, note=into_journal(archive))
    response.headers["Cache-Control"] = "no-store"
    return Session(token=made.token, id=made.id, account=made.account, until=instant(made.until))


def close_session(archive: ForArchive, principal: ForPrincipal, request: Request) -> None:  # noqa: ARG001  401 first
    """The session of this token is over."""
    sign_out(archive, bearer(request), note=into_journal(archive))
