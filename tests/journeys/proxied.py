"""An archive to be served behind a proxy: what is in it, whom it knows, the door, and who asks through the proxy."""

import hashlib
import ipaddress
import json
import os
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from repository.access.principal import PrincipalKind
from repository.access.purpose import Purpose
from repository.domain.takeover import STORED
from repository.intake import Order, receive
from repository.runtime import open_archive
from repository.samples.building import build_sample
from repository.settings import Settings
from tests.api.callers.conftest import tls_client
from tests.api.served import DOCTOR
from tests.builders.access import THEIRS
from tests.builders.chains import Issued, authority, install, issued, revocation_list
from tests.builders.homes import environment_of, new_home
from tests.builders.staff import Staff, custodian_of, session_of
from tests.cli.running import clean_environment, command
from tests.peers.processes import ended
from tests.peers.tls_proxy import Pems, Proxy

ADMINISTRATOR = Staff(kind=PrincipalKind.ADMINISTRATOR, house=THEIRS)
LARGE = 48 << 20


@dataclass(frozen=True)
class House:
    """An archive with a large file in it, not served. `address` is the large holding, `digest` its SHA-256 (hex)."""

    home: Settings
    folder: Path
    root: Issued
    certificates: dict[str, Issued]
    server: Issued
    address: str
    digest: str
    tokens: dict[str, str]

    def pems(self) -> Pems:
        key = self.server.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return Pems(self.server.pem, key, self.root.pem)


@dataclass(frozen=True)
class Fronted:
    """A proxy that runs before a door that runs; `header` is what it hands certificates on in."""

    house: House
    proxy: Proxy
    header: str

    def context(self, certificate: str = "") -> ssl.SSLContext:
        """What trusts the proxy, and shows the certificate of that name."""
        found = ssl.create_default_context(cafile=str(self.house.folder / "root.pem"))
        if certificate:
            found.load_cert_chain(self.house.folder / f"{certificate}.pem")
        return found

    @contextmanager
    def client(self, certificate: str = "", *, token: str = "", **more: str) -> Iterator[httpx.Client]:
        headers = {name.replace("_", "-"): value for name, value in more.items()}
        if token:
            headers["Authorization"] = f"Bearer {self.house.tokens[token]}"
        with httpx.Client(
            base_url=self.proxy.url, verify=self.context(certificate), headers=headers, timeout=60, trust_env=False
        ) as found:
            yield found


def house_in(folder: Path) -> House:
    home, root = new_home(folder), authority("Test Root")
    made = {name: tls_client(name, root) for name in ("pacs", "stranger", "revoked")}
    made["forged"] = tls_client("pacs", authority("Test Root"))
    crl = revocation_list(
        root, [made["revoked"]], since=root.certificate.not_valid_before_utc, until=root.certificate.not_valid_after_utc
    )
    install(home.home / "trust", root, lists=[crl])
    (folder / "root.pem").write_bytes(root.pem)
    for name, each in made.items():
        key = each.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{name}.pem").write_bytes(each.pem + key)
    build_sample(folder / "package", patients=1, images=1)
    content = os.urandom(LARGE)
    (folder / "large").mkdir()
    (folder / "large" / "large.bin").write_bytes(content)
    with open_archive(home) as archive:
        receive(archive, Order(folder / "package"), progress=lambda _: None)
        custodian = custodian_of(archive)
        _identify(home, (custodian.root, custodian.extension), [made["pacs"], made["revoked"]])
        tokens = {"doctor": session_of(archive, DOCTOR, name="doctor").token}
        tokens["administrator"] = session_of(archive, ADMINISTRATOR, name="administrator").token
        given = archive.catalogue.takeovers()[0].handover
        large = receive(archive, Order(folder / "large", given=given), progress=lambda _: None)
        item = next(each for each in archive.catalogue.items(large.number) if each.disposition in STORED)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    server = issued(
        "archive.example", root, flags=("digital_signature",), purposes=(ExtendedKeyUsageOID.SERVER_AUTH,),
        extras=[(names, False)],
    )  # fmt: skip
    address = f"/v1/holdings/{large.id}/{item.ordinal}"
    return House(home, folder, root, made, server, address, hashlib.sha256(content).hexdigest(), tokens)


def _identify(home: Settings, custodian: tuple[str, str], systems: list[Issued]) -> None:
    body = {"root": custodian[0], "extension": custodian[1], "name": "Następca"}
    certificates = [
        {
            "sha256": hashlib.sha256(each.der).hexdigest(),
            "id": f"system-{number}",
            "organisation": body,
            "purposes": [Purpose.CUSTODY.value],
        }
        for number, each in enumerate(systems)
    ]
    file = home.home / "identity.json"
    file.write_text(json.dumps({"format": "edm-archive identity 1", "issuers": [], "certificates": certificates}))
    file.chmod(0o600)


@contextmanager
def door(house: House, header: str, port: int, url: str = "https://archive.example") -> Iterator[None]:
    """`edm-archive serve --processes 2`, with the settings that the shipped configurations name."""
    told = environment_of(
        house.home,
        HTTP_LISTEN=f"127.0.0.1:{port}",
        HTTP_PUBLIC_URL=url,
        HTTP_PROXIES="127.0.0.1",
        HTTP_CLIENT_CERTIFICATE_HEADER=header,
        LANG="en",
    )
    with (house.folder / "door.log").open("ab") as log:
        running = subprocess.Popen(
            command("serve", "--processes", 2), env=clean_environment() | told, stdout=subprocess.PIPE, stderr=log
        )
    with ended(running, within=60):
        assert running.stdout is not None
        assert running.stdout.readline(), (house.folder / "door.log").read_text()[-2000:]
        yield
