"""JPEG Extended of 12 bits (ISO/IEC 10918-1, process 4), which older mammography and angiography is kept in."""

import hashlib
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom.data
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.encaps import encapsulate, generate_frames

from repository.formats.dicom.pixels_codecs import beginning
from repository.rendering.errors import PixelsUnreadable
from repository.rendering.pool import Pool
from tests.builders import compressed as made
from tests.peers import dcmtk
from tests.peers.needed import needed
from tests.repository.rendering.test_pool import task_of

TESTING = Path(pydicom.data.__file__).parent / "test_files"
OFFIS = "d30242775a414c01d616447854ebe3f2b20259822894bcd6891f879bcdcbf313"
WHOLE = (TESTING / "JPGExtended.dcm").read_bytes()


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    running = Pool(1)
    yield running
    running.close()


def decoded(pool: Pool, raw: bytes) -> np.ndarray:
    said, found = pool.ask(*task_of(raw))
    assert (said["photometric"], said["lossy"]) == ("MONOCHROME2", True)
    return np.frombuffer(found, "<u2")


def code_of(raw: bytes) -> bytes:
    return next(generate_frames(dcmread(BytesIO(raw)).PixelData, number_of_frames=1))


def changed(raw: bytes, code: bytes = b"", **attributes: object) -> bytes:
    image, out = dcmread(BytesIO(raw)), BytesIO()
    for name, value in attributes.items():
        setattr(image, name, value)
    if code:
        image.PixelData = encapsulate([code])
    image.save_as(out, enforce_file_format=True)
    return out.getvalue()


@pytest.mark.parametrize("name", ["JPEG-lossy.dcm", "JPGExtended.dcm"])
def test_an_image_of_a_vendor_is_decoded_as_by_dcmtk(pool: Pool, name: str) -> None:
    """`OFFIS` is the digest of what DCMTK 3.6.7 makes of it: `dcmdjpeg`, then Pixel Data."""
    raw = (TESTING / name).read_bytes()
    assert hashlib.sha256(decoded(pool, raw).tobytes()).hexdigest() == OFFIS


@pytest.mark.peers
@pytest.mark.parametrize("quality", [100, 90, 40])
def test_what_dcmtk_has_compressed_is_decoded_as_dcmtk_does(pool: Pool, tmp_path: Path, quality: int) -> None:
    needed(dcmtk.missing("dcmcjpeg", "dcmdjpeg"))
    native, small, again = (tmp_path / name for name in ("native.dcm", "small.dcm", "again.dcm"))
    samples = made.scene(61, 83, bits=12)
    native.write_bytes(made.native(samples, bits=12))
    run("dcmcjpeg", "+ee", "+q", str(quality), str(native), str(small))
    run("dcmdjpeg", str(small), str(again))
    expected = dcmread(again).pixel_array.astype(int)
    assert dcmread(small).file_meta.TransferSyntaxUID == made.EXTENDED
    found = decoded(pool, small.read_bytes()).astype(int)
    assert np.abs(found - expected.ravel()).max() <= 1
    assert np.abs(found - samples.ravel()).mean() < 100  # and it is no other image


def run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True, timeout=60)


def damaged() -> dict[str, bytes]:
    code = code_of(WHOLE)
    return {
        "cut": changed(WHOLE, code[: len(code) // 2]),
        "only its beginning": changed(WHOLE, code[:90]),
        "of other rows": changed(WHOLE, Rows=96),
        "of other columns": changed(WHOLE, Columns=36),
    }


@pytest.mark.parametrize("how", damaged().items(), ids=lambda each: each[0])
def test_what_does_not_fit_its_header_is_damaged(pool: Pool, how: tuple[str, bytes]) -> None:
    with pytest.raises(PixelsUnreadable, match="damaged"):
        pool.ask(*task_of(how[1]))
    assert decoded(pool, WHOLE).size == 1024 * 256


def odd() -> dict[str, bytes]:
    code, eight = code_of(WHOLE), made.code_of(made.scene(1024, 256, bits=8), made.EXTENDED, bits=8)
    return {
        "signed": changed(WHOLE, PixelRepresentation=1),
        "of fewer bits in its header": changed(WHOLE, BitsStored=10, HighBit=9),
        "of fewer bits in its code stream": changed(WHOLE, eight),
        "progressive": changed(WHOLE, code.replace(b"\xff\xc1", b"\xff\xc2", 1)),
    }


@pytest.mark.parametrize("how", odd().items(), ids=lambda each: each[0])
def test_what_the_standard_knows_no_such_image_of_is_not_guessed_at(pool: Pool, how: tuple[str, bytes]) -> None:
    """PS3.5 Table 8.2.1-1: of 12 bits there are unsigned ones, of one sample, in 16."""
    with pytest.raises(PixelsUnreadable, match="unsupported"):
        pool.ask(*task_of(how[1]))


def test_where_a_jpeg_says_how_it_begins_it_is_found() -> None:
    code = code_of(WHOLE)
    assert beginning(code) == (0xC1, 12, 1024, 256, 1)
    assert beginning(made.code_of(made.scene(bits=8), made.BASELINE, bits=8)) == (0xC0, 8, 48, 72, 1)
    comment = b"\xff\xfe\0\x0c" + b"\xff\xc1\0\x0b\x0c\0\x01\0\x01\x01"
    assert beginning(code[:2] + comment + b"\xff" + code[2:]) == (0xC1, 12, 1024, 256, 1)
    for wrong in (b"", b"\xff\xd8", code[:8], b"\xff\xd8\xff\xda\0\x02" + code, b"\xff\xd8\xff\xfe\0\0" * 9):
        assert beginning(wrong) is None


@given(st.binary(max_size=40))
@settings(max_examples=100)
def test_no_code_stream_is_too_odd_to_be_looked_at(content: bytes) -> None:
    for each in (content, b"\xff\xd8\xff" + content):
        assert beginning(each) is None or len(each) >= 12
