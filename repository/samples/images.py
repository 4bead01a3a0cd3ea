"""Synthetic CT series: a noisy ellipse in air, as DICOM files of any wanted size."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from math import isqrt
from random import Random

from repository.domain.identifiers import PESEL_OID
from repository.samples.part10 import element, file_head, sequence
from repository.samples.people import Person, Provider

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
CODECS = {"ISO_IR 192": "utf-8", "ISO_IR 101": "iso8859-2"}  # both hold all Polish letters (PS3.3 C.12.1.1.2)
AIR, TISSUE, SPREAD = 24, 1064, 80  # stored values; Hounsfield units are 1024 lower
NOISE_PIXELS = 1 << 16
HALVED = bytes(number >> 1 for number in range(256))  # of a word's highest byte: its highest 7 bits
PASSED_OVER = bytes(number for number in range(256) if number >> 1 >= SPREAD)
LOW = bytes((TISSUE + number) % 256 for number in range(256))  # no value of tissue has another high byte


@dataclass(frozen=True, slots=True)
class Study:
    """One CT study with one series. `charset` is the value of Specific Character Set."""

    patient: Person
    provider: Provider
    uid: str
    series_uid: str
    accession: str
    day: date
    charset: str


def derived_uid(*names: str | int) -> str:
    """A UID under 2.25 (PS3.5 B.2): the same names always give the same one, others another."""
    raw = bytearray(hashlib.sha256("\0".join(map(str, names)).encode()).digest()[:16])
    raw[6] = raw[6] & 0x0F | 0x80  # RFC 9562 version 8: a UUID of the implementation's own making
    raw[8] = raw[8] & 0x3F | 0x80
    return f"2.25.{int.from_bytes(raw, 'big')}"


def slices(study: Study, *, images: int, image_bytes: int, rng: Random) -> Iterator[list[bytes]]:
    """`images` files, each in parts; pixel data is the squarest raster that fits into `image_bytes`."""
    rows = isqrt(image_bytes // 2)
    columns = image_bytes // 2 // rows
    noise = _noise(max(NOISE_PIXELS, 2 * columns), rng)
    shared = _shared(study)
    for number in range(1, images + 1):
        uid = derived_uid(study.series_uid, number)
        pixels = element(0x7FE0_0010, "OW", b"".join(_ellipse(rows, columns, noise=noise, rng=rng)))
        yield [file_head(CT_IMAGE_STORAGE, uid), _dataset(shared, uid, number=number, size=(rows, columns)), pixels]


def _noise(pixels: int, rng: Random) -> bytes:
    """Tissue, 16-bit little endian: what `rng.randrange(SPREAD)` gives for each pixel, and `rng` is left as by that.

    The highest 7 bits of a word of the generator are a value, or are passed over where they are none. To ask for each
    pixel by itself took nearly all of the time in which a small sample is made; words are asked for together.
    """
    values = b""
    while missing := pixels - len(values):
        values += rng.randbytes(4 * missing)[3::4].translate(HALVED, PASSED_OVER)
    raster = bytearray(TISSUE.to_bytes(2, "little") * pixels)
    raster[::2] = values.translate(LOW)
    return bytes(raster)


def _ellipse(rows: int, columns: int, *, noise: bytes, rng: Random) -> list[bytes]:
    """The rows of one slice, 16-bit little endian: cut from the noise, so that a large slice costs few operations."""
    air = AIR.to_bytes(2, "little") * columns
    picture: list[bytes] = []
    for row in range(rows):
        height = 2 * row - rows
        reach = isqrt(max(0, rows * rows - height * height)) * columns // (2 * rows) * 4 // 5
        edge = 2 * (columns // 2 - reach)
        start = 2 * rng.randrange(len(noise) // 2 - columns)
        picture.append(air[:edge] + noise[start : start + 4 * reach] + air[: 2 * columns - edge - 4 * reach])
    return picture


def _shared(study: Study) -> dict[int, bytes]:
    """The encoded elements that every slice of the study has in common, by tag."""
    person, codec, day = study.patient, CODECS[study.charset], f"{study.day:%Y%m%d}"
    name = f"{person.family}^{'^'.join(person.given)}"
    qualifiers = element(0x0040_0032, "UT", PESEL_OID) + element(0x0040_0033, "CS", "ISO")
    texts = (
        (0x0008_0005, "CS", study.charset),
        (0x0008_0008, "CS", "ORIGINAL\\PRIMARY\\AXIAL"),
        (0x0008_0016, "UI", CT_IMAGE_STORAGE),
        (0x0008_0020, "DA", day),
        (0x0008_0021, "DA", day),
        (0x0008_0030, "TM", "101200"),
        (0x0008_0050, "SH", study.accession),
        (0x0008_0060, "CS", "CT"),
        (0x0008_0070, "LO", "EDM Archive samples"),
        (0x0008_0080, "LO", study.provider.short_name),
        (0x0008_1030, "LO", "TK klatki piersiowej"),
        (0x0008_103E, "LO", "Miąższ płuc 5 mm"),
        (0x0010_0010, "PN", name),
        (0x0010_0020, "LO", person.pesel),
        (0x0010_0021, "LO", "PESEL"),
        (0x0010_0030, "DA", f"{person.birth:%Y%m%d}"),
        (0x0010_0040, "CS", person.sex),
        (0x0018_0015, "CS", "CHEST"),
        (0x0018_0050, "DS", "5"),
        (0x0020_000D, "UI", study.uid),
        (0x0020_000E, "UI", study.series_uid),
        (0x0020_0010, "SH", study.accession),
        (0x0020_0011, "IS", "1"),
    )
    elements = {tag: element(tag, vr, value, codec=codec) for tag, vr, value in texts}
    return {**elements, 0x0010_0024: sequence(0x0010_0024, [qualifiers])}


def _dataset(shared: dict[int, bytes], uid: str, *, number: int, size: tuple[int, int]) -> bytes:
    own = {
        0x0008_0018: element(0x0008_0018, "UI", uid),
        0x0020_0013: element(0x0020_0013, "IS", str(number)),
        0x0020_0032: element(0x0020_0032, "DS", f"-200\\-200\\{-5 * number}"),
        0x0020_0037: element(0x0020_0037, "DS", "1\\0\\0\\0\\1\\0"),
        0x0028_0002: element(0x0028_0002, "US", 1),
        0x0028_0004: element(0x0028_0004, "CS", "MONOCHROME2"),
        0x0028_0010: element(0x0028_0010, "US", size[0]),
        0x0028_0011: element(0x0028_0011, "US", size[1]),
        0x0028_0030: element(0x0028_0030, "DS", "0.8\\0.8"),
        0x0028_0100: element(0x0028_0100, "US", 16),
        0x0028_0101: element(0x0028_0101, "US", 16),
        0x0028_0102: element(0x0028_0102, "US", 15),
        0x0028_0103: element(0x0028_0103, "US", 0),
        0x0028_1052: element(0x0028_1052, "DS", "-1024"),
        0x0028_1053: element(0x0028_1053, "DS", "1"),
    }
    # A data set is in ascending order of tags (PS3.5 7.1).
    return b"".join(encoded for _, encoded in sorted({**shared, **own}.items()))
