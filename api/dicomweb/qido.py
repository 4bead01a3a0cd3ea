"""QIDO-RS: search for studies, series and instances (PS3.18 10.6), of what the errand may learn of.

Where nothing matches the answer is 200 with an empty array, as PS3.18 has it since CP-2473: every client reads that,
and some take 204 for a fault. What was asked and could not be done stands in `Warning`.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fastapi import Depends, Request, Response

from api.accepting import Offer, chosen
from api.callers.scopes import requires
from api.dicomweb.qido_asked import Asked, page_of, read
from api.dicomweb.qido_parameters import PARAMETERS
from api.dicomweb.qido_told import ALWAYS, DEPTH, SOP_CLASSES, Shape, level_of_path, shaped
from api.dicomweb.wado_paths import Accept, SeriesUid, StudyUid, answers, base_of
from api.errands import ForArchive, ForErrand
from api.errors import RequestNotUnderstood
from api.routes import Routes
from repository.catalogue.query import Level, Page, Query
from repository.dicom_query import Keys, read_keys
from repository.formats.dicom.names import name_of
from repository.opening import Errand
from repository.runtime import Archive
from repository.searching import search

JSON, PLAIN_JSON = "application/dicom+json", "application/json"
_OFFERS = (Offer(JSON), Offer(PLAIN_JSON))
_MORE = "There are additional results that can be requested."


def router() -> Routes:
    found = Routes(tags=["qido-rs"], dependencies=[Depends(requires("search", resource="ImagingStudy"))])
    for path, endpoint in (
        ("/studies", studies),
        ("/series", series),
        ("/instances", instances),
        ("/studies/{study}/series", series_of_study),
        ("/studies/{study}/instances", instances_of_study),
        ("/studies/{study}/series/{series}/instances", instances_of_series),
    ):
        for method in ("GET", "HEAD"):  # two routes: an operation in OpenAPI has one method
            found.add_api_route(
                path,
                endpoint,
                methods=[method],
                response_class=Response,
                responses={key: told for key, told in answers(JSON, PLAIN_JSON).items() if key not in (304, 404)},
                openapi_extra={"parameters": PARAMETERS},
                include_in_schema=method == "GET",
            )
    return found


def studies(request: Request, archive: ForArchive, errand: ForErrand, *, accept: Accept = "") -> Response:
    """Studies that match the keys."""
    return _found(request, archive, errand, level=Level.STUDY, within=(), accept=accept)


def series(request: Request, archive: ForArchive, errand: ForErrand, *, accept: Accept = "") -> Response:
    """Series that match the keys, each with the attributes of its study."""
    return _found(request, archive, errand, level=Level.SERIES, within=(), accept=accept)


def instances(request: Request, archive: ForArchive, errand: ForErrand, *, accept: Accept = "") -> Response:
    """Instances that match the keys, each with the attributes of its study and series."""
    return _found(request, archive, errand, level=Level.INSTANCE, within=(), accept=accept)


def series_of_study(
    request: Request, archive: ForArchive, errand: ForErrand, *, study: StudyUid, accept: Accept = ""
) -> Response:
    """Series of a study that match the keys."""
    return _found(request, archive, errand, level=Level.SERIES, within=(study,), accept=accept)


def instances_of_study(
    request: Request, archive: ForArchive, errand: ForErrand, *, study: StudyUid, accept: Accept = ""
) -> Response:
    """Instances of a study that match the keys, each with the attributes of its series."""
    return _found(request, archive, errand, level=Level.INSTANCE, within=(study,), accept=accept)


def instances_of_series(
    request: Request,
    archive: ForArchive,
    errand: ForErrand,
    *,
    study: StudyUid,
    series: SeriesUid,
    accept: Accept = "",
) -> Response:
    """Instances of a series that match the keys."""
    return _found(request, archive, errand, level=Level.INSTANCE, within=(study, series), accept=accept)


def _found(
    request: Request, archive: Archive, errand: Errand, *, level: Level, within: Sequence[str], accept: str
) -> Response:
    offer = chosen(request.headers.get("accept", ""), _OFFERS, parameter=accept)
    asked = read(request.query_params.multi_items())
    keys = read_keys(level, {name_of(path): text for path, text in asked.keys.items()}, fuzzy=asked.fuzzy)
    if keys.wrong:
        raise RequestNotUnderstood(reason=f"{keys.wrong[0]}: a value or a range of its kind")
    shape = _shape(level, asked, within)
    (page,) = search(archive, errand, [_query(keys.query, asked, shape, within=within)])
    headers = {"Cache-Control": "private, no-cache", "Vary": "Accept", "Content-Type": offer.media_type}
    told = _warnings(level, asked, keys, page=page)
    if told:
        headers["Warning"] = ", ".join(f'299 edm-archive "{each}"' for each in told)
    return Response(shape.bodies(page.hits, base_of(request)), headers=headers)


def _shape(level: Level, asked: Asked, within: Sequence[str]) -> Shape:
    """Required is what is of the level, and of those above that the address does not name."""
    told = DEPTH[len(within) : DEPTH.index(level) + 1]
    return shaped(level, {*asked.include, *asked.keys}, told=told, everything=asked.everything)


def _query(query: Query, asked: Asked, shape: Shape, *, within: Sequence[str]) -> Query:
    fields: dict[str, Any] = {}
    for name, uid in zip(("study_uids", "series_uids"), within, strict=False):
        also = getattr(query, name)
        if also and uid not in also:
            fields["takeovers"] = ()  # the address and the key name different ones
        fields[name] = (uid,)
    above = tuple(each for each in shape.fields if each is not query.level)
    return replace(
        query,
        limit=page_of(asked),
        skip=asked.offset,
        above=above,
        all_values=shape.beyond_columns,
        time_zone=True,
        sop_classes=(SOP_CLASSES,) in shape.fields.get(Level.STUDY, ()),
        **fields,
    )


def _warnings(level: Level, asked: Asked, keys: Keys, *, page: Page) -> list[str]:
    found = [_MORE] if page.next else []
    if keys.unmatched:
        found.append(f"Nothing was matched by: {' '.join(keys.unmatched)}.")
    wanted = {*asked.include, *(path for path, text in asked.keys.items() if not text.strip("*"))}
    left = asked.unknown + sum(not _is_told(level, each) for each in wanted)
    if left:
        found.append(f"{left} of the fields to include are not known, or not of this level.")
    return found


def _is_told(level: Level, path: tuple[int, ...]) -> bool:
    known = level_of_path(path)
    return path in ALWAYS or (known is not None and DEPTH.index(known) <= DEPTH.index(level))
