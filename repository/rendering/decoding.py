"""An image without its compression: the same values, as a file in explicit VR little endian (PS3.5 A.2).

Frames are decoded one by one as they are written, by a `Pool`, so that an image of any length takes the memory of one
frame. What was lossless is exact; the SOP Instance UID stays, for nothing is lost (PS3.4 B.4.1.3); so does what the
image says of losses that it has had.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from repository.formats.dicom.elements import UnusualEncoding
from repository.formats.dicom.frames import Frames
from repository.formats.dicom.pixels import DECODED, LOSSY
from repository.formats.dicom.reencoding import Native, attributes, decompressed
from repository.formats.dicom.scanning import Element, rest
from repository.imaging import Image, PartUnclear, frame_pieces, frames
from repository.rendering.errors import PixelsUnreadable
from repository.rendering.pool import Pool
from repository.runtime import Archive

DECODABLE = DECODED
_PHOTOMETRIC, _PLANAR, _SAMPLES, _LOSSY = 0x00280004, 0x00280006, 0x00280002, 0x00282110
_SHARED, _PER_FRAME = 0x52009229, 0x52009230
_ROWS, _COLUMNS, _ALLOCATED = 0x00280010, 0x00280011, 0x00280100


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as a process that decodes is sent it: `header` are the attributes about pixels, and nobody's name."""

    header: bytes
    content: bytes
    syntax: str
    vr: str

    def told(self, do: str, **more: object) -> tuple[dict[str, object], bytes]:
        words = {"do": do, "header": len(self.header), "syntax": self.syntax, "vr": self.vr, **more}
        return words, self.header + self.content


def is_compressed(image: Image) -> bool:
    """Whether there is something to decode."""
    return image.scanned.pixels is not None and image.scanned.pixels.length < 0


def frame_of(archive: Archive, image: Image, number: int, *, of: Frames) -> Frame:
    """Raises `PartUnknown`, `PartUnclear`, `PixelsUnreadable` for a kind of compression that no codec here reads, and
    what opening raises."""
    if of.encapsulated and image.scanned.syntax not in DECODED:
        raise PixelsUnreadable(reason="unsupported")
    content = b"".join(frame_pieces(archive, image, number, of=of))
    return Frame(_header(image, number), content, image.scanned.syntax, of.vr)


def native_frame(archive: Archive, pool: Pool, image: Image, *, number: int, of: Frames) -> bytes:
    """A compressed frame without its compression: samples by pixel, in little endian. Raises as `decoded` does."""
    return _native(archive, pool, image, number=number, of=of)[0]


def decoded(archive: Archive, pool: Pool, image: Image) -> Iterator[bytes]:
    """The compressed image as a file without compression. Raises before the first piece `CodecsMissing`, `PartUnknown`,
    `PartUnclear`, `PixelsBusy`, `PixelsUnreadable`; the last two also later, for a frame that is not the first."""
    there = frames(image)
    first, photometric = _native(archive, pool, image, number=1, of=there)
    allocated = _number(image, _ALLOCATED)
    if len(first) != _number(image, _ROWS) * _number(image, _COLUMNS) * _number(image, _SAMPLES) * allocated // 8:
        raise PixelsUnreadable(reason="damaged")

    def every() -> Iterator[bytes]:
        yield first
        for number in range(2, there.count + 1):
            found, colours = _native(archive, pool, image, number=number, of=there)
            if len(found) != len(first) or colours != photometric:
                raise PixelsUnreadable(reason="damaged")
            yield found

    try:
        after = rest(image.read, image.scanned, after=there.end(), size=image.size)
        native = Native(every(), len(first) * there.count, allocated, _changes(image, photometric))
        return decompressed(image.read, image.scanned, native, after=after)
    except UnusualEncoding as error:
        raise PartUnclear from error


def _native(archive: Archive, pool: Pool, image: Image, *, number: int, of: Frames) -> tuple[bytes, str]:
    said, made = pool.ask(*frame_of(archive, image, number, of=of).told("decode"))
    return made, str(said.get("photometric", ""))


def _changes(image: Image, photometric: str) -> dict[int, tuple[str, bytes]]:
    changes = {_PHOTOMETRIC: ("CS", _padded(photometric))}
    if _number(image, _SAMPLES) > 1:
        changes[_PLANAR] = ("US", b"\0\0")
    if image.scanned.syntax in LOSSY and image.scanned.find(_LOSSY) is None:
        changes[_LOSSY] = ("CS", b"01")  # PS3.3 C.7.6.1.1.5: once lossy, always said to be
    return changes


def _padded(text: str) -> bytes:
    return text.encode("ascii") + b" " * (len(text) % 2)


def _header(image: Image, number: int) -> bytes:
    """What decoding and showing a frame needs to know: group 0028, and of functional groups those of all frames and of
    this one (PS3.3 C.7.6.16)."""
    chosen = []
    for each in image.scanned.elements:
        if each.tag >> 16 == 0x0028 or each.tag == _SHARED:
            chosen.append(each)
        elif each.tag == _PER_FRAME and each.items is not None and number <= len(each.items):
            chosen.append(Element(each.tag, each.vr, each.at, each.length, None, [each.items[number - 1]]))
    try:
        return attributes(image.read, image.scanned, chosen)
    except UnusualEncoding as error:
        raise PartUnclear from error


def _number(image: Image, tag: int) -> int:
    found = image.scanned.find(tag)
    if found is None or not found.value:
        return 1 if tag == _SAMPLES else 0
    return int.from_bytes(found.value[:2], "little" if image.scanned.little else "big")
