"""The pixels of one frame, decoded. For the limited process of `repository.rendering` alone: codecs are native code
that reads what strangers wrote.

Everything here needs the extra `pixels`; it is imported by the functions that need it, after `prepare`.
"""

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.uid import UID, AllTransferSyntaxes

if TYPE_CHECKING:
    import numpy as np

MOST_BYTES = 512 << 20  # of one decoded frame
NATIVE = "1.2.840.10008.1.2.1"
_J = "1.2.840.10008.1.2.4."
_COMPRESSED = ("50", "51", "57", "70", "80", "81", "90", "91", "201", "202", "203")
DECODED = frozenset({"1.2.840.10008.1.2.5", *(_J + each for each in _COMPRESSED)})
"""The transfer syntaxes whose frames can be decoded; of JPEG Extended (.51) those of 8 bits, and grey ones of 12."""
LOSSY = frozenset({_J + "50", _J + "51"})  # those that cannot be anything else
_NEAR_LOSSLESS, _WAVELETS = _J + "81", frozenset(_J + each for each in ("91", "203"))
PACKAGES = ("numpy", "PIL", "gdcm", "jpeg_ls", "openjpeg", "rle")
"""Modules of the extra `pixels`, all of which `prepare` wants."""
_PLUGIN = "archive"
_KEYWORDS = {"OF": "FloatPixelData", "OD": "DoubleFloatPixelData"}
_FULL = {"YBR_FULL_422": "YBR_FULL", "YBR_ICT": "RGB", "YBR_RCT": "RGB"}


class TooLarge(Exception):
    """Internal signal: more than `MOST_BYTES`."""


class Unsupported(Exception):
    """Internal signal: pixels of a kind that is not decoded here."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """`samples`: rows by columns, and by samples where there are several."""

    samples: "np.ndarray[Any, Any]"
    photometric: str


def prepare() -> None:
    """All codecs are in memory: nothing is opened afterwards. Raises `ImportError` where the extra is missing."""
    import gdcm  # type: ignore[import-untyped]  # noqa: F401
    import jpeg_ls  # type: ignore[import-untyped]  # noqa: F401
    import numpy as np  # noqa: F401
    import openjpeg  # noqa: F401
    import rle  # noqa: F401
    from PIL import Image, ImageMode, JpegImagePlugin, PngImagePlugin  # noqa: F401
    from pydicom.pixels import processing  # noqa: F401
    from pydicom.pixels.decoders import base

    Image.init()
    Image.MAX_IMAGE_PIXELS = MOST_BYTES // 2
    for uid in DECODED:
        base.get_decoder(UID(uid)).add_plugin(_PLUGIN, ("repository.formats.dicom.pixels_codecs", "decode"))


def header_of(raw: bytes) -> Dataset:
    """The attributes in `raw`: a data set in explicit VR little endian."""
    return read_dataset(BytesIO(raw), is_implicit_VR=False, is_little_endian=True)


def decoded(header: Dataset, frame: bytes, *, syntax: str, vr: str, rgb: bool) -> Decoded:
    """The samples of a frame that is stored in `syntax`, and its colour model; `rgb`: luminance and chrominance are
    turned into RGB. Lossless ones are exact. Raises `TooLarge`, `Unsupported`, and what codecs raise."""
    from pydicom.encaps import encapsulate
    from pydicom.pixels.decoders.base import get_decoder

    from repository.formats.dicom.pixels_codecs import is_known

    options = _options(header, vr)
    compressed = syntax in DECODED
    if compressed and not is_known(frame, syntax=syntax, about=options):
        raise Unsupported
    if not compressed and UID(syntax) in AllTransferSyntaxes and UID(syntax).is_encapsulated:
        raise Unsupported
    decoder = get_decoder(UID(syntax if compressed else NATIVE))
    source = encapsulate([frame], has_bot=False) if compressed else frame + b"\0" * (len(frame) % 2)
    samples, said = decoder.as_array(source, raw=not rgb, decoding_plugin=_PLUGIN if compressed else "", **options)
    photometric = str(said["photometric_interpretation"])
    return Decoded(samples, photometric if rgb else _FULL.get(photometric, photometric))


def native(header: Dataset, frame: bytes, *, syntax: str, vr: str) -> tuple[bytes, str]:
    """The frame as it stands in a file without compression, by pixel and in little endian, in as many bits as the
    header says; and its photometric interpretation. Raises as `decoded`."""
    allocated = int(header.BitsAllocated)
    if allocated not in (8, 16, 32):
        raise Unsupported
    found = decoded(header, frame, syntax=syntax, vr=vr, rgb=False)
    kind = "i" if header.PixelRepresentation else "u"
    return found.samples.astype(f"<{kind}{allocated // 8}").tobytes(), found.photometric


def is_lossy(frame: bytes, *, syntax: str) -> bool:
    """Whether the code stream itself says that something was lost: a JPEG-LS scan that comes near (ISO/IEC 14495-1
    C.2.3), the wavelet that cannot be turned back (ISO/IEC 15444-1 A.6.1). Of a stream that was cut short after the
    other wavelet nobody can tell."""
    if syntax in LOSSY:
        return True
    if syntax == _NEAR_LOSSLESS:
        at = frame.find(b"\xff\xda")
        near = at + 5 + 2 * frame[at + 4] if 0 <= at < len(frame) - 5 else -1
        return 0 < near < len(frame) and frame[near] > 0
    at = frame.find(b"\xff\x52") if syntax in _WAVELETS else -1
    return 0 <= at < len(frame) - 13 and frame[at + 13] == 0


def _options(header: Dataset, vr: str) -> dict[str, Any]:
    options: dict[str, Any] = {
        "rows": int(header.Rows),
        "columns": int(header.Columns),
        "samples_per_pixel": int(header.get("SamplesPerPixel", 1) or 1),
        "bits_allocated": int(header.BitsAllocated),
        "photometric_interpretation": str(header.PhotometricInterpretation),
        "number_of_frames": 1,
        "pixel_keyword": _KEYWORDS.get(vr, "PixelData"),
    }
    if vr not in _KEYWORDS:
        options["bits_stored"] = int(header.get("BitsStored", 0) or options["bits_allocated"])
        options["pixel_representation"] = int(header.get("PixelRepresentation", 0) or 0)
    if options["samples_per_pixel"] > 1:
        options["planar_configuration"] = int(header.get("PlanarConfiguration", 0) or 0)
    if _bytes(options) > MOST_BYTES:
        raise TooLarge
    return options


def _bytes(options: dict[str, Any]) -> int:
    bits = options["rows"] * options["columns"] * options["samples_per_pixel"] * options["bits_allocated"]
    return int(bits) // 8
