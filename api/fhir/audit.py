"""AuditEvent: ITI-81 Retrieve ATNA Audit Event, as far as whoever asks may see accounts. Consent: read, by patient.

Neither needs the purpose of a reading to be said: it follows from who asks, as at the native door. A token that was
given for other purposes is not used for it.
"""

from typing import Annotated

from fastapi import Depends, Request, Response

from api.callers.scopes import requires
from api.callers.way import Caller
from api.errands import ForArchive, caller_of
from api.errors import NoCaller
from api.fhir.answering import form_of, resource_answer, searchset
from api.fhir.documents import Id, Params
from api.routes import Routes
from repository.access.errors import AccessRefused
from repository.accounting.fhir import audit_event
from repository.opening import Errand
from repository.reports.asking import errand_of
from repository.reports.auditing import audit_events
from repository.runtime import Archive

DOOR = "fhir"
ForCaller = Annotated[Caller, Depends(caller_of)]


def looking_of(caller: ForCaller) -> Errand:
    """Raises `NoCaller`."""
    errand = errand_of(caller.principal, door=DOOR)
    if caller.purposes is not None and errand.purpose not in caller.purposes:
        raise NoCaller
    return errand


ForLooking = Annotated[Errand, Depends(looking_of)]


def router() -> Routes:
    found = Routes()
    search = [Depends(requires("search", resource="AuditEvent"))]
    found.add_api_route("/AuditEvent", find, methods=["GET"], dependencies=search)
    found.add_api_route("/AuditEvent/_search", find, methods=["GET", "POST"], dependencies=search)
    one = [Depends(requires("read", resource="AuditEvent"))]
    found.add_api_route("/AuditEvent/{id}", read, methods=["GET"], dependencies=one)
    return found


def find(request: Request, archive: ForArchive, errand: ForLooking, *, params: Params) -> Response:
    """Accounts that match, by number. Whoever may not see any finds none."""
    form_of(request)
    try:
        accounts, mark = audit_events(archive, errand, _asked(params))
    except AccessRefused:
        accounts, mark = [], 0
    told = [audit_event(each, archive=archive.id.hex) for each in accounts]
    return searchset(request, told, next_mark=str(mark) if mark else "")


def read(request: Request, archive: ForArchive, errand: ForLooking, *, id: Id) -> Response:  # noqa: A002
    form_of(request)
    return resource_answer(request, _one(archive, errand, id))


def _one(archive: Archive, errand: Errand, id: str) -> dict[str, object]:  # noqa: A002
    accounts, _ = audit_events(archive, errand, {"_id": [id]})
    if not accounts:
        raise AccessRefused
    return audit_event(accounts[0], archive=archive.id.hex)


def _asked(params: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: said for name, said in params.items() if name != "_format"}
