"""What came in parts over HTTP is taken over by a job, and is then gone from the home."""

import base64
import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
import pytest

from repository.jobs.draining import drain
from storage.keys.ring import write_private
from tests.api.native.uploads.tus import TUS, begun, sent
from tests.api.served import Served, problem
from tests.builders.archives import tar_bytes, tar_gz_bytes, zip_bytes


def rung(home: Path) -> int:
    """When somebody last rang for whoever works on this machine; 0 where nobody has."""
    bell = home / "wake"
    return bell.stat().st_mtime_ns if bell.exists() else 0


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
    before = rung(made.settings.home)
    ordered = client.post("/v1/takeovers", json=asked)
    assert ordered.status_code == 202
    assert rung(made.settings.home) != before  # whoever works on this machine looks at it at once
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
