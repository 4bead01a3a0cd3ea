"""One codec for each kind of compression, in the form of pydicom's decoding plugins: what the code stream holds has to
be what the header says, and no other codec has a try at what one has refused.

    JPEG (.50, .51)             libjpeg-turbo, by Pillow
    JPEG lossless (.57, .70)    GDCM
    JPEG-LS                     CharLS, by pyjpegls
    JPEG 2000, HTJ2K            OpenJPEG, by pylibjpeg-openjpeg
    RLE                         pylibjpeg-rle

Only `repository.formats.dicom.pixels` names this module, in a process that has the extra `pixels`.
"""

from collections.abc import Callable
from typing import Any

from pydicom.pixels.decoders.base import DecodeRunner

_J = "1.2.840.10008.1.2.4."
DECODER_DEPENDENCIES: dict[str, tuple[str, ...]] = {
    "1.2.840.10008.1.2.5": ("pylibjpeg-rle",),
    **dict.fromkeys((_J + each for each in ("50", "51")), ("pillow",)),
    **dict.fromkeys((_J + each for each in ("57", "70")), ("python-gdcm",)),
    **dict.fromkeys((_J + each for each in ("80", "81")), ("pyjpegls",)),
    **dict.fromkeys((_J + each for each in ("90", "91", "201", "202", "203")), ("pylibjpeg-openjpeg",)),
}


def is_available(uid: str) -> bool:
    """As pydicom asks of a plugin."""
    return uid in DECODER_DEPENDENCIES


def decode(code: bytes, runner: DecodeRunner) -> bytes | bytearray:
    """The samples of a frame, as many as the header says. Raises `ValueError` for any other number of them, and what
    the codec raises."""
    (package,) = DECODER_DEPENDENCIES[runner.transfer_syntax]
    made = _CODECS[package](code, runner)
    if len(made) != runner.frame_length(unit="bytes"):
        raise ValueError("another size")
    return made


def _by_openjpeg(code: bytes, runner: DecodeRunner) -> bytearray:
    """By pixel, in the narrowest type that holds them; colours come back as RGB."""
    from openjpeg.utils import decode_pixel_data

    made = bytearray(decode_pixel_data(code, version=2))
    if runner.photometric_interpretation in ("YBR_ICT", "YBR_RCT"):
        runner.set_option("photometric_interpretation", "RGB")
    precision: Any = runner.get_option("j2k_precision", runner.bits_stored)
    runner.set_option("bits_allocated", 8 if precision <= 8 else 16 if precision <= 16 else 32)
    return made


def _by_rle(code: bytes, runner: DecodeRunner) -> bytearray:
    """By plane (PS3.5 G)."""
    from rle.utils import decode_pixel_data

    made = decode_pixel_data(
        code, version=2, rows=runner.rows, columns=runner.columns, bits_allocated=runner.bits_allocated
    )
    runner.set_option("planar_configuration", 1)
    return bytearray(made)


def _by_pillow(code: bytes, runner: DecodeRunner) -> bytes:
    from pydicom.pixels.decoders.pillow import _decode_frame

    return _decode_frame(code, runner)


def _by_gdcm(code: bytes, runner: DecodeRunner) -> bytes:
    from pydicom.pixels.decoders.gdcm import _decode_frame

    return _decode_frame(code, runner)


def _by_charls(code: bytes, runner: DecodeRunner) -> bytearray:
    from pydicom.pixels.decoders.pyjpegls import _decode_frame

    return _decode_frame(code, runner)


_CODECS: dict[str, Callable[[bytes, DecodeRunner], bytes | bytearray]] = {
    "pylibjpeg-rle": _by_rle,
    "pillow": _by_pillow,
    "python-gdcm": _by_gdcm,
    "pyjpegls": _by_charls,
    "pylibjpeg-openjpeg": _by_openjpeg,
}
