"""Every route below /v1 needs a scope, or is listed here as open to everybody.

They are walked from the application itself, so that one that is added without either fails. What needs which scope is
told in docs/serving.md ("Scopes").
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from joserfc.jwk import ECKey

from api import native, tokens
from api.callers.scopes import Need
from api.routes import Routes
from api.tokens import JWT_BEARER
from tests.api.native.scoped import assertion
from tests.api.served import Served, problem, served_sample
from tests.peers.plain_http import PLAIN

OPEN = {
    ("GET", "/v1/health"), ("GET", "/v1/ready"), ("GET", "/v1/errors"), ("GET", "/v1/errors/{code}"),
    ("GET", "/v1/structures"), ("GET", "/v1/structures/{name}"), ("GET", "/v1/structures/handover.schema.json"),
    ("OPTIONS", "/v1/uploads"), ("POST", "/v1/sessions"), ("POST", "/v1/token"), ("POST", "/v1/people/acceptance"),
    ("POST", "/v1/people/password"),
}  # fmt: skip
"""Nothing is told of anybody, or a password or a code is what is sent."""
ADMINISTRATION = re.compile(r"/v1/(people|protection|approvals|authorisations)(/.*)?")
READING = re.compile(r"/v1/(.+/)?search(/.*)?|/v1/accounts/export|/v1/reports/.*")
SCOPES = {Need.READ: "archive.read", Need.WRITE: "archive.write", Need.ADMIN: "archive.admin"}
EVERY = [
    *SCOPES.values(),
    "dicomweb.read",
    "dicomweb.write",
    "fhir.read",
    "fhir.write",
    "system/*.rs",
    "system/*.cruds",
]


def needed(method: str, path: str) -> Need:
    """As docs/serving.md has it."""
    if ADMINISTRATION.fullmatch(path) or (method, path) == ("POST", "/v1/custody/{takeover}"):
        return Need.ADMIN
    reads = method in ("GET", "HEAD") or (method == "POST" and READING.fullmatch(path))
    return Need.READ if reads else Need.WRITE


def _routes() -> list[tuple[str, str]]:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    routes = Routes()
    routes.include(tokens.router())
    routes.include(native.router(), prefix="/v1")
    routes.put(app.router)
    found = set()
    for each in iter_route_contexts(app.routes):
        assert isinstance(each.original_route, APIRoute)
        assert each.path_format is not None
        if each.path_format.startswith("/v1/"):
            found |= {(method, each.path_format) for method in each.methods or ()}
    return sorted(found)


ROUTES = _routes()
CLOSED = [each for each in ROUTES if each not in OPEN]


@dataclass
class Scoped:
    served: Served
    tokens: dict[frozenset[str], str]
    key: ECKey

    def token(self, *scopes: str) -> str:
        wanted = frozenset(scopes)
        if wanted not in self.tokens:
            form = {
                "grant_type": "client_credentials", "client_assertion_type": JWT_BEARER, "scope": " ".join(scopes),
                "client_assertion": assertion(self.key, audience=f"{self.served.url}/v1/token"),
            }  # fmt: skip
            answer = httpx.post(f"{self.served.url}/v1/token", data=form, trust_env=False, verify=PLAIN, timeout=60)
            assert answer.status_code == 200, answer.text
            self.tokens[wanted] = answer.json()["access_token"]
        return self.tokens[wanted]

    def asked(self, method: str, path: str, *scopes: str) -> httpx.Response:
        headers = {"Tus-Resumable": "1.0.0"}
        if scopes:
            headers["Authorization"] = f"Bearer {self.token(*scopes)}"
        address = self.served.url + re.sub(r"\{[^}]*\}", "0", path)
        return httpx.request(method, address, headers=headers, trust_env=False, verify=PLAIN, timeout=30)


@pytest.fixture(scope="module")
def scoped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scoped]:
    folder = tmp_path_factory.mktemp("scoped")
    key, file = ECKey.generate_key("P-384", {"kid": "client", "use": "sig"}), folder / "identity.json"
    body = {"root": "1.2.3", "extension": "4", "name": "Szpital"}
    client = {
        "client_id": "his", "jwks": {"keys": [key.as_dict(private=False)]}, "organisation": body, "scopes": EVERY,
    }  # fmt: skip
    _write(file, {"clients": [client]})
    with served_sample(folder, patients=1, images=0, identity=file, rate=1_000_000) as made:
        yield Scoped(made, {}, key)


def _write(file: Path, value: object) -> None:
    file.write_text(json.dumps(value))
    file.chmod(0o600)


def test_what_is_open_is_there() -> None:
    assert set(ROUTES) >= OPEN
    assert len(CLOSED) > 80


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_a_token_without_its_scope_is_refused(scoped: Scoped, method: str, *, path: str) -> None:
    need = needed(method, path)
    others = [each for each in EVERY if each != SCOPES[need]]
    refused = scoped.asked(method, path, *others)
    assert refused.status_code == 403
    if method != "HEAD":
        assert (problem(refused)["code"], SCOPES[need] in refused.text) == ("CAL-003", True)
    enough = scoped.asked(method, path, SCOPES[need])
    assert not [code for code in ("API-001", "CAL-003") if code in enough.text]


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_nobody_is_refused(scoped: Scoped, method: str, *, path: str) -> None:
    assert scoped.asked(method, path).status_code == 401
