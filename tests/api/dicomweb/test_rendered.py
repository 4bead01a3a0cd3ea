"""Pictures and decoded images over HTTP, made by the real codecs in their limited processes."""

import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import httpx
import numpy as np
import pytest
from dicomweb_client import DICOMwebClient
from PIL import Image
from pydicom import dcmread

from repository.intake import Order, receive
from repository.rendering.pool import Pool
from repository.runtime import open_archive
from tests.api.dicomweb.test_wado import bodies
from tests.api.served import Served, problem, serving
from tests.builders import compressed as made
from tests.builders import dicom
from tests.builders.access import THEIRS
from tests.builders.homes import new_home
from tests.builders.pictures import (
    BOMB,
    COLOUR,
    CT,
    ENHANCED,
    GREY,
    LIES,
    MONOCHROME1,
    PALETTE,
    REPORT,
    SIGNED,
    TABLE,
    TRUNCATED,
    package,
)
from tests.builders.staff import Staff

LE = "1.2.840.10008.1.2.1"


@dataclass(frozen=True)
class Shown:
    served: Served
    path: str

    def at(self, instance: int) -> str:
        return f"{self.path}/instances/{self.path.rpartition('/')[2]}.{instance}"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    folder = tmp_path_factory.mktemp("shown")
    (folder / "package").mkdir()
    for number, raw in package().items():
        (folder / "package" / f"{number:02}.dcm").write_bytes(raw)
    first = dicom.data_set(7)
    with open_archive(new_home(folder)) as archive:
        takeover = receive(archive, Order(folder / "package"), progress=lambda _: None)
        with serving(archive) as url:
            served = Served(url, archive, archive.settings, folder / "package", takeover)
            yield Shown(served, f"/dicomweb/studies/{first.StudyInstanceUID}/series/{first.SeriesInstanceUID}")


@pytest.fixture(scope="module")
def doctor(shown: Shown) -> httpx.Client:
    return shown.served.client()


def picture(answer: httpx.Response, kind: str = "JPEG") -> Image.Image:
    assert answer.status_code == 200, answer.text
    found = Image.open(io.BytesIO(answer.content))
    assert found.format == kind
    return found


def pixels(doctor: httpx.Client, path: str) -> np.ndarray:
    """Of the PNG, which loses nothing."""
    return np.asarray(picture(doctor.get(path, headers={"Accept": "image/png"}), "PNG"))


def linear(values: np.ndarray, centre: float, width: float) -> np.ndarray:
    """PS3.3 C.11.2.1.2.1, as it stands there."""
    values = values.astype(float)
    made = ((values - (centre - 0.5)) / (width - 1) + 0.5) * 255
    made[values <= centre - 0.5 - (width - 1) / 2] = 0
    made[values > centre - 0.5 + (width - 1) / 2] = 255
    return made


@pytest.mark.parametrize("offset", [0, 6, 12])
@pytest.mark.parametrize("place", range(len(made.EXACT)))
def test_a_compressed_image_comes_without_compression_and_exact(
    shown: Shown, doctor: httpx.Client, offset: int, place: int
) -> None:
    number, wanted = place + 1 + offset, {0: GREY, 6: COLOUR, 12: SIGNED}[offset]
    answer = doctor.get(shown.at(number), headers={"Accept": "application/dicom"})
    assert answer.headers["content-type"] == f"application/dicom; transfer-syntax={LE}"
    found = dcmread(io.BytesIO(answer.content))
    source = dcmread(io.BytesIO((shown.served.package / f"{number:02}.dcm").read_bytes()))
    assert found.file_meta.TransferSyntaxUID == LE
    assert np.array_equal(found.pixel_array, np.stack([wanted] * 2) if offset == 0 else wanted)
    assert found.SOPInstanceUID == source.SOPInstanceUID
    kept = [each for each in source if each.keyword not in {"PixelData", "PhotometricInterpretation"}]
    assert [each for each in found if each.keyword not in {"PixelData", "PhotometricInterpretation"}] == kept
    assert found.PhotometricInterpretation == ("RGB" if offset == 6 else "MONOCHROME2")


def test_frames_come_decoded_to_whoever_asks_for_no_transfer_syntax(shown: Shown, doctor: httpx.Client) -> None:
    path = shown.at(made.EXACT.index(made.J2K) + 1) + "/frames/2,1"
    answer = doctor.get(path, headers={"Accept": 'multipart/related; type="application/octet-stream"'})
    assert bodies(answer) == [GREY.astype("<u2").tobytes()] * 2
    single = doctor.get(path.replace("2,1", "2"), headers={"Accept": "application/octet-stream"})
    assert (single.content, single.headers["content-type"]) == (
        bodies(answer)[0],
        f"application/octet-stream; transfer-syntax={LE}",
    )


def test_a_window_of_the_image_is_applied_after_rescaling(shown: Shown, doctor: httpx.Client) -> None:
    wanted = linear(GREY * 2.0 - 1024, 40, 400)
    assert np.abs(pixels(doctor, shown.at(CT) + "/rendered") - wanted).max() <= 0.51
    assert np.abs(np.asarray(picture(doctor.get(shown.at(CT) + "/rendered"))).astype(int) - wanted).mean() < 6


@pytest.mark.parametrize("function", ["linear", "linear-exact", "sigmoid"])
def test_a_window_that_is_asked_for_goes_before_that_of_the_image(
    shown: Shown, doctor: httpx.Client, function: str
) -> None:
    values = GREY * 2.0 - 1024
    wanted = {
        "linear": linear(values, 500, 1000),
        "linear-exact": np.clip((values - 500) / 1000 + 0.5, 0, 1) * 255,
        "sigmoid": 255 / (1 + np.exp(-4 * (values - 500) / 1000)),
    }[function]
    found = pixels(doctor, f"{shown.at(CT)}/rendered?window=500,1000,{function}")
    assert np.abs(found - wanted).max() <= 0.51


def test_monochrome1_is_dark_where_its_values_are_great(shown: Shown, doctor: httpx.Client) -> None:
    wanted = 255 - GREY / 4095 * 255
    assert np.abs(pixels(doctor, shown.at(MONOCHROME1) + "/rendered") - wanted).max() <= 1


def test_a_table_of_the_image_is_looked_up(shown: Shown, doctor: httpx.Client) -> None:
    assert np.array_equal(pixels(doctor, shown.at(TABLE) + "/rendered"), 255 - GREY // 16)


def test_colours_of_a_palette_are_looked_up(shown: Shown, doctor: httpx.Client) -> None:
    index = COLOUR[..., 0].astype(int)
    wanted = np.stack([(index - shift) % 256 for shift in (0, 50, 100)], axis=-1)
    assert np.array_equal(pixels(doctor, shown.at(PALETTE) + "/rendered"), wanted)


@pytest.mark.parametrize("place", range(len(made.EXACT)))
def test_colours_of_every_codec_are_what_they_were(shown: Shown, doctor: httpx.Client, place: int) -> None:
    assert np.array_equal(pixels(doctor, shown.at(place + 7) + "/rendered"), COLOUR)


def test_a_frame_is_shown_by_its_own_window(shown: Shown, doctor: httpx.Client) -> None:
    for number, centre in ((1, 100), (2, 3000)):
        found = pixels(doctor, f"{shown.at(ENHANCED)}/frames/{number}/rendered")
        assert np.abs(found - linear(GREY, centre, 200)).max() <= 0.51


def test_several_frames_come_as_parts(shown: Shown, doctor: httpx.Client) -> None:
    answer = doctor.get(
        shown.at(ENHANCED) + "/frames/2,1/rendered", headers={"Accept": 'multipart/related; type="image/png"'}
    )
    first, second = (np.asarray(Image.open(io.BytesIO(each))) for each in bodies(answer))
    assert first.mean() < second.mean()


def test_a_part_is_shown_turned_round_and_fitted(shown: Shown, doctor: httpx.Client) -> None:
    whole = pixels(doctor, shown.at(CT) + "/rendered")
    path = shown.at(CT) + "/rendered?viewport="
    assert np.array_equal(pixels(doctor, path + "30,20,10,5,30,20"), whole[5:25, 10:40])
    assert np.array_equal(pixels(doctor, path + "30,20,10,5,-30,20"), whole[5:25, 10:40][:, ::-1])
    assert np.array_equal(pixels(doctor, path + "30,20,10,5,30,-20"), whole[5:25, 10:40][::-1])
    assert pixels(doctor, path + "36,400").shape == (24, 36)  # 48 by 72, proportions kept
    assert pixels(doctor, path + "144,96").shape == (96, 144)


def test_a_lower_quality_is_smaller(shown: Shown, doctor: httpx.Client) -> None:
    sizes = [len(doctor.get(f"{shown.at(CT)}/rendered?quality={each}").content) for each in (5, 50, 100)]
    assert sizes == sorted(set(sizes))


def test_a_real_client_gets_pictures(shown: Shown, doctor: httpx.Client) -> None:
    import requests

    session = requests.Session()
    session.trust_env = False
    session.headers.update({"Authorization": f"Bearer {shown.served.token()}", "EDM-Purpose": "treatment"})
    client = DICOMwebClient(f"{shown.served.url}/dicomweb", session=session)
    study, series, instance = (shown.at(CT).split("/")[each] for each in (3, 5, 7))
    found = client.retrieve_instance_rendered(study, series, instance, media_types=("image/png",))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(found))), pixels(doctor, shown.at(CT) + "/rendered"))
    found = client.retrieve_instance_frames_rendered(study, series, instance, [1], media_types=("image/jpeg",))
    assert Image.open(io.BytesIO(found)).size == (72, 48)


@pytest.mark.parametrize("level", ["study", "series"])
@pytest.mark.parametrize("kind", ["rendered", "thumbnail"])
def test_a_study_and_a_series_are_shown_by_one_picture(
    shown: Shown, doctor: httpx.Client, level: str, kind: str
) -> None:
    path = shown.path if level == "series" else shown.path.partition("/series/")[0]
    assert max(picture(doctor.get(f"{path}/{kind}")).size) == (256 if kind == "thumbnail" else 72)


def test_a_document_within_an_image_file_is_that_document(shown: Shown, doctor: httpx.Client) -> None:
    answer = doctor.get(shown.at(REPORT) + "/rendered")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content == b"%PDF-1.7 odd" + bytes(999)
    refused = doctor.get(shown.at(REPORT) + "/rendered", headers={"Accept": "image/jpeg"})
    assert refused.status_code == 406
    assert problem(doctor.get(shown.at(REPORT) + "/frames/1/rendered"))["code"] == "IMG-001"  # it has no pixels


def test_whoever_has_the_picture_is_told_so_and_accounted_for(shown: Shown, doctor: httpx.Client) -> None:
    path = shown.at(CT) + "/rendered"
    answer = doctor.get(path)
    assert answer.headers["cache-control"] == "private, no-cache"
    before = shown.served.accounts()
    again = doctor.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert shown.served.accounts() == before + 1
    other = doctor.get(path + "?quality=20", headers={"If-None-Match": answer.headers["etag"]})
    assert other.status_code == 200


def test_annotation_is_not_written_and_said_so(shown: Shown, doctor: httpx.Client) -> None:
    answer = doctor.get(shown.at(CT) + "/rendered?annotation=patient,technique")
    assert (answer.status_code, answer.headers["warning"][:3]) == (200, "299")


@pytest.mark.parametrize("hostile", [BOMB, TRUNCATED, LIES])
def test_what_cannot_be_decoded_is_told_and_the_next_is_served(
    shown: Shown, doctor: httpx.Client, hostile: int
) -> None:
    for below in ("/rendered", "/thumbnail", "/frames/1/rendered"):
        answer = doctor.get(shown.at(hostile) + below)
        if hostile == LIES:
            assert answer.status_code == 200  # that frame is there
            continue
        assert problem(answer)["status"] == 406
    assert doctor.get(shown.at(LIES) + "/frames/999999/rendered").status_code == 406
    assert doctor.get(shown.at(CT) + "/rendered").status_code == 200


def test_a_truncated_image_is_an_error_before_the_answer_begins(shown: Shown, doctor: httpx.Client) -> None:
    assert problem(doctor.get(shown.at(TRUNCATED), headers={"Accept": "application/dicom"}))["status"] == 406
    stored = doctor.get(shown.at(TRUNCATED), headers={"Accept": "application/dicom; transfer-syntax=*"})
    assert stored.status_code == 200


@pytest.mark.parametrize(
    "asked",
    ["window=1", "window=1,0,linear", "window=1,2,cubic", "window=nan,2", "viewport=0,5", "viewport=1,2,3",
     "viewport=9999,1", "viewport=1,1,0,0,0,1", "quality=0", "quality=101"],
)  # fmt: skip
def test_what_no_picture_can_be_is_not_understood(shown: Shown, doctor: httpx.Client, asked: str) -> None:
    assert problem(doctor.get(f"{shown.at(CT)}/rendered?{asked}"))["status"] == 400


def test_without_the_codecs_pixels_are_not_to_be_had_and_images_as_stored_are(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = "import sys; sys.modules['numpy'] = None; from repository.rendering.worker import main; main()"
    monkeypatch.setattr("api.door.Pool", partial(Pool, command=(sys.executable, "-P", "-c", body)))
    with serving(shown.served.archive) as url:
        client = shown.served.client()
        client.base_url = url
        refused = client.get(shown.at(CT) + "/rendered")
        assert (refused.status_code, problem(refused)["code"]) == (501, "IMG-003")
        assert client.get(shown.at(1), headers={"Accept": "application/dicom"}).status_code == 501
        assert client.get(shown.at(1), headers={"Accept": "application/dicom; transfer-syntax=*"}).status_code == 200
        assert client.get(shown.at(CT), headers={"Accept": "application/dicom"}).status_code == 200
        client.close()


@pytest.mark.parametrize("below", ["/rendered", "/thumbnail", "/frames/1/rendered", "/frames/1/thumbnail"])
def test_what_is_not_for_somebody_looks_like_what_is_not_there(shown: Shown, below: str) -> None:
    stranger = shown.served.client(Staff(house=THEIRS, surname="Obca"))
    refused, absent = stranger.get(shown.at(CT) + below), stranger.get(shown.at(CT) + "9" + below)
    assert problem(refused) == problem(absent)
    unlike = {"date", "x-request-id"}
    one, other = ({k: v for k, v in each.headers.items() if k not in unlike} for each in (refused, absent))
    assert (one, refused.status_code) == (other, 404)
