"""ITI-65 Provide Document Bundle (IHE MHD 4.2): documents into the open takeover that the caller is bound to.

As with STOW-RS, to push is not to read: there is no purpose, only the binding. A bundle is taken whole or not at all,
and sent again it is answered as the first time.
"""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import orjson
from fastapi import Depends, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from api.callers.scopes import requires
from api.errands import archive_of, principal_of
from api.errors import HttpError, MediaTypeUnknown, RequestNotUnderstood
from api.fhir.answering import JSON, XML, Json, bundle_answer, form_of
from api.routes import Routes
from api.slots import Slots
from repository.clock import stamp
from repository.fhir_form import ids
from repository.fhir_xml import from_xml
from repository.mhd.submission import Submission, submission_of
from repository.runtime import Archive
from repository.transfer.opening import Depositor, admitted_to
from repository.transfer.providing import Provided, Providing
from repository.transfer.transfers import Transfers
from storage.errors import Text

AT_ONCE = 2  # bundles; each may hold some four times its size while it is read
PATIENCE = 10.0  # seconds to wait for one of them to end
SLOWEST = 120.0  # seconds for a body to come
_FORMS = {JSON: JSON, XML: XML, "application/json": JSON, "application/xml": XML, "text/xml": XML, "text/json": JSON}

TakeoverName = Annotated[str, Query(max_length=36)]
TakeoverField = Annotated[str, Header(alias="EDM-Takeover", max_length=36)]


class BundleTooSlow(HttpError):
    code = "FHR-006"
    status = 408
    what = Text(en="The bundle comes too slowly.", pl="Pakiet przychodzi zbyt wolno.")
    todo = Text(en="Send fewer documents in a bundle.", pl="Wyślij mniej dokumentów w jednym pakiecie.")


class BundlesFull(HttpError):
    code = "FHR-007"
    status = 503
    retryable = True
    what = Text(en="{most} bundles are being taken already.", pl="Trwa już przyjmowanie {most} pakietów.")
    todo = Text(en="Wait as Retry-After says.", pl="Poczekaj tyle, ile mówi Retry-After.")


class Bundles(Slots):
    """How many bundles are read at one time, and the way in for them."""

    def __init__(self, archive: Archive, transfers: Transfers) -> None:
        super().__init__(AT_ONCE, patience=PATIENCE, full=lambda: BundlesFull(most=AT_ONCE))
        self.providing = Providing(archive, transfers)


def router() -> Routes:
    found = Routes(include_in_schema=False)
    write = [Depends(requires("write", resource="DocumentReference"))]
    for address in ("", "/"):
        found.add_api_route(address, provide, methods=["POST"], dependencies=write)
    return found


async def provide(request: Request, *, takeover: TakeoverName = "", edm_takeover: TakeoverField = "") -> Response:
    """201 for each entry, or an OperationOutcome that tells all that is wrong, and nothing is kept."""
    form_of(request)
    depositor = await run_in_threadpool(_admitted, request, takeover or edm_takeover)
    sent_as = _FORMS.get(request.headers.get("content-type", "").partition(";")[0].strip().lower())
    if sent_as is None:
        raise MediaTypeUnknown(known=f"{JSON}, {XML}")
    bundles: Bundles = request.app.state.bundles
    async with bundles.slot():
        body = [await _body(request)]
        made = await run_in_threadpool(_provided, request, depositor, bundles.providing, sent_as=sent_as, body=body)
    return bundle_answer(request, made)


def _admitted(request: Request, takeover: str) -> Depositor:
    """Raises as `caller_of` and `admitted_to`."""
    return admitted_to(archive_of(request), principal_of(request), door="fhir", wanted=takeover)


async def _body(request: Request) -> bytes:
    """Raises `BundleTooSlow`, `RequestNotUnderstood` where the client is gone, and `BodyTooLarge`."""
    try:
        async with asyncio.timeout(SLOWEST):
            # Not `request.body()`, which keeps it as long as the request.
            return b"".join([chunk async for chunk in request.stream()])
    except TimeoutError:
        raise BundleTooSlow from None
    except ClientDisconnect:
        raise RequestNotUnderstood(reason="the body ends early") from None


def _provided(request: Request, depositor: Depositor, providing: Providing, *, sent_as: str, body: list[bytes]) -> Json:
    """In a thread. `body` is emptied, for what is read of it takes its place in memory."""
    submission = submission_of(from_xml(body.pop()) if sent_as == XML else _of_json(body.pop()))
    provided = providing.provide(depositor, submission)
    return _answer(submission, provided, takeover=depositor.takeover, at=stamp(archive_of(request).clock()))


def _of_json(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        raise RequestNotUnderstood(reason="the body is not JSON") from None


def _answer(submission: Submission, provided: Sequence[Provided], *, takeover: str, at: str) -> Json:
    """As FHIR R4 3.1.0.11.2: an entry for each entry, in their order."""
    patient = ids.numbered(takeover, provided[0].patient)
    where = {"List": f"List/{patient}", "Patient": f"Patient/{patient}"}
    entries = [_entry(where.get(kind, ""), at) for kind in submission.kinds]
    for each in provided:
        document, name = each.document, ids.numbered(takeover, each.ordinal)
        entries[document.entry] = _entry(f"DocumentReference/{name}", at, told=_told(each))
        if document.binary >= 0:
            entries[document.binary] = _entry(f"Binary/{name}", at)
    return {"resourceType": "Bundle", "type": "transaction-response", "entry": entries}


def _entry(location: str, at: str, *, told: Sequence[Json] = ()) -> Json:
    response: Json = {"status": "201 Created", "location": location, "etag": 'W/"1"', "lastModified": at}
    if told:
        response["outcome"] = {"resourceType": "OperationOutcome", "issue": list(told)}
    return {"response": response}


def _told(provided: Provided) -> list[Json]:
    """What is not kept of a description is told, so that nobody believes that it is."""
    told: list[Json] = []
    if provided.document.unkept:
        text = "The document is kept; of its description, these have no place in the catalogue."
        places = list(provided.document.unkept)
        told.append(
            {"severity": "information", "code": "not-supported", "details": {"text": text}, "expression": places}
        )
    return told
