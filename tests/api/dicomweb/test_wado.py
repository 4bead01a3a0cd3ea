"""WADO-RS as real clients ask: bytes as received, other encodings, frames, bulk data, metadata."""

import io
import json
from email.parser import BytesParser
from email.policy import HTTP

import httpx
import pytest
import requests
from dicomweb_client import DICOMwebClient
from pydicom import dcmread

from repository.catalogue.images import SeriesKey
from tests.api.dicomweb.conftest import Imaged
from tests.api.served import problem
from tests.builders.access import THEIRS
from tests.builders.imaging import CODES
from tests.builders.staff import Staff

ANY = 'multipart/related; type="application/dicom"; transfer-syntax=*'
LE, BE, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2"
J2K = "1.2.840.10008.1.2.4.90"


@pytest.fixture(scope="module")
def doctor(imaged: Imaged) -> httpx.Client:
    return imaged.served.client()


@pytest.fixture(scope="module")
def client(imaged: Imaged) -> DICOMwebClient:
    session = requests.Session()
    session.trust_env = False
    session.headers.update({"Authorization": f"Bearer {imaged.served.token()}", "EDM-Purpose": "treatment"})
    return DICOMwebClient(f"{imaged.served.url}/dicomweb", session=session)


def parts(answer: httpx.Response) -> list[tuple[dict[str, str], bytes]]:
    """Read by the standard library, which knows nothing of ours."""
    assert answer.status_code == 200, answer.text
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    read = BytesParser(policy=HTTP).parsebytes(head + answer.content)
    found = []
    for each in read.iter_parts():
        content = each.get_payload(decode=True)
        assert isinstance(content, bytes)
        found.append(({name.lower(): str(value) for name, value in each.items()}, content))
    return found


def bodies(answer: httpx.Response) -> list[bytes]:
    """Cut at the boundary, byte by byte."""
    boundary = answer.headers["content-type"].rpartition("boundary=")[2].strip('"').encode()
    assert answer.content.endswith(b"--" + boundary + b"--\r\n")
    sections = answer.content.split(b"--" + boundary)[1:-1]
    return [each.partition(b"\r\n\r\n")[2][:-2] for each in sections]


def accounts(imaged: Imaged) -> int:
    return imaged.served.archive.catalogue.accounts.last()


@pytest.mark.parametrize("series", [0, 1, 2])
def test_every_instance_comes_bit_for_bit(imaged: Imaged, doctor: httpx.Client, series: int) -> None:
    doctor.get(imaged.path(series=series))  # there is an account before
    before = accounts(imaged)
    answer = doctor.get(imaged.path(series=series), headers={"Accept": ANY})
    wanted = [
        raw for uid, raw in imaged.images.items() if not series or uid.startswith(imaged.series[series - 1] + ".")
    ]
    assert sorted(bodies(answer)) == sorted(wanted)
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert accounts(imaged) == before + 1


def test_each_part_says_its_transfer_syntax_and_place(imaged: Imaged, doctor: httpx.Client) -> None:
    fields = [each for each, _ in parts(doctor.get(imaged.path(), headers={"Accept": ANY}))]
    assert {each["content-type"].rpartition("=")[2].strip('"') for each in fields} == {LE, BE, IMPLICIT, LE + ".99"}
    assert imaged.path(instance=1) in {each["content-location"] for each in fields}


def test_a_real_client_retrieves_a_study(imaged: Imaged, client: DICOMwebClient) -> None:
    found = client.retrieve_study(imaged.study, media_types=(("application/dicom", "*"),))
    assert {each.SOPInstanceUID for each in found} == set(imaged.images)


def test_a_real_client_retrieves_an_instance_and_its_frames(imaged: Imaged, client: DICOMwebClient) -> None:
    uids = (imaged.study, imaged.series[0], imaged.uid(instance=5))
    read = client.retrieve_instance(*uids)
    assert read == dcmread(io.BytesIO(imaged.images[uids[2]]))
    assert client.retrieve_instance_frames(*uids, frame_numbers=[2, 1]) == [read.PixelData[128:], read.PixelData[:128]]


def test_a_real_client_reads_metadata_and_bulk_data(imaged: Imaged, client: DICOMwebClient) -> None:
    found = client.retrieve_series_metadata(imaged.study, imaged.series[0])
    assert {each["00080018"]["Value"][0] for each in found} == {
        u for u in imaged.images if u.startswith(imaged.series[0])
    }
    fifth = next(each for each in found if each["00080018"]["Value"] == [imaged.uid(instance=5)])
    (pdf,) = client.retrieve_bulkdata(fifth["00420011"]["BulkDataURI"])
    assert pdf == b"%PDF" * 500


def test_a_single_instance_is_a_file_with_its_digest_and_proof(imaged: Imaged, doctor: httpx.Client) -> None:
    answer = doctor.get(imaged.path(instance=2), headers={"Accept": "application/dicom"})
    raw = imaged.images[imaged.uid(instance=2)]
    assert answer.content == raw
    assert answer.headers["content-type"] == f"application/dicom; transfer-syntax={LE}"
    assert doctor.get(answer.links["https://c2sp.org/tlog-proof"]["url"]).status_code == 200
    part = doctor.get(imaged.path(instance=2), headers={"Range": "bytes=128-131"})
    assert (part.status_code, part.content) == (206, b"DICM")
    again = doctor.get(imaged.path(instance=2), headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("instance", [1, 2, 3, 4])
@pytest.mark.parametrize("syntax", [LE, IMPLICIT])
def test_another_encoding_is_made_where_it_is_asked_for(
    imaged: Imaged, doctor: httpx.Client, instance: int, syntax: str
) -> None:
    accept = f"application/dicom; transfer-syntax={syntax}"
    made = dcmread(io.BytesIO(doctor.get(imaged.path(instance=instance), headers={"Accept": accept}).content))
    assert made.file_meta.TransferSyntaxUID == syntax
    assert made.PatientName == dcmread(io.BytesIO(imaged.images[imaged.uid(instance=instance)])).PatientName


def test_without_a_transfer_syntax_big_endian_is_turned_and_compressed_is_decoded(
    imaged: Imaged, doctor: httpx.Client
) -> None:
    turned = doctor.get(imaged.path(instance=3), headers={"Accept": "application/dicom"})
    assert dcmread(io.BytesIO(turned.content)).file_meta.TransferSyntaxUID == LE
    refused = doctor.get(imaged.path(series=2, instance=1), headers={"Accept": "application/dicom"})
    assert problem(refused)["code"] == "IMG-004"  # frames that no codec can decode
    implicit = f"application/dicom; transfer-syntax={IMPLICIT}"
    unknown = doctor.get(imaged.path(series=2, instance=1), headers={"Accept": implicit})
    assert (unknown.status_code, J2K in str(problem(unknown)["en"])) == (406, True)
    assert doctor.get(imaged.path(series=2, instance=1), headers={"Accept": ANY}).status_code == 200


def test_compressed_frames_come_as_they_are_stored(imaged: Imaged, doctor: httpx.Client) -> None:
    path = imaged.path(series=2, instance=1) + "/frames/3,1"
    for accept in (
        "*/*",
        "multipart/related; type=image/jp2",
        "multipart/related; type=application/octet-stream; transfer-syntax=*",
    ):
        answer = doctor.get(path, headers={"Accept": accept})
        assert [each.rstrip(b"\0") for each in bodies(answer)] == [CODES[2], CODES[0].rstrip(b"\0")], accept
    single = doctor.get(imaged.path(series=2, instance=1) + "/frames/2", headers={"Accept": "image/jp2"})
    assert (single.content, single.headers["content-type"]) == (CODES[1], f"image/jp2; transfer-syntax={J2K}")
    pixels = doctor.get(imaged.path(series=2, instance=1) + "/bulkdata/7FE00010")
    assert len(bodies(pixels)) == 3


@pytest.mark.parametrize("instance", [1, 2, 3, 4])
def test_native_frames_are_little_endian_whatever_is_stored(
    imaged: Imaged, doctor: httpx.Client, instance: int
) -> None:
    answer = doctor.get(imaged.path(instance=instance) + "/frames/1", headers={"Accept": "application/octet-stream"})
    wanted = dcmread(io.BytesIO(imaged.images[imaged.uid(instance=instance)])).PixelData
    if instance == 3:
        wanted = b"".join(wanted[at : at + 2][::-1] for at in range(0, len(wanted), 2))
    assert answer.content == wanted
    bulk = doctor.get(imaged.path(instance=instance) + "/bulkdata/7FE00010")
    assert bulk.content == wanted


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/frames/3", 404),
        ("/frames/0", 400),
        ("/frames/1,,2", 400),
        ("/frames/x", 400),
        ("/bulkdata/00420012", 404),
        ("/bulkdata/00081140/0/00080018", 404),
        ("/bulkdata/zz", 400),
    ],
)
def test_parts_that_are_not_there(imaged: Imaged, doctor: httpx.Client, path: str, status: int) -> None:
    answer = doctor.get(imaged.path(instance=5) + path)
    assert answer.status_code == status
    problem(answer)


def test_bulk_data_by_range(imaged: Imaged, doctor: httpx.Client) -> None:
    path = imaged.path(instance=5) + "/bulkdata/00420011"
    answer = doctor.get(path, headers={"Range": "bytes=4-7"})
    assert (answer.status_code, answer.content, answer.headers["content-range"]) == (206, b"%PDF", "bytes 4-7/2000")
    assert doctor.get(path, headers={"Range": "bytes=2000-"}).status_code == 416
    assert doctor.get(path, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_metadata_of_all_levels_agree_and_lead_to_bulk_data(imaged: Imaged, doctor: httpx.Client) -> None:
    study, series = (doctor.get(imaged.path(series=each) + "/metadata").json() for each in (0, 1))
    one = doctor.get(imaged.path(instance=5) + "/metadata").json()
    assert len(study) == 6
    assert [each for each in study if each["0020000E"] == series[0]["0020000E"]] == series
    assert one == [each for each in series if each["00080018"]["Value"] == [imaged.uid(instance=5)]]
    assert doctor.get(one[0]["7FE00010"]["BulkDataURI"]).content == bytes(range(256))


def test_metadata_is_compressed_for_those_who_ask_and_not_sent_twice(imaged: Imaged, doctor: httpx.Client) -> None:
    path = imaged.path() + "/metadata"
    plain = doctor.get(path, headers={"Accept-Encoding": "identity", "Accept": "application/json"})
    packed = doctor.get(path, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert (packed.headers["content-encoding"], packed.json()) == ("gzip", plain.json())
    assert plain.headers["content-type"] == "application/json"
    before = accounts(imaged)
    again = doctor.get(path, headers={"If-None-Match": packed.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert accounts(imaged) == before + 1


def test_metadata_opens_no_instance(imaged: Imaged, doctor: httpx.Client) -> None:
    doctor.get(imaged.path() + "/metadata")
    archive, number = imaged.served.archive, imaged.served.takeover.number
    ledgers = sorted((imaged.served.settings.home / "openings").iterdir())
    before = b"".join(each.read_bytes() for each in ledgers)
    assert doctor.get(imaged.path() + "/metadata").status_code == 200
    after = b"".join(each.read_bytes() for each in ledgers)[len(before) :].decode()
    known = {each.series: each.key for each in archive.catalogue.images.headers(number)}
    first = next(key for series, key in known.items() if series.series == imaged.series[0])
    assert {line.split(" ")[1] for line in after.splitlines()} == {first}


@pytest.mark.parametrize("path", ["", "/metadata", "/instances/{}", "/instances/{}/metadata", "/instances/{}/frames/1"])
def test_what_is_not_for_somebody_looks_like_what_is_not_there(imaged: Imaged, path: str) -> None:
    stranger = imaged.served.client(Staff(house=THEIRS, surname="Obca"))
    there = stranger.get(imaged.path() + path.format(imaged.uid(instance=1)))
    missing = stranger.get(imaged.path().replace(imaged.study, "1.2.3") + path.format("1.2.4"))
    assert there.status_code == missing.status_code == 404
    assert there.json() == missing.json()
    unlike = {"date", "x-request-id"}
    one, other = ({k: v for k, v in each.headers.items() if k not in unlike} for each in (there, missing))
    assert one == other


@pytest.mark.parametrize(
    "path", ["", "/metadata", "/instances/{}", "/instances/{}/frames/1", "/instances/{}/bulkdata/7FE00010"]
)
def test_head_is_get_without_the_body(imaged: Imaged, doctor: httpx.Client, path: str) -> None:
    at = imaged.path() + path.format(imaged.uid(instance=5))
    head, got = doctor.head(at, headers={"Accept": ""}), doctor.get(at, headers={"Accept": ""})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].partition("boundary")[0] == got.headers["content-type"].partition("boundary")[0]


def test_nothing_is_given_to_nobody_or_without_a_purpose(imaged: Imaged) -> None:
    assert imaged.served.client(None).get(imaged.path() + "/metadata").status_code == 401
    assert imaged.served.client(purpose=None).get(imaged.path()).status_code == 400


def test_no_form_that_is_asked_for_is_told_as_such(imaged: Imaged, doctor: httpx.Client) -> None:
    for path in (imaged.path(), imaged.path() + "/metadata", imaged.path(instance=1) + "/frames/1"):
        assert doctor.get(path, headers={"Accept": "text/html"}).status_code == 406
    assert (
        doctor.get(imaged.path() + "/metadata?accept=application/dicom%2Bjson", headers={"Accept": "a/b"}).status_code
        == 200
    )


def test_a_host_that_is_no_address_breaks_no_json(imaged: Imaged, doctor: httpx.Client) -> None:
    answer = doctor.get(imaged.path(instance=1) + "/metadata", headers={"Accept-Encoding": "identity"})
    assert json.loads(answer.content)[0]["7FE00010"]["BulkDataURI"].startswith(f"{imaged.served.url}/dicomweb/studies/")


def test_a_damaged_header_object_is_made_again(imaged: Imaged, doctor: httpx.Client) -> None:
    path = imaged.path(series=2) + "/metadata"
    wanted = doctor.get(path).json()
    archive = imaged.served.archive
    key = SeriesKey(imaged.served.takeover.number, 1, imaged.study, imaged.series[1])
    known = archive.catalogue.images.header(key)
    assert known is not None
    archive.store.delete(known.key)
    archive.vault.forget(known.key)
    assert doctor.get(path).json() == wanted
    made = archive.catalogue.images.header(key)
    assert made is not None
    assert made.key != known.key
