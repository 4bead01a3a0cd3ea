"""The identity file is read to the last word, or not at all."""

import json
from pathlib import Path
from typing import Any

import pytest

from api.callers.errors import IdentityFileWrong
from api.callers.identities import Identities, identities_of, read_identities
from tests.builders.identity_provider import Provider, identity_of

PROVIDER = Provider("https://idp.example")
BODY = {"root": "1.2", "extension": "3", "name": "Szpital"}
CLIENT = {"client_id": "his", "jwks": {"keys": []}, "organisation": BODY, "scopes": ["archive.read"]}
CERTIFICATE = {"sha256": "0" * 64, "id": "pacs", "organisation": BODY}


def said(**more: Any) -> dict[str, Any]:
    return identity_of(PROVIDER, ("1.2", "3"), clients=[CLIENT], certificates=[CERTIFICATE]) | more


def issuer(**more: Any) -> dict[str, Any]:
    return said(issuers=[said()["issuers"][0] | more])


def read(value: dict[str, Any]) -> Identities:
    return identities_of(json.dumps(value).encode(), path="x")


def test_what_is_right_is_read() -> None:
    found = read(said())
    assert found.issuers[0].types == ("at+jwt",)
    assert found.clients[0].organisation.organisation.name == "Szpital"


WRONG: dict[str, dict[str, Any]] = {
    "another-format": said(format="edm-archive identity 2"),
    "a-word-that-is-not-known": said(issuer=[]),
    "a-misspelt-limit": issuer(audience=["x"]),
    "no-audience": issuer(audiences=[]),
    "no-kind": issuer(kinds={}),
    "no-assurance": issuer(assurance={}),
    "an-assurance-that-is-none": issuer(assurance={"a": "very"}),
    "a-shared-secret": issuer(algorithms=["HS256"]),
    "no-signature": issuer(algorithms=["none"]),
    "the-archive-itself": issuer(kinds={"x": {"kind": "archive"}}),
    "keys-over-http": issuer(jwks_uri="http://idp.example/keys"),
    "an-issuer-over-http": issuer(issuer="http://idp.example"),
    "an-issuer-twice": said(issuers=[said()["issuers"][0]] * 2),
    "a-client-twice": said(clients=[CLIENT, CLIENT]),
    "a-client-without-keys": said(clients=[CLIENT | {"jwks": None}]),
    "a-client-with-two-places-of-keys": said(clients=[CLIENT | {"jwks_uri": "https://x.example"}]),
    "a-client-that-is-a-person": said(clients=[CLIENT | {"kind": "patient"}]),
    "a-client-without-scopes": said(clients=[CLIENT | {"scopes": []}]),
    "a-certificate-by-nothing": said(certificates=[CERTIFICATE | {"sha256": None}]),
    "a-certificate-by-both": said(certificates=[CERTIFICATE | {"anchor": "0" * 64, "subject_organisation": "x"}]),
    "a-certificate-by-a-name-under-any-anchor": said(
        certificates=[CERTIFICATE | {"sha256": None, "subject_organisation": "x"}]
    ),
    "a-fingerprint-with-colons": said(certificates=[CERTIFICATE | {"sha256": "00:" * 32}]),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_not_read_in_part(name: str) -> None:
    with pytest.raises(IdentityFileWrong):
        read(WRONG[name])


def test_the_error_does_not_repeat_values() -> None:
    with pytest.raises(IdentityFileWrong) as caught:
        read(said(clients=[CLIENT | {"kind": "sekret-value"}]))
    assert "sekret-value" not in str(caught.value)


def test_without_a_file_only_local_accounts_sign_in(tmp_path: Path) -> None:
    assert read_identities(tmp_path / "no", required=False) == Identities()


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"null"])
def test_no_json_is_no_identity_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "i").write_bytes(content)
    with pytest.raises(IdentityFileWrong):
        read_identities(tmp_path / "i", required=True)


def test_a_file_that_is_named_has_to_be_there_and_nobody_elses(tmp_path: Path) -> None:
    with pytest.raises(IdentityFileWrong):
        read_identities(tmp_path / "no", required=True)
    file = tmp_path / "identity.json"
    file.write_bytes(json.dumps(said()).encode())
    file.chmod(0o666)
    with pytest.raises(IdentityFileWrong):
        read_identities(file, required=False)
