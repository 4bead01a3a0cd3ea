"""An identity provider on this machine: its keys at an address, and tokens with any fault that a test wants."""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

AUDIENCE = "https://archive.example"
ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"


@dataclass
class Provider:
    """`keys` are what it publishes; `asked` counts how often."""

    url: str
    rsa: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"}))
    ec: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"}))
    asked: int = 0
    answer: bytes | None = None

    @property
    def key_set(self) -> dict[str, Any]:
        return {"keys": [self.rsa.as_dict(private=False), self.ec.as_dict(private=False)]}

    def claims(self, **said: Any) -> dict[str, Any]:
        """Of a doctor who treats; a claim that is None is left out."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.url, "aud": AUDIENCE, "sub": "user-1", "jti": uuid.uuid4().hex, "iat": now, "exp": now + 300,
            "given_name": "Ada", "family_name": "Nowak", "role": "lekarz", "npwz": "5425740", "organisation": "house",
            "acr": "substantial", "scope": "archive.read",
            "extensions": {"ihe_iua": {"purpose_of_use": [{"system": ACT_REASON, "code": "TREAT"}]}},
        }  # fmt: skip
        return {name: value for name, value in (claims | said).items() if value is not None}

    def token(self, *, header: dict[str, Any] | None = None, key: Any = None, **said: Any) -> str:
        head = {"alg": "RS256", "kid": "rsa", "typ": "at+jwt"} | (header or {})
        return signed({k: v for k, v in head.items() if v is not None}, self.claims(**said), key or self.rsa)


def signed(header: dict[str, Any], claims: dict[str, Any], key: Any) -> str:
    """Whatever the header says, signed with `key`."""
    registry = jws.JWSRegistry(algorithms=list(jws.JWSRegistry.algorithms), strict_check_header=False)
    return jws.serialize_compact(header, json.dumps(claims).encode(), key, registry=registry)


@contextmanager
def provider() -> Iterator[Provider]:
    """A provider with metadata and keys at its address."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked += 1
            said = {
                "/keys": made.key_set,
                "/.well-known/openid-configuration": {"issuer": made.url, "jwks_uri": f"{made.url}/keys"},
            }.get(self.path)
            content = made.answer if made.answer is not None else json.dumps(said).encode()
            self.send_response(200 if said is not None else 404)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        made = Provider(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="provider")
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()


def identity_of(made: Provider, house: tuple[str, str], **more: Any) -> dict[str, Any]:
    """The identity file that trusts the provider; `house` is root and extension of the organisation of its people."""
    issuer = {
        "issuer": made.url,
        "audiences": [AUDIENCE],
        "kinds": {
            "lekarz": {"kind": "medical-worker"},
            "pacjent": {"kind": "patient"},
            "administrator": {"kind": "administrator"},
        },
        "organisations": {"house": {"root": house[0], "extension": house[1], "name": "Następca"}},
        "assurance": {"substantial": "substantial", "high": "high"},
    }
    return {"format": "edm-archive identity 1", "issuers": [issuer]} | more
