"""Time-based one-time passwords (RFC 6238): SHA-1, 6 digits, steps of 30 s, as every authenticator knows them."""

import base64
import hmac
import os
from datetime import datetime
from urllib.parse import quote, urlencode

STEP_SECONDS, DIGITS, SKEW = 30, 6, 1
SECRET_BYTES = 20  # RFC 4226 §4, R6: 160 bits are recommended
ISSUER = "EDM Archive"


def new_secret() -> bytes:
    return os.urandom(SECRET_BYTES)


def step_at(moment: datetime) -> int:
    """The time step T that `moment` lies in (RFC 6238 §4.2, T0 = 0)."""
    return int(moment.timestamp()) // STEP_SECONDS


def code_at(secret: bytes, step: int, *, digits: int = DIGITS, digest: str = "sha1") -> str:
    """The code of that step: dynamic truncation of an HMAC (RFC 4226 §5.3)."""
    mac = hmac.digest(secret, step.to_bytes(8), digest)
    start = mac[-1] & 0x0F
    number = int.from_bytes(mac[start : start + 4]) & 0x7FFF_FFFF
    return f"{number % 10**digits:0{digits}d}"


def step_of(secret: bytes, code: str, *, at: datetime) -> int | None:
    """The step that `code` belongs to, within one step of `at`; None if to none. Takes as long for any code."""
    typed = "".join(code.split())
    given = typed.encode() if typed.isascii() else b""
    now = step_at(at)
    steps = range(max(now - SKEW, 0), now + SKEW + 1)
    found = [step for step in steps if hmac.compare_digest(code_at(secret, step).encode(), given)]
    return found[-1] if found else None


def otpauth(secret: bytes, *, name: str, issuer: str = ISSUER) -> str:
    """The URI that authenticators take, often as a picture (the Key Uri Format of Google Authenticator)."""
    encoded = base64.b32encode(secret).decode().rstrip("=")
    facts = {"secret": encoded, "issuer": issuer, "algorithm": "SHA1", "digits": DIGITS, "period": STEP_SECONDS}
    return f"otpauth://totp/{quote(f'{issuer}:{name}', safe=':')}?{urlencode(facts, quote_via=quote)}"
