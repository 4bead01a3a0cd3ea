"""SMART Backend Services (SMART App Launch 2.2, "Backend Services"): a system proves its key, and gets a short token.

The proof is a JSON Web Token of its own (RFC 7523, private_key_jwt): signed with RS384 or ES384 by a key that the
identity file knows, for this address, good for five minutes at most, and once. The token that it gets is sealed under
the archive's key ring, so that every process of the archive can open it and nobody else can make one; it ends after
five minutes, or when the client is no longer in the identity file.
"""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from starlette.requests import Request

from api.callers.bearer import fetched
from api.callers.errors import KeysUnavailable, NotAccepted
from api.callers.following import Following, Source
from api.callers.identities import Client, Identities
from api.callers.keys import FixedKeys, KeySource
from api.callers.tokens import lifetime, require_audience, require_signed, text_of, unchecked
from api.callers.way import Caller, bearer
from repository.access.principal import Identification, Method, Principal
from repository.people.inviting import secrets_of
from repository.runtime import Archive
from storage.errors import KeyUnavailable, SealBroken

ALGORITHMS = ("RS384", "ES384")
TYPES = ("JWT", "client-authentication+jwt", "")
LONGEST = 300.0  # seconds that an assertion may be good for
LASTS = timedelta(minutes=5)  # that an access token is good for
_PREFIX, _PLACE = "edm1.", b"access token"
_LONGEST_JTI = 200
Clients = dict[str, tuple[Client, KeySource]]


@dataclass(frozen=True, slots=True)
class Granted:
    token: str
    scopes: tuple[str, ...]


class BackendClients:
    """The clients of the identity file: what they prove, and the way by the token that they get for it."""

    def __init__(self, archive: Archive, identities: Source | Identities, *, address: str) -> None:
        """`address`: of the token endpoint, as clients have to name it in `aud`."""
        self._archive, self.address = archive, address
        self._clients = Following(identities, _known)

    def granted(self, assertion: str, *, asked: str) -> Granted:
        """A token for whoever the assertion proves, with those of the scopes that the client may have. Raises
        `NotAccepted` for whatever is wrong with the proof, `ValueError` where no scope is left, `IdentitiesUnsure`."""
        client = self._proved(assertion)
        wanted = tuple(dict.fromkeys(asked.split()))
        scopes = tuple(each for each in wanted if each in client.scopes)
        if not scopes:
            raise ValueError("scope")
        now = self._archive.clock()
        said = {"client": client.client_id, "id": secrets.token_hex(16), "at": now.timestamp(), "scopes": scopes}
        sealed = secrets_of(self._archive).seal(orjson.dumps(said), place=_PLACE)
        return Granted(_PREFIX + urlsafe_b64encode(sealed).decode().rstrip("="), scopes)

    def _proved(self, assertion: str) -> Client:
        token = unchecked(assertion)
        name = token.issuer
        known = self._clients()
        if name not in known or token.claims.get("sub") != name:
            raise NotAccepted("client")
        client, keys = known[name]
        try:
            require_signed(token, keys, algorithms=ALGORITHMS, types=TYPES)
        except KeysUnavailable as error:
            raise NotAccepted(f"keys: {error.fields['reason']}") from None
        require_audience(token.claims, (self.address,))
        _, until = lifetime(_with_iat(token.claims, now=self._archive.clock()), self._archive.clock(), longest=LONGEST)
        jti = text_of(token.claims, "jti")
        if len(jti) > _LONGEST_JTI:
            raise NotAccepted("claim-jti")
        if not self._archive.catalogue.assertions.use(name, jti, until=until, at=self._archive.clock()):
            raise NotAccepted("replayed")
        return client

    def recognises(self, request: Request) -> bool:
        return bearer(request).startswith(_PREFIX)

    def caller(self, request: Request) -> Caller:
        """Raises `NotAccepted`, `IdentitiesUnsure`."""
        said = self._opened(bearer(request))
        client, at = self._clients().get(said["client"], (None, None))[0], datetime.fromtimestamp(said["at"], UTC)
        if client is None or self._archive.clock() >= at + LASTS:
            raise NotAccepted("expired" if client else "client")
        name = f"client#{client.client_id}"
        seen = Identification(Method.OIDC, client.assurance, f"{name}#{said['id']}", at, at + LASTS)
        return Caller(
            principal=Principal(
                kind=client.kind,
                id=name,
                surname=client.client_id,
                organisation=client.organisation.organisation,
                identification=seen,
            ),
            purposes=None if client.purposes is None else frozenset(client.purposes),
            scopes=frozenset(said["scopes"]) & frozenset(client.scopes),
        )

    def _opened(self, token: str) -> dict[str, Any]:
        try:
            sealed = urlsafe_b64decode(token.removeprefix(_PREFIX) + "=" * (-(len(token) - len(_PREFIX)) % 4))
            found: dict[str, Any] = orjson.loads(secrets_of(self._archive).open(sealed, place=_PLACE))
        except (SealBroken, KeyUnavailable, ValueError):
            raise NotAccepted("sealed") from None
        return found


def _known(identities: Identities, before: Clients | None) -> Clients:
    """Whoever is as before keeps the keys that were fetched."""
    had = before or {}
    return {
        each.client_id: had[each.client_id]
        if each.client_id in had and had[each.client_id][0] == each
        else (each, _keys(each))
        for each in identities.clients
    }


def _keys(client: Client) -> KeySource:
    return FixedKeys(client.jwks) if client.jwks is not None else fetched(client.jwks_uri, ca=client.ca)


def _with_iat(claims: dict[str, Any], *, now: datetime) -> dict[str, Any]:
    """The profile does not ask for `iat`: without one the five minutes are counted from now."""
    return claims if "iat" in claims else claims | {"iat": now.timestamp()}
