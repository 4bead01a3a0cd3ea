"""Where the frames of an image lie (PS3.5 8.2, A.4; PS3.3 C.7.6.6): so that one of many is read without the others.

Native frames are counted; encapsulated ones are found by the extended or the basic offset table, else by one fragment
for each frame, or by how compressed images begin. Nothing is decoded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from struct import iter_unpack

from repository.formats.dicom.elements import UnusualEncoding
from repository.formats.dicom.scanning import WINDOW, Element, Read, Scanned

_ITEM, _SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_EXTENDED_OFFSETS, _FRAMES, _ROWS, _COLUMNS = 0x7FE00001, 0x00280008, 0x00280010, 0x00280011
_SAMPLES, _PHOTOMETRIC, _ALLOCATED = 0x00280002, 0x00280004, 0x00280100
_BEGINNINGS = (b"\xff\xd8", b"\xff\x4f\xff\x51")  # JPEG and JPEG-LS; JPEG 2000 and HTJ2K
MOST_FRAMES = 1 << 20


class FramesUnclear(Exception):
    """Internal signal: it cannot be told where one frame ends and the next begins."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame is what lies at `places` (offset, length), one after the other. `shift`: bits of the first byte that
    belong to the frame before; `bits`: of a native frame, 0 where it is encapsulated."""

    places: tuple[tuple[int, int], ...]
    shift: int = 0
    bits: int = 0

    @property
    def length(self) -> int:
        return (self.bits + 7) // 8 if self.bits else sum(length for _, length in self.places)


class Frames:
    """The frames of one scanned image, numbered from 1. `read` is that of the item; inflated data sets have their own.

    Raises `FramesUnclear` where the image does not say enough, or what it says does not fit.
    """

    def __init__(self, read: Read, scanned: Scanned, *, size: int) -> None:
        inside = scanned.inflated
        self._read: Read = (lambda at, count: inside[at : at + count]) if inside is not None else read
        self._size = len(inside) if inside is not None else size
        self._scanned = scanned
        if scanned.pixels is None:
            raise FramesUnclear
        self._pixels: Element = scanned.pixels
        self.count = max(_number(scanned, _FRAMES, 1), 1)
        if self.count > MOST_FRAMES:
            raise FramesUnclear
        self._tabled: list[tuple[int, int]] | None = None  # encapsulated: where frames begin and end

    @property
    def encapsulated(self) -> bool:
        return self._pixels.length < 0

    @property
    def vr(self) -> str:
        return self._pixels.vr

    @property
    def allocated(self) -> int:
        """Bits of a sample."""
        return _number(self._scanned, _ALLOCATED, 8)

    def frame(self, number: int) -> Frame:
        """`number` from 1 to `count`. Raises `FramesUnclear`."""
        try:
            return self._encapsulated(number) if self.encapsulated else self._native(number)
        except UnusualEncoding as error:
            raise FramesUnclear from error

    def _native(self, number: int) -> Frame:
        rows, columns = _number(self._scanned, _ROWS, 0), _number(self._scanned, _COLUMNS, 0)
        samples = _number(self._scanned, _SAMPLES, 1)
        photometric = self._scanned.find(_PHOTOMETRIC)
        if photometric is not None and (photometric.value or b"").strip(b"\0 ") in {
            b"YBR_FULL_422",
            b"YBR_PARTIAL_422",
        }:
            samples = 2  # two pixels share their chrominance (PS3.3 C.7.6.3.1.2)
        bits = rows * columns * samples * self.allocated
        first = (number - 1) * bits
        begin, stop = first // 8, (first + bits + 7) // 8
        if not bits or stop > self._pixels.length:
            raise FramesUnclear
        return Frame(((self._pixels.at + begin, stop - begin),), first % 8, bits)

    def _encapsulated(self, number: int) -> Frame:
        if self.count == 1:
            return Frame(tuple(self._fragments(self._after_table()[0])))
        begin, stop = self._table()[number - 1]
        return Frame(tuple(self._fragments(begin, stop=stop)))

    def end(self) -> int:
        """The offset behind the pixel data. Raises `UnusualEncoding`."""
        if not self.encapsulated:
            return self._pixels.at + self._pixels.length
        at = self._pixels.at
        for at in self._walked(self._pixels.at):  # noqa: B007  the last one
            pass
        return at + 8

    def _table(self) -> list[tuple[int, int]]:
        if self._tabled is None:
            first, basic = self._after_table()
            begins = self._extended() or basic
            if len(begins) == self.count and begins[0] == 0 and all(a < b for a, b in pairwise(begins)):
                stops = [*(first + each for each in begins[1:]), 0]
                self._tabled = [(first + begin, stop) for begin, stop in zip(begins, stops, strict=True)]
            else:
                self._tabled = self._grouped(first)
        return self._tabled

    def _after_table(self) -> tuple[int, Sequence[int]]:
        """Where the first fragment begins, and what the basic offset table says."""
        length = self._item(self._pixels.at)
        if length is None or length > 4 * MOST_FRAMES:
            raise FramesUnclear
        raw = self._read(self._pixels.at + 8, length)
        begins = [each for (each,) in iter_unpack("<I", raw)] if len(raw) == length and length % 4 == 0 else []
        return self._pixels.at + 8 + length, begins

    def _extended(self) -> Sequence[int]:
        """(7FE0,0001), whose offsets count from the first fragment as well (PS3.3 C.7.6.3.1.8)."""
        found = self._scanned.find(_EXTENDED_OFFSETS)
        if found is None or found.length % 8 or not 0 < found.length <= 8 * MOST_FRAMES:
            return ()
        return [each for (each,) in iter_unpack("<Q", self._read(found.at, found.length))]

    def _grouped(self, first: int) -> list[tuple[int, int]]:
        """Without a table: fragments in frames."""
        places = list(self._fragments(first))
        if len(places) != self.count:
            begins = [at for at, length in places if self._read(at, min(length, 4)).startswith(_BEGINNINGS)]
            if len(begins) != self.count or begins[0] != places[0][0]:
                raise FramesUnclear
            return [(a - 8, b - 8) for a, b in pairwise([*begins, 8])]
        return [(at - 8, at + length) for at, length in places]

    def _fragments(self, at: int, *, stop: int = 0) -> Iterator[tuple[int, int]]:
        """(offset, length) of the fragments from the item at `at`, to the end or to the item at `stop`."""
        for place in self._walked(at):
            if stop and place >= stop:
                return
            length = self._item(place)
            if length is not None:
                yield place + 8, length

    def _walked(self, at: int) -> Iterator[int]:
        """The offsets of the items from `at` on, and of the delimiter at last."""
        base, window = at, b""
        while True:
            head = window[at - base : at - base + 8]
            if len(head) < 8:
                base, window = at, self._read(at, max(min(WINDOW, self._size - at), 0))
                head = window[:8]
            yield at
            if head[:4] == _SEQUENCE_END:
                return
            length = int.from_bytes(head[4:], "little")
            if len(head) < 8 or head[:4] != _ITEM or at + 8 + length > self._size:
                raise UnusualEncoding
            at += 8 + length

    def _item(self, at: int) -> int | None:
        """The length of the item at `at`; None for the delimiter."""
        head = self._read(at, 8) if at + 8 <= self._size else b""
        if head[:4] == _SEQUENCE_END:
            return None
        if head[:4] != _ITEM:
            raise UnusualEncoding
        return int.from_bytes(head[4:], "little")


def shifted(raw: bytes, frame: Frame) -> bytes:
    """The bits of a native frame that begins within a byte, moved to where a byte begins (PS3.5 8.1.1)."""
    number = int.from_bytes(raw, "little") >> frame.shift & (1 << frame.bits) - 1
    return number.to_bytes(frame.length, "little")


def _number(scanned: Scanned, tag: int, default: int) -> int:
    found = scanned.find(tag)
    if found is None or not found.value:
        return default
    if found.vr == "IS":
        text = found.value.strip(b"\0 ")
        return int(text) if text.isdigit() and len(text) < 10 else default
    return int.from_bytes(found.value[:2], "little" if scanned.little else "big")
