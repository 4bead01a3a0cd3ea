"""Errors at the HTTP door: one table from what happened to a status, and RFC 9457 problem details.

A refusal is 404, as what is not there: RFC 9110 §15.5.5 lets a server not disclose that something exists. `type` is the
address of the error's own description, below /v1/errors; both languages stand in the answer, and `title`, `detail`
are in the one that Accept-Language prefers.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api.advice import todo_of
from api.errors import Bug, HttpError, MethodNotAllowed, NothingOfThatName, RequestNotUnderstood
from api.languages import language_of
from repository.access.errors import AccessRefused, NothingToEnd, PermissionUnknown, SecondPersonNeeded
from repository.catalogue.depositing import TakeoverOver, TakeoverOvertaken
from repository.catalogue.errors import (
    BadCursor,
    CatalogueConflict,
    CatalogueUnavailable,
    DeedUnknown,
    HoldingUnknown,
    TakeoverAmbiguous,
    TakeoverExists,
    TakeoverUnknown,
)
from repository.consents.errors import NotYoursToGive
from repository.demands.errors import (
    ContentDiffers,
    DemandConflict,
    DemandUnknown,
    NoLongerEntitled,
    OtherWorker,
    WorkerIncomplete,
    WrongState,
)
from repository.evidence.errors import LogError, NotInLog
from repository.evidence.trust.errors import TrustError
from repository.evidence.worker_signature import SignatureRefused
from repository.imaging import PartUnclear, PartUnknown
from repository.jobs.errors import TakeoverHeld
from repository.mhd.errors import BundleConflicts
from repository.people.errors import NameTaken, NotAllowed, PersonUnknown, SessionOver, SessionUnknown, SignInRefused
from repository.rendering.errors import CodecsMissing, PixelsBusy, PixelsUnreadable
from repository.reports.errors import NotDueForReview
from repository.takeover.errors import ProtocolMissing
from repository.transfer.errors import BindingEnded, BindingUnknown, SeveralOpen
from repository.uploads.errors import (
    NoRoom,
    OffsetDiffers,
    PartDiffers,
    UploadBusy,
    UploadIncomplete,
    UploadTaken,
    UploadTooLarge,
    UploadUnknown,
    UploadUnsealed,
)
from storage.errors import ArchiveError, StoreFull

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = "5"  # seconds, where something is down or full for a while

STATUS: Mapping[type[ArchiveError], int] = {
    SignInRefused: 401,
    SessionOver: 401,
    AccessRefused: 404,
    NotYoursToGive: 403,
    NotAllowed: 403,
    WorkerIncomplete: 403,
    OtherWorker: 403,
    NoLongerEntitled: 403,
    SecondPersonNeeded: 403,
    PermissionUnknown: 404,
    NothingToEnd: 404,
    TakeoverUnknown: 404,
    HoldingUnknown: 404,
    DeedUnknown: 404,
    DemandUnknown: 404,
    PersonUnknown: 404,
    SessionUnknown: 404,
    NotDueForReview: 404,
    NotInLog: 404,
    PartUnknown: 404,
    PartUnclear: 406,
    PixelsUnreadable: 406,
    CodecsMissing: 501,
    PixelsBusy: 503,
    TakeoverAmbiguous: 409,
    TakeoverExists: 409,
    TakeoverHeld: 409,
    TakeoverOver: 409,
    TakeoverOvertaken: 503,
    SeveralOpen: 409,
    BindingUnknown: 404,
    BindingEnded: 409,
    CatalogueConflict: 409,
    BundleConflicts: 409,
    DemandConflict: 409,
    WrongState: 409,
    ContentDiffers: 409,
    NameTaken: 409,
    SignatureRefused: 422,
    TrustError: 422,
    BadCursor: 422,
    CatalogueUnavailable: 503,
    StoreFull: 507,
    LogError: 503,
    ProtocolMissing: 409,
    UploadUnknown: 404,
    OffsetDiffers: 409,
    UploadBusy: 409,
    UploadIncomplete: 409,
    UploadTaken: 409,
    UploadUnsealed: 409,
    UploadTooLarge: 413,
    PartDiffers: 460,  # tus 1.0.0, "Checksum"
    NoRoom: 507,
}
"""The nearest class of the error's own decides. What stands in no line: 422 for what the caller said (exit code 2),
503 for what may be tried again, 500 for the rest."""

USAGE = 2


def status_of(error: ArchiveError) -> int:
    return status_of_kind(type(error))


def status_of_kind(kind: type[ArchiveError]) -> int:
    if issubclass(kind, HttpError):
        return kind.status
    for each in kind.__mro__:
        if each in STATUS:
            return STATUS[each]
    if kind.retryable:
        return 503
    return 422 if kind.exit_code == USAGE else 500


def told(error: ArchiveError, status: int, *, language: str) -> dict[str, Any]:
    """`error` as the members of problem details."""
    fields = {name: _placeless(value) for name, value in error.fields.items()}
    what, advice = error.what.fill(fields), todo_of(type(error), status).fill(fields)
    words = {
        each: {
            "what": getattr(what, each),
            "kept": getattr(error.kept, each),
            "todo": getattr(advice, each),
        }
        for each in ("en", "pl")
    }
    said = words[language]
    return {
        "type": f"/v1/errors/{error.code}",
        "title": said["what"],
        "status": status,
        "detail": f"{said['kept']} {said['todo']}",
        "code": error.code,
        "retryable": error.retryable,
        **words,
    }


def _placeless(value: str | int) -> str | int:
    """Where files of this machine lie is the operator's to know: of a path, its last name."""
    return Path(value).name if isinstance(value, str) and value.startswith("/") else value


def headers_of(error: ArchiveError, status: int) -> dict[str, str]:
    """What belongs to the status: RFC 9110 §10.2.1, §10.2.3, §11.6.1."""
    found = {"Cache-Control": "no-store"}
    if status == 401:
        found["WWW-Authenticate"] = 'Bearer realm="edm-archive"'
    if status in (429, 503):
        found["Retry-After"] = str(error.fields.get("retry_after", RETRY_AFTER))
    if status == 405 and "allow" in error.fields:
        found["Allow"] = str(error.fields["allow"])
    found |= getattr(error, "headers", {})
    if status == 416 and "size" in error.fields:
        found["Content-Range"] = f"bytes */{error.fields['size']}"
    return found


def problem(error: ArchiveError, *, language: str = "en") -> Response:
    """The answer that tells `error`."""
    status = status_of(error)
    content = orjson.dumps(told(error, status, language=language))
    return Response(content, status, headers=headers_of(error, status), media_type=MEDIA_TYPE)


def translated(error: Exception, *, request_id: str = "") -> ArchiveError:
    """The framework's and everybody's errors as ours. What was sent is not repeated: it may be a patient's number."""
    if isinstance(error, ArchiveError):
        return error
    if isinstance(error, RequestValidationError):
        return RequestNotUnderstood(reason=_reason(error))
    if isinstance(error, HTTPException):
        if isinstance(error.__cause__, ArchiveError):
            return error.__cause__  # while the body was read: the framework says only that it could not be
        if error.status_code == 405:
            return MethodNotAllowed(allow=(error.headers or {}).get("Allow", ""))
        return NothingOfThatName() if error.status_code == 404 else RequestNotUnderstood(reason="malformed")
    return Bug(request=request_id)


def _reason(error: RequestValidationError) -> str:
    """Where the first thing is that is not as described, and what it has to be: names from our own schema alone."""
    first = error.errors()[0]
    place = ".".join(part for part in map(str, first["loc"]) if part.isidentifier() or part.replace("-", "").isalnum())
    return f"{place[:80]}: {first['type']}"


Told = Callable[[Request, Exception], Response]
"""How an error is told to whoever sent a request."""


def by_problem(request: Request, error: Exception) -> Response:
    """As the native door and DICOMweb tell errors."""
    found = translated(error, request_id=getattr(request.state, "id", ""))
    return problem(found, language=language_of(request.headers.get("accept-language", "")))
