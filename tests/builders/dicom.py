"""Small DICOM files of synthetic people, written by pydicom: seeded, in every encoding that the standard has.

The PESEL numbers are made up and carry a right check digit; names come from a list of common ones.
"""

import io
import random
import warnings
import zlib
from dataclasses import dataclass

from pydicom import config
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import dcmwrite, write_dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

UID_ROOT = "1.2.826.0.1.3680043.10.1234"
PESEL_ROOT = "2.16.840.1.113883.3.4424.1.1.616"
SYNTAXES = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)
_FAMILIES = ("Kowalska-Nowak", "Wójcik", "Źrebięcki", "Gąsior", "Łoś", "Świątek", "Dąbrowski", "Żak")
_GIVEN = ("Anna Maria", "Stanisław", "Małgorzata", "Jerzy", "Grażyna", "Zbigniew", "Święcisława")


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    pesel: str
    birth_date: str
    sex: str


def person(seed: int) -> Person:
    """A person who does not exist, with a PESEL that fits birth date and sex."""
    chance = random.Random(seed)
    year, month, day = chance.randrange(1930, 1999), chance.randrange(1, 13), chance.randrange(1, 29)
    serial = f"{chance.randrange(10_000):04d}"
    digits = f"{year % 100:02d}{month:02d}{day:02d}{serial}"
    check = -sum(weight * int(digit) for weight, digit in zip((1, 3, 7, 9) * 3, digits, strict=False)) % 10
    return Person(
        name=f"{chance.choice(_FAMILIES)}^{chance.choice(_GIVEN)}",
        pesel=f"{digits}{check}",
        birth_date=f"{year}{month:02d}{day:02d}",
        sex="M" if int(serial[-1]) % 2 else "F",
    )


def data_set(
    seed: int = 0, *, charset: str = "ISO_IR 192", study: int = 1, series: int = 1, instance: int = 1
) -> Dataset:
    """A CT image of 8 × 8 pixels with everything that a catalogue asks for."""
    who = person(seed)
    found = Dataset()
    found.SpecificCharacterSet = charset
    found.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    found.SOPClassUID = CTImageStorage
    found.SOPInstanceUID = f"{UID_ROOT}.{seed + 1}.{study}.{series}.{instance}"
    found.StudyDate, found.StudyTime = "20240506", "101112"
    found.AccessionNumber = f"ACC{seed:04d}"
    found.Modality = "CT"
    found.ReferringPhysicianName = "Nowak^Piotr"
    found.StudyDescription = "TK głowy"
    found.PatientName, found.PatientID = who.name, who.pesel
    found.IssuerOfPatientID = "PESEL"
    found.IssuerOfPatientIDQualifiersSequence = Sequence([_issuer(PESEL_ROOT)])
    found.PatientBirthDate, found.PatientSex = who.birth_date, who.sex
    local = Dataset()
    local.PatientID, local.TypeOfPatientID = f"L-{seed}", "TEXT"
    local.IssuerOfPatientIDQualifiersSequence = Sequence([_issuer(f"2.16.840.1.113883.3.4424.2.7.{seed}.17.1")])
    found.OtherPatientIDsSequence = Sequence([local])
    found.StudyInstanceUID = f"{UID_ROOT}.{seed + 1}.{study}"
    found.SeriesInstanceUID = f"{UID_ROOT}.{seed + 1}.{study}.{series}"
    found.StudyID, found.SeriesNumber, found.InstanceNumber = "1", series, instance
    request = Dataset()
    request.ScheduledProcedureStepID, request.RequestedProcedureID = f"S{seed}", f"R{seed}"
    found.RequestAttributesSequence = Sequence([request])
    found.SamplesPerPixel, found.PhotometricInterpretation = 1, "MONOCHROME2"
    found.Rows = found.Columns = 8
    found.BitsAllocated = found.BitsStored = 16
    found.HighBit, found.PixelRepresentation = 15, 0
    found.PixelData = random.Random(seed).randbytes(128)
    return found


def put(found: Dataset, keyword: str, vr: str, value: object) -> None:
    """Set an element as it must not be: another value representation, or a value that pydicom would question."""
    found.add(DataElement(tag_for_keyword(keyword), vr, value, validation_mode=config.IGNORE))


def _issuer(root: str) -> Dataset:
    item = Dataset()
    item.UniversalEntityID, item.UniversalEntityIDType = root, "ISO"
    return item


def part10(found: Dataset, *, syntax: str = ExplicitVRLittleEndian, undefined_lengths: bool = False) -> bytes:
    """The data set as a DICOM file with preamble and meta information (PS3.10 7)."""
    if undefined_lengths:
        _undefine(found)
    if "PixelData" in found:
        found["PixelData"].VR = "OW"
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    found.file_meta = meta
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # dirty values are written on purpose
        meta.MediaStorageSOPClassUID = found.get("SOPClassUID") or CTImageStorage
        meta.MediaStorageSOPInstanceUID = found.get("SOPInstanceUID") or UID_ROOT
        dcmwrite(buffer, found, enforce_file_format=True)
    return buffer.getvalue()


def bare(found: Dataset, *, syntax: str = ImplicitVRLittleEndian) -> bytes:
    """The data set alone, as it travels over an association."""
    if "PixelData" in found:
        found["PixelData"].VR = "OW"
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write_dataset(buffer, found)
    data = buffer.getvalue()
    if syntax == DeflatedExplicitVRLittleEndian:
        engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        return engine.compress(data) + engine.flush()
    return data


def _undefine(found: Dataset) -> None:
    for element in found:
        if element.VR == "SQ":
            element.is_undefined_length = True
            for item in element.value:
                item.is_undefined_length_sequence_item = True
                _undefine(item)
