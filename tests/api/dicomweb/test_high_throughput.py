"""High-Throughput JPEG 2000 over WADO-RS: as it is to whoever takes anything, else decoded or refused."""

from collections.abc import Iterator
from io import BytesIO

import httpx
import numpy as np
import pytest
from pydicom import Dataset, dcmread

from repository.intake import Order, receive
from repository.runtime import open_archive
from tests.api.served import Served, problem, serving
from tests.builders import high_throughput as made
from tests.builders.homes import new_home

EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
ANY = "application/dicom; transfer-syntax=*"
FILES = [made.image(syntax, instance=at) for at, syntax in enumerate(made.SYNTAXES, 1)]
BROKEN = made.image(made.LOSSLESS, instance=4, code=made.BROKEN)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    package = folder / "package"
    package.mkdir()
    for at, content in enumerate([*FILES, BROKEN]):
        (package / f"{at}.dcm").write_bytes(content)
    home = new_home(folder)
    with open_archive(home) as archive:
        takeover = receive(archive, Order(package), progress=lambda _: None)
        with serving(archive) as url:
            yield Served(url, archive, home, package, takeover)


@pytest.fixture(scope="module")
def doctor(served: Served) -> httpx.Client:
    return served.client()


def path(image: Dataset) -> str:
    study, series, instance = image.StudyInstanceUID, image.SeriesInstanceUID, image.SOPInstanceUID
    return f"/dicomweb/studies/{study}/series/{series}/instances/{instance}"


@pytest.mark.parametrize("raw", [*FILES, BROKEN], ids=[*made.SYNTAXES, "broken"])
def test_as_it_is_it_comes_byte_for_byte(doctor: httpx.Client, raw: bytes) -> None:
    image = dcmread(BytesIO(raw))
    syntax = image.file_meta.TransferSyntaxUID
    for accept in (ANY, f"application/dicom; transfer-syntax={syntax}"):
        answer = doctor.get(path(image), headers={"Accept": accept})
        assert (answer.status_code, answer.content) == (200, raw)
        assert answer.headers["content-type"] == f"application/dicom; transfer-syntax={syntax}"
    frame = doctor.get(path(image) + "/frames/1", headers={"Accept": "image/jphc"})
    assert frame.headers["content-type"] == f"image/jphc; transfer-syntax={syntax}"
    assert frame.content.rstrip(b"\0") in raw


@pytest.mark.parametrize("raw", FILES, ids=made.SYNTAXES)
def test_without_compression_it_is_decoded(doctor: httpx.Client, raw: bytes) -> None:
    image = dcmread(BytesIO(raw))
    for accept in ("application/dicom", f"application/dicom; transfer-syntax={EXPLICIT}"):
        answer = doctor.get(path(image), headers={"Accept": accept})
        assert answer.status_code == 200, answer.text
        found = dcmread(BytesIO(answer.content))
        assert found.file_meta.TransferSyntaxUID == EXPLICIT
        assert np.array_equal(found.pixel_array, made.middle(bits=12))
    assert doctor.get(path(image) + "/rendered", headers={"Accept": "image/png"}).content[:4] == b"\x89PNG"


def test_what_cannot_be_decoded_is_refused_by_its_name(doctor: httpx.Client) -> None:
    image = dcmread(BytesIO(BROKEN))
    for address, accept in (
        (path(image), "application/dicom"),
        (path(image), f"application/dicom; transfer-syntax={EXPLICIT}"),
        (path(image) + "/frames/1", "application/octet-stream"),
        (path(image) + "/rendered", "image/jpeg"),
    ):
        answer = doctor.get(address, headers={"Accept": accept})
        assert (answer.status_code, problem(answer)["code"]) == (406, "IMG-004"), address


def test_an_encoding_that_nobody_makes_is_refused_with_those_that_there_are(doctor: httpx.Client) -> None:
    for raw in FILES:
        image = dcmread(BytesIO(raw))
        answer = doctor.get(path(image), headers={"Accept": f"application/dicom; transfer-syntax={IMPLICIT}"})
        assert answer.status_code == 406
        assert str(image.file_meta.TransferSyntaxUID) in str(problem(answer)["en"])
