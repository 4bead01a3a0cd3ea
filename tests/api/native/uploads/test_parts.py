"""Parts over HTTP (tus 1.0.0): what is acknowledged is kept, and what does not fit is refused."""

import base64
import hashlib
import http.client
import os
import signal
import socket
import time
from pathlib import Path

import httpx
import pytest

from repository.access.principal import PrincipalKind
from repository.access.purpose import Purpose
from repository.runtime import open_archive
from repository.uploads import parts
from storage.sealing.segments import INCOMING
from tests.api.native.uploads.tus import ADMINISTRATOR, PART, TUS, begun, offset_of, sent
from tests.api.served import Served, problem
from tests.builders.access import THEIRS
from tests.builders.archives import tar_bytes
from tests.builders.homes import new_home
from tests.builders.staff import Staff, session_of
from tests.peers.forked import serve
from tests.peers.plain_http import PLAIN
from tests.peers.processes import free_port
from tests.repository.waiting import eventually


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


def test_a_package_in_crumbs_is_refused_and_goes_on_in_larger_parts(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "MOST_SMALL", 2)
    place = begun(client, b"0123456789")
    for offset in range(2):
        assert sent(client, place, b"x", offset=offset).status_code == 204
    crumb = sent(client, place, b"x", offset=2)
    assert (crumb.status_code, problem(crumb)["code"]) == (422, "UPL-013")
    assert offset_of(client, place) == 2
    assert sent(client, place, b"23456789", offset=2).status_code == 204
    assert client.delete(place, headers=TUS).status_code == 204


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
    both = [
        client.post("/v1/uploads", headers=TUS | {"Idempotency-Key": "two", "Upload-Length": "4"}) for _ in range(2)
    ]
    told = [{name: each.headers[name] for name in ("location", "tus-resumable", "upload-expires")} for each in both]
    assert told[0] == told[1]
    client.delete(told[0]["location"], headers=TUS)
    other = client.post("/v1/uploads", headers=TUS | key | {"Upload-Length": "9"})
    assert (other.status_code, problem(other)["code"]) == (422, "RST-002")
    client.delete(first, headers=TUS)


def test_a_part_whose_client_goes_away_is_kept_as_far_as_it_came(made: Served, client: httpx.Client) -> None:
    place = begun(client, bytes(3 << 20))
    host, port = made.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 60) as connection:
        head = f"PATCH {place} HTTP/1.1\r\nHost: x\r\nContent-Length: {3 << 20}\r\nUpload-Offset: 0\r\n"
        head += f"Authorization: {client.headers['authorization']}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in PART.items())
        connection.sendall(head.encode() + b"\r\n" + bytes(2 << 20))
    assert eventually(lambda: offset_of(client, place) == 2 << 20)
    assert sent(client, place, bytes(1 << 20), offset=2 << 20).status_code == 204
    client.delete(place, headers=TUS)


def test_killed_in_the_middle_of_a_part_it_goes_on_where_it_was_acknowledged(tmp_path: Path) -> None:
    home, content = new_home(tmp_path), tar_bytes({"large.bin": os.urandom(3 << 20)})
    with open_archive(home) as archive:
        token = session_of(archive, ADMINISTRATOR, name="admin").token
    signed_in = {"Authorization": f"Bearer {token}"}
    half, address = 1 << 20, f"127.0.0.1:{free_port()}"
    with (
        serve(home, HTTP_LISTEN=address) as process,
        httpx.Client(base_url=f"http://{address}", headers=signed_in, verify=PLAIN, timeout=60) as client,
    ):
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
    with (
        serve(home, HTTP_LISTEN=address),
        httpx.Client(base_url=f"http://{address}", headers=signed_in, verify=PLAIN, timeout=60) as client,
    ):
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
    for _ in range(1200):
        told = client.get(place).json()
        if told["state"] == "done" and not told["follows"]:
            return dict(told["result"])
        place = told["follows"] or place
        time.sleep(0.05)
    raise AssertionError(told)
