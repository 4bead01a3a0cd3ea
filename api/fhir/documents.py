"""DocumentReference and Binary: ITI-67 Find Document References, ITI-68 Retrieve Document (IHE MHD 4.2)."""

import base64
from typing import Annotated

from fastapi import Depends, Path, Request, Response

from api.accepting import Offer, chosen
from api.callers.scopes import requires
from api.errands import ForArchive, ForErrand
from api.errors import NotAcceptable
from api.fhir.answering import JSON, XML, Json, base_of, form_of, params_of, resource_answer, searchset
from api.giving import given
from api.routes import Routes
from repository.domain.holding import Holding
from repository.fhir_form import values
from repository.fhir_form.documents import document_reference
from repository.mhd.documents import find_documents, open_document, read_document
from repository.streaming import whole

MOST_INLINE = 16 << 20
"""Bytes of a document that are given inside of a Binary resource; larger ones are given as they are alone."""

Id = Annotated[str, Path(max_length=64, pattern="^[A-Za-z0-9.-]+$")]
Params = Annotated[dict[str, list[str]], Depends(params_of)]


def router() -> Routes:
    found = Routes()
    add, search = found.add_api_route, [Depends(requires("search", resource="DocumentReference"))]
    add("/DocumentReference", find, methods=["GET"], dependencies=search)
    add("/DocumentReference/_search", find, methods=["GET", "POST"], dependencies=search)
    add("/DocumentReference/{id}", read, methods=["GET"],
        dependencies=[Depends(requires("read", resource="DocumentReference"))])  # fmt: skip
    add("/Binary/{id}", retrieve, methods=["GET", "HEAD"], dependencies=[Depends(requires("read", resource="Binary"))])
    return found


def find(request: Request, archive: ForArchive, errand: ForErrand, *, params: Params) -> Response:
    """Documents that match, a page at a time; 200 also where there are none."""
    form_of(request)  # what cannot be answered is not searched
    page = find_documents(archive, errand, params)
    base, name = base_of(request), archive.identifier.extension
    told = [document_reference(each, base=base, archive=name) for each in page.documents]
    return searchset(request, told, next_mark=page.next, unknown=page.unknown)


def read(request: Request, archive: ForArchive, errand: ForErrand, *, id: Id) -> Response:  # noqa: A002  FHIR's name
    form_of(request)
    told = read_document(archive, errand, id)
    resource = document_reference(told, base=base_of(request), archive=archive.identifier.extension)
    return resource_answer(request, resource)


def retrieve(request: Request, archive: ForArchive, errand: ForErrand, *, id: Id) -> Response:  # noqa: A002
    """The bytes as received, in the media type that is stored; as a Binary resource where FHIR is asked for."""
    admitted = open_document(archive, errand, id)
    holding = admitted.found.holding
    stored = values.code(holding.description.media_type) or "application/octet-stream"
    said = request.query_params.get("_format", "")
    offers = (Offer(stored), Offer(JSON), Offer(XML))
    form = form_of(request) if said else chosen(request.headers.get("accept", ""), offers).media_type
    if form == stored and not said:
        return given(archive, request, admitted, media_type=stored)
    if holding.size > MOST_INLINE:
        raise NotAcceptable(known=stored)
    content = b"".join(whole(archive, admitted))
    return resource_answer(request, _binary(id, holding, stored, content=content), headers={"Accept-Ranges": "none"})


def _binary(id: str, holding: Holding, stored: str, *, content: bytes) -> Json:  # noqa: A002  FHIR's name
    made: Json = {"resourceType": "Binary", "id": id, "meta": {"versionId": "1"}, "contentType": stored}
    if holding.patient:
        patient = {"reference": f"Patient/{id.partition('.')[0]}.{holding.patient}"}
        made["securityContext"] = patient
    return made | ({"data": base64.b64encode(content).decode()} if content else {})
