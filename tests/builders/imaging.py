"""Packages of images in many transfer syntaxes, of one synthetic patient."""

from collections.abc import Mapping
from pathlib import Path

from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless

from tests.builders import dicom

CODES = [b"\xff\x4f\xff\x51" + bytes([number]) * 30 for number in range(3)]
"""Three frames that begin as JPEG 2000 does; nobody decodes them."""


def image_package(folder: Path, *, seed: int = 7) -> Mapping[str, bytes]:
    """A package with a study of two series: five native images in series 1, one compressed of three frames in series 2.
    SOP Instance UID → bytes."""
    folder.mkdir(parents=True)
    made: dict[str, bytes] = {}
    for number, syntax in enumerate((*dicom.SYNTAXES, dicom.SYNTAXES[1]), 1):
        found = dicom.data_set(seed, instance=number)
        if number == 5:
            found.NumberOfFrames = 2
            found.PixelData = bytes(range(256))
            found.add_new(0x00420011, "OB", b"%PDF" * 500)
        made[found.SOPInstanceUID] = dicom.part10(found, syntax=syntax)
    found = dicom.data_set(seed, series=2)
    found.NumberOfFrames = len(CODES)
    found.PixelData = encapsulate(CODES)
    found["PixelData"].is_undefined_length = True
    raw = dicom.part10(found, syntax=JPEG2000Lossless)
    made[found.SOPInstanceUID] = raw.replace(b"\xe0\x7f\x10\0OW", b"\xe0\x7f\x10\0OB")
    for number, raw in enumerate(made.values()):
        (folder / f"{number}.dcm").write_bytes(raw)
    return made
