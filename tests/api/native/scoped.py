"""What a client with a key proves itself with (SMART Backend Services)."""

import time
import uuid

from joserfc.jwk import ECKey

from tests.builders.identity_provider import signed


def assertion(key: ECKey, *, audience: str, client: str = "his") -> str:
    claims = {"iss": client, "sub": client, "aud": audience, "jti": uuid.uuid4().hex, "exp": int(time.time()) + 240}
    return signed({"alg": "ES384", "kid": "client", "typ": "JWT"}, claims, key)
