"""DICOM matching (PS3.4 C.2.2.2) written down a second time, over data sets in memory: what a search is held to."""

import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, MRImageStorage

from repository.catalogue.query import Level
from repository.domain.holding import Holding
from repository.formats.dicom.describing import describe_dicom
from tests.builders.holdings import kept

UNIQUE = {Level.STUDY: "StudyInstanceUID", Level.SERIES: "SeriesInstanceUID", Level.INSTANCE: "SOPInstanceUID"}
NAMES = ("Łącka-Żółć^Anna", "Kowalski^Jan", "KOWALSKA^Żaneta")
TIMES = ("101112", "1011", "10", "101112.5", "235959.999999", "")
NUMBERS = ("1", "02", "+3", "0", "", "-5")
WORDS = ("TK głowy", "50% [x]", "a_b", "", "RTG")


def data_sets() -> Iterator[Dataset]:
    """24 images of three patients, two studies each of two series, whose values are as odd as real ones."""
    for number in range(24):
        study, series = number // 4, number // 2
        made = Dataset()
        made.SpecificCharacterSet = "ISO_IR 192"
        made.SOPClassUID = CTImageStorage if study % 2 else MRImageStorage
        made.SOPInstanceUID = f"1.2.3.{study}.{series}.{number}"
        made.StudyInstanceUID, made.SeriesInstanceUID = f"1.2.3.{study}", f"1.2.3.{study}.{series}"
        made.PatientName, made.PatientID = NAMES[study // 2], f"0000000000{study // 2}"
        made.PatientBirthDate, made.PatientSex = f"19{5 + study // 2}00228", "FMF"[study // 2]
        made.PatientComments = r"C:\u0000\comments" if study == 3 else "none"
        if study == 4:
            made.TimezoneOffsetFromUTC = "+0100"
        made.StudyDate, made.StudyTime = f"2020010{study + 1}", TIMES[study]
        made.StudyID, made.AccessionNumber = f"S{study}", f"A{study}*" if study == 2 else f"A{study}"
        made.StudyDescription = WORDS[study % 5]
        made.ReferringPhysicianName = "Żuk^Ewa" if study % 2 else ""
        made.Modality = ("CT", "SR", "MR")[series % 3]
        made.SeriesNumber = NUMBERS[series % 6]
        made.SeriesDescription, made.BodyPartExamined = WORDS[series % 5], ("HEAD", "CHEST")[series % 2]
        made.PerformedProcedureStepStartDate = f"202002{series + 1:02d}"
        made.PerformedProcedureStepStartTime = TIMES[series % 6]
        if series % 3:
            asked = Dataset()
            asked.ScheduledProcedureStepID, asked.RequestedProcedureID = f"SPS{series}", f"RP{series % 2}"
            made.RequestAttributesSequence = [asked]
        made.InstanceNumber = NUMBERS[number % 6]
        made.ImageType = ["ORIGINAL", "PRIMARY"] if number % 2 else ["DERIVED", "SECONDARY", "PRIMARY_1"]
        made.AcquisitionTime, made.AcquisitionNumber = TIMES[number % 6], NUMBERS[(number + 1) % 6]
        made.Rows, made.Columns, made.BitsAllocated = 8 + number % 3, 8, 16
        yield made


def holdings(made: Sequence[Dataset]) -> list[Holding]:
    """As the archive describes the files that pydicom writes of them."""
    found = []
    for ordinal, each in enumerate(made, 1):
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = each.SOPClassUID, each.SOPInstanceUID
        each.file_meta = meta
        written = io.BytesIO()
        dcmwrite(written, each, enforce_file_format=True)
        raw = written.getvalue()
        described = describe_dicom(raw, size=len(raw), open_rest=lambda: io.BytesIO(b""))
        found.append(kept(ordinal, described, patient=1 + int(str(each.PatientID))))
    return found


def expected(made: Sequence[Dataset], level: Level, keys: Mapping[str, str]) -> set[str]:
    """UIDs of what matches all keys. Of what lies below the level, one thing has to match all that ask for it."""
    return {
        str(each[UNIQUE[level]].value)
        for each in made
        if all(_holds(made, each, keyword, text) for keyword, text in keys.items())
    }


def _holds(made: Sequence[Dataset], each: Dataset, keyword: str, text: str) -> bool:
    if keyword in ("ModalitiesInStudy", "SOPClassesInStudy"):
        own = {"ModalitiesInStudy": "Modality", "SOPClassesInStudy": "SOPClassUID"}[keyword]
        study = [one for one in made if one.StudyInstanceUID == each.StudyInstanceUID]
        return any(_matches(str(one[own].value), "CS", text) for one in study)
    values = list(_values(each, keyword))
    vr = dictionary_VR(tag_for_keyword(keyword.rpartition(".")[2]) or 0)
    return not text.strip("*") or any(_matches(value, vr, text) for value in values)


def _values(each: Dataset, keyword: str) -> Iterator[str]:
    outer, dot, inner = keyword.partition(".")
    if dot:
        for item in each.get(outer, []):
            yield from _values(item, inner)
        return
    found = each.get(outer, "")
    many = [found] if isinstance(found, str) or not isinstance(found, Sequence) else found
    yield from (str(value) for value in many)


def _matches(value: str, vr: str, text: str) -> bool:
    if not value:
        return False
    if vr == "PN":
        return _wild(_bare(value), _bare(text))
    if vr in ("IS", "US"):
        return int(value) == int(text)
    if vr in ("DA", "TM"):
        least, most = _span(value, vr)[0], _span(value, vr)[0]
        first, dash, last = text.partition("-")
        return (not first or _span(first, vr)[0] <= least) and (
            not (last if dash else first) or most <= _span(last if dash else first, vr)[1]
        )
    if vr in ("UI", "CS"):
        return any(_wild(value, each) for each in re.split(r"[\\,]", text))
    return _wild(value, text)


def _span(text: str, vr: str) -> tuple[float, float]:
    """The first and the last moment that it may mean: days, or seconds."""
    if vr == "DA":
        return int(text), int(text)
    whole, _, fraction = text.replace(":", "").partition(".")
    parts = [int(whole[at : at + 2]) for at in range(0, len(whole), 2)]
    seconds = sum(part * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))
    length = (3600, 60, 1)[len(parts) - 1] if not fraction else 10.0 ** -len(fraction)
    start = seconds + (float(f"0.{fraction}") if fraction else 0)
    return start, start + length - 1e-9


def _bare(name: str) -> str:
    plain = unicodedata.normalize("NFD", name.lower().replace("ł", "l"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def _wild(value: str, text: str) -> bool:
    pattern = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in text)
    return re.fullmatch(pattern, value, re.DOTALL) is not None
