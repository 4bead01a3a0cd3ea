"""DCMTK's programs, as PACS systems and workstations are built on them: they ask, send, fetch and are sent to, in clear
and with TLS and certificates on both sides. The door is `edm-archive serve`, its peers are registered on the command
line."""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pydicom
import pytest
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid

from tests.dicom_gateway.encoded import same_pixels
from tests.journeys.dcmtk_talk import counted, keys, moved, read, some
from tests.journeys.dicom_site import Site, by_uid, data_set_of
from tests.peers import dcmtk
from tests.peers.dcmtk import Client, Ran, storescp
from tests.peers.needed import needed
from tests.peers.processes import free_port

pytestmark = pytest.mark.peers
SHIPPED = Path(pydicom.__file__).parent / "data" / "test_files"


@pytest.fixture(autouse=True, scope="module")
def installed() -> None:
    needed(dcmtk.missing())


def got(site: Site, out: Path, *words: str, model: str = "-S") -> Ran:
    with site.client_in_clear() as client:
        return client.run("getscu", "-v", model, "+B", "-od", out, *keys(*words))


def test_a_registered_peer_is_answered_and_nobody_else(site: Site) -> None:
    known = site.client().run("echoscu", "-v", "--repeat", 3)
    assert known.code == 0
    assert known.told.count("Received Echo Response (Success)") == 3
    stranger = site.client("NIEZNANY").run("echoscu", "-v")
    assert stranger.code != 0
    assert "Calling AE Title Not Recognized" in stranger.told
    wrong = Client(site.port, "KTOS-INNY", "PACS", site.tls).run("echoscu", "-v")
    assert "Called AE Title Not Recognized" in wrong.told


def test_every_context_that_echoscu_proposes_is_taken(site: Site) -> None:
    assert site.client().run("echoscu", "-ppc", 128, "-pts", 38).code == 0


@pytest.mark.parametrize(
    "words",
    [(), ("+C",), ("-R",), ("-R", "+C"), ("-pdu", "4096", "--max-send-pdu", "4096"), ("--max-send-pdu", "131072")],
    ids=" ".join,
)
def test_what_storescu_sends_is_kept_byte_for_byte(
    site: Site, words: tuple[str, ...], tmp_path: Path, out: Path
) -> None:
    files = some(tmp_path, 10)
    before = site.held()
    ran = site.client().run("storescu", *words, files=files)
    assert ran.code == 0, ran.told
    assert site.held() == before + len(files)
    study = dcmread(files[0]).StudyInstanceUID
    assert got(site, out, "QueryRetrieveLevel=STUDY", f"StudyInstanceUID={study}").code == 0
    assert read(out) == by_uid(each.read_bytes() for each in files)


def test_a_folder_of_many_goes_in_over_several_associations_at_one_time(site: Site, tmp_path: Path) -> None:
    before, folders = site.held(), []
    for number in range(4):
        folders.append(tmp_path / str(number))
        folders[-1].mkdir()
        some(folders[-1], 25)
    with ThreadPoolExecutor(4) as senders:
        done = list(senders.map(lambda each: site.client().run("storescu", "+sd", "+r", files=[each]), folders))
    assert [each.code for each in done] == [0] * 4, [each.told for each in done]
    assert site.held() == before + 100


def test_a_tree_of_folders_goes_in_whole_with_what_is_no_image_left_out(site: Site) -> None:
    tree = SHIPPED / "dicomdirtests"
    images = [each for each in sorted(tree.rglob("*")) if each.is_file() and not each.suffix and each.stem.isalnum()]
    images = [each for each in images if each.name not in ("DICOMDIR", "README")]
    before = site.held()
    ran = site.client().run("storescu", "-nh", "-v", "+sd", "+r", files=[tree])
    assert ran.told.count("Received Store Response (Success)") == len(images) > 50, ran.told[-3000:]
    assert site.held() == before + len({each.read_bytes() for each in images})


# What storescu proposes → a file of that transfer syntax.
PROPOSALS = {
    "-x=": "MR_small.dcm",
    "-xe": "MR_small.dcm",
    "-xb": "MR_small_bigendian.dcm",
    "-xi": "MR_small_implicit.dcm",
    "-xd": "image_dfl.dcm",
    "-xy": "SC_rgb_jpeg_dcmtk.dcm",
    "-xx": "JPEG-lossy.dcm",
    "-xv": "MR_small_jp2klossless.dcm",
    "-xw": "JPEG2000.dcm",
    "-xt": "MR_small_jpeg_ls_lossless.dcm",
    "-xu": "JPEGLSNearLossless_16.dcm",
    "-xr": "MR_small_RLE.dcm",
}


@pytest.mark.parametrize("proposal", PROPOSALS)
def test_each_transfer_syntax_is_kept_as_it_comes_and_goes_out_so(
    site: Site, proposal: str, tmp_path: Path, out: Path
) -> None:
    """What it sends, which is not always what stands in the file, is what storescp is sent."""
    image = dcmread(SHIPPED / PROPOSALS[proposal])
    image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid(prefix="2.25.")
    image.StudyInstanceUID, image.SeriesInstanceUID = generate_uid(prefix="2.25."), generate_uid(prefix="2.25.")
    sent = tmp_path / "sent.dcm"
    image.save_as(sent)
    ran = site.client().run("storescu", proposal, files=[sent])
    assert ran.code == 0, ran.told
    with storescp(tmp_path / "reference", "SCP") as reference:
        assert Client(reference.port, "SCP", "PACS").run("storescu", proposal, files=[sent]).code == 0
        (expected,) = reference.files
    where = ["QueryRetrieveLevel=IMAGE", f"StudyInstanceUID={image.StudyInstanceUID}"]
    where += [f"SeriesInstanceUID={image.SeriesInstanceUID}", f"SOPInstanceUID={image.SOPInstanceUID}"]
    moved_to = by_move(site, tmp_path / "kept", where)
    assert dcmread(moved_to).file_meta.TransferSyntaxUID == image.file_meta.TransferSyntaxUID
    assert data_set_of(moved_to.read_bytes()) == data_set_of(expected.read_bytes())
    assert_got(by_get(site, out, proposal, where), dcmread(expected))


def assert_got(received: Path | None, expected: pydicom.Dataset) -> None:
    """getscu has one context for each class: where images of the class are kept in several transfer syntaxes, one
    without compression is settled for all of them."""
    if received is None:
        return
    image = dcmread(received)
    if image.file_meta.TransferSyntaxUID == expected.file_meta.TransferSyntaxUID:
        assert data_set_of(received.read_bytes()) == data_set_of(Path(str(expected.filename)).read_bytes())
        return
    # Of these, which most are kept in: whatever this site has been sent before.
    assert image.file_meta.TransferSyntaxUID in {ExplicitVRLittleEndian, ImplicitVRLittleEndian}
    assert same_pixels(image, expected)


def by_move(site: Site, folder: Path, where: Sequence[str]) -> Path:
    with storescp(folder, "SCP", tls=site.tls) as server, site.peer("SCP", port=server.port):
        with site.client_in_clear() as client:
            ran = client.run("movescu", "-v", "-S", "-aem", "SCP", *keys(*where))
        assert ran.code == 0, ran.told
        (received,) = server.files
    return received


def by_get(site: Site, out: Path, proposal: str, where: Sequence[str]) -> Path | None:
    if proposal in ("-xi", "-xx"):
        # getscu 3.6.7 proposes explicit VR when told +xi; and pydicom, which compares, reads no JPEG of 12 bits. Ours
        # are compared with DCMTK's in tests/repository/rendering/test_twelve_bits.py.
        return None
    with site.client_in_clear() as client:
        ran = client.run("getscu", "-v", "-S", f"+{proposal[1:]}", "+B", "-od", out, *keys(*where))
    assert ran.code == 0, ran.told
    (received,) = out.iterdir()
    return received


def test_findscu_finds_what_was_taken_over(site: Site) -> None:
    where = keys("QueryRetrieveLevel=STUDY", f"StudyInstanceUID={site.study}", "NumberOfStudyRelatedInstances")
    found = site.client().run("findscu", "-v", "-S", *where)
    assert found.code == 0
    assert re.findall(r"\(0020,1208\) IS \[(\d+) *\]", found.told)[-1] == str(len(site.images))
    assert "Received Final Find Response (Success)" in found.told
    none = site.client().run("findscu", "-v", "-S", *keys("QueryRetrieveLevel=STUDY", "StudyInstanceUID=1.2.3"))
    assert "Pending" not in none.told


def test_findscu_cancels_after_the_first_answers(site: Site) -> None:
    ran = site.client().run("findscu", "-v", "-S", "--cancel", 1, *keys("QueryRetrieveLevel=STUDY", "StudyInstanceUID"))
    assert ran.code == 0, ran.told
    assert "Pending" in ran.told


@pytest.mark.parametrize("level", ["PATIENT", "STUDY", "SERIES", "IMAGE"])
def test_getscu_fetches_at_every_level_what_was_handed_over(site: Site, level: str, out: Path) -> None:
    whole = site.whole()
    first = next(dcmread_all(site))
    named = {
        "PATIENT": [f"PatientID={first.PatientID}"],
        "STUDY": [f"StudyInstanceUID={site.study}"],
        "SERIES": [f"StudyInstanceUID={site.study}", f"SeriesInstanceUID={first.SeriesInstanceUID}"],
        "IMAGE": [f"StudyInstanceUID={site.study}", f"SeriesInstanceUID={first.SeriesInstanceUID}",
            f"SOPInstanceUID={first.SOPInstanceUID}"],
    }[level]  # fmt: skip
    model = "-P" if level == "PATIENT" else "-S"
    ran = got(site, out, f"QueryRetrieveLevel={level}", *named, model=model)
    assert ran.code == 0, ran.told
    expected = {first.SOPInstanceUID: whole[first.SOPInstanceUID]} if level == "IMAGE" else whole
    assert read(out) == expected
    assert counted(ran, "Completed") == len(expected)


def dcmread_all(site: Site) -> Iterator[pydicom.Dataset]:
    for content in site.images:
        yield dcmread(pydicom.filebase.DicomBytesIO(content))


def test_movescu_has_a_study_sent_to_a_storescp(site: Site, tmp_path: Path) -> None:
    with storescp(tmp_path / "kept", "SCP", tls=site.tls) as server, site.peer("SCP", port=server.port):
        assert site.echo("SCP") > 0
        ran = moved(site, "SCP")
        assert ran.code == 0, ran.told
        assert read(server.folder) == site.whole()
        assert counted(ran, "Completed") == len(site.whole())


def test_movescu_has_a_study_sent_to_itself(site: Site, out: Path) -> None:
    port = free_port()
    with site.port_for(port) as reached, site.peer("STACJA", port=reached):
        ran = moved(site, "STACJA", "+P", port, "+B", calling="STACJA", folder=out)
    assert ran.code == 0, ran.told
    assert read(out) == site.whole()


def test_nothing_goes_to_a_destination_that_is_not_registered_or_is_dead(site: Site) -> None:
    unknown = moved(site, "NIKT")
    assert unknown.code != 0
    assert "MoveDestinationUnknown" in unknown.told.replace(" ", ""), unknown.told
    with site.peer("MARTWY", port=free_port()):
        dead = moved(site, "MARTWY")
    assert dead.code != 0
    assert counted(dead, "Failed") == len(site.whole())


def test_a_peer_that_may_only_ask_fetches_nothing(site: Site, out: Path) -> None:
    with site.peer("PYTA", services=("find",)):
        asking = site.client("PYTA")
        where = keys("QueryRetrieveLevel=STUDY", f"StudyInstanceUID={site.study}")
        assert "Pending" in asking.run("findscu", "-v", "-S", *where).told
        with site.client_in_clear("PYTA") as client:
            refused = client.run("getscu", "-v", "-S", "-od", out, *where)
    assert refused.code != 0
    assert not list(out.iterdir())
