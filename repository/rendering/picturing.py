"""Pictures of images, made by a `Pool`; and what is a document within an image file, as it is."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from repository.formats.dicom.frames import Frames
from repository.formats.dicom.pixels_pictures import Recipe
from repository.imaging import Image, PartUnknown, bulk, bulk_pieces
from repository.opening import Found
from repository.rendering.decoding import frame_of
from repository.rendering.pool import Pool
from repository.runtime import Archive

PDF_CLASS = "1.2.840.10008.5.1.4.1.1.104.1"  # Encapsulated PDF Storage
_WITHOUT_PIXELS = frozenset({"SR", "PR", "KO", "DOC", "AU", "ECG", "EPS", "HD", "RTPLAN", "RTSTRUCT", "REG"})
_DOCUMENT, _DOCUMENT_LENGTH = "00420011", 0x00420015


def picture_of(archive: Archive, pool: Pool, image: Image, *, number: int, recipe: Recipe, there: Frames) -> bytes:
    """Frame `number` as a file of the recipe's media type. Raises `PartUnknown`, `PartUnclear`, `CodecsMissing`,
    `PixelsBusy`, `PixelsUnreadable`, and what opening raises."""
    frame = frame_of(archive, image, number, of=there)
    return pool.ask(*frame.told("render", recipe=asdict(recipe)))[1]


def document_of(archive: Archive, image: Image) -> tuple[int, Iterator[bytes]]:
    """The encapsulated document (PS3.3 C.24.2) and its length in bytes. Raises `PartUnknown`."""
    value = bulk(image, [_DOCUMENT])
    said = image.scanned.find(_DOCUMENT_LENGTH)
    size = value.size
    if said is not None and said.value and len(said.value) == 4:
        size = min(size, int.from_bytes(said.value, "little" if image.scanned.little else "big"))
    if not size:
        raise PartUnknown
    return size, bulk_pieces(archive, image, value, offset=0, length=size)


def representatives(found: Iterable[Found]) -> Sequence[Found]:
    """Of each takeover one image that stands for all of them: that in the middle of those that have pixels, in the
    order in which they are named. Of a stack of slices the first shows least."""
    of_takeover: dict[int, list[Found]] = {}
    for each in found:
        of_takeover.setdefault(each.takeover.number, []).append(each)
    chosen = []
    for every in of_takeover.values():
        pictures = [each for each in every if _has_pixels(each)] or every
        chosen.append(pictures[len(pictures) // 2])
    return chosen


def _has_pixels(found: Found) -> bool:
    facts = found.holding.description.dicom
    return facts is not None and facts.attributes.get("Modality", "") not in _WITHOUT_PIXELS
