"""Debian's Orthanc with its DICOMweb plug-in: a client that pulls from us and pushes to us, and a reference beside us.

The same images are in both; the same questions are asked of both. `ACCEPTED` lists where the answers may differ, why,
and by which clause; everything else is compared field by field.
"""

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.dicomweb.pushing import served_transfer
from tests.api.served import Served, served_sample
from tests.builders.dicom import data_set, part10
from tests.peers import orthanc
from tests.peers.needed import needed
from tests.peers.orthanc import ROOT, Orthanc

pytestmark = pytest.mark.peers

JSON = "application/dicom+json"
AS_STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*'
Attributes = Mapping[str, Any]

# Tag → why the answers may differ in it (or one of them lack it).
ACCEPTED = {
    "00080005": "Orthanc says its own default for an answer that is UTF-8; ours is ISO_IR 192 (PS3.18 F.2)",
    "00081190": "Retrieve URL: each names itself (PS3.18 10.6.3.3)",
    "00080056": "Instance Availability: Orthanc leaves it out (PS3.18 Table 10.6.3-3: required if known)",
    "00080062": "SOP Classes in Study: optional, ours tells it (PS3.4 Table C.6-5)",
    "00080201": "Timezone Offset: told where the images have it (PS3.18 Table 10.6.3-3)",
}
# What Orthanc repeats of a study in answers about its series and images. Only searches over all studies have to
# (PS3.18 10.6.1.2.2: the attributes of the levels above are of relational searches); the address names the study here.
OF_THE_STUDY = {
    "00080020", "00080030", "00080050", "00080061", "00080090", "00081030", "00100010", "00100020", "00100021",
    "00100030", "00100040", "0020000D", "00200010", "00201206", "00201208",
}  # fmt: skip


@dataclass(frozen=True)
class Both:
    """Ours and Orthanc with the same images; `files` are their paths."""

    ours: Served
    theirs: Orthanc
    files: Sequence[Path]

    def asked(self, path: str, accept: str = JSON) -> tuple[httpx.Response, httpx.Response]:
        """Both answers to the same question, below the root of DICOMweb."""
        with self.ours.client(Accept=accept) as client:
            ours = client.get(f"/dicomweb{path}")
        with self.theirs.client() as client:
            theirs = client.get(f"{ROOT}{path}", headers={"Accept": accept})
        assert (ours.status_code, theirs.status_code) == (200, 200), (ours.text[:500], theirs.text[:500])
        return ours, theirs

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.ours.token()}", "EDM-Purpose": "treatment"}


@pytest.fixture(scope="module")
def empty() -> Iterator[Orthanc]:
    needed(orthanc.missing())
    with tempfile.TemporaryDirectory(prefix="orthanc-") as folder, orthanc.serving(Path(folder) / "o") as running:
        yield running


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    needed(orthanc.missing())
    folder = tmp_path_factory.mktemp("both")
    with served_sample(folder) as served, orthanc.serving(folder / "orthanc", DefaultEncoding="Utf8") as running:
        files = sorted(path for path in served.package.rglob("*") if path.is_file() and _is_image(path))
        for path in files:
            running.store(path.read_bytes())
        yield Both(served, running, files)


def _is_image(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(132)[128:] == b"DICM"


def study_of(both: Both) -> str:
    found = both.ours.archive.catalogue.holdings(both.ours.takeover.number)
    return next(each.description.dicom.study_instance_uid for each in found if each.description.dicom is not None)


def value(of: Attributes, tag: str) -> Any:
    """What the attribute holds, without the trimmings that mean nothing: Orthanc leaves empty components of a name."""
    found = of[tag].get("Value", [])
    return [{k: v for k, v in each.items() if v} if isinstance(each, dict) else each for each in found]


def differences(ours: Attributes, theirs: Attributes, *, but: AbstractSet[str] = frozenset()) -> list[str]:
    """Attributes of the reference that we lack or say otherwise, in words."""
    found = []
    for tag in sorted(set(theirs) - set(ACCEPTED) - but):
        if tag not in ours:
            if value(theirs, tag):
                found.append(f"{tag}: only the reference has it: {theirs[tag]}")
        elif (ours[tag]["vr"], value(ours, tag)) != (theirs[tag]["vr"], value(theirs, tag)):
            found.append(f"{tag}: {ours[tag]} and the reference {theirs[tag]}")
    return found


def by_uid(answer: httpx.Response, tag: str) -> dict[str, Attributes]:
    return {each[tag]["Value"][0]: each for each in answer.json()}


QUESTIONS = {
    "/studies": "0020000D",
    "/studies?ModalitiesInStudy=CT": "0020000D",
    "/studies?StudyDate=20000101-20301231": "0020000D",
    "/studies?PatientName=*": "0020000D",
    "/studies?StudyInstanceUID={study}": "0020000D",
    "/studies/{study}/series": "0020000E",
    "/studies/{study}/series?Modality=CT": "0020000E",
    "/studies/{study}/instances": "00080018",
    "/series": "0020000E",
    "/instances": "00080018",
    "/instances?SOPClassUID=1.2.840.10008.5.1.4.1.1.2": "00080018",
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_search_finds_what_the_reference_finds_and_says_the_same_of_it(both: Both, question: str) -> None:
    ours, theirs = (by_uid(each, QUESTIONS[question]) for each in both.asked(question.format(study=study_of(both))))
    assert set(ours) == set(theirs)
    assert ours
    upper = OF_THE_STUDY if question.startswith("/studies/") else set()
    assert {uid: found for uid in theirs if (found := differences(ours[uid], theirs[uid], but=upper))} == {}


@pytest.mark.parametrize("question", ["/studies?StudyInstanceUID=1.2.3", "/studies?StudyDate=19000101"])
def test_what_is_not_there_is_found_by_neither(both: Both, question: str) -> None:
    for answer in both.asked(question):
        assert answer.json() == []


def test_metadata_say_what_the_reference_says(both: Both) -> None:
    ours, theirs = (by_uid(each, "00080018") for each in both.asked(f"/studies/{study_of(both)}/metadata"))
    assert set(ours) == set(theirs)
    for uid, theirs_of in theirs.items():
        said = {tag: each for tag, each in theirs_of.items() if "BulkDataURI" not in each}
        assert differences(ours[uid], said) == []
        assert set(theirs_of) - set(ACCEPTED) - set(ours[uid]) == set()


def test_a_study_is_the_same_bytes_as_the_reference_gives(both: Both) -> None:
    ours, theirs = both.asked(f"/studies/{study_of(both)}", AS_STORED)
    assert digests(ours) == digests(theirs)
    assert digests(ours) <= {hashlib.sha256(path.read_bytes()).hexdigest() for path in both.files}


def test_frames_are_the_same_bytes_as_the_reference_gives(both: Both) -> None:
    listed, _ = both.asked(f"/studies/{study_of(both)}/instances")
    for found in listed.json():
        series, instance = found["0020000E"]["Value"][0], found["00080018"]["Value"][0]
        path = f"/studies/{study_of(both)}/series/{series}/instances/{instance}/frames/1"
        ours, theirs = both.asked(path, 'multipart/related; type="application/octet-stream"')
        assert parts(ours) == parts(theirs)
        assert len(parts(ours)[0]) > 100


def parts(answer: httpx.Response) -> list[bytes]:
    """Read by the standard library."""
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    read = BytesParser(policy=HTTP).parsebytes(head + answer.content)
    return [bytes(each.get_payload(decode=True)) for each in read.iter_parts()]  # type: ignore[arg-type]


def digests(answer: httpx.Response) -> set[str]:
    found = {hashlib.sha256(each).hexdigest() for each in parts(answer)}
    assert found
    return found


def test_orthanc_searches_and_pulls_a_study_from_us(both: Both, empty: Orthanc) -> None:
    empty.knows("archive", f"{both.ours.url}/dicomweb/", both.headers)
    study = study_of(both)
    said = {"Uri": "/studies", "Arguments": {"StudyInstanceUID": study}}
    found = empty.ask("archive", "qido", said).raise_for_status().json()
    assert study in str(found)
    empty.ask("archive", "retrieve", {"Resources": [{"Study": study}], "Synchronous": True}).raise_for_status()
    with empty.client() as client:
        kept = [client.get(f"/instances/{each}/file").content for each in client.get("/instances").json()]
    described = both.ours.archive.catalogue.holdings(both.ours.takeover.number)
    taken_over = {
        each.sha256.hex() for each in described if (of := each.description.dicom) and of.study_instance_uid == study
    }
    assert taken_over
    assert taken_over <= {hashlib.sha256(each).hexdigest() for each in kept}


def test_orthanc_without_a_token_gets_nothing(both: Both, empty: Orthanc) -> None:
    empty.knows("stranger", f"{both.ours.url}/dicomweb/", {"EDM-Purpose": "treatment"})
    assert empty.ask("stranger", "qido", {"Uri": "/studies"}).status_code >= 400


def test_orthanc_pushes_a_study_into_an_open_takeover(empty: Orthanc, tmp_path: Path) -> None:
    images = [part10(data_set(3, instance=number)) for number in range(1, 6)]
    ids = [empty.store(each) for each in images]
    with served_transfer(tmp_path) as transfer:
        empty.knows("intake", f"{transfer.url}/dicomweb/", transfer.bearer)
        for _ in range(2):  # what is there already is no failure
            told = empty.ask("intake", "stow", {"Resources": ids, "Synchronous": True})
            assert told.status_code == 200, (told.text, empty.log.read_text()[-2000:])
        held = {each.sha256 for each in transfer.archive.catalogue.holdings(transfer.takeover.number)}
        assert held == {hashlib.sha256(each).digest() for each in images}
