"""Images compressed by the real codecs: OpenJPEG, CharLS, GDCM, Pillow's libjpeg, and RLE."""

import io
import tempfile
from pathlib import Path

import gdcm
import jpeg_ls
import numpy as np
import openjpeg
import rle
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import ExplicitVRLittleEndian

from tests.builders import dicom

_J = "1.2.840.10008.1.2.4."
RLE, BASELINE, EXTENDED = "1.2.840.10008.1.2.5", _J + "50", _J + "51"
LOSSLESS, LOSSLESS_SV1 = _J + "57", _J + "70"
LS, NEAR_LS, J2K, LOSSY_J2K = _J + "80", _J + "81", _J + "90", _J + "91"
EXACT = (RLE, LOSSLESS, LOSSLESS_SV1, LS, J2K)
"""Those that lose nothing."""
_GDCM = {LOSSLESS: "JPEGLosslessProcess14", LOSSLESS_SV1: "JPEGLosslessProcess14_1"}
Samples = np.ndarray


def scene(rows: int = 48, columns: int = 72, *, bits: int = 12, signed: bool = False, colours: bool = False) -> Samples:
    """Something with edges, slopes and every value range of `bits`."""
    down, across = np.mgrid[0:rows, 0:columns]
    made = (down * 37 + across * 11 + (down // 5 % 2) * 2 ** (bits - 2)) % 2**bits
    made[0, 0], made[0, 1] = 0, 2**bits - 1
    if colours:
        made = np.stack([made, (made * 3) % 2**bits, made[::-1]], axis=-1)
    if signed:
        return (made - 2 ** (bits - 1)).astype(np.int16 if bits > 8 else np.int8)
    return made.astype(np.uint16 if bits > 8 else np.uint8)


def described(samples: Samples, *, bits: int, frames: int = 1, instance: int = 1, photometric: str = "") -> Dataset:
    """A data set about `samples` (frames of them, the same each), native."""
    found = dicom.data_set(7, instance=instance)
    found.Rows, found.Columns = samples.shape[:2]
    found.SamplesPerPixel = 3 if samples.ndim == 3 else 1
    found.PhotometricInterpretation = photometric or ("RGB" if samples.ndim == 3 else "MONOCHROME2")
    if samples.ndim == 3:
        found.PlanarConfiguration = 0
    found.BitsAllocated = samples.dtype.itemsize * 8
    found.BitsStored, found.HighBit = bits, bits - 1
    found.PixelRepresentation = int(samples.dtype.kind == "i")
    if frames > 1:
        found.NumberOfFrames = frames
    content = samples.tobytes() * frames
    found.PixelData = content + bytes(len(content) % 2)
    return found


def code_of(samples: Samples, syntax: str, *, bits: int) -> bytes:
    """One frame in `syntax`."""
    if syntax == RLE:
        found = described(samples, bits=bits)
        return next(rle.utils.encode_array(samples, ds=found))
    if syntax in (LS, NEAR_LS):
        unsigned = samples.view(f"u{samples.dtype.itemsize}") & (2**bits - 1)  # the codec knows no signs
        return bytes(jpeg_ls.CharLS.encode_array(unsigned, lossy_error=2 if syntax == NEAR_LS else 0))
    if syntax in (J2K, LOSSY_J2K):
        more = {"compression_ratios": [2]} if syntax == LOSSY_J2K else {}
        colours = 1 if samples.ndim == 3 else 2
        return bytes(openjpeg.utils.encode_array(samples, bits, photometric_interpretation=colours, **more))
    if syntax in (BASELINE, EXTENDED):
        out = io.BytesIO()
        Image.fromarray(samples).save(out, "JPEG", quality=95)
        return out.getvalue()
    return _by_gdcm(samples, _GDCM[syntax], bits=bits)


def _by_gdcm(samples: Samples, process: str, *, bits: int) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder, "source.dcm"), Path(folder, "made.dcm")
        source.write_bytes(dicom.part10(described(samples, bits=bits)))
        reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
        reader.SetFileName(str(source))
        assert reader.Read()
        change.SetTransferSyntax(gdcm.TransferSyntax(getattr(gdcm.TransferSyntax, process)))
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer.SetFileName(str(made))
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        assert writer.Write()
        return next(generate_frames(dcmread(made).PixelData, number_of_frames=1))


def compressed(
    samples: Samples, syntax: str, *, bits: int, frames: int = 1, instance: int = 1, codes: list[bytes] | None = None
) -> bytes:
    """An image in `syntax` as a file; `codes` in place of what a codec makes of the samples."""
    found = described(samples, bits=bits, frames=frames, instance=instance)
    if samples.ndim == 3 and syntax in (BASELINE, EXTENDED):
        found.PhotometricInterpretation = "YBR_FULL_422"
    if samples.ndim == 3 and syntax in (J2K, LOSSY_J2K):
        found.PhotometricInterpretation = "YBR_RCT" if syntax == J2K else "YBR_ICT"
    found.PixelData = encapsulate(codes or [code_of(samples, syntax, bits=bits)] * frames)
    found["PixelData"].is_undefined_length = True
    raw = dicom.part10(found, syntax=syntax)
    return raw.replace(b"\xe0\x7f\x10\0OW", b"\xe0\x7f\x10\0OB")


def native(
    samples: Samples, *, bits: int, instance: int = 1, frames: int = 1, syntax: str = "", **more: object
) -> bytes:
    """The image without compression, as a file; `more` are attributes by their keywords."""
    found = described(samples, bits=bits, instance=instance, frames=frames)
    for name, value in more.items():
        setattr(found, name, value)
    return dicom.part10(found, syntax=syntax or ExplicitVRLittleEndian)
