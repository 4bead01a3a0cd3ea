"""WADO-RS: metadata as DICOM JSON, without opening the instances (PS3.18 10.4.1.1.2, F).

Weak `ETag`, for the answer is the same whether it is compressed or not; whoever has it gets 304 after the decision and
the account, and before anything is opened.
"""

import zlib
from collections.abc import Iterable, Iterator
from hashlib import sha256

import orjson
from fastapi import Request, Response

from api.accepting import Offer, chosen, wants_gzip
from api.dicomweb.wado_paths import INSTANCE, SERIES, STUDY, Accept, OfInstance, OfSeries, OfStudy, answers, base_of
from api.digests import matches
from api.errands import ForArchive, ForErrand
from api.giving import answered
from api.routes import Routes
from repository.headers.packing import BASE
from repository.headers.telling import Named, tell
from repository.opening import Errand
from repository.runtime import Archive

JSON, PLAIN_JSON = "application/dicom+json", "application/json"
_OFFERS = (Offer(JSON), Offer(PLAIN_JSON))
_LEVEL = 1  # of compression: 5 MB of JSON in 25 ms, to a twentieth


def router() -> Routes:
    found = Routes(tags=["wado-rs"])
    for path, endpoint in ((STUDY, study_metadata), (SERIES, series_metadata), (INSTANCE, instance_metadata)):
        found.add_api_route(
            path + "/metadata",
            endpoint,
            methods=["GET", "HEAD"],
            response_class=Response,
            responses=answers(JSON, PLAIN_JSON),
        )
    return found


def study_metadata(
    request: Request, archive: ForArchive, errand: ForErrand, *, named: OfStudy, accept: Accept = ""
) -> Response:
    """The attributes of all instances of a study; values that may be large by their addresses."""
    return _told(request, archive, errand, named=named, accept=accept)


def series_metadata(
    request: Request, archive: ForArchive, errand: ForErrand, *, named: OfSeries, accept: Accept = ""
) -> Response:
    """The attributes of all instances of a series."""
    return _told(request, archive, errand, named=named, accept=accept)


def instance_metadata(
    request: Request, archive: ForArchive, errand: ForErrand, *, named: OfInstance, accept: Accept = ""
) -> Response:
    """The attributes of one instance, in a list: there may be several of that UID."""
    return _told(request, archive, errand, named=named, accept=accept)


def _told(request: Request, archive: Archive, errand: Errand, *, named: Named, accept: str) -> Response:
    offer = chosen(request.headers.get("accept", ""), _OFFERS, parameter=accept)
    told, base = tell(archive, errand, named), base_of(request)
    tag = f'"{sha256(told.sha256 + base.encode()).hexdigest()}"'
    headers = {"ETag": f"W/{tag}", "Cache-Control": "private, no-cache", "Vary": "Accept, Accept-Encoding"}
    if matches(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    headers["Content-Type"] = offer.media_type
    pieces = _listed(told.pieces, base)
    if wants_gzip(request.headers.get("accept-encoding", "")):
        headers["Content-Encoding"] = "gzip"
        pieces = _compressed(pieces)
    if request.method == "HEAD":
        return Response(headers=headers)
    return answered(pieces, headers=headers)


def _listed(pieces: Iterable[bytes], base: str) -> Iterator[bytes]:
    """A JSON array of the objects in `pieces`, with `base` before the addresses of bulk data."""
    address = b'"BulkDataURI":"' + orjson.dumps(base)[1:-1]
    before = b"["
    for piece in pieces:
        yield before + piece.replace(BASE, address)
        before = b","
    yield b"[]" if before == b"[" else b"]"


def _compressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    engine = zlib.compressobj(_LEVEL, wbits=16 + zlib.MAX_WBITS)
    for piece in pieces:
        if made := engine.compress(piece):
            yield made
    yield engine.flush()
