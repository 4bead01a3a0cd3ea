"""How FHIR answers are made: JSON or XML as asked for, ETags, searchsets with a way to the next page, outcomes."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson
from fastapi import Request, Response

from api.accepting import Offer, chosen
from api.digests import matches
from api.errors import HttpError, MediaTypeUnknown, NotAcceptable, RequestNotUnderstood
from api.languages import language_of
from api.problems import headers_of, status_of, translated
from repository.fhir_xml import as_xml
from repository.mhd.errors import BundleRefused
from storage.errors import Text

Json = dict[str, Any]
JSON, XML = "application/fhir+json", "application/fhir+xml"
VERSION = "4.0"
_OFFERS = tuple(map(Offer, (JSON, XML, "application/json", "application/xml", "text/xml", "text/json")))
_FORMATS = {"json": JSON, "xml": XML, JSON: JSON, XML: XML, "application/json": JSON, "application/xml": XML,
    "text/xml": XML, "text/json": JSON}  # fmt: skip
FORM = "application/x-www-form-urlencoded"
_ISSUES = {401: "login", 403: "forbidden", 404: "not-found", 405: "not-supported", 406: "not-supported",
    409: "conflict", 410: "deleted", 412: "conflict", 413: "too-long", 415: "not-supported", 422: "invalid",
    429: "throttled", 503: "transient"}  # fmt: skip


class StrictlyUnknown(HttpError):
    code = "FHR-002"
    what = Text(
        en="There are search parameters here that nobody knows: {names}.",
        pl="Nieznane parametry wyszukiwania: {names}.",
    )
    todo = Text(en="Leave them out, or do not ask for strict handling.", pl="Pomiń je albo nie żądaj ścisłej obsługi.")


def base_of(request: Request) -> str:
    """The address of the FHIR service, without a slash at its end."""
    return f"{request.app.state.settings.url}/fhir"


def form_of(request: Request) -> str:
    """JSON or XML, by `_format` before Accept (FHIR R4 3.1.0.1.11). Raises `NotAcceptable`."""
    said = request.query_params.get("_format", "").replace(" ", "+").partition(";")[0].strip().lower()
    if said:
        if said not in _FORMATS:
            raise NotAcceptable(known=f"{JSON}, {XML}")
        return _FORMATS[said]
    return _FORMATS[chosen(request.headers.get("accept", ""), _OFFERS).media_type]


def written(resource: Json, form: str) -> bytes:
    return as_xml(resource) if form == XML else orjson.dumps(resource)


def resource_answer(
    request: Request, resource: Json, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """One resource. Its ETag is the version where there is one, else a digest of it; 304 for `If-None-Match`."""
    form = form_of(request)
    content = written(resource, form)
    version = resource.get("meta", {}).get("versionId") or hashlib.sha256(content).hexdigest()[:32]
    told = {"ETag": f'W/"{version}"', "Cache-Control": "private, no-cache", "Vary": "Accept"} | dict(headers or {})
    if status == 200 and matches(request.headers.get("if-none-match", ""), f'"{version}"'):
        return Response(status_code=304, headers=told)
    return _response(content, form, status, told)


def _response(content: bytes, form: str, status: int, headers: Mapping[str, str]) -> Response:
    told = {"Content-Type": f"{form}; charset=utf-8; fhirVersion={VERSION}", **headers}
    return Response(content, status, headers=told)


async def params_of(request: Request) -> dict[str, list[str]]:
    """Search parameters of the address and, by POST, of the form (FHIR R4 3.1.1.1). Raises `MediaTypeUnknown`."""
    found: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        found.setdefault(name, []).append(value)
    if request.method == "POST":
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        body = await request.body()
        if kind != FORM and body:
            raise MediaTypeUnknown(known=FORM)
        for name, value in _form(body):
            found.setdefault(name, []).append(value)
    request.state.searched = found
    return {name: values for name, values in found.items() if any(values)}


def _form(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode(), strict_parsing=bool(body), max_num_fields=100, errors="strict")
    except ValueError:
        raise RequestNotUnderstood(reason="the form") from None


def searchset(request: Request, resources: Sequence[Json], *, next_mark: str, unknown: Sequence[str] = ()) -> Response:
    """A Bundle, also of nothing. Raises `StrictlyUnknown` where the client wants to know of unknown parameters so."""
    if unknown and "handling=strict" in request.headers.get("prefer", "").replace(" ", "").lower():
        raise StrictlyUnknown(names=", ".join(unknown))
    base, kind = base_of(request), request.url.path.split("/")[2]
    links = [{"relation": "self", "url": _address(base, kind, request)}]
    if next_mark:
        links.append({"relation": "next", "url": _address(base, kind, request, mark=next_mark)})
    entries: list[Json] = [
        {
            "fullUrl": f"{base}/{each['resourceType']}/{each['id']}",
            "resource": each,
            "search": {"mode": "match"},
        }
        for each in resources
    ]
    if unknown:
        told = _outcome([_issue("warning", "not-supported", f"Passed over: {', '.join(unknown)}")])
        entries.append({"resource": told, "search": {"mode": "outcome"}})
    bundle: Json = {"resourceType": "Bundle", "type": "searchset", "link": links}
    if entries:
        bundle["entry"] = entries
    form = form_of(request)
    return _response(written(bundle, form), form, 200, {"Cache-Control": "no-store", "Vary": "Accept"})


def bundle_answer(request: Request, bundle: Json) -> Response:
    """The answer to a transaction."""
    form = form_of(request)
    return _response(written(bundle, form), form, 200, {"Cache-Control": "no-store", "Vary": "Accept"})


def _address(base: str, kind: str, request: Request, *, mark: str = "") -> str:
    """As GET; conditions of a form are told in it as well, for the way to the next page leads by GET."""
    said = [(name, each) for name, values in request.state.searched.items() for each in values if name != "_after"]
    asked = urlencode([*said, *([("_after", mark)] if mark else [])])
    return f"{base}/{kind}" + (f"?{asked}" if asked else "")


def _issue(severity: str, code: str, text: str) -> Json:
    return {"severity": severity, "code": code, "details": {"text": text}}


def _outcome(issues: Sequence[Json]) -> Json:
    return {"resourceType": "OperationOutcome", "issue": list(issues)}


def refused(request: Request, error: Exception) -> Response:
    """The OperationOutcome that tells `error`, in JSON unless XML is asked for."""
    found = translated(error, request_id=getattr(request.state, "id", ""))
    status = status_of(found)
    text = getattr(found.message, language_of(request.headers.get("accept-language", "")))
    issue = _issue("error", _ISSUES.get(status, "exception" if status >= 500 else "invalid"), text)
    issue["details"] = {"coding": [{"system": "urn:edm-archive:errors", "code": found.code}], **issue["details"]}
    issues = [issue]
    if isinstance(found, BundleRefused):
        issues += [_issue("error", "invalid", each.reason) | {"expression": [each.place]} for each in found.faults]
    try:
        form = form_of(request)
    except HttpError:
        form = JSON
    return _response(written(_outcome(issues), form), form, status, headers_of(found, status))
