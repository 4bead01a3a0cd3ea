"""Systems that are known by their TLS certificate, by handshake and by a proxy that is believed."""

import socket
import ssl
from base64 import b64encode, urlsafe_b64encode
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.api.callers.conftest import HEADER, Known, handed, tls_client
from tests.api.served import problem, serving
from tests.builders.chains import Issued, authority, issued
from tests.peers.plain_http import PLAIN


def files(folder: Path, name: str, made: Issued) -> tuple[Path, Path]:
    folder.mkdir(exist_ok=True)
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(made.pem)
    key.write_bytes(made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, key


def asked(known: Known, url: str, pair: tuple[Path, Path] | None, folder: Path, **headers: str) -> httpx.Response:
    context = ssl.create_default_context(cafile=str(folder / "root.pem"))
    if pair is not None:
        context.load_cert_chain(*map(str, pair))
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    with httpx.Client(verify=context, trust_env=False, timeout=30) as client:
        return client.get(url + known.address, headers={"EDM-Purpose": "custody"} | said)


@pytest.fixture(scope="module")
def tls(known: Known, tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """The same archive behind TLS that asks for client certificates: its address, and a folder for files."""
    folder = tmp_path_factory.mktemp("tls")
    import ipaddress

    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    server = issued(
        "door",
        known.root,
        flags=("digital_signature",),
        purposes=(ExtendedKeyUsageOID.SERVER_AUTH,),
        extras=[(names, False)],
    )
    certificate, key = files(folder, "server", server)
    (folder / "root.pem").write_bytes(known.root.pem)
    identity = known.served.settings.home.parent / "identity.json"
    with serving(
        known.served.archive, certificate=certificate, key=key, client_ca=folder / "root.pem", identity=identity
    ) as url:
        yield url, folder


def test_a_known_certificate_reads_as_its_system(known: Known, tls: tuple[str, Path]) -> None:
    url, folder = tls
    answer = asked(known, url, files(folder, "pacs", known.pacs), folder)
    assert answer.status_code == 200, answer.text
    last = known.served.archive.catalogue.accounts.last()
    deed = next(known.served.archive.catalogue.journal.deeds(after=last - 1, last=last))
    assert (deed.body["id"], deed.body["kind"]) == ("certificate#system-0", "system")
    assert sha256(known.pacs.der).hexdigest() in str(deed.body)


@pytest.mark.parametrize("name", ["stranger", "revoked"])
def test_a_certificate_that_is_not_known_or_revoked_is_nobody(known: Known, tls: tuple[str, Path], name: str) -> None:
    url, folder = tls
    answer = asked(known, url, files(folder, name, getattr(known, name)), folder)
    assert (answer.status_code, problem(answer)["code"]) == (401, "API-001")


def test_a_certificate_of_another_authority_ends_the_handshake(known: Known, tls: tuple[str, Path]) -> None:
    url, folder = tls
    forged = tls_client("pacs", authority("Test Root"))
    with pytest.raises((httpx.TransportError, ssl.SSLError)):
        asked(known, url, files(folder, "forged", forged), folder)


def test_people_come_over_tls_without_a_certificate(known: Known, tls: tuple[str, Path]) -> None:
    url, folder = tls
    assert asked(known, url, None, folder).status_code == 401
    token = known.provider.token()
    assert asked(known, url, None, folder, Authorization=f"Bearer {token}", EDM_Purpose="treatment").status_code == 200


def test_a_certificate_and_a_token_are_two_identities(known: Known, tls: tuple[str, Path]) -> None:
    url, folder = tls
    pair, token = files(folder, "pacs", known.pacs), known.provider.token()
    answer = asked(known, url, pair, folder, Authorization=f"Bearer {token}", EDM_Purpose="treatment")
    assert (answer.status_code, problem(answer)["code"]) == (400, "CAL-002")


def test_a_bad_token_beside_a_good_certificate_is_a_bad_token(known: Known, tls: tuple[str, Path]) -> None:
    url, folder = tls
    pair = files(folder, "pacs", known.pacs)
    expired = known.provider.token(exp=1)
    for wrong in (f"Bearer {expired}", "Bearer x.y.z", "Basic eDp5", "Bearer"):
        assert asked(known, url, pair, folder, Authorization=wrong).status_code == 401


def test_a_token_that_is_bound_to_the_certificate_is_one_identity_with_it(known: Known, tls: tuple[str, Path]) -> None:
    url, folder = tls

    def bound(to: Issued) -> str:
        digest = urlsafe_b64encode(sha256(to.der).digest()).decode().rstrip("=")
        return f"Bearer {known.provider.token(cnf={'x5t#S256': digest})}"

    pacs, other = files(folder, "pacs", known.pacs), files(folder, "stranger", known.stranger)
    assert asked(known, url, pacs, folder, Authorization=bound(known.pacs), EDM_Purpose="treatment").status_code == 200
    assert asked(known, url, other, folder, Authorization=bound(known.pacs), EDM_Purpose="treatment").status_code == 401
    assert asked(known, url, None, folder, Authorization=bound(known.pacs), EDM_Purpose="treatment").status_code == 401


def test_old_versions_of_tls_are_not_spoken(tls: tuple[str, Path]) -> None:
    url, folder = tls
    context = ssl.create_default_context(cafile=str(folder / "root.pem"))
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    host, port = url.removeprefix("https://").split(":")
    with socket.create_connection((host, int(port)), 10) as plain, pytest.raises((ssl.SSLError, ConnectionError)):
        context.wrap_socket(plain, server_hostname=host)


def test_a_proxy_that_is_believed_hands_a_certificate_on(known: Known) -> None:
    for said in (handed(known.pacs), f":{b64encode(known.pacs.der).decode()}:"):
        assert known.get(EDM_Purpose="custody", **{HEADER: said}).status_code == 200


@pytest.mark.parametrize("said", ["", "x", ":AAAA:", "::", "%ff", ":%%%:", "A" * 20_000])
def test_what_is_handed_on_and_is_no_certificate_is_nobody(known: Known, said: str) -> None:
    assert known.get(EDM_Purpose="custody", **{HEADER: said}).status_code == 401


def test_a_certificate_that_is_handed_on_is_judged_like_any_other(known: Known) -> None:
    for wrong in (known.stranger, known.revoked, tls_client("pacs", authority("Test Root"))):
        assert known.get(EDM_Purpose="custody", **{HEADER: handed(wrong)}).status_code == 401


def test_two_certificates_handed_on_are_two_identities(known: Known) -> None:
    said = [(HEADER, handed(known.pacs)), (HEADER, handed(known.stranger)), ("EDM-Purpose", "custody")]
    answer = httpx.get(known.served.url + known.address, headers=said, trust_env=False, verify=PLAIN, timeout=60)
    assert (answer.status_code, problem(answer)["code"]) == (400, "CAL-002")


def test_nobody_but_the_named_proxies_hands_anything_on(known: Known) -> None:
    identity = known.served.settings.home.parent / "identity.json"
    said = {HEADER: handed(known.pacs), "EDM-Purpose": "custody"}
    for addresses in ((), ("10.0.0.0/8", "192.0.2.1")):
        with serving(known.served.archive, identity=identity, proxies=addresses, client_header=HEADER.lower()) as url:
            answer = httpx.get(url + known.address, headers=said, trust_env=False, verify=PLAIN, timeout=60)
            assert answer.status_code == 401
            # nor does it help to say that it comes from there
            forwarded = said | {"X-Forwarded-For": "192.0.2.1"}
            assert (
                httpx.get(url + known.address, headers=forwarded, trust_env=False, verify=PLAIN, timeout=60).status_code
                == 401
            )
