"""A JSON Web Token that is what it says (RFC 7519, 8725, 9068), or `NotAccepted` with the one word that tells why.

The header never chooses how it is checked: the algorithm is one of those that the signer may use, the key is one of the
signer's own, and a token that brings a key or an address of one along is refused (RFC 8725 §3.10).
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError

from api.callers.errors import NotAccepted
from api.callers.keys import KeySource

LONGEST = 16 << 10  # characters of a token
SKEW = 60.0  # seconds that the signer's clock may be ahead; after its end a token has no grace
BRINGS_A_KEY = frozenset({"jwk", "jku", "x5c", "x5u", "crit", "b64", "zip"})
_LONGEST_NAME = 500


@dataclass(frozen=True, slots=True)
class Unchecked:
    """What a token says of itself before anything is known to be true."""

    text: str
    header: dict[str, Any]
    claims: dict[str, Any]

    @property
    def issuer(self) -> str:
        said = self.claims.get("iss")
        return said if isinstance(said, str) else ""


def looks_like_one(token: str) -> bool:
    return token.count(".") == 2


def unchecked(token: str) -> Unchecked:
    """The parts of a signed token in the compact form. Raises `NotAccepted`."""
    if len(token) > LONGEST or not token.isascii() or not looks_like_one(token):
        raise NotAccepted("malformed")
    header, payload, signature = token.split(".")
    if not signature:
        raise NotAccepted("unsigned")
    return Unchecked(token, _object(header), _object(payload))


def _object(part: str) -> dict[str, Any]:
    """A JSON object that says nothing twice: of two parsers one might believe the first and one the last."""
    try:
        found = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise NotAccepted("malformed") from None
    if not isinstance(found, dict):
        raise NotAccepted("malformed")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("said twice")
    return found


def require_signed(token: Unchecked, keys: KeySource, *, algorithms: Collection[str], types: Collection[str]) -> None:
    """One of the signer's keys signed it, by an algorithm that the signer may use, as a token of one of `types`.
    Raises `NotAccepted`, `KeysUnavailable`."""
    header = token.header
    algorithm, kid, kind = header.get("alg"), header.get("kid", ""), header.get("typ", "")
    if algorithm not in algorithms or not isinstance(algorithm, str):
        raise NotAccepted("algorithm")
    if not isinstance(kind, str) or kind.lower().removeprefix("application/") not in {each.lower() for each in types}:
        raise NotAccepted("type")
    if not isinstance(kid, str) or len(kid) > _LONGEST_NAME or BRINGS_A_KEY & set(header):
        raise NotAccepted("header")
    key = keys.key(kid, algorithm)
    try:
        jwt.decode(token.text, key, algorithms=[algorithm])
    except (JoseError, ValueError, TypeError):
        raise NotAccepted("signature") from None


def require_audience(claims: dict[str, Any], audiences: Collection[str]) -> None:
    said = claims.get("aud")
    named = said if isinstance(said, list) else [said]
    if not any(isinstance(each, str) and each in audiences for each in named):
        raise NotAccepted("audience")


def lifetime(claims: dict[str, Any], now: datetime, *, longest: float) -> tuple[datetime, datetime]:
    """From when until when it is good, which is now, and not for more than `longest` seconds. `iat` is asked for."""
    at, until, begins = _moment(claims, "iat"), _moment(claims, "exp"), _moment(claims, "nbf", otherwise=0.0)
    moment = now.timestamp()
    if until <= moment:
        raise NotAccepted("expired")
    if max(at, begins) > moment + SKEW:
        raise NotAccepted("early")
    if not 0 < until - at <= longest:
        raise NotAccepted("too-long")
    return datetime.fromtimestamp(min(at, moment), UTC), datetime.fromtimestamp(until, UTC)


def _moment(claims: dict[str, Any], name: str, *, otherwise: float | None = None) -> float:
    """A NumericDate (RFC 7519 §2) before the year 5000."""
    said = claims.get(name, otherwise)
    if isinstance(said, bool) or not isinstance(said, (int, float)) or not isfinite(said) or not 0 <= said < 95e9:
        raise NotAccepted("times")
    return float(said)


def text_of(claims: dict[str, Any], name: str) -> str:
    """A claim that has to be there, as text of a length that can be written down."""
    said = claims.get(name)
    if not isinstance(said, str) or not said.strip() or len(said) > _LONGEST_NAME or not said.isprintable():
        raise NotAccepted(f"claim-{name}")
    return said
