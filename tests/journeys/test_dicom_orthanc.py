"""Debian's Orthanc 1.10 at the DICOM door of `edm-archive serve`: it sends to us, is sent to, and asks and fetches, in
clear and with TLS and certificates on both sides.

It fetches by C-MOVE: a client of C-GET came to Orthanc in 1.12.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.uid import generate_uid

from tests.builders.dicom import data_set, part10
from tests.journeys.dicom_site import Site, by_uid
from tests.peers import dcmtk, orthanc
from tests.peers.needed import needed
from tests.peers.orthanc import Orthanc

pytestmark = pytest.mark.peers
TITLE, US = "ORTHANC", "edm"


@dataclass(frozen=True)
class Beside:
    """`port`: of its own DICOM server."""

    site: Site
    server: Orthanc
    port: int

    def tell(self, path: str, said: Any) -> Any:
        with self.server.client() as client:
            answer = client.post(path, json=said)
        assert answer.status_code == 200, (answer.text, self.server.log.read_text()[-2000:])
        return answer.json()

    def ask(self, path: str) -> Any:
        with self.server.client() as client:
            return client.get(path).raise_for_status().json()

    def kept(self) -> dict[str, bytes]:
        with self.server.client() as client:
            ids = client.get("/instances").raise_for_status().json()
            return by_uid(client.get(f"/instances/{each}/file").raise_for_status().content for each in ids)

    def empty(self) -> None:
        with self.server.client() as client:
            for each in client.get("/patients").json():
                client.delete(f"/patients/{each}").raise_for_status()


@pytest.fixture(scope="module")
def started(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    needed(orthanc.missing())
    needed(dcmtk.missing())
    folder = tmp_path_factory.mktemp("theirs")
    with orthanc.serving(folder / "orthanc", **settings(site)) as running:
        port = int(json.loads((folder / "orthanc" / "orthanc.json").read_text())["DicomPort"])
        site.add(TITLE, port=port)
        yield Beside(site, running, port)
        site.remove(TITLE)


@pytest.fixture
def beside(started: Beside) -> Iterator[Beside]:
    yield started
    started.empty()


def settings(site: Site) -> dict[str, Any]:
    known: dict[str, Any] = {"AET": "EDM-ARCHIVE", "Host": "127.0.0.1", "Port": site.port}
    if site.tls is None:
        return {"DicomAet": TITLE, "DicomModalities": {US: known}}
    return {
        "DicomAet": TITLE,
        "DicomModalities": {US: known | {"UseDicomTls": True}},
        "DicomTlsEnabled": True,
        "DicomTlsCertificate": str(site.tls.own.certificate),
        "DicomTlsPrivateKey": str(site.tls.own.key),
        "DicomTlsTrustedCertificates": str(site.tls.authority),
    }


def some(count: int) -> list[bytes]:
    """Images that nobody has sent before, of one study."""
    study, found = generate_uid(prefix="2.25."), []
    for number in range(count):
        image = data_set(6, instance=number + 1)
        image.StudyInstanceUID, image.SOPInstanceUID = study, generate_uid(prefix="2.25.")
        found.append(part10(image))
    return found


def test_each_answers_the_echo_of_the_other(beside: Beside) -> None:
    beside.tell(f"/modalities/{US}/echo", {})
    assert beside.site.echo(TITLE) > 0


@pytest.mark.parametrize("asynchronous", [False, True], ids=["waited for", "as a job"])
def test_what_orthanc_sends_is_kept_byte_for_byte(beside: Beside, asynchronous: bool, tmp_path: Path) -> None:
    images, before = some(12), beside.site.held()
    ids = [beside.server.store(each) for each in images]
    said = {"Resources": ids, "Asynchronous": asynchronous, "Timeout": 60}
    told = beside.tell(f"/modalities/{US}/store", said)
    if asynchronous:
        assert job(beside, told["ID"])["State"] == "Success"
    else:
        assert (told["InstancesCount"], told["FailedInstancesCount"]) == (12, 0)
    assert beside.site.held() == before + 12
    study = dcmread(BytesIO(images[0])).StudyInstanceUID
    with beside.site.client_in_clear() as client:
        where = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study}"]
        assert client.run("getscu", "-S", "+B", "-od", tmp_path, *where).code == 0
    assert by_uid(each.read_bytes() for each in tmp_path.iterdir()) == by_uid(images)


def job(beside: Beside, number: str) -> Any:
    """A job once it has ended."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = beside.ask(f"/jobs/{number}")
        if found["State"] in ("Success", "Failure"):
            return found
        time.sleep(0.05)
    raise TimeoutError(number)


def test_orthanc_is_sent_a_study_by_c_move(beside: Beside) -> None:
    with beside.site.client_in_clear() as client:
        where = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={beside.site.study}"]
        ran = client.run("movescu", "-v", "-S", "-aem", TITLE, *where)
    assert ran.code == 0, ran.told
    assert beside.kept() == beside.site.whole()


def asked(beside: Beside, level: str, **query: str) -> str:
    """The path of a question that Orthanc has put to us."""
    return str(beside.tell(f"/modalities/{US}/query", {"Level": level, "Query": query})["Path"])


def answers_to(beside: Beside, level: str, **query: str) -> list[Any]:
    path = asked(beside, level, **query)
    return [beside.ask(f"{path}/answers/{each}/content?simplify") for each in beside.ask(f"{path}/answers")]


@pytest.mark.parametrize("level", ["Patient", "Study", "Series", "Instance"])
def test_orthanc_asks_at_every_level_and_is_told(beside: Beside, level: str) -> None:
    query = {} if level == "Patient" else {"StudyInstanceUID": beside.site.study}
    if level == "Instance":
        query["SeriesInstanceUID"] = series_of(beside)
    answers = answers_to(beside, level, **query)
    if level == "Instance":
        assert {each["SOPInstanceUID"] for each in answers} == set(beside.site.whole())
    elif level == "Patient":
        assert answers
        assert all(each["PatientID"] for each in answers)
    else:
        assert [each["StudyInstanceUID"] for each in answers] == [beside.site.study]


def series_of(beside: Beside) -> str:
    (answer,) = answers_to(beside, "Series", StudyInstanceUID=beside.site.study)
    return str(answer["SeriesInstanceUID"])


@pytest.mark.parametrize("level", ["Study", "Series"])
def test_orthanc_fetches_what_it_found(beside: Beside, level: str) -> None:
    path = asked(beside, level, StudyInstanceUID=beside.site.study)
    beside.tell(f"{path}/retrieve", {"TargetAet": TITLE, "Synchronous": True})
    assert beside.kept() == beside.site.whole()


def test_orthanc_fetches_by_c_move_without_a_question(beside: Beside) -> None:
    said = {"Level": "Study", "Resources": [{"StudyInstanceUID": beside.site.study}], "Synchronous": True}
    beside.tell(f"/modalities/{US}/move", said)
    assert beside.kept() == beside.site.whole()
