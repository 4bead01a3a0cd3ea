"""Clients that go amid an answer of WADO-RS: what it was read from is let go of, without waiting for a collection."""

import gc
import http.client
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from repository.intake import Order, receive
from repository.runtime import Archive, open_archive
from tests.api.served import DOCTOR, serving
from tests.api.test_serving import eventually, held
from tests.builders import dicom
from tests.builders.homes import new_home
from tests.builders.staff import session_of

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
