"""The addresses of WADO-RS, and what all of its answers share (PS3.18 10.4)."""

from functools import lru_cache
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Path, Query, Request
from starlette.datastructures import URL

from api.problems import MEDIA_TYPE as PROBLEM
from api.settings import HttpSettings
from repository.headers.telling import Named
from repository.opening import Found

DICOM, OCTETS, RELATED = "application/dicom", "application/octet-stream", "multipart/related"
PREFIX = "/dicomweb"

UID = "[!-.0-~]{1,64}"  # also what is no UID and was kept as one
_WHOLE_UID = f"^{UID}$"
StudyUid = Annotated[str, Path(pattern=_WHOLE_UID, description="Study Instance UID.")]
SeriesUid = Annotated[str, Path(pattern=_WHOLE_UID, description="Series Instance UID.")]
InstanceUid = Annotated[str, Path(pattern=_WHOLE_UID, description="SOP Instance UID.")]
Accept = Annotated[
    str, Query(alias="accept", max_length=1000, description="In place of the header Accept (PS3.18 8.3.3.1).")
]


async def _of_study(study: StudyUid) -> Named:
    return Named(study)


async def _of_series(study: StudyUid, series: SeriesUid) -> Named:
    return Named(study, series)


async def _of_instance(study: StudyUid, series: SeriesUid, instance: InstanceUid) -> Named:
    return Named(study, series, instance)


OfStudy = Annotated[Named, Depends(_of_study)]
OfSeries = Annotated[Named, Depends(_of_series)]
OfInstance = Annotated[Named, Depends(_of_instance)]
STUDY, SERIES = "/studies/{study}", "/studies/{study}/series/{series}"
INSTANCE = SERIES + "/instances/{instance}"


def answers(*media_types: str, ranges: bool = False, pixels: bool = False) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of a GET that gives these."""
    problem: dict[str, Any] = {"content": {PROBLEM: {}}}
    found: dict[int | str, dict[str, Any]] = {
        200: {"content": {each: {} for each in media_types}, "description": "What was asked for."},
        304: {"description": "The client has it already."},
        400: {"description": "The request or its purpose is not understood.", **problem},
        401: {"description": "Nobody is known to be asking.", **problem},
        404: {"description": "Not there, or not for whoever asks.", **problem},
        406: {"description": "It cannot be given in any form that Accept names.", **problem},
    }
    if pixels:
        found[501] = {"description": "Pixels cannot be decoded here.", **problem}
        found[503] = {"description": "More is being decoded than this machine can.", **problem}
    if ranges:
        found[206] = {"content": {each: {} for each in media_types}, "description": "The range that was asked for."}
        found[416] = {"description": "The range lies outside.", **problem}
    return found


def base_of(request: Request) -> str:
    """What clients see before the addresses of DICOMweb, with a slash at its end.

    Without a public URL no proxy stands between, and the port is the one that is listened at: dicomweb-client leaves it
    out of its Host field.
    """
    settings = request.app.state.settings
    if isinstance(settings, HttpSettings) and settings.public_url:
        return f"{settings.public_url.rstrip('/')}{PREFIX}/"
    scope = request.scope
    server, root = scope.get("server"), scope.get("root_path", "")
    return _seen(scope.get("scheme", "http"), request.headers.get("host"), server and tuple(server), root)


@lru_cache(maxsize=64)  # taking the field Host apart and putting it together again took a fiftieth of a search
def _seen(scheme: str, host: str | None, server: tuple[str, int | None] | None, root: str) -> str:
    headers = [] if host is None else [(b"host", host.encode("latin-1"))]
    url = URL(scope={"scheme": scheme, "headers": headers, "server": server, "path": f"{root.rstrip('/')}/"})
    if url.port is None and server and server[1]:
        url = url.replace(port=server[1])
    return f"{str(url).rstrip('/')}{PREFIX}/"


def address_of(found: Found) -> str:
    """The path of an instance at this server."""
    facts = found.holding.description.dicom
    if facts is None:
        return ""
    uids = (facts.study_instance_uid, facts.series_instance_uid, facts.sop_instance_uid)
    study, series, instance = (quote(uid, safe="") for uid in uids)
    return f"{PREFIX}/studies/{study}/series/{series}/instances/{instance}"


def syntax_of(found: Found) -> str:
    facts = found.holding.description.dicom
    return facts.transfer_syntax_uid if facts is not None else ""
