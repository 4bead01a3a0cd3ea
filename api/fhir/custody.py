"""List: ITI-66 Find Document Lists, a takeover's part of a patient as a SubmissionSet. Provenance of a document."""

from itertools import groupby

from fastapi import Depends, Request, Response

from api.callers.scopes import requires
from api.errands import ForArchive, ForErrand
from api.fhir.answering import Json, base_of, form_of, resource_answer, searchset
from api.fhir.documents import Id, Params
from api.routes import Routes
from repository.access.errors import AccessRefused
from repository.fhir_form.custody import provenance, submission_set
from repository.fhir_form.documents import Told
from repository.mhd.asking import COMMON
from repository.mhd.documents import documents_of, read_document
from repository.mhd.errors import ParameterWrong
from repository.mhd.lists import checked, meets
from repository.opening import Errand
from repository.runtime import Archive

WHOSE = frozenset({"patient", "patient.identifier", "patient:identifier", "subject"})
MADE = frozenset({"code", "date", "designationType", "identifier", "source.family", "source.given", "status"})
LIST = WHOSE | MADE


def router() -> Routes:
    found = Routes()
    search = [Depends(requires("search", resource="List"))]
    found.add_api_route("/List", find, methods=["GET"], dependencies=search)
    found.add_api_route("/List/_search", find, methods=["GET", "POST"], dependencies=search)
    found.add_api_route("/List/{id}", read, methods=["GET"], dependencies=[Depends(requires("read", resource="List"))])
    one = [Depends(requires("read", resource="Provenance"))]
    found.add_api_route("/Provenance", find_provenance, methods=["GET"], dependencies=one)
    found.add_api_route("/Provenance/{id}", read_provenance, methods=["GET"], dependencies=one)
    return found


def find(request: Request, archive: ForArchive, errand: ForErrand, *, params: Params) -> Response:
    """The submission sets of a patient that meet the other conditions (IHE MHD ITI-66)."""
    form_of(request)
    unknown = [name if name.isidentifier() else "?" for name in params if name not in COMMON | LIST]
    conditions = {name: said for name, said in params.items() if name in MADE}
    checked(conditions)
    found = [each for each in _lists(archive, errand, params) if meets(each, conditions)]
    return searchset(request, found, next_mark="", unknown=unknown)


def _lists(archive: Archive, errand: Errand, params: dict[str, list[str]]) -> list[Json]:
    found = sorted(documents_of(archive, errand, params), key=_whose)
    made = []
    for (_, patient), part in groupby(found, key=_whose):
        documents = list(part)
        if patient:
            made.append(submission_set(documents[0].takeover, patient, documents=documents))
    return made


def _whose(told: Told) -> tuple[int, int]:
    return told.takeover.number, told.holding.patient


def read(request: Request, archive: ForArchive, errand: ForErrand, *, id: Id) -> Response:  # noqa: A002  FHIR's name
    form_of(request)
    try:
        found = _lists(archive, errand, {"patient": [f"Patient/{id}"]})
    except ParameterWrong:
        found = _lists(archive, errand, {"patient": ["Patient/none.0"]})
    if not found:
        raise AccessRefused
    return resource_answer(request, found[0])


def find_provenance(request: Request, archive: ForArchive, errand: ForErrand, *, params: Params) -> Response:
    """Of the document that `target` names."""
    form_of(request)
    targets = params.get("target", [])
    if len(targets) != 1 or "," in targets[0]:
        raise ParameterWrong(parameter="target", reason="one DocumentReference has to be named")
    try:
        found = [_provenance(request, archive, errand, id=targets[0].rpartition("/")[2])]
    except AccessRefused:
        found = []
    unknown = [name if name.isidentifier() else "?" for name in params if name not in COMMON | {"target"}]
    return searchset(request, found, next_mark="", unknown=unknown)


def read_provenance(request: Request, archive: ForArchive, errand: ForErrand, *, id: Id) -> Response:  # noqa: A002
    form_of(request)
    return resource_answer(request, _provenance(request, archive, errand, id=id))


def _provenance(request: Request, archive: Archive, errand: Errand, *, id: str) -> Json:  # noqa: A002
    told = read_document(archive, errand, id)
    address = f"{base_of(request).removesuffix('/fhir')}/v1/holdings/{told.takeover.id}/{told.holding.ordinal}/proof"
    return provenance(told, archive=archive.identifier.extension, proof=address)
