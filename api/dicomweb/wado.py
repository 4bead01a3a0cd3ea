"""WADO-RS: studies, series and instances as they were received, or in another encoding (PS3.18 10.4).

What is stored goes out as it is stored wherever the request allows it. Where takeovers hold several instances of one
UID, a multipart answer has all of them, and a single one the first, by takeover.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from functools import lru_cache
from itertools import chain, islice

from fastapi import Request, Response

from api.accepting import Offer, chosen
from api.dicomweb.wado_paths import (
    DICOM,
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
    syntax_of,
)
from api.errands import ForArchive, ForErrand
from api.giving import answered, given
from api.multipart.writing import Part, content_type, ending, header_lines, new_boundary, overhead, written
from api.pictures import ForPool
from api.routes import Routes
from api.streamed import Begun, Streamed
from repository.access.subject import Operation
from repository.formats.dicom.elements import EXPLICIT_LITTLE, IMPLICIT_LITTLE
from repository.headers.telling import Named
from repository.imaging import REENCODED, UNCOMPRESSED, contents, gathered, in_syntax, named, scanned
from repository.opening import Admitted, Errand, admit
from repository.rendering.decoding import DECODABLE, decoded, is_compressed
from repository.rendering.pool import Pool
from repository.runtime import Archive
from repository.streaming import whole

_COUNTED = 2000  # instances of which the answer's length is told beforehand
_LITTLE = frozenset({EXPLICIT_LITTLE, IMPLICIT_LITTLE})


def router() -> Routes:
    found = Routes(tags=["wado-rs"])
    for path, endpoint in ((STUDY, study), (SERIES, series), (INSTANCE, instance)):
        found.add_api_route(
            path,
            endpoint,
            methods=["GET", "HEAD"],
            response_class=Response,
            responses=answers(RELATED, DICOM, ranges=endpoint is instance, pixels=True),
        )
    return found


def study(
    request: Request, archive: ForArchive, errand: ForErrand, *, pool: ForPool, uids: OfStudy, accept: Accept = ""
) -> Response:
    """All instances of a study."""
    return _many(request, archive, errand, pool=pool, uids=uids, accept=accept)


def series(
    request: Request, archive: ForArchive, errand: ForErrand, *, pool: ForPool, uids: OfSeries, accept: Accept = ""
) -> Response:
    """All instances of a series."""
    return _many(request, archive, errand, pool=pool, uids=uids, accept=accept)


def instance(
    request: Request, archive: ForArchive, errand: ForErrand, *, pool: ForPool, uids: OfInstance, accept: Accept = ""
) -> Response:
    """One instance: a file with its digest, ranges and the way to its proof, or multipart where that is asked for."""
    found = list(_admitted(archive, errand, uids))
    first = found[0]
    offer = chosen(request.headers.get("accept", ""), _offers(found, single=True), parameter=accept)
    if offer.multipart:
        return _multipart(request, archive, found, pool=pool, offer=offer)
    if offer.stored or offer.syntax == syntax_of(first.found):
        return given(archive, request, first, media_type=_media_type(syntax_of(first.found)))
    headers = {"Content-Type": _media_type(offer.syntax), "Cache-Control": "private, no-cache", "Vary": "Accept"}
    if request.method == "HEAD":
        return Response(headers=headers)
    return answered(_encoded(archive, first, pool=pool, syntax=offer.syntax), headers=headers)


def _admitted(archive: Archive, errand: Errand, uids: Named) -> Iterator[Admitted]:
    return admit(archive, errand, named(archive, uids), operation=Operation.READ)


def _many(request: Request, archive: Archive, errand: Errand, *, pool: Pool, uids: Named, accept: str) -> Response:
    admitted = _admitted(archive, errand, uids)
    first = list(islice(admitted, _COUNTED))
    offer = chosen(request.headers.get("accept", ""), _offers(first, single=False), parameter=accept)
    return _multipart(request, archive, first, pool=pool, offer=offer, more=admitted)


def _offers(found: Sequence[Admitted], *, single: bool) -> tuple[Offer, ...]:
    """As stored; and without compression: in every such encoding where nothing is compressed, else in the one that
    PS3.18 8.7.3.3.2 has for whoever names none, if all of it can be decoded."""
    return _offers_of(frozenset(syntax_of(each.found) for each in found), single=single)


@lru_cache(maxsize=128)  # an archive has few syntaxes, and hardly an answer several
def _offers_of(stored: frozenset[str], *, single: bool) -> tuple[Offer, ...]:
    own = next(iter(stored)) if len(stored) == 1 else ""
    usual = stored <= _LITTLE
    forms = (False, True) if single else (True,)
    offers = [Offer(DICOM, multipart=form, syntax=own, usual=usual) for form in forms]
    if stored <= UNCOMPRESSED | DECODABLE:
        targets = REENCODED if stored <= UNCOMPRESSED else (EXPLICIT_LITTLE,)
        others = [each for each in targets if each != own]
        offers += [
            Offer(DICOM, multipart=form, syntax=each, stored=False, usual=not usual and each == EXPLICIT_LITTLE)
            for each in others
            for form in forms
        ]
    return tuple(offers)


def _multipart(
    request: Request,
    archive: Archive,
    found: Sequence[Admitted],
    *,
    pool: Pool,
    offer: Offer,
    more: Iterator[Admitted] | None = None,
) -> Response:
    boundary = new_boundary()
    headers = {
        "Content-Type": content_type(boundary, of=DICOM),
        "Cache-Control": "private, no-cache",  # each reading is decided and accounted for anew
        "Vary": "Accept",
    }
    after = next(more, None) if more is not None else None
    every = chain(found, (after,), more or ()) if after is not None else iter(found)
    lines = [_lines(each, offer) for each in found]
    if offer.stored and after is None:
        sizes = (each.found.holding.size + overhead(own, boundary) for each, own in zip(found, lines, strict=True))
        headers["Content-Length"] = str(sum(sizes) + ending(boundary))
    if request.method == "HEAD":
        return Response(headers=headers)
    pieces = gathered(written(_parts(archive, every, lines, pool=pool, offer=offer), boundary))
    if more is None:
        return answered(pieces, headers=headers)
    return Streamed(Begun(pieces), headers=headers)


def _parts(
    archive: Archive, every: Iterator[Admitted], lines: Iterable[bytes], *, pool: Pool, offer: Offer
) -> Iterator[Part]:
    """`lines`: the header lines of the first of them."""
    known = iter(lines)
    if offer.stored:
        with closing(contents(archive, every)) as opened:
            for each, content in opened:
                yield Part(content, next(known, b"") or _lines(each, offer))
        return
    for each in every:
        as_is = offer.syntax == syntax_of(each.found)
        content = whole(archive, each) if as_is else _encoded(archive, each, pool=pool, syntax=offer.syntax)
        yield Part(content, next(known, b"") or _lines(each, offer))


def _encoded(archive: Archive, admitted: Admitted, *, pool: Pool, syntax: str) -> Iterator[bytes]:
    image = scanned(archive, admitted)
    return decoded(archive, pool, image) if is_compressed(image) else in_syntax(image, syntax)


def _lines(admitted: Admitted, offer: Offer) -> bytes:
    syntax = syntax_of(admitted.found) if offer.stored else offer.syntax
    return header_lines({"Content-Type": _media_type(syntax), "Content-Location": address_of(admitted.found)})


def _media_type(syntax: str) -> str:
    known = syntax.replace(".", "").isdecimal()  # as the file says it, which may be anything
    return f"{DICOM}; transfer-syntax={syntax}" if known else DICOM
