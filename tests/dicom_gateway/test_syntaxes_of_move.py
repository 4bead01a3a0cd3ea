"""C-MOVE to destinations that take what they like: as it is kept where they take that, else decoded."""

from collections.abc import Iterator

import pytest

from repository.peers.registering import register, remove
from repository.rendering.pool import Pool
from tests.builders import compressed as made
from tests.dicom_gateway.encoded import by_instance, destination, mixed, moved, same_pixels
from tests.dicom_gateway.gateways import CT, EXPLICIT, IMPLICIT, Door, named, opened
from tests.dicom_gateway.test_retrieving import data_set_of
from tests.repository.rendering.test_pool import scripted

FILES = mixed()
IMAGES = by_instance(FILES)
STUDY = next(iter(IMAGES.values())).StudyInstanceUID
BYTES = dict(zip(IMAGES, map(data_set_of, FILES), strict=True))
SYNTAXES = {uid: str(each.file_meta.TransferSyntaxUID) for uid, each in IMAGES.items()}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with opened(tmp_path_factory.mktemp("moved"), files=FILES) as door:
        yield door


@pytest.mark.parametrize(
    "syntaxes",
    [
        (IMPLICIT,),
        (EXPLICIT,),
        (IMPLICIT, EXPLICIT),
        (made.LS, IMPLICIT),
        (EXPLICIT, made.J2K, made.RLE),
        (IMPLICIT, EXPLICIT, made.LS, made.J2K, made.RLE, made.BASELINE),
    ],
)
def test_everything_goes_out_in_what_the_destination_takes(own: Door, syntaxes: tuple[str, ...]) -> None:
    with destination(*syntaxes) as (port, kept):
        register(own.archive, named(own.peer, "CEL", host="127.0.0.1", port=port))
        answer = moved(own, STUDY, to="CEL")
        remove(own.archive, "CEL")
    assert (answer.status.Status, answer.failed, set(kept.images)) == (0x0000, [], set(IMAGES))
    for uid, image in kept.images.items():
        if SYNTAXES[uid] in syntaxes:
            assert (kept.syntax(uid), kept.raw[uid]) == (SYNTAXES[uid], BYTES[uid])
        else:
            assert kept.syntax(uid) in {EXPLICIT, IMPLICIT} & set(syntaxes)
            assert same_pixels(image, IMAGES[uid])


def test_what_the_destination_takes_in_no_way_fails_alone(own: Door) -> None:
    with destination(made.LS, classes=(CT,)) as (port, kept):
        register(own.archive, named(own.peer, "CEL", host="127.0.0.1", port=port))
        answer = moved(own, STUDY, to="CEL")
        remove(own.archive, "CEL")
    taken = {uid for uid, each in IMAGES.items() if each.SOPClassUID == CT and SYNTAXES[uid] == made.LS}
    assert (answer.status.Status, set(kept.images), set(answer.failed)) == (0xB000, taken, set(IMAGES) - taken)
    assert answer.status.ErrorComment == "not sent: no context"


def test_without_codecs_what_is_compressed_fails_alone(tmp_path_factory: pytest.TempPathFactory) -> None:
    body = "import sys; sys.modules['rle'] = None; from repository.rendering.worker import main; main()"
    pool = Pool(1, command=scripted(body))
    with opened(tmp_path_factory.mktemp("bare"), files=FILES, pool=pool) as door, destination(IMPLICIT) as (port, kept):
        register(door.archive, named(door.peer, "CEL", host="127.0.0.1", port=port))
        answer = moved(door, STUDY, to="CEL")
    plain = {uid for uid, each in SYNTAXES.items() if each in (EXPLICIT, IMPLICIT)}
    assert (answer.status.Status, set(kept.images), set(answer.failed)) == (0xB000, plain, set(IMAGES) - plain)
    assert answer.status.ErrorComment == "not sent: IMG-003"
