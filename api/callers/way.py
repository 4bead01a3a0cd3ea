"""The port of a way to identify: bearer tokens of identity providers, client certificates, sessions of the archive."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request

from api.callers.errors import NotAccepted, TwoIdentities
from api.errors import NoCaller
from repository.access.principal import Principal
from repository.access.purpose import Purpose
from repository.people.errors import SessionOver


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """`purposes`: those that the identity was given for, where it says so; None where it does not limit them.
    `scopes`: what the token may be used for; None where the way knows no scopes. `bound_to`: the SHA-256 of the client
    certificate with which alone the token is good (RFC 8705), as it stands there; empty where it is not bound."""

    principal: Principal
    purposes: frozenset[Purpose] | None = None
    scopes: frozenset[str] | None = None
    bound_to: str = ""


class Way(Protocol):
    """Blocking: called in a thread."""

    def recognises(self, request: Request) -> bool:
        """The request carries what this way looks at."""
        ...

    def caller(self, request: Request) -> Caller:
        """Whoever it is. Raises `NotAccepted` or `SessionOver`, which leave as one 401; other errors leave as such."""
        ...


class Bound(Protocol):
    """The way of client certificates, to which a token may be bound."""

    def recognises(self, request: Request) -> bool: ...

    def caller(self, request: Request) -> Caller: ...

    def thumbprint(self, request: Request) -> str:
        """SHA-256 of the certificate that the connection proved, as it stands in `x5t#S256`; empty without one."""
        ...


def bearer(request: Request) -> str:
    """The bearer token (RFC 6750 §2.1), or nothing. Tokens in addresses and bodies are not looked at."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def identified(ways: Sequence[Way], request: Request, *, certificates: Bound | None = None) -> Caller:
    """The caller. Raises `NoCaller` where the request carries nothing that is known, and for everything that is not
    accepted; `TwoIdentities` where it carries two. What one way refuses is never shown to another."""
    said = request.headers.getlist("authorization")
    if len(said) > 1:
        raise TwoIdentities
    proved = certificates is not None and certificates.recognises(request)
    if not said:
        if certificates is None or not proved:
            raise NoCaller
        return certificates.caller(request)
    found = _by_token(ways, request)
    thumbprint = certificates.thumbprint(request) if certificates is not None and proved else ""
    if found.bound_to and found.bound_to != thumbprint:
        raise NotAccepted("binding")
    if proved and not found.bound_to:
        raise TwoIdentities
    return found


def _by_token(ways: Sequence[Way], request: Request) -> Caller:
    for way in ways:
        if way.recognises(request):
            try:
                return way.caller(request)
            except SessionOver:
                raise NotAccepted("session") from None
    raise NotAccepted("unknown")
