"""Bearer tokens of identity providers (RFC 6750, RFC 9068; IHE IUA ITI-72)."""

from base64 import urlsafe_b64encode
from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.requests import Request

from api.callers.claims import assurance_of, principal_of, purposes_of
from api.callers.errors import KeysUnavailable, NotAccepted
from api.callers.fetching import Documents
from api.callers.following import Following, Source
from api.callers.identities import Identities, Issuer
from api.callers.keys import FetchedKeys, KeySource
from api.callers.scopes import is_ours
from api.callers.tokens import (
    lifetime,
    looks_like_one,
    require_audience,
    require_signed,
    text_of,
    unchecked,
)
from api.callers.way import Caller, bearer
from repository.access.principal import Identification, Method
from repository.clock import Clock

LONGEST = 24 * 3600.0  # seconds that a token may be good for: it cannot be taken back
Issuers = dict[str, tuple[Issuer, KeySource]]
_DISCOVERY = "/.well-known/openid-configuration"


class ProviderTokens:
    """A way: JSON Web Tokens of the issuers in the identity file. Keys are fetched when the first token comes."""

    def __init__(self, identities: Source | Identities, *, clock: Clock) -> None:
        self._clock = clock
        self._issuers = Following(identities, _known)

    def recognises(self, request: Request) -> bool:
        return looks_like_one(bearer(request))

    def caller(self, request: Request) -> Caller:
        """Raises `NotAccepted`, `KeysUnavailable`, `IdentitiesUnsure`."""
        token, known = unchecked(bearer(request)), self._issuers()
        if token.issuer not in known:
            raise NotAccepted("issuer")
        issuer, keys = known[token.issuer]
        try:
            require_signed(token, keys, algorithms=issuer.algorithms, types=issuer.types)
            return _caller(token.claims, issuer, now=self._clock())
        except NotAccepted as error:
            raise NotAccepted(error.why, issuer=issuer.issuer) from None


def _known(identities: Identities, before: Issuers | None) -> Issuers:
    """Whoever is as before keeps the keys that were fetched."""
    had = before or {}
    return {
        each.issuer: had[each.issuer]
        if each.issuer in had and had[each.issuer][0] == each
        else (each, fetched(each.jwks_uri, issuer=each.issuer, ca=each.ca))
        for each in identities.issuers
    }


def fetched(address: str, *, issuer: str = "", ca: Path | None = None) -> FetchedKeys:
    """The keys at `address`; where that is empty, those that the issuer's own metadata names."""
    documents = Documents(ca=ca)

    def fetch() -> dict[str, Any]:
        return documents.get(address or _discovered(documents, issuer))

    return FetchedKeys(fetch)


def _discovered(documents: Documents, issuer: str) -> str:
    """`jwks_uri` of metadata that are the issuer's own (OpenID Connect Discovery 1.0 §4.3)."""
    said = documents.get(issuer.rstrip("/") + _DISCOVERY)
    if said.get("issuer") != issuer or not isinstance(said.get("jwks_uri"), str):
        raise KeysUnavailable(reason="metadata of another issuer")
    return str(said["jwks_uri"])


def _caller(claims: dict[str, Any], issuer: Issuer, *, now: datetime) -> Caller:
    require_audience(claims, issuer.audiences)
    at, until = lifetime(claims, now, longest=LONGEST)
    name = f"{issuer.issuer}#{text_of(claims, 'sub')}"
    seen = Identification(Method.OIDC, assurance_of(claims, issuer), f"{name}#{text_of(claims, 'jti')}", at, until)
    return Caller(
        principal=principal_of(claims, issuer, id=name, identification=seen),
        purposes=purposes_of(claims),
        scopes=_scopes(claims, issuer),
        bound_to=_bound(claims),
    )


def _scopes(claims: dict[str, Any], issuer: Issuer) -> frozenset[str]:
    """RFC 9068 §2.2.3; `scp` is what some providers call it. Where none of ours is said, the issuer's defaults."""
    said = claims.get("scope", claims.get("scp", ""))
    listed = said.split(" ") if isinstance(said, str) else said
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise NotAccepted("scope")
    return frozenset(filter(is_ours, listed)) or frozenset(issuer.default_scopes)


def _bound(claims: dict[str, Any]) -> str:
    """The certificate that the token is bound to (RFC 8705 §3.1); any other binding cannot be checked here."""
    said = claims.get("cnf")
    if said is None:
        return ""
    if not isinstance(said, dict) or set(said) != {"x5t#S256"} or not isinstance(said["x5t#S256"], str):
        raise NotAccepted("binding")
    return said["x5t#S256"]


def thumbprint(digest: bytes) -> str:
    """How a SHA-256 stands in `x5t#S256`."""
    return urlsafe_b64encode(digest).decode().rstrip("=")
