"""A data set written in another of the encodings without compression (PS3.5 A.1, A.2), as a Part 10 file again.

The values stay what they are; how they are laid down changes, and the file says so. For whoever asks for one encoding;
what is kept is never touched.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from repository.formats.dicom.elements import EXPLICIT_LITTLE, IMPLICIT_LITTLE, UnusualEncoding
from repository.formats.dicom.json_model import swapped_words
from repository.formats.dicom.part10 import has_preamble
from repository.formats.dicom.scanning import PIXELS, UNDEFINED, Element, Read, Scanned, rest
from repository.formats.dicom.walker import LONG_VRS

TARGETS = (EXPLICIT_LITTLE, IMPLICIT_LITTLE)
_PIECE = 1 << 20
_SYNTAX = 0x00020010
_OFFSET_TABLES = 0x7FE00001  # and everything after it, which is about pixel data
_PIXEL_REPRESENTATION = 0x00280103


def reencoded(read: Read, scanned: Scanned, *, size: int, to: str) -> Iterator[bytes]:
    """The item of `size` bytes as a file in the transfer syntax `to`, one of `TARGETS`. Raises `UnusualEncoding` before
    the first piece where pixel data is compressed, or the item has no file meta information to go by."""
    pixels = scanned.pixels
    if to not in TARGETS or (pixels is not None and pixels.length < 0):
        raise UnusualEncoding
    meta = _meta(read, scanned, to=to)
    inside = scanned.inflated
    body: Read = (lambda at, count: inside[at : at + count]) if inside is not None else read
    after = [] if pixels is None else rest(read, scanned, after=pixels.at + pixels.length, size=size)
    signed = any((found.value or b"") if (found := scanned.find(_PIXEL_REPRESENTATION)) else b"")
    writer = _Writer(body, little=scanned.little, explicit=to == EXPLICIT_LITTLE, signed=signed)
    return _written(meta, writer, [*scanned.elements, *after])


@dataclass(frozen=True, slots=True)
class Native:
    """Pixel data without compression: `size` bytes, in little endian, of samples of `allocated` bits; and what changes
    in the image with it: tag → (value representation, value)."""

    frames: Iterable[bytes]
    size: int
    allocated: int
    changes: Mapping[int, tuple[str, bytes]]


def decompressed(
    read: Read, scanned: Scanned, native: Native, *, after: Iterable[Element], to: str = EXPLICIT_LITTLE
) -> Iterator[bytes]:
    """The item as a file in the transfer syntax `to`, one of `TARGETS`, with `native` in place of its compressed pixel
    data; `after`: the elements that follow that. Raises `UnusualEncoding` before the first piece."""
    if to not in TARGETS or native.size >= UNDEFINED - 1:
        raise UnusualEncoding  # longer than an element without compression can be (PS3.5 7.1)
    meta = _meta(read, scanned, to=to)
    signed = any((found.value or b"") if (found := scanned.find(_PIXEL_REPRESENTATION)) else b"")
    writer = _Writer(read, little=True, explicit=to == EXPLICIT_LITTLE, signed=signed)
    kept = [each for each in scanned.elements if each.tag < _OFFSET_TABLES and each.tag not in native.changes]
    kept += [Element(tag, vr, 0, len(value), value) for tag, (vr, value) in native.changes.items()]
    return _with_pixels(meta, writer, sorted(kept, key=lambda each: each.tag), native=native, after=after)


def _with_pixels(
    meta: bytes, writer: "_Writer", elements: Iterable[Element], *, native: Native, after: Iterable[Element]
) -> Iterator[bytes]:
    odd = native.size % 2
    yield from _written(meta, writer, elements)
    yield writer.head(0x7FE00010, "OW" if native.allocated > 8 else "OB", native.size + odd)
    yield from native.frames
    yield b"\0" * odd
    yield from _written(b"", writer, after)


def attributes(read: Read, scanned: Scanned, elements: Iterable[Element]) -> bytes:
    """Some elements of the item, as a data set in explicit VR little endian without a head."""
    inside = scanned.inflated
    body: Read = (lambda at, count: inside[at : at + count]) if inside is not None else read
    signed = any((found.value or b"") if (found := scanned.find(_PIXEL_REPRESENTATION)) else b"")
    return b"".join(_written(b"", _Writer(body, little=scanned.little, explicit=True, signed=signed), elements))


def _written(meta: bytes, writer: "_Writer", elements: Iterable[Element]) -> Iterator[bytes]:
    held = bytearray(meta)
    for each in elements:
        if each.tag & 0xFFFF == 0:
            continue  # group lengths are retired, and would be wrong now
        for piece in writer.pieces(each):
            held += piece
            if len(held) >= _PIECE:
                yield bytes(held)
                held.clear()
    yield bytes(held)


def _meta(read: Read, scanned: Scanned, *, to: str) -> bytes:
    """Preamble and file meta information, with the new transfer syntax and its right length."""
    head = read(0, min(scanned_start(read, scanned), 1 << 20))
    if not has_preamble(head):
        raise UnusualEncoding
    kept, pos = bytearray(), 132
    while pos + 8 <= len(head):
        group, number, vr, length = struct.unpack_from("<HH2sH", head, pos)
        if group != 2:
            break
        long = vr.decode("latin-1") in LONG_VRS
        if long:
            (length,) = struct.unpack_from("<I", head, pos + 8)
        stop = pos + (12 if long else 8) + length
        if number == _SYNTAX & 0xFFFF:
            uid = to.encode() + b"\0" * (len(to) % 2)
            kept += struct.pack("<HH2sH", 2, number, b"UI", len(uid)) + uid
        elif number:
            kept += head[pos:stop]
        pos = stop
    return head[:132] + struct.pack("<HH2sHI", 2, 0, b"UL", 4, len(kept)) + bytes(kept)


def scanned_start(read: Read, scanned: Scanned) -> int:
    """Where the file meta information ends: also where the data set was inflated, and has offsets of its own."""
    if scanned.inflated is None:
        return scanned.start
    head = read(132, 12)
    length = int.from_bytes(head[8:12], "little") if head[:6] == b"\2\0\0\0UL" else 0
    return 144 + length


class _Writer:
    def __init__(self, read: Read, *, little: bool, explicit: bool, signed: bool) -> None:
        self._read, self._little, self._explicit, self._signed = read, little, explicit, signed

    def pieces(self, each: Element) -> Iterator[bytes]:
        vr = self._vr(each)
        if each.items is not None:
            value = b"".join(self._item(item) for item in each.items)
            yield self.head(each.tag, "SQ", len(value)) + value
            return
        yield self.head(each.tag, vr, each.length)
        if each.value is not None:
            yield self._turned(each.value, vr)
            return
        for at in range(each.at, each.at + each.length, _PIECE):
            part = self._read(at, min(_PIECE, each.at + each.length - at))
            yield self._turned(part, vr)

    def _item(self, item: Iterable[Element]) -> bytes:
        value = b"".join(piece for each in item if each.tag & 0xFFFF for piece in self.pieces(each))
        return struct.pack("<HHI", 0xFFFE, 0xE000, len(value)) + value

    def _vr(self, each: Element) -> str:
        if each.vr == "US or SS":
            return "SS" if self._signed else "US"
        if self._explicit and each.vr not in LONG_VRS and each.length > 0xFFFF:
            return "UN"  # too long for its own (PS3.5 6.2.2)
        return each.vr if each.tag not in PIXELS or each.vr in LONG_VRS else "OW"

    def _turned(self, value: bytes, vr: str) -> bytes:
        return value if self._little else swapped_words(value, vr)

    def head(self, tag: int, vr: str, length: int) -> bytes:
        group, number = tag >> 16, tag & 0xFFFF
        if not self._explicit:
            return struct.pack("<HHI", group, number, length)
        if vr in LONG_VRS:
            return struct.pack("<HH2sHI", group, number, vr.encode(), 0, length)
        return struct.pack("<HH2sH", group, number, vr.encode(), length)
