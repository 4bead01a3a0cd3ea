"""Clients that go amid an answer of WADO-RS: what it was read from is let go of, without waiting for a collection. And
what does not open to its end: the connection is cut."""

import gc
import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from repository.intake import Order, receive
from repository.runtime import Archive, open_archive
from tests.api.served import DOCTOR, serving
from tests.api.test_serving import held
from tests.builders import dicom
from tests.builders.homes import new_home
from tests.builders.staff import session_of
from tests.peers.plain_http import PLAIN
from tests.repository.waiting import eventually

SIDE, FRAMES = 2048, 6  # 24 MiB: more than any socket's buffers hold


@dataclass
class Large:
    archive: Archive
    address: str
    path: str
    headers: dict[str, str]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Large]:
    folder = tmp_path_factory.mktemp("large")
    image = dicom.data_set(7)
    image.Rows = image.Columns = SIDE
    image.BitsAllocated, image.BitsStored, image.HighBit = 8, 8, 7
    image.NumberOfFrames = FRAMES
    image.PixelData = bytes(SIDE * SIDE) * FRAMES
    (folder / "package").mkdir()
    (folder / "package" / "1.dcm").write_bytes(dicom.part10(image, syntax=dicom.SYNTAXES[1]))
    home = new_home(folder)
    path = f"/dicomweb/studies/{image.StudyInstanceUID}/series/{image.SeriesInstanceUID}"
    path += f"/instances/{image.SOPInstanceUID}"
    with open_archive(home) as archive:
        receive(archive, Order(folder / "package"), progress=lambda _: None)
        token = session_of(archive, DOCTOR, name="doctor").token
        with serving(archive, at_once=8) as url:
            headers = {"Authorization": f"Bearer {token}", "EDM-Purpose": "treatment"}
            yield Large(archive, url.removeprefix("http://"), path, headers)


@pytest.mark.parametrize(
    ("below", "accept"),
    [
        ("", "application/dicom"),
        ("", 'multipart/related; type="application/dicom"'),
        ("", "application/dicom; transfer-syntax=1.2.840.10008.1.2"),
        ("/frames/1,2,3,4,5,6", "multipart/related; type=application/octet-stream"),
        ("/bulkdata/7FE00010", "application/octet-stream"),
    ],
)
def test_clients_that_go_leave_no_object_open(large: Large, below: str, accept: str) -> None:
    gc.collect()
    gc.disable()
    try:
        for _ in range(4):
            connection = http.client.HTTPConnection(large.address, timeout=30)
            connection.request("GET", large.path + below, headers=large.headers | {"Accept": accept})
            answer = connection.getresponse()
            assert answer.status == 200
            answer.read(1000)
            answer.close()
            connection.close()
        assert eventually(lambda: held(large.archive) == [])
    finally:
        gc.enable()


@contextmanager
def damaged(archive: Archive, part: float) -> Iterator[None]:
    """One bit of the largest object is another, that far within it."""
    objects = archive.settings.home / "objects" / "takeovers"
    found = max((each for each in objects.rglob("*") if each.is_file()), key=lambda each: each.stat().st_size)
    place = int(found.stat().st_size * part)
    _flip(found, place)
    try:
        yield
    finally:
        _flip(found, place)


def _flip(file: Path, place: int) -> None:
    with file.open("r+b") as opened:
        opened.seek(place)
        octet = opened.read(1)
        opened.seek(place)
        opened.write(bytes((octet[0] ^ 1,)))


def read_into(came: list[bytes], large: Large) -> int:
    """The pieces of the study, and how long its answer says that it is."""
    path = f"http://{large.address}{large.path.partition('/series/')[0]}"
    accept = {"Accept": 'multipart/related; type="application/dicom"'}
    with (
        httpx.Client(trust_env=False, verify=PLAIN, timeout=60) as client,
        client.stream("GET", path, headers=large.headers | accept) as answer,
    ):
        assert answer.status_code == 200
        came.append(answer.headers["content-length"].encode())
        came.extend(answer.iter_bytes())
    return int(came[0])


@pytest.mark.parametrize("part", [0.5, 0.99])
def test_damage_amid_a_study_cuts_the_connection(large: Large, part: float) -> None:
    came: list[bytes] = []
    with damaged(large.archive, part), pytest.raises(httpx.RemoteProtocolError):
        read_into(came, large)
    told, *pieces = came
    assert 0 < sum(map(len, pieces)) < SIDE * SIDE * FRAMES < int(told)
    assert b"--\r\n" not in b"".join(pieces)[-200:]
    assert eventually(lambda: held(large.archive) == [])
    whole: list[bytes] = []
    assert read_into(whole, large) == sum(map(len, whole[1:]))
