"""One archive that trusts a provider, a client with a key, and a proxy that hands on certificates."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from joserfc.jwk import ECKey

from repository.access.purpose import Purpose
from repository.domain.takeover import STORED
from repository.intake import Order, receive
from repository.runtime import open_archive
from repository.samples.building import build_sample
from tests.api.served import Served, serving
from tests.builders.chains import Issued, authority, install, issued, named, revocation_list
from tests.builders.homes import new_home
from tests.builders.identity_provider import Provider, identity_of, provider
from tests.builders.staff import custodian_of
from tests.peers.plain_http import PLAIN

HEADER = "X-Client-Certificate"


@dataclass
class Known:
    """`pacs` is a certificate that the identity file knows, `stranger` one under the same authority, which it does not
    know; `revoked` is known and was revoked."""

    served: Served
    provider: Provider
    client_key: ECKey
    root: Issued
    pacs: Issued
    stranger: Issued
    revoked: Issued
    address: str

    def get(self, token: str = "", **headers: str) -> httpx.Response:
        """A holding, asked for with that token."""
        said = {"Authorization": f"Bearer {token}"} if token else {}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with httpx.Client(trust_env=False, verify=PLAIN, timeout=30) as client:
            return client.get(self.served.url + self.address, headers=said | named)

    def post(self, path: str, **form: str) -> httpx.Response:
        with httpx.Client(trust_env=False, verify=PLAIN, timeout=30) as client:
            return client.post(self.served.url + path, data=form)

    def refusals(self) -> list[dict[str, object]]:
        """Bodies of the deeds about tries that were refused."""
        journal = self.served.archive.catalogue.journal
        return [
            dict(deed.body) for deed in journal.deeds(after=0, last=journal.size()) if deed.kind == "sign-in-refused"
        ]


def handed(certificate: Issued) -> str:
    """As nginx hands a certificate on."""
    return quote(certificate.pem.decode(), safe="")


def tls_client(name: str, by: Issued) -> Issued:
    subject = named(name, ORGANIZATION_NAME="Szpital")
    return issued(subject, by, flags=("digital_signature",), purposes=(ExtendedKeyUsageOID.CLIENT_AUTH,))


@pytest.fixture(scope="session")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    folder = tmp_path_factory.mktemp("known")
    home = new_home(folder)
    build_sample(folder / "package", patients=1, images=1)
    root = authority("Test Root")
    pacs, stranger, revoked = (tls_client(name, root) for name in ("pacs", "stranger", "revoked"))
    crl = revocation_list(root, [revoked], since=root.certificate.not_valid_before_utc, until=root.certificate.not_valid_after_utc)  # fmt: skip  # noqa: E501
    install(home.home / "trust", root, lists=[crl])
    client_key = ECKey.generate_key("P-384", {"kid": "client", "use": "sig"})
    with open_archive(home) as archive, provider() as made:
        takeover = receive(archive, Order(folder / "package"), progress=lambda _: None)
        custodian = custodian_of(archive)
        file = _identity(folder, made, (custodian.root, custodian.extension), client_key, [pacs, revoked])
        with serving(archive, identity=file, proxies=("127.0.0.1",), client_header=HEADER.lower()) as url:
            item = next(each for each in archive.catalogue.items(takeover.number) if each.disposition in STORED)
            served = Served(url, archive, home, folder / "package", takeover)
            address = f"/v1/holdings/{takeover.id}/{item.ordinal}"
            yield Known(served, made, client_key, root, pacs, stranger, revoked, address)


def _identity(folder: Path, made: Provider, house: tuple[str, str], key: ECKey, systems: list[Issued]) -> Path:
    body = {"root": house[0], "extension": house[1], "name": "Następca"}
    client = {
        "client_id": "his",
        "jwks": {"keys": [key.as_dict(private=False)]},
        "organisation": body,
        "scopes": ["archive.read", "system/DocumentReference.rs"],
        "purposes": [Purpose.CUSTODY.value],
    }
    certificates = [
        {"sha256": _sha256(each), "id": f"system-{number}", "organisation": body, "purposes": [Purpose.CUSTODY.value]}
        for number, each in enumerate(systems)
    ]
    file = folder / "identity.json"
    file.write_text(json.dumps(identity_of(made, house, clients=[client], certificates=certificates)))
    file.chmod(0o600)
    return file


def _sha256(certificate: Issued) -> str:
    from hashlib import sha256

    return sha256(certificate.der).hexdigest()
