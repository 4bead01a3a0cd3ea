"""Bytes of holdings, whole: checked before the last of them is given out, hashed beside the opening."""

import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, pairwise

import pytest

from repository.headers.telling import Named
from repository.imaging import contents, gathered, named
from repository.intake import Order, receive
from repository.opening import Admitted
from repository.runtime import Archive, open_archive
from repository.streaming import whole
from storage.errors import SealBroken
from tests.api.test_serving import held
from tests.builders import dicom
from tests.builders.homes import new_home
from tests.builders.warrants import EVERY

SIDES = [8, 8, 8, 40, 300, 800, 8, 2000, 8, 2000, 2000]  # images of 128 bytes to 8 MB beside the header


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Archive, dict[str, bytes], list[Admitted]]]:
    folder = tmp_path_factory.mktemp("study")
    (folder / "package").mkdir()
    images: dict[str, bytes] = {}
    for number, side in enumerate(SIDES, 1):
        image = dicom.data_set(7, instance=number)
        image.Rows = image.Columns = side
        image.PixelData = os.urandom(side * side * 2)
        images[image.SOPInstanceUID] = dicom.part10(image)
        (folder / "package" / f"{number:02}.dcm").write_bytes(images[image.SOPInstanceUID])
    home = new_home(folder)
    with open_archive(home) as archive:
        receive(archive, Order(folder / "package"), progress=lambda _: None)
        found = [Admitted(each, EVERY) for each in named(archive, Named(image.StudyInstanceUID))]
        yield archive, images, found


def sop(admitted: Admitted) -> str:
    image = admitted.found.holding.description.dicom
    assert image is not None
    return image.sop_instance_uid


def mistaken(admitted: Admitted) -> Admitted:
    """As if something else had been received in its place, of the same size."""
    found = admitted.found
    return Admitted(replace(found, holding=replace(found.holding, sha256=bytes(32))), admitted.warrant)


def test_images_of_all_sizes_come_as_received_and_in_order(
    study: tuple[Archive, dict[str, bytes], list[Admitted]],
) -> None:
    archive, images, found = study
    came = [(sop(each), b"".join(pieces)) for each, pieces in contents(archive, found)]
    assert came == [(sop(each), images[sop(each)]) for each in found]
    assert len(came) == len(SIDES)


def test_one_comes_whole(study: tuple[Archive, dict[str, bytes], list[Admitted]]) -> None:
    archive, images, found = study
    for each in found:
        assert b"".join(whole(archive, each)) == images[sop(each)]


@pytest.mark.parametrize("place", range(len(SIDES)))
def test_what_was_not_received_never_comes_to_its_last_byte(
    study: tuple[Archive, dict[str, bytes], list[Admitted]], place: int
) -> None:
    archive, images, found = study
    wrong = [mistaken(each) if number == place else each for number, each in enumerate(found)]
    one: list[bytes] = []
    with pytest.raises(SealBroken):
        one.extend(whole(archive, wrong[place]))
    assert sum(map(len, one)) < found[place].found.holding.size
    came: dict[str, bytes] = {}

    def take() -> None:
        for each, pieces in contents(archive, wrong):
            came[sop(each)] = b""
            for piece in pieces:
                came[sop(each)] += piece

    with pytest.raises(SealBroken):
        take()
    assert len(came.get(sop(found[place]), b"")) < found[place].found.holding.size
    for before in found[: max(0, place - 1)]:
        assert came[sop(before)] == images[sop(before)]
    assert not any(sop(after) in came for after in found[place + 1 :])


def test_whoever_goes_amid_them_leaves_nothing_open(study: tuple[Archive, dict[str, bytes], list[Admitted]]) -> None:
    archive, _, found = study
    for taken in (1, 5, 8):
        coming = gathered(piece for _, pieces in contents(archive, found) for piece in pieces)
        list(islice(coming, taken))
        coming.close()  # type: ignore[attr-defined]
        assert held(archive) == []


@pytest.mark.parametrize("least", [1, 10, 1000])
def test_what_is_gathered_is_the_same_in_fewer_pieces(least: int) -> None:
    pieces = [os.urandom(size) for size in (3, 1, 0, 20, 5, 9, 10, 11, 2, 2, 2, 2, 2, 30, 1)]
    found = list(gathered(iter(pieces), least=least))
    assert b"".join(found) == b"".join(pieces)
    assert len(found) <= len(pieces)
    assert all(any(piece is each for each in found) for piece in pieces if len(piece) >= max(least, 2))
    assert not any(len(one) < least and len(other) < least for one, other in pairwise(found))
