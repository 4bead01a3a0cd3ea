"""WADO-RS: pictures of images, for those who look at them with a browser (PS3.18 10.4.1.1.3, 10.4.1.1.4).

A study, a series and an image of many frames are shown by one picture that stands for them. An encapsulated PDF is that
PDF. Nothing is kept of what was made: each reading is decided and accounted for, and whoever has the picture is told so
by its ETag.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from hashlib import sha256

import orjson
from fastapi import Request, Response

from api.accepting import Offer, chosen
from api.dicomweb.rendered_asked import Asked, ForPicture, ForThumbnail
from api.dicomweb.wado_frames import FrameList
from api.dicomweb.wado_paths import (
    INSTANCE,
    RELATED,
    SERIES,
    STUDY,
    OfInstance,
    OfSeries,
    OfStudy,
    address_of,
    answers,
)
from api.digests import matches
from api.errands import ForArchive, ForErrand
from api.multipart.writing import Part, content_type, new_boundary, written
from api.routes import Routes
from api.streamed import Begun, Streamed
from repository.access.errors import AccessRefused
from repository.access.subject import Operation
from repository.formats.dicom.pixels_pictures import JPEG, PNG, Recipe
from repository.headers.telling import Named
from repository.imaging import Image, PartUnknown, frames, named, scanned
from repository.opening import Admitted, Errand, admit
from repository.rendering.picturing import PDF_CLASS, document_of, picture_of, representatives
from repository.rendering.pool import Pool
from repository.runtime import Archive

PDF = "application/pdf"
_NO_ANNOTATION = '299 - "annotation is not supported: nothing was written into the picture"'


def router() -> Routes:
    found = Routes(tags=["wado-rs"])
    every: tuple[tuple[str, tuple[Callable[..., Response], ...]], ...] = (
        (STUDY, (study_rendered, study_thumbnail)),
        (SERIES, (series_rendered, series_thumbnail)),
        (INSTANCE, (instance_rendered, instance_thumbnail)),
        (INSTANCE + "/frames/{listed}", (frames_rendered, frames_thumbnail)),
    )
    for path, endpoints in every:
        for name, endpoint in zip(("/rendered", "/thumbnail"), endpoints, strict=True):
            found.add_api_route(
                path + name,
                endpoint,
                methods=["GET", "HEAD"],
                response_class=Response,
                responses=answers(JPEG, PNG, PDF, RELATED, pixels=True),
            )
    return found


def study_rendered(archive: ForArchive, errand: ForErrand, *, uids: OfStudy, asked: ForPicture) -> Response:
    """A picture that stands for a study."""
    return _given(archive, errand, uids, asked=asked)


def series_rendered(archive: ForArchive, errand: ForErrand, *, uids: OfSeries, asked: ForPicture) -> Response:
    """A picture that stands for a series."""
    return _given(archive, errand, uids, asked=asked)


def instance_rendered(archive: ForArchive, errand: ForErrand, *, uids: OfInstance, asked: ForPicture) -> Response:
    """A picture of an image; of many frames, of the first. An encapsulated PDF as it is."""
    return _given(archive, errand, uids, asked=asked)


def frames_rendered(
    archive: ForArchive, errand: ForErrand, *, uids: OfInstance, listed: FrameList, asked: ForPicture
) -> Response:
    """Pictures of frames, in the order in which they are listed."""
    return _given(archive, errand, uids, asked=asked, listed=listed)


def study_thumbnail(archive: ForArchive, errand: ForErrand, *, uids: OfStudy, asked: ForThumbnail) -> Response:
    """A small picture that stands for a study."""
    return _given(archive, errand, uids, asked=asked)


def series_thumbnail(archive: ForArchive, errand: ForErrand, *, uids: OfSeries, asked: ForThumbnail) -> Response:
    """A small picture that stands for a series."""
    return _given(archive, errand, uids, asked=asked)


def instance_thumbnail(archive: ForArchive, errand: ForErrand, *, uids: OfInstance, asked: ForThumbnail) -> Response:
    """A small picture of an image."""
    return _given(archive, errand, uids, asked=asked)


def frames_thumbnail(
    archive: ForArchive, errand: ForErrand, *, uids: OfInstance, listed: FrameList, asked: ForThumbnail
) -> Response:
    """Small pictures of frames."""
    return _given(archive, errand, uids, asked=asked, listed=listed)


def _given(archive: Archive, errand: Errand, uids: Named, *, asked: Asked, listed: str = "") -> Response:
    admitted = _admitted(archive, errand, uids)
    numbers = [int(each) for each in listed.split(",")] if listed else [1]
    single = len(numbers) == 1
    document = _class_of(admitted) == PDF_CLASS and not listed
    forms = (PDF,) if document else (JPEG, PNG)
    offers = [Offer(each, multipart=form) for form in ((False, True) if single else (True,)) for each in forms]
    offer = chosen(asked.request.headers.get("accept", ""), offers, parameter=asked.accept)
    recipe = Recipe(**asdict(asked.recipe) | {"media_type": offer.media_type})
    tag = _tag(admitted, recipe, str(offer), numbers)
    headers = {
        "ETag": f"W/{tag}",
        "Cache-Control": "private, no-cache",
        "Vary": "Accept",
        "Content-Type": offer.media_type,
    }
    if asked.annotation:
        headers["Warning"] = _NO_ANNOTATION
    if matches(asked.request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    image = scanned(archive, admitted)
    if document:
        size, content = document_of(archive, image)
        pictures: Iterator[Iterator[bytes]] = iter((content,))
        headers |= {} if offer.multipart else {"Content-Length": str(size)}
    else:
        pictures = _pictures(archive, asked.pool, image, numbers=numbers, recipe=recipe)
    if offer.multipart:
        boundary = new_boundary()
        headers["Content-Type"] = content_type(boundary, of=offer.media_type)
        return _sent(asked.request, written(_parts(pictures, image, numbers, offer=offer), boundary), headers)
    return _sent(asked.request, next(pictures), headers)


def _admitted(archive: Archive, errand: Errand, uids: Named) -> Admitted:
    """The image of those UIDs, or the one that stands for them; the first, by takeover, that may be read."""
    found = list(named(archive, uids))
    if not uids.sop:
        found = list(representatives(found))
    for admitted in admit(archive, errand, found, operation=Operation.READ):
        return admitted
    raise AccessRefused


def _class_of(admitted: Admitted) -> str:
    facts = admitted.found.holding.description.dicom
    return facts.sop_class_uid if facts is not None else ""


def _tag(admitted: Admitted, recipe: Recipe, offer: str, numbers: Sequence[int]) -> str:
    """Of the same bytes, by the same recipe."""
    made = orjson.dumps([asdict(recipe), offer, list(numbers)])
    return f'"{sha256(admitted.found.holding.sha256 + made).hexdigest()}"'


def _pictures(
    archive: Archive, pool: Pool, image: Image, *, numbers: Sequence[int], recipe: Recipe
) -> Iterator[Iterator[bytes]]:
    """The first is made at once, so that what cannot be is an error and no broken answer."""
    there = frames(image)
    if not all(1 <= each <= there.count for each in numbers):
        raise PartUnknown
    first = picture_of(archive, pool, image, number=numbers[0], recipe=recipe, there=there)

    def every() -> Iterator[Iterator[bytes]]:
        yield iter((first,))
        for number in numbers[1:]:
            yield iter((picture_of(archive, pool, image, number=number, recipe=recipe, there=there),))

    return every()


def _parts(
    pictures: Iterator[Iterator[bytes]], image: Image, numbers: Sequence[int], *, offer: Offer
) -> Iterator[Part]:
    at = address_of(image.admitted.found)
    for number, content in zip(numbers, pictures, strict=True):
        location = f"{at}/frames/{number}/rendered"
        yield Part(content, {"Content-Type": offer.media_type, "Content-Location": location})


def _sent(request: Request, pieces: Iterator[bytes], headers: dict[str, str]) -> Response:
    if request.method == "HEAD":
        return Response(headers=headers)
    return Streamed(Begun(pieces), headers=headers)
