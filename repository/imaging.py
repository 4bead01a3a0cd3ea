"""Images by their UIDs, and what of one of them is asked for: its frames, its bulk data, its encoding.

    named      UIDs → holdings, for `admit`
    contents   admitted images → their bytes as received
    scanned    an admitted image → its header, scanned; what is asked for further is opened from its place alone

The images of all takeovers that bear the UIDs are found: nothing is merged, and nothing hides another.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from repository.domain.takeover import Takeover
from repository.formats.dicom.elements import DEFLATED, EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, UnusualEncoding
from repository.formats.dicom.frames import Frames, FramesUnclear, shifted
from repository.formats.dicom.json_model import WIDTHS, swapped_words
from repository.formats.dicom.reencoding import TARGETS, reencoded
from repository.formats.dicom.scanning import Element, Read, Scanned, scan
from repository.headers.making import reader
from repository.headers.telling import Named
from repository.opening import Admitted, Found
from repository.runtime import Archive
from repository.streaming import checked
from repository.takeover.sealing import place_of
from storage.digests import Aside
from storage.errors import ArchiveError, SealBroken, Text

UNCOMPRESSED = frozenset({IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG}) | DEFLATED
REENCODED = TARGETS
_PIECE = 256 << 10
_LONGEST_RUN = 500
_SMALL = 1 << 20  # bytes of an image that is opened whole before any of it is given out
_HASHED_BESIDE = 1  # small images that are hashed while another is opened


class PartUnknown(ArchiveError):
    """The image is there and may be read, and has no such frame or value."""

    code = "IMG-001"
    exit_code = 2
    what = Text(en="The image has no such part.", pl="Obraz nie ma takiej części.")
    todo = Text(
        en="Its metadata names its frames and its bulk data.", pl="Jego metadane wymieniają klatki i dane binarne."
    )


class PartUnclear(ArchiveError):
    """The image does not say where its parts lie, or what it says does not fit."""

    code = "IMG-002"
    exit_code = 2
    what = Text(
        en="It cannot be told from the image where this part of it begins and ends.",
        pl="Z obrazu nie wynika, gdzie zaczyna się i kończy ta jego część.",
    )
    todo = Text(en="Ask for the image as a whole.", pl="Poproś o cały obraz.")


@dataclass(frozen=True, slots=True)
class Image:
    """An admitted image of `size` bytes, its header scanned; `read` opens parts of it."""

    admitted: Admitted
    scanned: Scanned
    read: Read
    size: int


@dataclass(frozen=True, slots=True)
class Bulk:
    """A value as it stands in the image: `size` bytes at `at`."""

    vr: str
    at: int
    size: int


def named(archive: Archive, uids: Named) -> Iterator[Found]:
    """The kept images of these UIDs, by takeover and ordinal."""
    takeovers: dict[int, Takeover] = {}
    for number, holding in archive.catalogue.images.named(uids.study, series=uids.series, sop=uids.sop):
        if number not in takeovers:
            takeovers[number] = archive.catalogue.takeover_by_number(number)
        yield Found(takeovers[number], holding)


def contents(archive: Archive, admitted: Iterable[Admitted]) -> Generator[tuple[Admitted, Iterator[bytes]]]:
    """Each image and its bytes as received, checked to the last as by `streaming.whole`, small ones before the first;
    each must be used up before the next is asked for. What lies side by side is read in one go: of small images that
    is most of the work. A small one is hashed from when it is opened, while the next is opened and the one before is
    on its way; the last where it was opened, for another thread has nothing to do meanwhile but to wait. To be closed
    by whoever goes amid them."""
    waiting: deque[_Small] = deque()
    hashing = archive.vault.hashing
    for run, is_last in _with_last(_runs(admitted)):
        key, _ = place_of(run[0].found.takeover, run[0].found.holding)
        members = [place_of(each.found.takeover, each.found.holding)[1] for each in run]
        with closing(archive.vault.open_run(key, members, warrant=run[0].warrant)) as opened:
            for place, (image, pieces) in enumerate(zip(run, opened, strict=True), 1):
                if image.found.holding.size > _SMALL:
                    yield from (waiting.popleft().given() for _ in range(len(waiting)))
                    yield image, checked(pieces, image.found.holding, key=key, hashing=hashing)
                    continue
                waiting.append(_Small(image, tuple(pieces), key=key))
                if place < len(run) or not is_last:
                    waiting[-1].hash_beside(hashing)
                if len(waiting) > _HASHED_BESIDE:
                    yield waiting.popleft().given()
    yield from (waiting.popleft().given() for _ in range(len(waiting)))


class _Small:
    """An image that is opened, and hashed before it is given."""

    __slots__ = ("_admitted", "_content", "_digest", "_hashed", "_key")

    def __init__(self, admitted: Admitted, content: tuple[bytes, ...], *, key: str) -> None:
        self._admitted, self._content, self._key = admitted, content, key
        self._digest = hashlib.sha256()
        self._hashed: Callable[[], object] | None = None

    def hash_beside(self, hashing: Aside) -> None:
        """While the caller goes on."""
        self._hashed = self._hashed or hashing.update(self._digest, *self._content)

    def given(self) -> tuple[Admitted, Iterator[bytes]]:
        """Raises `SealBroken` if it is not what was received."""
        if self._hashed is not None:
            self._hashed()
        else:
            for piece in self._content:
                self._digest.update(piece)
        holding = self._admitted.found.holding
        if sum(map(len, self._content)) != holding.size or self._digest.digest() != holding.sha256:
            raise SealBroken(key=self._key, reason="it opens, and is not what was received")
        return self._admitted, iter(self._content)


def _runs(admitted: Iterable[Admitted]) -> Iterator[list[Admitted]]:
    """Neighbours in one object, under one warrant."""
    run: list[Admitted] = []
    for each in admitted:
        if run and not (len(run) < _LONGEST_RUN and _follows(run[-1], each)):
            yield run
            run = []
        run.append(each)
    if run:
        yield run


def _with_last(runs: Iterator[list[Admitted]]) -> Iterator[tuple[list[Admitted], bool]]:
    """Each with whether it is the last."""
    ready = next(runs, None)
    while ready is not None:
        following = next(runs, None)
        yield ready, following is None
        ready = following


def _follows(one: Admitted, other: Admitted) -> bool:
    here, there = one.found.holding.location, other.found.holding.location
    beside = (here.object_id, here.offset + here.length) == (there.object_id, there.offset)
    return beside and one.warrant == other.warrant and one.found.takeover.id == other.found.takeover.id


def scanned(archive: Archive, admitted: Admitted) -> Image:
    """Raises `PartUnclear` for what cannot be scanned, and what opening raises."""
    found = admitted.found
    read = reader(archive, found.takeover, found.holding, warrant=admitted.warrant)
    try:
        return Image(admitted, scan(read, found.holding.size), read, found.holding.size)
    except UnusualEncoding as error:
        raise PartUnclear from error


def frames(image: Image) -> Frames:
    """Raises `PartUnknown` for an image without pixel data, `PartUnclear`."""
    if image.scanned.pixels is None:
        raise PartUnknown
    try:
        return Frames(image.read, image.scanned, size=image.size)
    except FramesUnclear as error:
        raise PartUnclear from error


def frame_pieces(archive: Archive, image: Image, number: int, *, of: Frames) -> Iterator[bytes]:
    """The bytes of a frame: of a compressed one its code stream, of any other its samples in little endian. Raises
    `PartUnknown`, `PartUnclear` before the first of them."""
    if not 1 <= number <= of.count:
        raise PartUnknown
    try:
        frame = of.frame(number)
    except FramesUnclear as error:
        raise PartUnclear from error
    if frame.shift or frame.bits % 8:
        ((at, length),) = frame.places
        return iter((shifted(_inside(image, at, length), frame),))
    pieces = _pieces(archive, image, frame.places)
    if not image.scanned.little and not of.encapsulated and of.allocated > 8:
        return (swapped_words(each, "OW") for each in pieces)
    return pieces


def bulk(image: Image, path: Sequence[str]) -> Bulk:
    """The value at a path of tags and numbers of items. Raises `PartUnknown`."""
    elements: Sequence[Element] = image.scanned.elements
    for place in range(0, len(path), 2):
        tag = int(path[place], 16) if len(path[place]) == 8 and path[place].isalnum() else 0
        found = next((each for each in elements if each.tag == tag), None)
        if found is None:
            raise PartUnknown
        if place + 1 == len(path):
            if found.items is not None or found.length < 0:
                raise PartUnknown
            return Bulk(found.vr, found.at, found.length)
        item = path[place + 1]
        if found.items is None or not item.isdecimal() or int(item) >= len(found.items):
            raise PartUnknown
        elements = found.items[int(item)]
    raise PartUnknown


def bulk_pieces(archive: Archive, image: Image, value: Bulk, *, offset: int, length: int) -> Iterator[bytes]:
    """`length` bytes of a value from `offset`, in little endian where the value is of words. Raises as opening does."""
    at = value.at + offset
    if image.scanned.little or value.vr not in WIDTHS:
        return _pieces(archive, image, ((at, length),))
    whole = swapped_words(_inside(image, value.at, value.size), value.vr)
    return iter((whole[offset : offset + length],))


def in_syntax(image: Image, syntax: str) -> Iterator[bytes]:
    """The image as a file in another encoding without compression, one of `REENCODED`. Raises `PartUnclear` before the
    first piece."""
    try:
        return reencoded(image.read, image.scanned, size=image.size, to=syntax)
    except UnusualEncoding as error:
        raise PartUnclear from error


def _inside(image: Image, at: int, length: int) -> bytes:
    inflated = image.scanned.inflated
    return image.read(at, length) if inflated is None else inflated[at : at + length]


def _pieces(archive: Archive, image: Image, places: Sequence[tuple[int, int]]) -> Iterator[bytes]:
    if image.scanned.inflated is not None:
        yield from (_inside(image, at, length) for at, length in places)
        return
    found = image.admitted.found
    key, member = place_of(found.takeover, found.holding)
    for at, length in places:
        opened = archive.vault.open_range(key, member, offset=at, length=length, warrant=image.admitted.warrant)
        yield from gathered(opened)


def gathered(pieces: Iterator[bytes], *, least: int = _PIECE) -> Iterator[bytes]:
    """The same bytes in pieces of about `least`, or smaller between two such: each piece that leaves costs its way out,
    and what is large is not copied. Closing it closes `pieces`."""
    held: list[bytes] = []
    size = 0
    try:
        for piece in pieces:
            if len(piece) >= least:
                if held:
                    yield b"".join(held)
                    held, size = [], 0
                yield piece
                continue
            held.append(piece)
            size += len(piece)
            if size >= least:
                yield b"".join(held)
                held, size = [], 0
        if held:
            yield b"".join(held)
    finally:
        if (close := getattr(pieces, "close", None)) is not None:
            close()
