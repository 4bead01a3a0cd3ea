"""WADO-RS: pictures of images, for those who look at them with a browser (PS3.18 10.4.1.1.3, 10.4.1.1.4).

A study, a series and an image of many frames are shown by one picture that stands for them. An encapsulated PDF is that
PDF. Nothing is kept of what was made: each reading is decided and accounted for, and whoever has the picture is told so
by its ETag.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from hashlib import sha256

import orjson
from fastapi import APIRouter, Request, Response

from api.accepting import Offer, chosen
from api.dicomweb.rendered_asked import Annotation, Quality, Viewport, Window, viewport_of, window_of
from api.dicomweb.wado_frames import FrameList
from api.dicomweb.wado_paths import (
    INSTANCE,
    RELATED,
    SERIES,
    STUDY,
    Accept,
    OfInstance,
    OfSeries,
    OfStudy,
    address_of,
    answers,
)
from api.digests import matches
from api.errands import ForArchive, ForErrand
from api.multipart.writing import Part, content_type, new_boundary, written
from api.pictures import ForPool
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
_SMALL = (256, 256)  # a thumbnail of which no size is asked for
_NO_ANNOTATION = '299 - "annotation is not supported: nothing was written into the picture"'


def router() -> APIRouter:
    found = APIRouter(tags=["wado-rs"])
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


class _Asked:
    """A request for pictures, understood. Raises `RequestNotUnderstood`."""

    def __init__(
        self,
        request: Request,
        pool: Pool,
        *,
        accept: str,
        quality: int | None = None,
        viewport: str = "",
        window: str = "",
        annotation: str = "",
        small: bool = False,
    ) -> None:
        self.request, self.pool, self.accept, self.annotation = request, pool, accept, annotation
        size, region = viewport_of(viewport)
        self.recipe = Recipe(
            quality=quality if quality is not None else Recipe().quality,
            window=window_of(window),
            viewport=size if size != (0, 0) or not small else _SMALL,
            region=region,
        )


def study_rendered(
    request: Request, archive: ForArchive, errand: ForErrand, *, pool: ForPool, uids: OfStudy, accept: Accept = "",
    quality: Quality = None, viewport: Viewport = "", window: Window = "", annotation: Annotation = "",
) -> Response:  # fmt: skip
    """A picture that stands for a study."""
    asked = _Asked(
        request, pool, accept=accept, quality=quality, viewport=viewport, window=window, annotation=annotation
    )
    return _given(archive, errand, uids, asked=asked)


def series_rendered(
    request: Request, archive: ForArchive, errand: ForErrand, *, pool: ForPool, uids: OfSeries, accept: Accept = "",
    quality: Quality = None, viewport: Viewport = "", window: Window = "", annotation: Annotation = "",
) -> Response:  # fmt: skip
    """A picture that stands for a series."""
    asked = _Asked(
        request, pool, accept=accept, quality=quality, viewport=viewport, window=window, annotation=annotation
    )
    return _given(archive, errand, uids, asked=asked)


def instance_rendered(
    request: Request, archive: ForArchive, errand: ForErrand, *, pool: ForPool, uids: OfInstance, accept: Accept = "",
    quality: Quality = None, viewport: Viewport = "", window: Window = "", annotation: Annotation = "",
) -> Response:  # fmt: skip
    """A picture of an image; of many frames, of the first. An encapsulated PDF as it is."""
    asked = _Asked(
        request, pool, accept=accept, quality=quality, viewport=viewport, window=window, annotation=annotation
    )
    return _given(archive, errand, uids, asked=asked)


def frames_rendered(
    request: Request, archive: ForArchive, errand: ForErrand, *, pool: ForPool, uids: OfInstance, listed: FrameList,
    accept: Accept = "", quality: Quality = None, viewport: Viewport = "", window: Window = "",
    annotation: Annotation = "",
) -> Response:  # fmt: skip
    """Pictures of frames, in the order in which they are listed."""
    asked = _Asked(
        request, pool, accept=accept, quality=quality, viewport=viewport, window=window, annotation=annotation
    )
    return _given(archive, errand, uids, asked=asked, listed=listed)


def study_thumbnail(
    request: Request, archive: ForArchive, errand: ForErrand, *, pool: ForPool, uids: OfStudy, accept: Accept = "",
    viewport: Viewport = "",
) -> Response:  # fmt: skip
    """A small picture that stands for a study."""
    return _given(archive, errand, uids, asked=_Asked(request, pool, accept=accept, viewport=viewport, small=True))


def series_thumbnail(
    request: Request, archive: ForArchive, errand: ForErrand, *, pool: ForPool, uids: OfSeries, accept: Accept = "",
    viewport: Viewport = "",
) -> Response:  # fmt: skip
    """A small picture that stands for a series."""
    return _given(archive, errand, uids, asked=_Asked(request, pool, accept=accept, viewport=viewport, small=True))


def instance_thumbnail(
    request: Request, archive: ForArchive, errand: ForErrand, *, pool: ForPool, uids: OfInstance, accept: Accept = "",
    viewport: Viewport = "",
) -> Response:  # fmt: skip
    """A small picture of an image."""
    return _given(archive, errand, uids, asked=_Asked(request, pool, accept=accept, viewport=viewport, small=True))


def frames_thumbnail(
    request: Request, archive: ForArchive, errand: ForErrand, *, pool: ForPool, uids: OfInstance, listed: FrameList,
    accept: Accept = "", viewport: Viewport = "",
) -> Response:  # fmt: skip
    """Small pictures of frames."""
    asked = _Asked(request, pool, accept=accept, viewport=viewport, small=True)
    return _given(archive, errand, uids, asked=asked, listed=listed)


def _given(archive: Archive, errand: Errand, uids: Named, *, asked: _Asked, listed: str = "") -> Response:
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
