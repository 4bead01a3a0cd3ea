"""Patient and ImagingStudy: search and read. Studies lead to their pixels by DICOMweb."""

from fastapi import Depends, Request, Response

from api.callers.scopes import requires
from api.errands import ForArchive, ForErrand
from api.fhir.answering import form_of, resource_answer, searchset
from api.fhir.documents import Id, Params
from api.routes import Routes
from repository.mhd.people import find_patients, find_studies, read_patient, read_study


def router() -> Routes:
    found = Routes()
    for kind, find, read in (("Patient", patients, patient), ("ImagingStudy", studies, study)):
        search = [Depends(requires("search", resource=kind))]
        found.add_api_route(f"/{kind}", find, methods=["GET"], dependencies=search)
        found.add_api_route(f"/{kind}/_search", find, methods=["GET", "POST"], dependencies=search)
        one = [Depends(requires("read", resource=kind))]
        found.add_api_route(f"/{kind}/{{id}}", read, methods=["GET"], dependencies=one)
    return found


def _dicomweb(request: Request) -> str:
    return f"{request.app.state.settings.url}/dicomweb"


def patients(request: Request, archive: ForArchive, errand: ForErrand, *, params: Params) -> Response:
    form_of(request)
    page = find_patients(archive, errand, params)
    return searchset(request, page.resources, next_mark=page.next, unknown=page.unknown)


def patient(request: Request, archive: ForArchive, errand: ForErrand, *, id: Id) -> Response:  # noqa: A002
    form_of(request)
    return resource_answer(request, read_patient(archive, errand, id))


def studies(request: Request, archive: ForArchive, errand: ForErrand, *, params: Params) -> Response:
    form_of(request)
    page = find_studies(archive, errand, params, address=_dicomweb(request))
    return searchset(request, page.resources, next_mark=page.next, unknown=page.unknown)


def study(request: Request, archive: ForArchive, errand: ForErrand, *, id: Id) -> Response:  # noqa: A002
    form_of(request)
    return resource_answer(request, read_study(archive, errand, id, address=_dicomweb(request)))
