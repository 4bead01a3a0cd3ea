"""A series of images of every kind that is shown: codecs, windows, tables, a document, and what cannot be decoded."""

from collections.abc import Mapping

import numpy as np
from pydicom.dataset import Dataset

from tests.builders import compressed as made
from tests.builders import dicom

GREY, COLOUR = made.scene(bits=12), made.scene(bits=8, colours=True)
SIGNED = made.scene(bits=12, signed=True)
MONOCHROME1, CT, BOMB, TRUNCATED, LIES, REPORT, FUNCTIONAL, TABLE, PALETTE, ENHANCED = range(20, 30)


def pdf() -> bytes:
    found = dicom.data_set(7, instance=REPORT)
    for name in ("PixelData", "Rows", "Columns"):
        del found[name]
    found.SOPClassUID = "1.2.840.10008.5.1.4.1.1.104.1"
    found.Modality, found.MIMETypeOfEncapsulatedDocument = "DOC", "application/pdf"
    found.EncapsulatedDocument, found.EncapsulatedDocumentLength = b"%PDF-1.7 odd" + bytes(999) + b"\0", 1011
    found.add_new(0x7FE00010, "OW", b"")  # as the builder wants it
    return dicom.part10(found)[:-12]  # and without it again


def table() -> Dataset:
    item = Dataset()
    item.LUTDescriptor, item.LUTData = [4096, 0, 8], [255 - each // 16 for each in range(4096)]
    item["LUTDescriptor"].VR = item["LUTData"].VR = "US"
    return item


def palette() -> bytes:
    more: dict[str, object] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for number, colour in enumerate(("Red", "Green", "Blue")):
        more[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        entries = np.roll(np.arange(256, dtype="<u2"), number * 50) * 257
        more[f"{colour}PaletteColorLookupTableData"] = entries.tobytes()
    return made.native(COLOUR[..., 0].copy(), bits=8, instance=PALETTE, **more)


def package() -> Mapping[int, bytes]:
    """Instance number → file."""
    found: dict[int, bytes] = {}
    for number, syntax in enumerate(made.EXACT, 1):
        found[number] = made.compressed(GREY, syntax, bits=12, frames=2, instance=number)
        found[number + 6] = made.compressed(COLOUR, syntax, bits=8, instance=number + 6)
        found[number + 12] = made.compressed(SIGNED, syntax, bits=12, instance=number + 12)
    found[MONOCHROME1] = made.native(GREY, bits=12, instance=MONOCHROME1, PhotometricInterpretation="MONOCHROME1")
    window = {"RescaleSlope": 2, "RescaleIntercept": -1024, "WindowCenter": [40, 9], "WindowWidth": [400, 9]}
    found[CT] = made.native(GREY, bits=12, instance=CT, **window)
    found[BOMB] = made.native(GREY, bits=12, instance=BOMB, Rows=65535, Columns=65535)
    cut = made.code_of(GREY, made.J2K, bits=12)
    found[TRUNCATED] = made.compressed(GREY, made.J2K, bits=12, instance=TRUNCATED, codes=[cut[:150]])
    found[LIES] = made.native(GREY, bits=12, instance=LIES, NumberOfFrames=1_000_000)
    found[REPORT] = pdf()
    found[TABLE] = made.native(GREY, bits=12, instance=TABLE, VOILUTSequence=[table()])
    found[PALETTE] = palette()
    found[ENHANCED] = enhanced()
    return found


def enhanced() -> bytes:
    """Two frames, each with a window of its own."""
    groups = []
    for centre in (100, 3000):
        group, window = Dataset(), Dataset()
        window.WindowCenter, window.WindowWidth = centre, 200
        group.FrameVOILUTSequence = [window]
        groups.append(group)
    more = {"PerFrameFunctionalGroupsSequence": groups}
    return made.native(GREY, bits=12, instance=ENHANCED, frames=2, **more)
