"""Public keys (RFC 7517) of whoever signs tokens, and a cache of those that are fetched.

Of a key set only keys that verify signatures are looked at: RSA of 2048 bits or more and the NIST curves. A shared
secret (`oct`) and a private key are no such keys, whatever they are called.
"""

import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Protocol

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from api.callers.errors import KeysUnavailable, NotAccepted

FRESH = 600.0  # seconds that fetched keys are used without asking again
STALE = 6 * 3600.0  # seconds that they are used at most while the provider cannot be reached
PAUSE = 60.0  # seconds between two tries, whatever tokens come
MOST_KEYS = 100
SMALLEST_RSA = 256  # bytes of the modulus
CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
Public = RSAKey | ECKey


@dataclass(frozen=True, slots=True)
class PublicKey:
    kid: str
    family: str  # RSA, or the curve
    algorithm: str  # the only one that it is for, or empty
    key: Public = field(repr=False)

    def fits(self, algorithm: str) -> bool:
        return self.algorithm in ("", algorithm) and self.family == CURVES.get(algorithm, "RSA")


class KeySource(Protocol):
    def key(self, kid: str, algorithm: str) -> Public:
        """The key of that name for that algorithm; without a name, the only one for it. Raises `NotAccepted`."""
        ...


def keys_in(document: Mapping[str, Any]) -> tuple[PublicKey, ...]:
    """The keys of a key set that verify signatures. Others are as if they were not there."""
    listed = document.get("keys")
    if not isinstance(listed, list):
        return ()
    return tuple(key for each in listed[:MOST_KEYS] if isinstance(each, dict) and (key := _key(each)) is not None)


def _key(said: dict[str, Any]) -> PublicKey | None:
    usable = said.get("use", "sig") == "sig" and "verify" in said.get("key_ops", ["verify"]) and "d" not in said
    kid, algorithm = said.get("kid", ""), said.get("alg", "")
    if not usable or not isinstance(kid, str) or not isinstance(algorithm, str):
        return None
    try:
        if said.get("kty") == "RSA" and len(_octets(said["n"]).lstrip(b"\0")) >= SMALLEST_RSA:
            return PublicKey(kid, "RSA", algorithm, RSAKey.import_key({part: said[part] for part in ("kty", "n", "e")}))
        if said.get("kty") == "EC" and said.get("crv") in CURVES.values():
            parts = {part: said[part] for part in ("kty", "crv", "x", "y")}
            return PublicKey(kid, said["crv"], algorithm, ECKey.import_key(parts))
    except (KeyError, TypeError, ValueError, JoseError):
        return None
    return None


def _octets(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def chosen(keys: tuple[PublicKey, ...], kid: str, algorithm: str) -> Public | None:
    """The one that fits; None where none does, or several."""
    fitting = [each for each in keys if each.fits(algorithm) and (not kid or each.kid == kid)]
    return fitting[0].key if len(fitting) == 1 else None


class FixedKeys:
    """Keys that the operator wrote down."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._keys = keys_in(document)

    def key(self, kid: str, algorithm: str) -> Public:
        found = chosen(self._keys, kid, algorithm)
        if found is None:
            raise NotAccepted("key")
        return found


class FetchedKeys:
    """Keys that `fetch` gives: asked for again once they are no longer fresh or a key is not among them, but never
    sooner than `PAUSE` after the last try. One thread asks; others go on with what is known."""

    def __init__(self, fetch: Callable[[], Mapping[str, Any]], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch, self._clock, self._asking = fetch, clock, Lock()
        self._keys: tuple[PublicKey, ...] = ()
        self._had: float | None = None
        self._tried: float | None = None
        self._reason = "never fetched"

    def key(self, kid: str, algorithm: str) -> Public:
        """Raises `KeysUnavailable` where none were ever had, or those known are too old."""
        if not self._within(FRESH):
            self._refresh()
        found = chosen(self._keys, kid, algorithm)
        if found is None and self._within(STALE):
            self._refresh()
            found = chosen(self._keys, kid, algorithm)
        if not self._within(STALE):
            raise KeysUnavailable(reason=self._reason)
        if found is None:
            raise NotAccepted("key")
        return found

    def _within(self, seconds: float) -> bool:
        return self._had is not None and self._clock() - self._had < seconds

    def _refresh(self) -> None:
        """The keys are new, if it is time to ask and somebody answers."""
        if not self._asking.acquire(blocking=self._had is None):
            return
        try:
            if self._tried is not None and self._clock() - self._tried < PAUSE:
                return
            self._tried = self._clock()
            found = keys_in(self._fetch())
            if not found:
                raise KeysUnavailable(reason="no keys")  # noqa: TRY301  told like what the fetch raises
            self._keys, self._had = found, self._clock()
        except KeysUnavailable as error:
            self._reason = str(error.fields["reason"])
        finally:
            self._asking.release()
