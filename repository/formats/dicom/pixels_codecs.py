"""Codecs that pydicom does not know how to ask by itself: OpenJPEG for JPEG 2000 and HTJ2K, and RLE.

The form of the functions is that of pydicom's decoding plugins. Only `repository.formats.dicom.pixels` names this
module, in a process that has the extra `pixels`.
"""

from typing import Any

from pydicom.pixels.decoders.base import DecodeRunner
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    RLELossless,
)

WAVELETS = (JPEG2000Lossless, JPEG2000, HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K)
DECODER_DEPENDENCIES: dict[str, tuple[str, ...]] = {
    RLELossless: ("pylibjpeg-rle",),
    **dict.fromkeys(WAVELETS, ("pylibjpeg-openjpeg",)),
}


def is_available(uid: str) -> bool:
    """As pydicom asks of a plugin."""
    return uid in DECODER_DEPENDENCIES


def by_openjpeg(code: bytes, runner: DecodeRunner) -> bytearray:
    """The samples of a code stream, by pixel, in the narrowest type that holds them; colours come back as RGB."""
    from openjpeg.utils import decode_pixel_data

    made = bytearray(decode_pixel_data(code, version=2))
    if runner.photometric_interpretation in ("YBR_ICT", "YBR_RCT"):
        runner.set_option("photometric_interpretation", "RGB")
    precision: Any = runner.get_option("j2k_precision", runner.bits_stored)
    runner.set_option("bits_allocated", 8 if precision <= 8 else 16 if precision <= 16 else 32)
    return made


def by_rle(code: bytes, runner: DecodeRunner) -> bytearray:
    """The samples of an RLE frame, by plane (PS3.5 G)."""
    from rle.utils import decode_pixel_data

    made = decode_pixel_data(
        code, version=2, rows=runner.rows, columns=runner.columns, bits_allocated=runner.bits_allocated
    )
    runner.set_option("planar_configuration", 1)
    return bytearray(made)
