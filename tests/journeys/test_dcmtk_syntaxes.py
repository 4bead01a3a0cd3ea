"""DCMTK's programs as peers that take several transfer syntaxes, or one: a study of images in four of them comes whole,
as it is kept where they take that, else decoded."""

import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import generate_uid

from tests.builders import compressed as made
from tests.dicom_gateway.encoded import MR, by_instance, of_class, same_pixels
from tests.dicom_gateway.gateways import EXPLICIT, IMPLICIT
from tests.journeys.dicom_site import Site, data_set_of
from tests.journeys.test_dcmtk import counted, keys
from tests.peers import dcmtk
from tests.peers.dcmtk import storescp
from tests.peers.needed import needed

pytestmark = pytest.mark.peers
PROPOSALS = {made.LOSSLESS_SV1: "-xs", made.RLE: "-xr", made.LS: "-xt", EXPLICIT: "-xe"}


@pytest.fixture(autouse=True, scope="module")
def installed() -> None:
    needed(dcmtk.missing())


@pytest.fixture(scope="module")
def pushed(site: Site, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What storescu has pushed, each in its own transfer syntax: CT images in several, MR images in JPEG lossless
    alone. By instance, as files."""
    grey, colours = made.scene(bits=12), made.scene(bits=8, colours=True)
    every = [
        made.compressed(grey, made.LOSSLESS_SV1, bits=12, instance=1),
        made.compressed(grey, made.LOSSLESS_SV1, bits=12, instance=2, frames=3),
        made.compressed(colours, made.RLE, bits=8, instance=3),
        made.compressed(grey, made.LS, bits=12, instance=4),
        made.native(grey, bits=12, instance=5),
        of_class(made.compressed(grey, made.LOSSLESS_SV1, bits=12, instance=6), MR),
    ]
    study, folder, found = generate_uid(prefix="2.25."), tmp_path_factory.mktemp("pushed"), dict[str, bytes]()
    for number, content in enumerate(every):
        image, file = dcmread(BytesIO(content)), folder / f"{number}.dcm"
        image.StudyInstanceUID = study
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid(prefix="2.25.")
        image.save_as(file, enforce_file_format=True)
        ran = site.client().run("storescu", PROPOSALS[str(image.file_meta.TransferSyntaxUID)], files=[file])
        assert ran.code == 0, ran.told
        found[str(image.SOPInstanceUID)] = file.read_bytes()
    return found


@pytest.fixture
def out(tmp_path: Path) -> Iterator[Path]:
    made_folder = tmp_path / "out"
    made_folder.mkdir()
    yield made_folder
    shutil.rmtree(made_folder)


def where(pushed: dict[str, bytes]) -> list[str]:
    first = dcmread(BytesIO(next(iter(pushed.values()))))
    return keys("QueryRetrieveLevel=STUDY", f"StudyInstanceUID={first.StudyInstanceUID}")


def assert_all_came(folder: Path, pushed: dict[str, bytes], *, plain: tuple[str, ...], exact: set[str]) -> None:
    """Those in the syntaxes `exact` have the data sets that were pushed, byte for byte; the others are in one of
    `plain`, and show the same."""
    contents = [each.read_bytes() for each in sorted(folder.iterdir())]
    received, originals = by_instance(contents), by_instance(list(pushed.values()))
    assert set(received) == set(pushed)
    as_bytes = dict(zip(received, contents, strict=True))
    for uid, image in received.items():
        syntax = str(originals[uid].file_meta.TransferSyntaxUID)
        if syntax in exact:
            assert image.file_meta.TransferSyntaxUID == syntax
            assert dcmread(BytesIO(as_bytes[uid])).PixelData == originals[uid].PixelData
        else:
            assert image.file_meta.TransferSyntaxUID in plain
        assert same_pixels(image, originals[uid])


@pytest.mark.parametrize("wanted", ["+xs", "+xr", "+xt", "+xv", "+xe", "+xi"])
def test_getscu_gets_the_whole_study_whatever_it_prefers(
    site: Site, pushed: dict[str, bytes], wanted: str, out: Path
) -> None:
    """By one context for each class: the preferred syntax, then those without compression."""
    with site.client_in_clear() as client:
        ran = client.run("getscu", "-v", "-S", wanted, "+B", "-od", out, *where(pushed))
    assert ran.code == 0, ran.told
    assert (counted(ran, "Completed"), counted(ran, "Failed")) == (len(pushed), 0)
    originals = by_instance(list(pushed.values()))
    mr = next(uid for uid, each in originals.items() if each.SOPClassUID == MR)
    (kept,) = [each for each in out.iterdir() if mr in each.name]
    assert_all_came(
        out, pushed, plain=(EXPLICIT, IMPLICIT, *([made.LOSSLESS_SV1] if wanted == "+xs" else [])), exact=set()
    )
    if wanted == "+xs":  # nothing else is kept of the class
        assert data_set_of(kept.read_bytes()) == data_set_of(pushed[mr])


@pytest.mark.parametrize(
    ("takes", "plain", "exact"),
    [
        ("+xi", (IMPLICIT,), set()),
        ("+xe", (EXPLICIT,), {EXPLICIT}),
        ("+xs", (EXPLICIT, IMPLICIT), {EXPLICIT, made.LOSSLESS_SV1}),
        ("+xa", (), set(PROPOSALS)),
    ],
)
def test_movescu_has_the_whole_study_sent_whatever_the_destination_takes(
    site: Site, pushed: dict[str, bytes], takes: str, plain: tuple[str, ...], exact: set[str], tmp_path: Path
) -> None:
    with storescp(tmp_path / "kept", "CEL", takes, tls=site.tls) as server, site.peer("CEL", port=server.port):
        with site.client_in_clear() as client:
            ran = client.run("movescu", "-d", "-S", "-aem", "CEL", *where(pushed))
        assert ran.code == 0, ran.told
        assert (counted(ran, "Completed"), counted(ran, "Failed")) == (len(pushed), 0)
        assert_all_came(server.folder, pushed, plain=plain, exact=exact)
