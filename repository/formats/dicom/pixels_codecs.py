"""One codec for each kind of compression, in the form of pydicom's decoding plugins: what the code stream holds has to
be what the header says, and no other codec has a try at what one has refused.

    JPEG (.50, .51)             libjpeg-turbo, by Pillow
    JPEG of 12 bits (.51)       GDCM
    JPEG lossless (.57, .70)    GDCM
    JPEG-LS                     CharLS, by pyjpegls
    JPEG 2000, HTJ2K            OpenJPEG, by pylibjpeg-openjpeg
    RLE                         pylibjpeg-rle

Only `repository.formats.dicom.pixels` names this module, in a process that has the extra `pixels`.
"""

from collections.abc import Callable, Mapping
from struct import Struct
from typing import Any, NamedTuple

from pydicom.pixels.decoders.base import DecodeRunner

_J = "1.2.840.10008.1.2.4."
_EXTENDED, _TWELVE = _J + "51", 12
_SEQUENTIAL = 0xC1  # extended, by Huffman's codes (ISO/IEC 10918-1 B.1.1.3)
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # markers: a frame begins
_FRAME = Struct(">BHHB")
DECODER_DEPENDENCIES: dict[str, tuple[str, ...]] = {
    "1.2.840.10008.1.2.5": ("pylibjpeg-rle",),
    **dict.fromkeys((_J + each for each in ("50", "51")), ("pillow",)),
    **dict.fromkeys((_J + each for each in ("57", "70")), ("python-gdcm",)),
    **dict.fromkeys((_J + each for each in ("80", "81")), ("pyjpegls",)),
    **dict.fromkeys((_J + each for each in ("90", "91", "201", "202", "203")), ("pylibjpeg-openjpeg",)),
}


class Beginning(NamedTuple):
    """What the header of a JPEG's frame says (ISO/IEC 10918-1 B.2.2)."""

    marker: int
    precision: int
    rows: int
    columns: int
    components: int


def beginning(code: bytes) -> Beginning | None:
    """None where there is none before the first scan."""
    at = 2
    while at + 10 <= len(code) and code[at] == 0xFF:
        marker, length = code[at + 1], int.from_bytes(code[at + 2 : at + 4])
        if marker == 0xFF:  # fills
            at += 1
        elif marker in _FRAMES:
            return Beginning(marker, *_FRAME.unpack_from(code, at + 4))
        elif marker == 0xDA or length < 2:  # a scan, or nothing that can be
            return None
        else:
            at += 2 + length
    return None


def is_known(code: bytes, *, syntax: str, about: Mapping[str, Any]) -> bool:
    """Whether the frame is of a kind that is decoded, as far as it tells itself; `about`: what the header says of it.
    Of JPEG Extended with 12 bits that is what PS3.5 Table 8.2.1-1 knows: nobody says what signs or colours would be."""
    begins = beginning(code) if syntax == _EXTENDED else None
    if begins is None:
        return True
    if begins.precision != _TWELVE:
        return bool(about.get("bits_stored") == begins.precision)
    kept = tuple(about.get(each) for each in ("samples_per_pixel", "bits_allocated", "pixel_representation"))
    return kept == (1, 16, 0) and about["bits_stored"] >= _TWELVE and begins.marker == _SEQUENTIAL


def is_available(uid: str) -> bool:
    """As pydicom asks of a plugin."""
    return uid in DECODER_DEPENDENCIES


def decode(code: bytes, runner: DecodeRunner) -> bytes | bytearray:
    """The samples of a frame, as many as the header says. Raises `ValueError` for any other number of them, and what
    the codec raises."""
    (package,) = DECODER_DEPENDENCIES[runner.transfer_syntax]
    begins = beginning(code) if runner.transfer_syntax == _EXTENDED else None
    if begins is not None and begins.precision == _TWELVE:
        made: bytes | bytearray = _of_twelve_bits(code, runner, begins)
    else:
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


def _of_twelve_bits(code: bytes, runner: DecodeRunner, begins: Beginning) -> bytes:
    """GDCM reads these, and exactly as DCMTK does; pydicom's way to it refuses them."""
    if begins[2:] != (runner.rows, runner.columns, 1):
        raise ValueError("another size")
    made = _gdcm_image(code, runner).GetBuffer()
    if made is None:
        raise ValueError("damaged")
    return bytes(made.encode("utf-8", "surrogateescape"))  # it has its bytes in a string


def _gdcm_image(code: bytes, runner: DecodeRunner) -> Any:
    import gdcm  # type: ignore[import-untyped]

    fragment, fragments = gdcm.Fragment(), gdcm.SequenceOfFragments.New()
    fragment.SetByteStringValue(code)
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image, bits = gdcm.Image(), runner.bits_stored
    image.SetNumberOfDimensions(2)
    image.SetDimensions((runner.columns, runner.rows, 1))
    image.SetDataElement(element)
    kind = gdcm.PhotometricInterpretation
    image.SetPhotometricInterpretation(kind(kind.GetPIType(str(runner.photometric_interpretation))))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(_EXTENDED)))
    image.SetPixelFormat(gdcm.PixelFormat(1, runner.bits_allocated, bits, bits - 1, 0))
    return image


_CODECS: dict[str, Callable[[bytes, DecodeRunner], bytes | bytearray]] = {
    "pylibjpeg-rle": _by_rle,
    "pillow": _by_pillow,
    "python-gdcm": _by_gdcm,
    "pyjpegls": _by_charls,
    "pylibjpeg-openjpeg": _by_openjpeg,
}
