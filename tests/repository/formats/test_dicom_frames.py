"""Frames found in images of every kind of pixel data, against pydicom's own way to them; and re-encoding."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.datadict import dictionary_has_tag
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEG2000Lossless

from repository.formats.dicom.elements import UnusualEncoding
from repository.formats.dicom.frames import Frames, FramesUnclear, shifted
from repository.formats.dicom.reencoding import reencoded
from repository.formats.dicom.scanning import Read, rest, scan
from tests.builders import dicom

SIZES = st.lists(st.integers(1, 90), min_size=1, max_size=6)


def reader(raw: bytes) -> Read:
    return lambda offset, length: raw[offset : offset + length]


def compressed(codes: list[bytes], *, table: bool = True, extended: bool = False, fragments: int = 1) -> bytes:
    found = dicom.data_set(1)
    found.NumberOfFrames = len(codes)
    if extended:
        found.PixelData, found.ExtendedOffsetTable, found.ExtendedOffsetTableLengths = encapsulate_extended(codes)
    else:
        found.PixelData = encapsulate(codes, fragments_per_frame=fragments, has_bot=table)
    found["PixelData"].is_undefined_length = True
    found["PixelData"].VR = "OB"
    return part10(found, JPEG2000Lossless)


def part10(found: Dataset, syntax: str) -> bytes:
    raw = dicom.part10(found, syntax=syntax)
    return raw.replace(b"\xe0\x7f\x10\0OW", b"\xe0\x7f\x10\0OB") if syntax == JPEG2000Lossless else raw


def frame(raw: bytes, number: int) -> bytes:
    frames = Frames(reader(raw), scan(reader(raw), len(raw)), size=len(raw))
    found = frames.frame(number)
    content = b"".join(raw[at : at + length] for at, length in found.places)
    assert len(content) >= found.length
    return shifted(content, found) if found.shift or found.bits % 8 else content


def code(number: int, size: int) -> bytes:
    """Begins as JPEG 2000 does, and is as long as encapsulation makes it: an even number."""
    return b"\xff\x4f\xff\x51" + bytes([number]) * (2 * size)


@pytest.mark.parametrize("extended", [False, True])
@settings(max_examples=25, deadline=None)
@given(sizes=SIZES)
def test_compressed_frames_are_found_by_their_table(extended: bool, sizes: list[int]) -> None:
    codes = [code(number, size) for number, size in enumerate(sizes)]
    raw = compressed(codes, extended=extended)
    assert [frame(raw, number) for number in range(1, len(codes) + 1)] == codes


@settings(max_examples=25, deadline=None)
@given(sizes=SIZES, fragments=st.integers(1, 2))
def test_without_a_table_by_fragments_or_beginnings(sizes: list[int], fragments: int) -> None:
    codes = [code(number, size + 10) for number, size in enumerate(sizes)]
    raw = compressed(codes, table=False, fragments=fragments)
    assert [frame(raw, number) for number in range(1, len(codes) + 1)] == codes


def test_one_frame_in_many_fragments_is_one() -> None:
    raw = compressed([code(1, 50)], fragments=5)
    assert frame(raw, 1) == code(1, 50)


def test_what_does_not_fit_is_unclear() -> None:
    raw = compressed([b"aaaa" * 4, b"bbbb" * 4], table=False, fragments=2)
    with pytest.raises(FramesUnclear):
        frame(raw, 1)


@pytest.mark.parametrize("cut", [1, 9, 40])
def test_pixel_data_that_breaks_off_is_unclear(cut: int) -> None:
    raw = compressed([code(1, 9), code(2, 9)], table=False)
    with pytest.raises(FramesUnclear):
        frame(raw[:-cut], 2)


@pytest.mark.parametrize("bits", [8, 16, 32])
def test_native_frames_are_counted(bits: int) -> None:
    found = dicom.data_set(1)
    found.BitsAllocated, found.NumberOfFrames, found.SamplesPerPixel = bits, 3, 3
    size = 8 * 8 * 3 * bits // 8
    found.PixelData = bytes(range(256)) * (3 * size // 256) + bytes(3 * size % 256)
    raw = dicom.part10(found)
    assert [frame(raw, n) for n in (1, 2, 3)] == [found.PixelData[n * size : (n + 1) * size] for n in range(3)]


def test_frames_of_single_bits_begin_within_bytes() -> None:
    found = dicom.data_set(1)
    found.Rows = found.Columns = 5
    found.BitsAllocated, found.NumberOfFrames = 1, 3
    bits = [(7 * n) % 3 == 0 for n in range(75)]
    packed = sum(bit << place for place, bit in enumerate(bits)).to_bytes(10, "little")
    found.PixelData = packed
    raw = dicom.part10(found)
    for number in (1, 2, 3):
        wanted = sum(bit << place for place, bit in enumerate(bits[25 * (number - 1) : 25 * number]))
        assert int.from_bytes(frame(raw, number), "little") == wanted


def test_too_little_native_data_is_unclear() -> None:
    found = dicom.data_set(1)
    found.NumberOfFrames = 2
    with pytest.raises(FramesUnclear):
        frame(dicom.part10(found), 2)


def encoded(raw: bytes, to: str) -> bytes:
    return b"".join(reencoded(reader(raw), scan(reader(raw), len(raw)), size=len(raw), to=to))


@pytest.mark.parametrize("to", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("syntax", dicom.SYNTAXES)
def test_another_encoding_says_the_same(syntax: str, to: str) -> None:
    found = dicom.data_set(4)
    found.SmallestImagePixelValue, found.PixelRepresentation = 3, 0
    found.add_new(0x00091010, "FD", [1.5, -2.25])
    found.add_new(0xFFFCFFFC, "OB", b"\0\0")
    raw = dicom.part10(found, syntax=syntax, undefined_lengths=True)
    made = dcmread(io.BytesIO(encoded(raw, to)))
    assert made.file_meta.TransferSyntaxUID == to
    assert made.file_meta.MediaStorageSOPInstanceUID == found.SOPInstanceUID
    before = dcmread(io.BytesIO(raw))
    known = {each.tag for each in found if each.VR not in ("SQ", "OW")}
    if ImplicitVRLittleEndian in (syntax, to):  # which says no VRs: only the dictionary's are told apart
        known = {each for each in known if dictionary_has_tag(each)}
    assert len(known) > 20
    assert {tag: made[tag].value for tag in known} == {tag: before[tag].value for tag in known}
    assert {each.tag for each in made} == {each.tag for each in before}
    assert made.OtherPatientIDsSequence[0].PatientID == found.OtherPatientIDsSequence[0].PatientID
    assert made.SmallestImagePixelValue == 3
    words = before.PixelData
    if syntax == ExplicitVRBigEndian:
        words = b"".join(words[at : at + 2][::-1] for at in range(0, len(words), 2))
    assert made.PixelData == words


def test_there_and_back_is_the_same_data_set() -> None:
    raw = dicom.part10(dicom.data_set(6))
    assert encoded(encoded(raw, ImplicitVRLittleEndian), ExplicitVRLittleEndian) == encoded(raw, ExplicitVRLittleEndian)


def test_what_is_compressed_is_not_re_encoded() -> None:
    with pytest.raises(UnusualEncoding):
        encoded(compressed([code(1, 4)]), ExplicitVRLittleEndian)


def test_what_follows_pixel_data_is_found() -> None:
    found = dicom.data_set(1)
    found.add_new(0xFFFCFFFC, "OB", b"\0\0\0\0")
    raw = dicom.part10(found)
    made = scan(reader(raw), len(raw))
    end = Frames(reader(raw), made, size=len(raw)).end()
    assert [each.tag for each in rest(reader(raw), made, after=end, size=len(raw))] == [0xFFFCFFFC]
