"""C-FIND beside Debian's Orthanc: DCMTK's findscu asks both the same, of the same images.

`ACCEPTED`, `TOLD`, `ONLY_OURS` and `ONLY_THEIRS` list where the answers differ, why, and by which clause; everything
else is compared attribute by attribute.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread

from dicom_gateway.settings import DEFAULT_TITLE
from repository.entitlement import give_custody
from repository.intake import Order, receive
from tests.builders.access import OURS
from tests.builders.dicom import data_set, part10
from tests.dicom_gateway.gateways import CUSTODIAN, Door, opened
from tests.peers import dcmtk, orthanc
from tests.peers.needed import needed

pytestmark = pytest.mark.peers

STUDY_ROOT, PATIENT_ROOT = "-S", "-P"
UNIQUE = {"PATIENT": "PatientID", "STUDY": "StudyInstanceUID", "SERIES": "SeriesInstanceUID", "IMAGE": "SOPInstanceUID"}

# Keyword → why the answers may differ in it, whatever the question.
ACCEPTED = {
    "RetrieveAETitle": "each names itself (PS3.4 C.4.1.1.3.2)",
    "InstanceAvailability": "ours says ONLINE in each answer, Orthanc leaves it out; optional (PS3.4 C.4.1.1.3.2)",
    "SpecificCharacterSet": "ours is the set that was asked for where that can write the answer, and left out for plain"
    " ASCII that nobody asked a set for; Orthanc says its default in each answer (PS3.4 C.4.1.1.3.2)",
}


@dataclass(frozen=True)
class Both:
    door: Door
    theirs: int
    folder: Path

    def asked(self, model: str, level: str, keys: Sequence[str]) -> tuple[list[Dataset], list[Dataset]]:
        ours = self._find(self.door.port, DEFAULT_TITLE, [model, "-k", f"QueryRetrieveLevel={level}"], keys)
        theirs = self._find(self.theirs, "ORTHANC", [model, "-k", f"QueryRetrieveLevel={level}"], keys)
        return ours, theirs

    def _find(self, port: int, title: str, how: Sequence[str], keys: Sequence[str]) -> list[Dataset]:
        """The identifiers of all answers; the last response said success."""
        out = self.folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        said = [part for each in keys for part in ("-k", each)]
        command = ["findscu", "-v", "-X", "-od", str(out), "-aet", CUSTODIAN.ae_title, "-aec", title, *how, *said]
        ran = subprocess.run([*command, "127.0.0.1", str(port)], capture_output=True, text=True, timeout=60)
        assert ran.returncode == 0, ran.stderr
        assert "Success" in ran.stderr + ran.stdout, ran.stderr + ran.stdout
        return [dcmread(path, force=True) for path in sorted(out.iterdir())]


def images() -> Iterator[Dataset]:
    for seed, studies, name in ((1, 2, "Łoś^Świętosława"), (2, 1, "Wójcik^Józef"), (3, 1, "Kowalski^Jan")):
        for study in range(1, studies + 1):
            for at in range(3):
                made = data_set(seed, study=study, series=1 + at // 2, instance=at + 1)
                made.PatientName, made.AccessionNumber = name, f"ACC{seed}.{study}"
                made.Modality = "CT" if made.SeriesNumber == 1 else "MR"
                made.StudyDate = f"2024050{seed + study}"
                made.StudyTime, made.ProtocolName = f"1{seed}1500", "Head"
                made.SeriesDescription, made.StudyID = f"Series {made.SeriesNumber}", f"S{study}"
                made.NumberOfFrames = 1
                yield made


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    needed(dcmtk.missing())
    needed(orthanc.missing())
    folder = tmp_path_factory.mktemp("find")
    more = {"DicomAlwaysAllowFind": True, "DefaultEncoding": "Utf8"}
    with opened(folder) as door, orthanc.serving(folder / "orthanc", **more) as running:
        package = folder / "images"
        package.mkdir()
        for number, image in enumerate(images()):
            content = part10(image)
            (package / f"{number}.dcm").write_bytes(content)
            running.store(content)
        taken = receive(door.archive, Order(package), progress=lambda _: None)
        give_custody(door.archive, taken.id, OURS, name="Nasza Przychodnia")
        port = json.loads((folder / "orthanc" / "orthanc.json").read_text())["DicomPort"]
        yield Both(door, port, folder)


PATIENT = ["PatientID", "PatientName", "PatientBirthDate", "PatientSex"]
OF_PATIENT = ["NumberOfPatientRelatedStudies", "NumberOfPatientRelatedSeries", "NumberOfPatientRelatedInstances"]
STUDY = ["StudyInstanceUID", "StudyDate", "StudyTime", "AccessionNumber", "StudyID", "StudyDescription",
    "ReferringPhysicianName"]  # fmt: skip
OF_STUDY = ["ModalitiesInStudy", "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances"]
SERIES = ["SeriesInstanceUID", "Modality", "SeriesNumber", "SeriesDescription", "ProtocolName"]
IMAGE = ["SOPInstanceUID", "SOPClassUID", "InstanceNumber", "NumberOfFrames"]
UIDS = {seed: data_set(seed).StudyInstanceUID for seed in (1, 2, 3)}
ONE, ITS_SERIES = f"StudyInstanceUID={UIDS[1]}", f"SeriesInstanceUID={data_set(1).SeriesInstanceUID}"
WHOSE = f"PatientID={data_set(1).PatientID}"
QUESTIONS: Mapping[str, tuple[str, str, Sequence[str]]] = {
    "all patients": (PATIENT_ROOT, "PATIENT", [*PATIENT, *OF_PATIENT]),
    "a patient by number": (PATIENT_ROOT, "PATIENT", [*PATIENT[1:], WHOSE]),
    "a patient by name": (PATIENT_ROOT, "PATIENT", ["PatientID", "PatientName=KOWALSKI*"]),
    "the studies of a patient": (PATIENT_ROOT, "STUDY", [WHOSE, *PATIENT[1:], *STUDY, *OF_STUDY]),
    "the series of a patient's study": (PATIENT_ROOT, "SERIES", [WHOSE, ONE, *SERIES]),
    "all studies": (STUDY_ROOT, "STUDY", [*PATIENT, *STUDY, *OF_STUDY]),
    "studies by name": (STUDY_ROOT, "STUDY", ["PatientName=Kowalski^*", *STUDY]),
    "studies by name, in lower case": (STUDY_ROOT, "STUDY", ["PatientName=kowalski^jan", *STUDY]),
    "studies by name, without diacritics": (STUDY_ROOT, "STUDY", ["PatientName=wojcik*", "PatientID", *STUDY]),
    "studies by a wildcard": (STUDY_ROOT, "STUDY", ["PatientName=K?walski*", *STUDY]),
    "studies of a day": (STUDY_ROOT, "STUDY", ["StudyDate=20240503", *STUDY[:1], *STUDY[2:]]),
    "studies of some days": (STUDY_ROOT, "STUDY", ["StudyDate=20240502-20240503", *STUDY[:1], *STUDY[2:]]),
    "studies since a day": (STUDY_ROOT, "STUDY", ["StudyDate=20240503-", *STUDY[:1], *STUDY[2:]]),
    "studies until a day": (STUDY_ROOT, "STUDY", ["StudyDate=-20240502", *STUDY[:1], *STUDY[2:]]),
    "studies of a time of day": (STUDY_ROOT, "STUDY", ["StudyTime=120000-125959", "StudyInstanceUID"]),
    "studies by accession number": (STUDY_ROOT, "STUDY", ["AccessionNumber=ACC1*", "StudyInstanceUID"]),
    "studies by a list of UIDs": (STUDY_ROOT, "STUDY", [f"StudyInstanceUID={UIDS[2]}\\{UIDS[3]}", *PATIENT]),
    "studies with a modality": (STUDY_ROOT, "STUDY", ["ModalitiesInStudy=MR", "StudyInstanceUID"]),
    "studies with one of some modalities": (STUDY_ROOT, "STUDY", ["ModalitiesInStudy=US\\MR", "StudyInstanceUID"]),
    "studies with a modality that there is none of": (STUDY_ROOT, "STUDY", ["ModalitiesInStudy=US", *STUDY]),
    "no study": (STUDY_ROOT, "STUDY", ["PatientName=Nobody", *STUDY]),
    "studies of men": (STUDY_ROOT, "STUDY", ["PatientSex=M", "PatientID", "StudyInstanceUID"]),
    "series of a study": (STUDY_ROOT, "SERIES", [ONE, *SERIES, "NumberOfSeriesRelatedInstances"]),
    "series of a study by modality": (STUDY_ROOT, "SERIES", [ONE, "Modality=MR", "SeriesInstanceUID"]),
    "series by number": (STUDY_ROOT, "SERIES", [ONE, "SeriesNumber=2", "SeriesInstanceUID"]),
    "series with their patient": (STUDY_ROOT, "SERIES", [ONE, *SERIES, *PATIENT, "AccessionNumber", "StudyDate"]),
    "images of a series": (STUDY_ROOT, "IMAGE", [ONE, ITS_SERIES, *IMAGE]),
    "images by number": (STUDY_ROOT, "IMAGE", [ONE, ITS_SERIES, "InstanceNumber=2", "SOPInstanceUID"]),
    "what is in no catalogue": (STUDY_ROOT, "STUDY", ["StudyInstanceUID", "PatientMotherBirthName"]),
    "attributes of lower levels": (STUDY_ROOT, "STUDY", ["StudyInstanceUID", "Modality", "SeriesNumber", "Rows"]),
    "classes in studies": (STUDY_ROOT, "STUDY", ["StudyInstanceUID", "SOPClassesInStudy"]),
    "identifiers of patients": (STUDY_ROOT, "STUDY", ["StudyInstanceUID", "IssuerOfPatientID", "PatientComments"]),
    "counts of the level above": (STUDY_ROOT, "STUDY", ["StudyInstanceUID", *OF_PATIENT]),
    "in ISO_IR 101": (STUDY_ROOT, "STUDY", ["SpecificCharacterSet=ISO_IR 101", *PATIENT, *STUDY]),
    "in ISO_IR 100": (STUDY_ROOT, "STUDY", ["SpecificCharacterSet=ISO_IR 100", *PATIENT, *STUDY]),
    "what a series was asked for": (STUDY_ROOT, "SERIES", [ONE, "SeriesInstanceUID",
        "RequestAttributesSequence[0].RequestedProcedureID", "RequestAttributesSequence[0].ScheduledProcedureStepID"]),
    "series by what was asked for": (STUDY_ROOT, "SERIES", [ONE, "SeriesInstanceUID",
        "RequestAttributesSequence[0].RequestedProcedureID=none"]),
    "series with counts of the study": (STUDY_ROOT, "SERIES", [ONE, "SeriesInstanceUID", *OF_STUDY]),
    "rasters of images": (STUDY_ROOT, "IMAGE", [ONE, ITS_SERIES, "SOPInstanceUID", "Rows", "Columns", "BitsAllocated",
        "ImageType"]),
    "encodings of images": (STUDY_ROOT, "IMAGE", [ONE, ITS_SERIES, "SOPInstanceUID", "AvailableTransferSyntaxUID"]),
    "images of a class": (STUDY_ROOT, "IMAGE", [ONE, ITS_SERIES, "SOPInstanceUID",
        "SOPClassUID=1.2.840.10008.5.1.4.1.1.2"]),
}  # fmt: skip

# Question → keywords of which the two tell otherwise, and why.
TOLD: Mapping[str, tuple[set[str], str]] = {
    "attributes of lower levels": (
        {"Modality", "SeriesNumber", "Rows"},
        "Orthanc tells them of whichever image comes first; they are not of the level: ours are empty, with FF01",
    ),
    "counts of the level above": (set(OF_PATIENT), "optional (PS3.4 Table C.6-5), and ours counts them"),
    "series with counts of the study": (set(OF_STUDY), "optional at a level below, and ours tells them"),
    "encodings of images": ({"AvailableTransferSyntaxUID"}, "optional (PS3.4 Table C.6-4); ours tells what is kept"),
}
ONLY_OURS = {
    "studies by name, without diacritics": "PS3.4 C.2.2.2.1 leaves it to the archive; Orthanc tells ó from o",
}
ONLY_THEIRS = {
    "series by what was asked for": "Orthanc takes keys in sequences for universal matching; ours matches by them"
    " (PS3.4 C.2.2.2.6)",
}


def values(of: Dataset) -> dict[str, str]:
    """Text by keyword, without what pads it and without components of a name that are empty."""
    return {each.keyword: str(each.value if each.value is not None else "").rstrip("^ ") for each in of}


def differences(ours: Dataset, theirs: Dataset) -> list[str]:
    one, other = values(ours), values(theirs)
    return [
        f"{keyword}: {one.get(keyword)!r} and the reference {other.get(keyword)!r}"
        for keyword in sorted({*one, *other} - set(ACCEPTED))
        if one.get(keyword) != other.get(keyword)
    ]


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_answers_are_those_of_the_reference(both: Both, name: str) -> None:
    model, level, keys = QUESTIONS[name]
    ours, theirs = ({each[UNIQUE[level]].value: each for each in found} for found in both.asked(model, level, keys))
    assert bool(set(ours) - set(theirs)) is (name in ONLY_OURS)
    assert bool(set(theirs) - set(ours)) is (name in ONLY_THEIRS)
    common = set(ours) & set(theirs)
    found = [each for uid in common for each in differences(ours[uid], theirs[uid])]
    expected, _ = TOLD.get(name, (set[str](), ""))
    assert {each.partition(":")[0] for each in found} == expected, found
