"""A real identity provider (nanoidp) on this machine: discovery, keys, a person's token, and its refusals."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.api.callers.conftest import Known
from tests.api.served import serving
from tests.builders.identity_provider import AUDIENCE, Provider, identity_of
from tests.builders.staff import custodian_of
from tests.peers.plain_http import PLAIN
from tests.peers.processes import ended, free_port

SETTINGS = """config_version: 1
server: {{host: "127.0.0.1", port: {port}}}
oauth:
  issuer: "http://127.0.0.1:{port}"
  audience: "{audience}"
  token_expiry_minutes: 10
  clients: [{{client_id: viewer, client_secret: viewer-secret, description: a viewer}}]
"""
USERS = """config_version: 1
users:
  doctor:
    password: doctor
    email: doctor@example.org
    roles: [lekarz]
    tenant: house
    attributes: {given_name: Ada, family_name: Nowak, npwz: "5425740"}
  clerk:
    password: clerk
    email: clerk@example.org
    roles: [clerk]
    tenant: house
    attributes: {given_name: Jan, family_name: Lis}
"""


@dataclass
class Real:
    issuer: str
    door: str

    def token(self, name: str) -> dict[str, str]:
        form = {"grant_type": "password", "username": name, "password": name, "scope": "openid"}
        auth = ("viewer", "viewer-secret")
        answer = httpx.post(f"{self.issuer}/token", data=form, auth=auth, trust_env=False, verify=PLAIN, timeout=60)
        found: dict[str, str] = answer.json()
        return found


def issuer_of(address: str, house: tuple[str, str]) -> dict[str, object]:
    """The identity file for a provider whose claims lie elsewhere, and which knows plain OpenID scopes alone."""
    said = identity_of(Provider(address), house)
    claims = {"given_name": "/attributes/given_name", "surname": "/attributes/family_name", "npwz": "/attributes/npwz"}
    said["issuers"][0] |= {
        "types": ["JWT"],
        "claims": claims | {"role": "roles", "organisation": "tenant"},
        "assurance": {"": "substantial"},
        "default_scopes": ["archive.read"],
    }
    return said


@pytest.fixture(scope="module")
def real(known: Known, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    folder = tmp_path_factory.mktemp("nanoidp")
    port = free_port()
    (folder / "settings.yaml").write_text(SETTINGS.format(port=port, audience=AUDIENCE))
    (folder / "users.yaml").write_text(USERS)
    command = [sys.executable, "-m", "nanoidp", "--config", str(folder), "--port", str(port)]  # makes keys where it is
    address = f"http://127.0.0.1:{port}"
    custodian = custodian_of(known.served.archive)
    identity = folder / "identity.json"
    identity.write_text(json.dumps(issuer_of(address, (custodian.root, custodian.extension))))
    identity.chmod(0o600)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, env=os.environ | {"PYTHONWARNINGS": "ignore"}
        )  # fmt: skip
    with ended(process, within=60):
        wait_for(address, process, folder / "log")
        with serving(known.served.archive, identity=identity) as door:
            yield Real(address, door)


def wait_for(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(300):
        assert process.poll() is None, log.read_text()
        try:
            httpx.get(
                f"{address}/.well-known/openid-configuration", trust_env=False, verify=PLAIN, timeout=60
            ).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the provider did not start")


def asked(real: Real, known: Known, token: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}", "EDM-Purpose": "treatment"}
    return httpx.get(real.door + known.address, headers=headers, trust_env=False, verify=PLAIN, timeout=60)


def test_a_doctor_who_signed_in_there_reads_here(real: Real, known: Known) -> None:
    answer = asked(real, known, real.token("doctor")["access_token"])
    assert answer.status_code == 200, answer.text
    last = known.served.archive.catalogue.accounts.last()
    deed = next(known.served.archive.catalogue.journal.deeds(after=last - 1, last=last))
    assert (deed.body["id"], deed.body["given_name"]) == (f"{real.issuer}#doctor", "Ada")


def test_a_token_about_signing_in_is_no_token_for_reading(real: Real, known: Known) -> None:
    assert asked(real, known, real.token("doctor")["id_token"]).status_code == 401


def test_whoever_has_a_role_that_is_not_mapped_is_nobody(real: Real, known: Known) -> None:
    assert asked(real, known, real.token("clerk")["access_token"]).status_code == 401


def test_a_refresh_token_is_no_token(real: Real, known: Known) -> None:
    assert asked(real, known, real.token("doctor")["refresh_token"]).status_code == 401
