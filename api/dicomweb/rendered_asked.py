"""What a request for a picture asks for (PS3.18 8.3.5): its query parameters, read into a recipe."""

import math
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request

from api.dicomweb.wado_paths import Accept
from api.errors import RequestNotUnderstood
from api.pictures import ForPool
from repository.formats.dicom.pixels_pictures import EXACT, LINEAR, SIGMOID, Recipe
from repository.rendering.pool import Pool

MOST_SIDE = 8192  # pixels of a viewport
_SMALL = (256, 256)  # a thumbnail of which no size is asked for
Quality = Annotated[
    int | None, Query(ge=1, le=100, description="Of a JPEG: 1 is the smallest, 100 the best (PS3.18 8.3.5.1.2).")
]
Viewport = Annotated[
    str,
    Query(
        max_length=100,
        description="`vw,vh[,sx,sy,sw,sh]`: width and height to fit it into, and the part of it that is shown; a "
        "negative `sw` or `sh` turns that axis round (PS3.18 8.3.5.1.3).",
    ),
]
Window = Annotated[
    str,
    Query(
        max_length=100,
        description="`centre,width,function`; `linear`, `linear-exact` or `sigmoid` (PS3.18 8.3.5.1.4).",
    ),
]
Annotation = Annotated[
    str, Query(max_length=200, description="Nothing is written into pictures: the answer says so in `Warning`.")
]
Region = tuple[float | None, float | None, float | None, float | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for pictures, understood: `recipe` is whole but for the media type, which `accept` is to choose."""

    request: Request
    pool: Pool
    accept: str
    annotation: str
    recipe: Recipe


async def picture(
    request: Request, pool: ForPool, *, accept: Accept = "", quality: Quality = None, viewport: Viewport = "",
    window: Window = "", annotation: Annotation = "",
) -> Asked:  # fmt: skip
    """Raises `RequestNotUnderstood`."""
    size, region = viewport_of(viewport)
    best = quality if quality is not None else Recipe().quality
    recipe = Recipe(quality=best, window=window_of(window), viewport=size, region=region)
    return Asked(request, pool, accept, annotation, recipe)


async def thumbnail(request: Request, pool: ForPool, *, accept: Accept = "", viewport: Viewport = "") -> Asked:
    """Raises `RequestNotUnderstood`."""
    size, region = viewport_of(viewport)
    recipe = Recipe(viewport=_SMALL if size == (0, 0) else size, region=region)
    return Asked(request, pool, accept, "", recipe)


ForPicture = Annotated[Asked, Depends(picture)]
ForThumbnail = Annotated[Asked, Depends(thumbnail)]


def window_of(text: str) -> tuple[float, float, str] | None:
    """None where nothing is asked for. Raises `RequestNotUnderstood`."""
    if not text:
        return None
    wrong = RequestNotUnderstood(reason="window: centre,width,function with linear, linear-exact or sigmoid")
    parts = text.split(",")
    if len(parts) not in (2, 3):
        raise wrong
    centre, width = _number(parts[0], wrong), _number(parts[1], wrong)
    function = parts[2].strip().lower() if len(parts) == 3 else LINEAR
    if function not in (LINEAR, EXACT, SIGMOID) or width <= 0 or (function == LINEAR and width < 1):
        raise wrong
    return centre, width, function


def viewport_of(text: str) -> tuple[tuple[int, int], Region]:
    """Size and part. Raises `RequestNotUnderstood`."""
    if not text:
        return (0, 0), (None, None, None, None)
    wrong = RequestNotUnderstood(reason=f"viewport: vw,vh[,sx,sy,sw,sh] with vw and vh from 1 to {MOST_SIDE}")
    parts = [each.strip() for each in text.split(",")]
    if len(parts) not in (2, 6):
        raise wrong
    width, height = (_number(each, wrong) for each in parts[:2])
    if not (1 <= width <= MOST_SIDE and 1 <= height <= MOST_SIDE):
        raise wrong
    left, top, across, down = (None if not each else _number(each, wrong) for each in [*parts[2:], "", "", "", ""][:4])
    if min(left or 0, top or 0) < 0 or 0 in (across, down):
        raise wrong
    return (int(width), int(height)), (left, top, across, down)


def _number(text: str, wrong: RequestNotUnderstood) -> float:
    try:
        found = float(text)
    except ValueError:
        raise wrong from None
    if not math.isfinite(found) or abs(found) > 1e12:
        raise wrong
    return found
