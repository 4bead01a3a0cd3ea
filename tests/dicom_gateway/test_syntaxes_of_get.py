"""C-GET by contexts of several transfer syntaxes: as much as possible comes, as it is kept or else decoded."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread

from repository.catalogue.errors import CatalogueUnavailable
from repository.domain.describing import Identifier
from repository.entitlement import protect
from repository.peers.titles import title_of
from repository.rendering import decoding
from repository.rendering.pool import Limits, Pool
from tests.builders import compressed as made
from tests.builders.dicom import PESEL_ROOT
from tests.dicom_gateway.encoded import COLOURS, GREY, MR, Kept, by_instance, getting, got, mixed, same_pixels
from tests.dicom_gateway.gateways import CT, EXPLICIT, IMPLICIT, Door, opened
from tests.dicom_gateway.test_retrieving import data_set_of
from tests.repository.rendering.test_pool import scripted

FILES = mixed()
IMAGES = by_instance(FILES)
STUDY = next(iter(IMAGES.values())).StudyInstanceUID
CTS = {uid for uid, each in IMAGES.items() if each.SOPClassUID == CT}
BYTES = dict(zip(IMAGES, map(data_set_of, FILES), strict=True))


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with opened(tmp_path_factory.mktemp("syntaxes"), files=FILES) as door:
        yield door


def instance(number: int) -> str:
    return next(uid for uid in CTS if uid.endswith(f".{number}"))


def assert_as_they_were(kept: Kept, among: set[str]) -> None:
    """Each is byte for byte what was handed over, or shows the same pixels without compression."""
    assert set(kept.images) == among
    for uid, image in kept.images.items():
        if kept.syntax(uid) == IMAGES[uid].file_meta.TransferSyntaxUID:
            assert kept.raw[uid] == BYTES[uid]
        else:
            assert kept.syntax(uid) in (EXPLICIT, IMPLICIT)
            assert same_pixels(image, IMAGES[uid])


@pytest.mark.parametrize(
    "syntaxes",
    [
        (made.LS, EXPLICIT, IMPLICIT),
        (EXPLICIT, IMPLICIT, made.LS),
        (made.J2K, made.LS, IMPLICIT),
        (IMPLICIT,),
    ],
)
def test_of_mixed_holdings_everything_comes_in_whatever_order_syntaxes_are_proposed(
    own: Door, syntaxes: Sequence[str]
) -> None:
    with getting(own, (CT, syntaxes), (MR, syntaxes)) as (line, kept):
        answer = got(line, STUDY)
    assert (answer.status.Status, answer.failed) == (0x0000, [])
    assert answer.accepted[0] == next(each for each in syntaxes if each in (EXPLICIT, IMPLICIT))
    assert_as_they_were(kept, set(IMAGES))


@pytest.mark.parametrize("syntaxes", [(EXPLICIT, made.LS), (made.LS, EXPLICIT), (IMPLICIT, made.J2K, made.LS)])
def test_what_is_all_of_one_syntax_comes_byte_for_byte_where_that_is_among_those_proposed(
    own: Door, syntaxes: Sequence[str]
) -> None:
    with getting(own, (MR, syntaxes)) as (line, kept):
        answer = got(line, STUDY)
    assert answer.accepted == [made.LS]
    assert {uid: kept.raw[uid] for uid in kept.raw} == {uid: BYTES[uid] for uid in set(IMAGES) - CTS}
    assert set(answer.failed) == CTS
    assert answer.status.Status == 0xB000
    assert answer.status.ErrorComment == "not sent: no context"


def test_several_contexts_of_a_class_complete_one_another(own: Door) -> None:
    with getting(own, (CT, (made.LS, EXPLICIT)), (CT, (EXPLICIT,)), (CT, (made.J2K,))) as (line, kept):
        answer = got(line, STUDY)
    assert answer.accepted == [made.LS, EXPLICIT, made.J2K]
    assert_as_they_were(kept, CTS)
    exact = {uid for uid in CTS if IMAGES[uid].file_meta.TransferSyntaxUID in answer.accepted}
    assert {uid for uid in CTS if kept.raw[uid] == BYTES[uid]} == exact


def test_a_peer_that_stores_by_the_same_context_keeps_the_syntax_that_it_names_first(own: Door) -> None:
    with getting(own, (CT, (made.J2K, EXPLICIT)), scu=True) as (line, kept):
        answer = got(line, STUDY)
    assert answer.accepted == [made.J2K]
    assert set(kept.images) == {instance(1), instance(6)}


def test_what_is_called_narrows_what_the_choice_is_made_by(own: Door) -> None:
    with getting(own, (CT, (made.J2K, EXPLICIT)), called=title_of(own.open_one)) as (line, kept):
        answer = got(line, STUDY)
    assert (answer.accepted, answer.status.Status, kept.images) == ([EXPLICIT], 0x0000, {})


def test_what_the_peer_may_not_see_has_no_part_in_the_choice(tmp_path: Path) -> None:
    """It pushes into a takeover that is not yet in its custody."""
    one = made.compressed(GREY, made.LS, bits=12, instance=1)
    with opened(tmp_path, files=[one]) as door:
        sender = door.associated(CT)
        assert sender.send_c_store(by_instance([made.native(GREY, bits=12, instance=9)]).popitem()[1]).Status == 0
        sender.release()
        assert door.archive.catalogue.encodings.held(None, seconds=10) == {CT: {made.LS: 1, EXPLICIT: 1}}
        with getting(door, (CT, (EXPLICIT, made.LS))) as (line, kept):
            assert got(line, STUDY).accepted == [made.LS]
        assert len(kept.images) == 1


@pytest.mark.parametrize("whole", [True, False], ids=["a provider", "a patient"])
def test_whoever_is_hidden_from_the_peer_has_no_part_in_the_choice(tmp_path: Path, *, whole: bool) -> None:
    """The syntax that is accepted would tell that there is somebody."""
    image = made.compressed(GREY, made.LS, bits=12, instance=1)
    with opened(tmp_path, files=[image]) as door:
        assert door.sample is not None
        whose = Identifier(PESEL_ROOT, dcmread(BytesIO(image)).PatientID)
        if whole:
            protect(door.archive, takeover=door.sample.id)
        else:
            protect(door.archive, whose)
        with getting(door, (CT, (made.LS, EXPLICIT))) as (line, kept):
            assert got(line, STUDY).accepted == [EXPLICIT]
        assert kept.images == {}


def test_where_it_is_not_known_what_is_kept_a_syntax_without_compression_is_taken(
    own: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise CatalogueUnavailable(reason="test")

    for told in (lambda *_, **__: None, never):
        monkeypatch.setattr(own.archive.catalogue.encodings, "held", told)
        with getting(own, (MR, (made.LS, EXPLICIT))) as (line, kept):
            assert got(line, STUDY).accepted == [EXPLICIT]
        assert_as_they_were(kept, set(IMAGES) - CTS)


def lossy_and_colour(kept: Kept) -> tuple[Dataset, Dataset, Dataset]:
    return kept.images[instance(5)], kept.images[instance(6)], kept.images[instance(4)]


def saying(content: bytes, said: str) -> bytes:
    image, out = dcmread(BytesIO(content)), BytesIO()
    image.LossyImageCompression = said
    image.save_as(out, enforce_file_format=True)
    return out.getvalue()


def test_what_was_lost_is_said_whatever_the_file_says_and_nothing_else_is(tmp_path: Path) -> None:
    """PS3.3 C.7.6.1.1.5."""
    grey = made.scene(bits=8)
    lossless = [made.code_of(grey, made.LS, bits=8)]
    files = [
        made.compressed(grey, made.NEAR_LS, bits=8, instance=1),
        made.compressed(grey, made.LOSSY_J2K, bits=8, instance=2),
        saying(made.compressed(grey, made.BASELINE, bits=8, instance=3), "00"),
        saying(made.compressed(grey, made.J2K, bits=8, instance=4), "01"),
        made.compressed(grey, made.NEAR_LS, bits=8, instance=5, codes=lossless),
        saying(made.compressed(grey, made.J2K, bits=8, instance=6), "00"),
    ]
    with opened(tmp_path, files=files) as door, getting(door, (CT, (EXPLICIT,))) as (line, kept):
        assert got(line, STUDY).status.Status == 0x0000
    said = {int(uid.rpartition(".")[2]): image.get("LossyImageCompression") for uid, image in kept.images.items()}
    assert said == {1: "01", 2: "01", 3: "01", 4: "01", 5: None, 6: "00"}


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
def test_a_decoded_image_says_what_it_is(own: Door, syntax: str) -> None:
    with getting(own, (CT, (syntax,))) as (line, kept):
        got(line, STUDY)
    jpeg, wavelet, runs = lossy_and_colour(kept)
    assert (jpeg.PhotometricInterpretation, jpeg.LossyImageCompression) == ("YBR_FULL", "01")
    assert (wavelet.PhotometricInterpretation, wavelet.PlanarConfiguration) == ("RGB", 0)
    assert (runs.PhotometricInterpretation, runs.PlanarConfiguration) == ("RGB", 0)
    assert "LossyImageCompression" not in wavelet
    for uid in CTS:
        image, original = kept.images[uid], IMAGES[uid]
        assert image.ImageType == original.ImageType
        changing = {"PixelData", "PhotometricInterpretation", "PlanarConfiguration", "LossyImageCompression"}
        others = {each.tag: each.value for each in original if each.keyword not in changing}
        assert others == {each.tag: each.value for each in image if each.keyword not in changing}


def test_frames_are_decoded_twice_rather_than_kept_where_they_are_many(
    own: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "KEPT", 0)
    with getting(own, (CT, (EXPLICIT,))) as (line, kept):
        assert set(got(line, STUDY).failed) == set(IMAGES) - CTS
    assert kept.images[instance(3)].NumberOfFrames == 3
    assert_as_they_were(kept, CTS)


def test_nothing_that_was_decoded_is_in_any_file(own: Door) -> None:
    with getting(own, (CT, (EXPLICIT,))) as (line, kept):
        got(line, STUDY)
    assert GREY.tobytes()[512:640] in kept.raw[instance(1)]
    files = [each for each in own.archive.settings.home.rglob("*") if each.is_file()]
    assert files
    assert not [each for each in files if GREY.tobytes()[512:640] in each.read_bytes()]


def broken() -> list[bytes]:
    good = [made.code_of(GREY, made.LS, bits=12) for _ in range(3)]
    return [
        made.compressed(GREY, made.J2K, bits=12, instance=1, codes=[b"\xff\x4f\xff\x51" + b"\1" * 60]),
        made.compressed(GREY, made.LS, bits=12, frames=3, instance=2, codes=[*good[:2], good[2][:90]]),
        made.compressed(GREY, made.LS, bits=12, instance=3),
        made.native(GREY, bits=12, instance=4),
    ]


@pytest.mark.parametrize("keep", [decoding.KEPT, 0])
def test_broken_pixels_fail_alone_and_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: int) -> None:
    """Also where it is the last of several frames: nothing of it was sent, and the association goes on."""
    monkeypatch.setattr(decoding, "KEPT", keep)
    files = broken()
    bad, whole = list(by_instance(files))[:2], list(by_instance(files))[2:]
    with opened(tmp_path, files=files) as door, getting(door, (CT, (made.LS, EXPLICIT))) as (line, kept):
        answer = got(line, STUDY)
        assert (answer.status.Status, sorted(answer.failed), set(kept.images)) == (0xB000, sorted(bad), set(whole))
        assert answer.status.ErrorComment == "not sent: IMG-004"
        assert got(line, STUDY).status.NumberOfCompletedSuboperations == 2
    with opened(tmp_path / "again", files=files[:2]) as door, getting(door, (CT, (made.LS,))) as (line, kept):
        assert got(line, STUDY).status.NumberOfCompletedSuboperations == 1  # as it is kept nobody looks into it


def test_without_codecs_what_is_compressed_fails_alone_and_is_told(tmp_path: Path) -> None:
    body = "import sys; sys.modules['openjpeg'] = None; from repository.rendering.worker import main; main()"
    pool = Pool(1, command=scripted(body))
    with opened(tmp_path, files=FILES, pool=pool) as door, getting(door, (CT, (EXPLICIT,))) as (line, kept):
        answer = got(line, STUDY)
    plain = {instance(7), instance(8)}
    assert (answer.status.Status, set(kept.images), set(answer.failed)) == (0xB000, plain, set(IMAGES) - plain)
    assert answer.status.ErrorComment == "not sent: IMG-003, no context"
    assert pool.pids() == []


def test_a_process_that_hangs_holds_up_nothing_for_long(tmp_path: Path) -> None:
    pool = Pool(1, limits=Limits(seconds=1), command=scripted("time.sleep(600)"))
    files = [made.compressed(COLOURS, made.RLE, bits=8, instance=1), made.native(GREY, bits=12, instance=2)]
    with opened(tmp_path, files=files, pool=pool) as door, getting(door, (CT, (EXPLICIT,))) as (line, kept):
        answer = got(line, STUDY)
        assert (answer.status.Status, len(kept.images), len(answer.failed)) == (0xB000, 1, 1)
        assert got(line, STUDY).status.Status == 0xB000


def test_a_retrieval_that_takes_too_long_ends_amid_the_frames_of_an_image(tmp_path: Path) -> None:
    slow = (
        "from repository.rendering.worker import _task\ntask = _task()\n"
        "while (asked := receive(line)) is not None:\n    time.sleep(0.4); send(line, *task(*asked))"
    )
    pool = Pool(1, limits=Limits(seconds=60), command=scripted(slow))
    files = [made.compressed(GREY, made.LS, bits=12, frames=400)]
    with (
        opened(tmp_path, files=files, pool=pool, retrieval=2) as door,
        getting(door, (CT, (EXPLICIT,))) as (line, kept),
    ):
        answer = got(line, STUDY)
        assert (answer.status.Status, len(answer.failed), kept.images) == (0xA702, 1, {})
        assert "longer than" in answer.status.ErrorComment


def test_files_of_the_test_are_what_they_say() -> None:
    syntaxes = {str(each.file_meta.TransferSyntaxUID) for each in IMAGES.values()}
    assert {made.J2K, made.LS, made.RLE, made.BASELINE, EXPLICIT, IMPLICIT} == syntaxes
    assert all(BytesIO(each).read(132)[128:] == b"DICM" for each in FILES)
