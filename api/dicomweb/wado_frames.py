"""WADO-RS: frames and bulk data of one instance, opened from their places alone (PS3.18 10.4.1.1.6, 10.4.1.1.5)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Annotated

from fastapi import Path, Request, Response

from api.accepting import Offer, chosen
from api.dicomweb.wado_paths import INSTANCE, OCTETS, RELATED, Accept, OfInstance, address_of, answers
from api.digests import matches
from api.errands import ForArchive, ForErrand
from api.giving import answered
from api.multipart.writing import Part, content_type, new_boundary, written
from api.pictures import ForPool
from api.ranges import range_of
from api.routes import Routes
from repository.access.errors import AccessRefused
from repository.access.subject import Operation
from repository.formats.dicom.elements import EXPLICIT_LITTLE
from repository.formats.dicom.frames import Frames
from repository.headers.telling import Named
from repository.imaging import Image, PartUnknown, bulk, bulk_pieces, frame_pieces, frames, gathered, named, scanned
from repository.opening import Errand, admit
from repository.rendering.decoding import DECODABLE, native_frame
from repository.rendering.pool import Pool
from repository.runtime import Archive

# PS3.18 Tables 8.7.3-4 and 8.7.3-5: the media type of what each transfer syntax compresses frames to
_J = "1.2.840.10008.1.2.4."
IMAGE_TYPES = {
    "1.2.840.10008.1.2.5": "image/dicom-rle",
    **dict.fromkeys((_J + each for each in ("50", "51", "57", "70")), "image/jpeg"),
    **dict.fromkeys((_J + each for each in ("80", "81")), "image/jls"),
    **dict.fromkeys((_J + each for each in ("90", "91")), "image/jp2"),
    **dict.fromkeys((_J + each for each in ("92", "93")), "image/jpx"),
    **dict.fromkeys((_J + each for each in ("201", "202", "203")), "image/jphc"),
    **dict.fromkeys((_J + each for each in ("100", "101")), "video/mpeg"),
    **dict.fromkeys((_J + each for each in ("102", "103", "104", "105", "106")), "video/mp4"),
}
_PIXEL_DATA = "7FE00010"
FRAMES = "[1-9][0-9]{0,8}(?:,[1-9][0-9]{0,8}){0,999}"
FrameList = Annotated[str, Path(pattern=f"^{FRAMES}$", description="Numbers of frames, from 1, by commas.")]
BulkPath = Annotated[str, Path(pattern="^[0-9A-Fa-f/]{8,600}$", description="Tags and numbers of items, by slashes.")]


def router() -> Routes:
    found = Routes(tags=["wado-rs"])
    images = sorted(set(IMAGE_TYPES.values()))
    found.add_api_route(
        INSTANCE + "/frames/{listed}", some_frames, methods=["GET", "HEAD"], response_class=Response,
        responses=answers(RELATED, OCTETS, *images, pixels=True),
    )  # fmt: skip
    found.add_api_route(
        INSTANCE + "/bulkdata/{path:path}", bulk_data, methods=["GET", "HEAD"], response_class=Response,
        responses=answers(OCTETS, RELATED, *images, ranges=True, pixels=True),
    )  # fmt: skip
    return found


def some_frames(
    request: Request,
    *,
    archive: ForArchive,
    errand: ForErrand,
    pool: ForPool,
    uids: OfInstance,
    listed: FrameList,
    accept: Accept = "",
) -> Response:
    """Frames, in the order in which they are listed; compressed ones as they are stored, or decoded."""
    image = _image(archive, errand, uids)
    return _frames(request, archive, image, pool=pool, numbers=[int(each) for each in listed.split(",")], accept=accept)


def bulk_data(
    request: Request,
    *,
    archive: ForArchive,
    errand: ForErrand,
    pool: ForPool,
    uids: OfInstance,
    path: BulkPath,
    accept: Accept = "",
) -> Response:
    """A value that the metadata names by its address, whole or by `Range`. Compressed pixel data comes by frames."""
    image = _image(archive, errand, uids)
    pixels = image.scanned.pixels
    if path.upper() == _PIXEL_DATA and pixels is not None and pixels.length < 0:
        every = range(1, frames(image).count + 1)
        return _frames(request, archive, image, pool=pool, numbers=every, accept=accept)
    value = bulk(image, path.upper().split("/"))
    offers = (Offer(OCTETS, syntax=EXPLICIT_LITTLE), Offer(OCTETS, multipart=True, syntax=EXPLICIT_LITTLE))
    offer = chosen(request.headers.get("accept", ""), offers, parameter=accept)
    tag = f'"{image.admitted.found.holding.sha256.hex()}-{path.upper().replace("/", ".")}"'
    headers = {"ETag": tag, "Accept-Ranges": "bytes", "Cache-Control": "private, no-cache", "Vary": "Accept"}
    if matches(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    if offer.multipart:
        content = bulk_pieces(archive, image, value, offset=0, length=value.size)
        location = f"{address_of(image.admitted.found)}/bulkdata/{path.upper()}"
        return _related(request, [(content, location)], of=OCTETS, syntax=EXPLICIT_LITTLE)
    asked = range_of(
        request.headers.get("range", ""), size=value.size, if_range=request.headers.get("if-range", ""), etag=tag
    )
    offset, length = (0, value.size) if asked is None else (asked.offset, asked.length)
    if asked is not None:
        headers["Content-Range"] = asked.content_range
    headers |= {"Content-Length": str(length), "Content-Type": OCTETS}
    status = 200 if asked is None else 206
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    pieces = bulk_pieces(archive, image, value, offset=offset, length=length)
    return answered(pieces, status, headers=headers)


def _image(archive: Archive, errand: Errand, uids: Named) -> Image:
    """The first image of those UIDs, by takeover, that may be read."""
    for admitted in admit(archive, errand, named(archive, uids), operation=Operation.READ):
        return scanned(archive, admitted)
    raise AccessRefused


def _frames(
    request: Request, archive: Archive, image: Image, *, pool: Pool, numbers: Sequence[int], accept: str
) -> Response:
    there = frames(image)
    if not all(1 <= each <= there.count for each in numbers):
        raise PartUnknown
    offer = chosen(request.headers.get("accept", ""), _offers(image, there, single=len(numbers) == 1), parameter=accept)
    taken = _taken(archive, image, there, pool=pool, as_stored=offer.stored)
    if not offer.multipart:
        headers = {
            "Content-Type": _typed(offer.media_type, offer.syntax),
            "Cache-Control": "private, no-cache",
            "Vary": "Accept",
        }
        if offer.stored:
            headers["Content-Length"] = str(there.frame(numbers[0]).length)
        if request.method == "HEAD":
            return Response(headers=headers)
        return answered(gathered(taken(numbers[0])), headers=headers)
    at = address_of(image.admitted.found)
    contents = ((taken(each), f"{at}/frames/{each}") for each in numbers)
    return _related(request, contents, of=offer.media_type, syntax=offer.syntax)


def _taken(
    archive: Archive, image: Image, there: Frames, *, pool: Pool, as_stored: bool
) -> Callable[[int], Iterator[bytes]]:
    """What gives the bytes of a frame."""
    if as_stored:
        return lambda number: frame_pieces(archive, image, number, of=there)
    return lambda number: iter((native_frame(archive, pool, image, number=number, of=there),))


def _offers(image: Image, there: Frames, *, single: bool) -> list[Offer]:
    forms = (True, False) if single else (True,)
    if not there.encapsulated:
        return [Offer(OCTETS, multipart=form, syntax=EXPLICIT_LITTLE) for form in forms]
    syntax = image.scanned.syntax
    own = IMAGE_TYPES.get(syntax, OCTETS)
    offers = [Offer(own, multipart=form, syntax=syntax, usual=own != OCTETS) for form in forms]
    if own != OCTETS:
        offers += [Offer(OCTETS, multipart=form, syntax=syntax, usual=False) for form in forms]
    if syntax in DECODABLE:
        offers += [Offer(OCTETS, multipart=form, syntax=EXPLICIT_LITTLE, stored=False) for form in forms]
    return offers


def _related(request: Request, contents: Iterable[tuple[Iterator[bytes], str]], *, of: str, syntax: str) -> Response:
    boundary = new_boundary()
    headers = {"Content-Type": content_type(boundary, of=of), "Cache-Control": "private, no-cache", "Vary": "Accept"}
    if request.method == "HEAD":
        return Response(headers=headers)
    parts = _parts(contents, media_type=_typed(of, syntax))
    return answered(gathered(written(parts, boundary)), headers=headers)


def _parts(contents: Iterable[tuple[Iterator[bytes], str]], *, media_type: str) -> Iterator[Part]:
    for content, location in contents:
        yield Part(content, {"Content-Type": media_type, "Content-Location": location})


def _typed(media_type: str, syntax: str) -> str:
    return f"{media_type}; transfer-syntax={syntax}" if syntax.replace(".", "").isdecimal() else media_type
