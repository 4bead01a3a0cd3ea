"""What is asked for most often below /dicomweb, and is answered straight (`api.straight`)."""

import re
from collections.abc import Mapping
from typing import Any

from fastapi import Request

from api.callers.scopes import Need
from api.dicomweb.qido import studies
from api.dicomweb.wado import instance
from api.dicomweb.wado_frames import FRAMES, some_frames
from api.dicomweb.wado_metadata import instance_metadata
from api.dicomweb.wado_paths import INSTANCE, PREFIX, UID
from api.pictures import pool_of
from api.straight import Straight
from repository.headers.telling import Named


def _named(groups: Mapping[str, str]) -> Named:
    return Named(groups["study"], groups["series"], groups["instance"])


def _of_instance(request: Request, groups: Mapping[str, str]) -> dict[str, Any]:
    return {"pool": pool_of(request), "uids": _named(groups)}


def _of_frames(request: Request, groups: Mapping[str, str]) -> dict[str, Any]:
    return {**_of_instance(request, groups), "listed": groups["listed"]}


def _of_metadata(_request: Request, groups: Mapping[str, str]) -> dict[str, Any]:
    return {"named": _named(groups)}


def _of_search(_request: Request, _groups: Mapping[str, str]) -> dict[str, Any]:
    return {}


def _pattern(path: str) -> re.Pattern[str]:
    """Of the path and no others that the parameters of the endpoint would let pass."""
    each = {"study": UID, "series": UID, "instance": UID, "listed": FRAMES}
    parts = re.split(r"\{(\w+)\}", path)
    known = [f"(?P<{part}>{each[part]})" if place % 2 else re.escape(part) for place, part in enumerate(parts)]
    return re.compile("".join(known))


_SEARCHED = (Need.SEARCH, "ImagingStudy")
_FRAMES, _METADATA, _STUDIES = INSTANCE + "/frames/{listed}", INSTANCE + "/metadata", "/studies"
OFTEN = tuple(
    Straight(PREFIX + path, _pattern(PREFIX + path), endpoint, values, need, path == _STUDIES)
    for path, endpoint, values, need in (
        (INSTANCE, instance, _of_instance, None),
        (_FRAMES, some_frames, _of_frames, None),
        (_STUDIES, studies, _of_search, _SEARCHED),
        (_METADATA, instance_metadata, _of_metadata, None),
    )
)
