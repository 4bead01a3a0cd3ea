"""Debian's nginx and HAProxy before the door, each with the configuration that is shipped: TLS, certificates of
clients, files that stream through, and what strangers say of themselves.

The door is `edm-archive serve` with two processes, in a process of its own.
"""

import hashlib
import http.client
import json
import os
import socket
import ssl
import time
import warnings
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from urllib.parse import quote

import httpx
import pytest

from repository.runtime import open_archive
from storage.sealing.segments import INCOMING
from tests.builders.archives import tar_bytes
from tests.journeys.proxied import LARGE, Fronted, House, door, house_in
from tests.peers import haproxy, nginx
from tests.peers.needed import needed
from tests.peers.processes import free_port
from tests.peers.tls_proxy import Pems, Proxy

pytestmark = pytest.mark.peers

TUS = {"Tus-Resumable": "1.0.0"}
PART = TUS | {"Content-Type": "application/offset+octet-stream"}
PATIENCE = 60.0
PROXIES: dict[str, tuple[str, Callable[[], str], Callable[[str, Pems], AbstractContextManager[Proxy]]]] = {
    "nginx": (nginx.HEADER, nginx.missing, nginx.serving),
    "haproxy": (haproxy.HEADER, haproxy.missing, haproxy.serving),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return house_in(tmp_path_factory.mktemp("proxied"))


@pytest.fixture(scope="module", params=list(PROXIES))
def fronted(request: pytest.FixtureRequest, house: House) -> Iterator[Fronted]:
    header, missing, serving = PROXIES[request.param]
    needed(missing())
    port = free_port()
    with door(house, header, port), serving(f"127.0.0.1:{port}", house.pems()) as proxy:
        eventually_ready(Fronted(house, proxy, header))
        yield Fronted(house, proxy, header)


def eventually_ready(fronted: Fronted) -> None:
    """HAProxy looks at a server every few seconds before it believes in it."""
    until = time.monotonic() + PATIENCE
    with fronted.client() as client:
        while client.get("/v1/ready").status_code != 200:
            assert time.monotonic() < until, (fronted.proxy.folder / "log").read_text()
            time.sleep(0.1)


def test_health_passes_and_nothing_of_the_proxys_own_is_told(fronted: Fronted) -> None:
    with fronted.client() as client:
        for path in ("/v1/health", "/v1/ready"):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["status"]) == (200, "up" if path == "/v1/health" else "ready")
        lost = client.get("/nowhere")
    assert lost.status_code == 404
    assert "X-Request-Id" in lost.headers


def test_a_certificate_is_handed_on_and_reads_as_its_system(fronted: Fronted) -> None:
    with fronted.client("pacs", EDM_Purpose="custody") as client:
        answer = client.head(fronted.house.address)
        assert answer.status_code == 200, answer.text
        ranged = client.get(fronted.house.address, headers={"Range": "bytes=5-9"})
    assert (ranged.status_code, len(ranged.content)) == (206, 5)


@pytest.mark.parametrize("name", ["stranger", "revoked"])
def test_a_certificate_that_the_archive_does_not_know_is_nobody(fronted: Fronted, name: str) -> None:
    with fronted.client(name, EDM_Purpose="custody") as client:
        answer = client.get(fronted.house.address)
    assert (answer.status_code, answer.json()["code"]) == (401, "API-001")


def test_a_certificate_of_another_authority_does_not_come_by(fronted: Fronted) -> None:
    """nginx says 400 itself, HAProxy ends the handshake; either way the door is not asked, not even for health."""
    try:
        with fronted.client("forged", EDM_Purpose="custody") as client:
            status = client.get("/v1/health").status_code
    except (httpx.TransportError, ssl.SSLError):
        return
    assert status == 400


@pytest.mark.parametrize("wrong", ["own", "other", "lower", "twice"])
def test_what_a_stranger_says_of_a_certificate_or_an_address_does_not_come_by(fronted: Fronted, wrong: str) -> None:
    """The certificate is no secret: whoever has seen one could name it."""
    pacs = fronted.house.certificates["pacs"]
    rfc9440 = f":{b64encode(pacs.der).decode()}:"
    said = {
        "own": [(fronted.header, quote(pacs.pem.decode(), safe=""))],
        "other": [("X-Client-Certificate", rfc9440), ("Client-Cert", rfc9440), ("X_Client_Certificate", rfc9440)],
        "lower": [(fronted.header.lower(), rfc9440)],
        "twice": [(fronted.header, rfc9440), (fronted.header.upper(), rfc9440)],
    }[wrong]
    more = [("EDM-Purpose", "custody"), ("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "http")]
    before = refused_tries(fronted.house)
    with fronted.client() as client:
        nobody = client.get(fronted.house.address, headers=[*said, *more])
        assert (nobody.status_code, nobody.json()["code"]) == (401, "API-001")
    with fronted.client("stranger") as client:
        assert client.get(fronted.house.address, headers=[*said, *more]).status_code == 401
    with fronted.client("pacs") as client:  # an own certificate counts, whatever is said beside it
        assert client.head(fronted.house.address, headers=[*said, *more]).status_code == 200
    new = refused_tries(fronted.house)[len(before) :]
    assert all("203.0.113.9" not in each for each in new)
    assert any("127.0.0.1" in each for each in new)


def refused_tries(house: House) -> list[str]:
    with open_archive(house.home) as archive:
        journal = archive.catalogue.journal
        deeds = journal.deeds(after=0, last=journal.size())
        return [json.dumps(dict(each.body)) for each in deeds if each.kind == "sign-in-refused"]


def test_addresses_come_by_as_they_were_sent(fronted: Fronted) -> None:
    """What looks like another address is the door's to refuse: a proxy that mends it would hide it."""
    for path in ("/v1//health", "/v1/%2e%2e/v1/health", "/v1/x%2fy"):
        line = http.client.HTTPSConnection(*host_and_port(fronted), context=fronted.context(), timeout=60)
        line.request("GET", path)
        assert line.getresponse().status == 400, path
        line.close()


def host_and_port(fronted: Fronted) -> tuple[str, int]:
    host, port = fronted.proxy.url.removeprefix("https://").split(":")
    return host, int(port)


def test_old_versions_of_tls_are_not_spoken(fronted: Fronted) -> None:
    context = fronted.context()
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(host_and_port(fronted), 60) as plain,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        context.wrap_socket(plain, server_hostname="127.0.0.1")


def test_a_large_upload_streams_through_and_is_taken_over(fronted: Fronted) -> None:
    """Half of the part is with the archive, sealed, while the other half has not been sent: nobody waits for the
    whole."""
    content = tar_bytes({"large.bin": os.urandom(LARGE)})
    uploads = fronted.house.home.home / "uploads"
    with fronted.client(token="administrator") as client:
        begun = client.post("/v1/uploads", headers=TUS | {"Upload-Length": str(len(content))})
        assert begun.status_code == 201, begun.text
        place = begun.headers["location"]
        draft = uploads / place.rpartition("/")[2] / "data" / INCOMING
        line = http.client.HTTPSConnection(*host_and_port(fronted), context=fronted.context(), timeout=60)
        line.putrequest("PATCH", place)
        headers = PART | {"Upload-Offset": "0", "Content-Length": str(len(content))}
        for name, value in (headers | {"Authorization": client.headers["authorization"]}).items():
            line.putheader(name, value)
        line.endheaders()
        half = len(content) // 2
        line.send(content[:half])
        until = time.monotonic() + PATIENCE
        while not draft.exists() or draft.stat().st_size < half - (4 << 20):
            assert time.monotonic() < until, "the proxy keeps it to itself"
            time.sleep(0.02)
        assert fronted.proxy.written() == 0
        line.send(content[half:])
        answer = line.getresponse()
        assert (answer.status, answer.headers["upload-offset"]) == (204, str(len(content)))
        line.close()
        assert client.head(place, headers=TUS).headers["upload-offset"] == str(len(content))
        told = client.post("/v1/takeovers", json={"upload": place.rpartition("/")[2]})
        assert ended(client, told.headers["location"])


def ended(client: httpx.Client, place: str) -> bool:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        told = client.get(place).json()
        if told["state"] == "done" and not told["follows"]:
            return True
        assert told["state"] != "failed", told
        place = told["follows"] or place
        time.sleep(0.1)
    return False


def test_a_large_download_streams_through_bit_for_bit(fronted: Fronted) -> None:
    digest, size, on_disk = hashlib.sha256(), 0, 0
    with (
        fronted.client("pacs", EDM_Purpose="custody") as client,
        client.stream("GET", fronted.house.address) as answer,
    ):
        assert answer.status_code == 200
        for piece in answer.iter_raw(1 << 20):
            digest.update(piece)
            size += len(piece)
            on_disk = max(on_disk, fronted.proxy.written())
    assert (size, digest.hexdigest(), on_disk) == (LARGE, fronted.house.digest, 0)


def test_the_shipped_configuration_has_nothing_to_be_warned_of(fronted: Fronted) -> None:
    said = (fronted.proxy.folder / "log").read_text().lower()
    assert "[warn" not in said
    assert "[alert" not in said
    assert "[notice" not in said or "config" not in said


def test_a_caller_without_a_certificate_signs_in_as_ever(fronted: Fronted) -> None:
    with fronted.client(token="doctor", EDM_Purpose="treatment") as client:
        assert client.get("/v1/takeovers").status_code == 200
    with fronted.client(EDM_Purpose="treatment") as client:
        assert client.get("/v1/takeovers").status_code == 401


@pytest.mark.parametrize("which", list(PROXIES))
def test_while_the_door_is_down_the_proxy_says_so_and_finds_it_again(house: House, which: str) -> None:
    header, missing, serving = PROXIES[which]
    needed(missing())
    port = free_port()
    with serving(f"127.0.0.1:{port}", house.pems()) as proxy:
        fronted = Fronted(house, proxy, header)
        with fronted.client() as client:
            answer = client.get("/dicomweb/studies?PatientID=44051401359")
            assert answer.status_code == {"nginx": 502, "haproxy": 503}[which]
        assert "44051401359" not in (proxy.folder / "log").read_text()
        with door(house, header, port):
            eventually_ready(fronted)
