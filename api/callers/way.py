"""The port of a way to identify: bearer tokens of identity providers, client certificates, sessions of the archive."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request

from api.errors import NoCaller
from repository.access.principal import Principal
from repository.access.purpose import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """`purposes`: those that the identity was given for, where it says so; None where it does not limit them.
    `scopes`: what the token may be used for; None where the way knows no scopes."""

    principal: Principal
    purposes: frozenset[Purpose] | None = None
    scopes: frozenset[str] | None = None


class Way(Protocol):
    """Blocking: called in a thread."""

    def recognises(self, request: Request) -> bool:
        """The request carries what this way looks at."""
        ...

    def caller(self, request: Request) -> Caller:
        """Whoever it is. Raises an `ArchiveError` that leaves as 401, whatever was wrong with it."""
        ...


def bearer(request: Request) -> str:
    """The bearer token (RFC 6750 §2.1), or nothing. Tokens in addresses and bodies are not looked at."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def identified(ways: Sequence[Way], request: Request) -> Caller:
    """The caller. Raises `NoCaller` where the request carries nothing that is known."""
    for way in ways:
        if way.recognises(request):
            return way.caller(request)
    raise NoCaller
