"""An image without its compression: the same values, as a file in little endian (PS3.5 A.1, A.2).

Frames are decoded one by one as they are written, by a `Pool`, so that an image of any length takes the memory of one
frame. What was lossless is exact; the SOP Instance UID stays, for nothing is lost (PS3.4 B.4.1.3); so does what the
image says of losses that it has had.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from repository.formats.dicom.elements import EXPLICIT_LITTLE, UnusualEncoding
from repository.formats.dicom.frames import Frames
from repository.formats.dicom.pixels import DECODED
from repository.formats.dicom.reencoding import Native as Decompressed
from repository.formats.dicom.reencoding import attributes, decompressed
from repository.formats.dicom.scanning import Element, rest
from repository.imaging import Image, PartUnclear, frame_pieces, frames
from repository.rendering.errors import PixelsBusy, PixelsUnreadable
from repository.rendering.pool import Pool
from repository.runtime import Archive

DECODABLE = DECODED
KEPT = 16 << 20  # bytes of frames that are kept until the last of them is known to be whole
_TRIES, _PAUSE = 5, 1.0
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
    return _native(archive, pool, image, number=number, of=of).samples


def decoded(
    archive: Archive,
    pool: Pool,
    image: Image,
    *,
    to: str = EXPLICIT_LITTLE,
    between: Callable[[], None] | None = None,
) -> Iterator[bytes]:
    """The compressed image as a file in `to`, one of `REENCODED`. Raises before the first piece `CodecsMissing`,
    `PartUnknown`, `PartUnclear`, `PixelsBusy`, `PixelsUnreadable`; the last two also later, for a frame that is not the
    first.

    With `between`, for whoever cannot take anything back, no frame is damaged after the first piece: every one is
    decoded beforehand, and `between` is called after each and may raise. Up to `KEPT` bytes are then kept; the frames
    of a longer image are decoded again, one by one."""
    there = frames(image)

    def ask(number: int) -> Native:
        return _native(archive, pool, image, number=number, of=there)

    first = ask(1)
    if len(first.samples) != frame_size(image):
        raise PixelsUnreadable(reason="damaged")
    every, lossy = _alike(ask, first, there.count), first.lossy
    if between is not None and there.count > 1:
        beforehand = _beforehand(every, there.count * len(first.samples), between)
        again = _alike(lambda number: _patient(ask, number), first, there.count)
        every, lossy = iter(beforehand.kept) if beforehand.kept else again, beforehand.lossy
    try:
        after = rest(image.read, image.scanned, after=there.end(), size=image.size)
        native = Decompressed(
            (each.samples for each in every),
            len(first.samples) * there.count,
            _number(image, _ALLOCATED),
            _changes(image, first.photometric, lossy=lossy),
        )
        return decompressed(image.read, image.scanned, native, after=after, to=to)
    except UnusualEncoding as error:
        raise PartUnclear from error


def in_hand(image: Image) -> int:
    """Bytes of samples that `decoded` has in memory at one time, with `between`. Raises as `frames`."""
    size = frame_size(image)
    whole = size * frames(image).count
    return whole if whole <= KEPT else min(2 * size, whole)


def frame_size(image: Image) -> int:
    """Bytes of one of its frames without compression, as its header says."""
    return _number(image, _ROWS) * _number(image, _COLUMNS) * _number(image, _SAMPLES) * _number(image, _ALLOCATED) // 8


@dataclass(frozen=True, slots=True)
class Native:
    """`samples` of one frame; `lossy`: so says its code stream."""

    samples: bytes
    photometric: str
    lossy: bool


@dataclass(frozen=True, slots=True)
class _Beforehand:
    kept: list[Native]
    lossy: bool


def _alike(ask: Callable[[int], Native], first: Native, count: int) -> Iterator[Native]:
    """All frames, which have to be of one size and colour model. Raises `PixelsUnreadable`, and what `ask` does."""
    yield first
    for number in range(2, count + 1):
        found = ask(number)
        if len(found.samples) != len(first.samples) or found.photometric != first.photometric:
            raise PixelsUnreadable(reason="damaged")
        yield found


def _beforehand(every: Iterator[Native], size: int, between: Callable[[], None]) -> _Beforehand:
    kept, lossy = list[Native](), False
    for each in every:
        lossy = lossy or each.lossy
        if size <= KEPT:
            kept.append(each)
        between()
    return _Beforehand(kept, lossy)


def _patient(ask: Callable[[int], Native], number: int) -> Native:
    """A frame that was decoded before: that others want theirs now is no reason to break off."""
    for _ in range(_TRIES):
        try:
            return ask(number)
        except PixelsBusy:
            time.sleep(_PAUSE)
    return ask(number)


def _native(archive: Archive, pool: Pool, image: Image, *, number: int, of: Frames) -> Native:
    said, made = pool.ask(*frame_of(archive, image, number, of=of).told("decode"))
    return Native(made, str(said.get("photometric", "")), bool(said.get("lossy")))


def _changes(image: Image, photometric: str, *, lossy: bool) -> dict[int, tuple[str, bytes]]:
    """What follows for the header. Image Type stays: nothing is derived (PS3.3 C.7.6.1.1.2)."""
    changes = {_PHOTOMETRIC: ("CS", _padded(photometric))}
    if _number(image, _SAMPLES) > 1:
        changes[_PLANAR] = ("US", b"\0\0")
    said = image.scanned.find(_LOSSY)
    if lossy and (said is None or (said.value or b"").strip(b" \0") != b"01"):
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
