"""SMART Backend Services: a system proves its key once, gets a short token, and reads with it as itself."""

import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey
from starlette.requests import Request

from api.callers.backend import LASTS, BackendClients
from api.callers.errors import NotAccepted
from api.callers.identities import identities_of
from api.tokens import JWT_BEARER
from repository.runtime import open_archive
from tests.api.callers.conftest import Known
from tests.builders.identity_provider import signed
from tests.peers.plain_http import PLAIN

OTHER = ECKey.generate_key("P-384", {"kid": "client"})


def assertion(known: Known, *, header: dict[str, Any] | None = None, key: Any = None, **said: Any) -> str:
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": "his", "sub": "his", "aud": f"{known.served.url}/v1/token", "jti": uuid.uuid4().hex, "exp": now + 240,
    }  # fmt: skip
    claims = {name: value for name, value in (claims | said).items() if value is not None}
    return signed({"alg": "ES384", "kid": "client", "typ": "JWT"} | (header or {}), claims, key or known.client_key)


def asked(known: Known, proof: str, **form: str) -> httpx.Response:
    said = {"grant_type": "client_credentials", "client_assertion_type": JWT_BEARER, "client_assertion": proof}
    return known.post("/v1/token", **(said | {"scope": "archive.read"} | form))


def test_a_system_reads_with_the_token_that_its_key_gets(known: Known) -> None:
    answer = asked(known, assertion(known))
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["token_type"], said["expires_in"], said["scope"]) == ("bearer", 300, "archive.read")
    assert answer.headers["cache-control"] == "no-store"
    assert known.get(said["access_token"], EDM_Purpose="custody").status_code == 200
    last = known.served.archive.catalogue.accounts.last()
    deed = next(known.served.archive.catalogue.journal.deeds(after=last - 1, last=last))
    assert (deed.body["id"], deed.body["kind"]) == ("client#his", "system")


def test_only_purposes_of_the_client_are_its_own(known: Known) -> None:
    token = asked(known, assertion(known)).json()["access_token"]
    assert known.get(token, EDM_Purpose="treatment").status_code == 401


def test_scopes_are_those_that_are_asked_for_and_granted(known: Known) -> None:
    some = asked(known, assertion(known), scope="archive.admin system/DocumentReference.rs").json()
    assert some["scope"] == "system/DocumentReference.rs"
    assert known.get(some["access_token"], EDM_Purpose="custody").status_code == 403
    none = asked(known, assertion(known), scope="archive.admin")
    assert (none.status_code, none.json()) == (400, {"error": "invalid_scope"})


WRONG: dict[str, dict[str, Any]] = {
    "signed-by-another": {"key": OTHER},
    "of-another-client": {"iss": "other", "sub": "other"},
    "for-another-subject": {"sub": "other"},
    "for-another-address": {"aud": "https://archive.example/token"},
    "for-an-address-that-begins-alike": {"aud": "http://127.0.0.1/v1/token.evil"},
    "expired": {"exp": int(time.time()) - 10},
    "for-six-minutes": {"exp": int(time.time()) + 3600},
    "without-an-id": {"jti": None},
    "without-an-end": {"exp": None},
    "an-access-token": {"header": {"typ": "at+jwt"}},
    "brings-its-key": {"header": {"jwk": OTHER.as_dict(private=False)}, "key": OTHER},
    "another-algorithm": {"header": {"alg": "ES256"}, "key": ECKey.generate_key("P-256")},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_proof_that_is_wrong_is_refused_like_every_other(known: Known, name: str) -> None:
    answer = asked(known, assertion(known, **WRONG[name]))
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


def test_a_proof_is_good_once(known: Known) -> None:
    proof = assertion(known)
    assert asked(known, proof).status_code == 200
    assert asked(known, proof).json() == {"error": "invalid_client"}


def test_a_proof_stays_used_when_the_door_is_opened_again(known: Known) -> None:
    proof = assertion(known)
    assert asked(known, proof).status_code == 200
    with open_archive(known.served.settings) as again:
        file = identities_of((known.served.settings.home.parent / "identity.json").read_bytes(), path="")
        clients = BackendClients(again, file, address=f"{known.served.url}/v1/token")
        with pytest.raises(NotAccepted) as caught:
            clients.granted(proof, asked="archive.read")
        assert caught.value.why == "replayed"


def test_used_proofs_are_forgotten_when_they_have_ended(known: Known) -> None:
    uses, then = known.served.archive.catalogue.assertions, datetime(2030, 1, 1, tzinfo=UTC)
    minute = timedelta(minutes=1)
    assert uses.use("c", "j", until=then + minute, at=then)
    assert not uses.use("c", "j", until=then + minute, at=then)
    assert uses.use("d", "j", until=then + minute, at=then)
    assert uses.use("c", "j", until=then + 3 * minute, at=then + 2 * minute)


def test_a_token_ends_and_is_no_longer_a_token_when_its_client_is_gone(known: Known) -> None:
    token = asked(known, assertion(known)).json()["access_token"]
    archive = known.served.archive
    request = Request({"type": "http", "headers": [(b"authorization", b"Bearer " + token.encode())]})
    file = identities_of((known.served.settings.home.parent / "identity.json").read_bytes(), path="")
    assert BackendClients(archive, file, address="").caller(request).principal.id == "client#his"
    with pytest.raises(NotAccepted, match="client"):
        BackendClients(archive, identities_of(b"{}", path=""), address="").caller(request)
    import dataclasses

    later = dataclasses.replace(archive, clock=lambda: datetime.now(UTC) + LASTS)
    with pytest.raises(NotAccepted) as caught:
        BackendClients(later, file, address="").caller(request)
    assert caught.value.why == "expired"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
        ({"client_assertion_type": "x"}, "invalid_request"),
        ({"client_assertion": ""}, "invalid_request"),
    ],
)
def test_what_is_no_such_request_is_told(known: Known, form: dict[str, str], error: str) -> None:
    answer = asked(known, assertion(known), **form)
    assert (answer.status_code, answer.json()) == (400, {"error": error})


@pytest.mark.parametrize(
    ("body", "error"),
    [("", "invalid_request"), ("a", "invalid_request"), ("grant_type=a&grant_type=b", "invalid_request"),
     ("%ff=%fe", "invalid_request"), ("&" * 100, "invalid_request"), ("a=" + "b" * 70_000, "invalid_request")],
    ids=["nothing", "a word", "a parameter twice", "no UTF-8", "no parameter", "too long"],
)  # fmt: skip
def test_a_form_that_is_none_is_told(known: Known, body: str, error: str) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = httpx.post(
        f"{known.served.url}/v1/token", content=body, headers=headers, trust_env=False, verify=PLAIN, timeout=60
    )
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_json_is_no_form(known: Known) -> None:
    assert (
        httpx.post(f"{known.served.url}/v1/token", json={}, trust_env=False, verify=PLAIN, timeout=60).status_code
        == 415
    )


def test_metadata_lead_there(known: Known) -> None:
    for place in ("/.well-known/smart-configuration", "/fhir/.well-known/smart-configuration"):
        said = httpx.get(known.served.url + place, trust_env=False, verify=PLAIN, timeout=60).json()
        assert said["token_endpoint"] == f"{known.served.url}/v1/token"
        assert said["token_endpoint_auth_signing_alg_values_supported"] == ["RS384", "ES384"]
