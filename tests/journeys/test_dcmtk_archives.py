"""DCMTK's image archive: filled by us, and emptied into us."""

from pathlib import Path

import pytest
from pydicom import dcmread

from tests.journeys.dcmtk_talk import counted, keys, moved, read, some
from tests.journeys.dicom_site import Site, by_uid
from tests.peers import dcmtk
from tests.peers.dcmtk import Client, dcmqrscp
from tests.peers.needed import needed

pytestmark = pytest.mark.peers


@pytest.fixture(autouse=True, scope="module")
def installed() -> None:
    needed(dcmtk.missing())


def test_an_image_archive_of_dcmtk_is_filled_by_c_move(site: Site, tmp_path: Path, out: Path) -> None:
    with dcmqrscp(tmp_path / "theirs", "DCMTK", "+B") as server, site.port_for(server.port) as reached:
        with site.peer("DCMTK", port=reached):
            assert site.echo("DCMTK") > 0
            ran = moved(site, "DCMTK")
        assert ran.code == 0, ran.told
        where = keys("QueryRetrieveLevel=STUDY", f"StudyInstanceUID={site.study}", "NumberOfStudyRelatedInstances")
        theirs = Client(server.port, "DCMTK", "PACS")
        assert "Pending" in theirs.run("findscu", "-v", "-S", *where).told
        assert theirs.run("getscu", "-S", "+B", "-od", out, *where[:4]).code == 0
    assert by_uid(each.read_bytes() for each in server.files) == site.whole()
    assert set(read(out)) == set(site.whole())


def test_an_image_archive_of_dcmtk_sends_to_us(site: Site, tmp_path: Path) -> None:
    """As a closing provider's PACS is emptied: we are the destination of a C-MOVE."""
    files, before = some(tmp_path, 8), site.held()
    with site.client_in_clear() as ours:
        peers = {"EDM-ARCHIVE": ours.port}
        with dcmqrscp(tmp_path / "theirs", "PACS", "+B", peers=peers) as server:
            theirs = Client(server.port, "PACS", "ADMIN")
            assert theirs.run("storescu", files=files).code == 0
            where = keys("QueryRetrieveLevel=STUDY", f"StudyInstanceUID={dcmread(files[0]).StudyInstanceUID}")
            ran = theirs.run("movescu", "-d", "-S", "-aem", "EDM-ARCHIVE", *where)
    assert ran.code == 0, ran.told
    assert counted(ran, "Completed") == len(files)
    assert site.held() == before + len(files)
