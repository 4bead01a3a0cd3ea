"""Consent (IHE PCF): read by id, all of a patient, and recorded, for whoever sees to consents there."""

from dataclasses import replace
from typing import Annotated

import orjson
from fastapi import Depends, Request, Response

from api.callers.scopes import requires
from api.errands import ForArchive
from api.errors import MediaTypeUnknown, NoCaller, RequestNotUnderstood
from api.fhir.answering import JSON, Json, base_of, form_of, resource_answer, searchset
from api.fhir.audit import DOOR, ForCaller
from api.fhir.documents import Id, Params
from api.routes import Routes
from repository.access.principal import Principal
from repository.accounting.fhir_tokens import token
from repository.consents.errors import ConsentNotExpressible, NotYoursToGive
from repository.consents.fhir_consent import POLICIES, consent_resource, permissions_in
from repository.domain.describing import Identifier
from repository.entitlement import give
from repository.mhd.asking import COMMON
from repository.mhd.errors import ParameterWrong
from repository.stewarding.permissions import listed, shown
from repository.stewarding.showing import purpose_of
from repository.stewarding.standing import require_giver


def steward_of(caller: ForCaller) -> Principal:
    """Raises `NoCaller`."""
    if caller.purposes is not None and purpose_of(caller.principal) not in caller.purposes:
        raise NoCaller
    return caller.principal


ForSteward = Annotated[Principal, Depends(steward_of)]
PATIENT = ("patient.identifier", "patient:identifier")


def router() -> Routes:
    found = Routes()
    search = [Depends(requires("search", resource="Consent"))]
    found.add_api_route("/Consent", find, methods=["GET"], dependencies=search)
    found.add_api_route("/Consent/_search", find, methods=["GET", "POST"], dependencies=search)
    one = [Depends(requires("read", resource="Consent"))]
    found.add_api_route(
        "/Consent", create, methods=["POST"], dependencies=[Depends(requires("write", resource="Consent"))]
    )
    found.add_api_route("/Consent/{id}", read, methods=["GET"], dependencies=one)
    return found


def find(request: Request, archive: ForArchive, who: ForSteward, *, params: Params) -> Response:
    """The last editions of a patient's consents. Raises `ParameterWrong` where no patient is named."""
    form_of(request)
    said = [each for name in PATIENT for each in params.get(name, ())]
    wanted = token(said[0]) if len(said) == 1 else None
    if wanted is None or not wanted.system or not wanted.code:
        raise ParameterWrong(parameter=PATIENT[0], reason="SYSTEM|VALUE is asked for, once")
    whose = Identifier(wanted.system.removeprefix("urn:oid:"), wanted.code)
    try:
        found = listed(archive, who, patient=whose, takeover="", grant=False, door=DOOR)
    except NotYoursToGive:
        found = []
    newest = {each.id: each for each in sorted(found, key=lambda each: each.edition)}
    told = []
    for each in newest.values():
        try:
            told.append(consent_resource(each, archive=archive.id.hex))
        except ConsentNotExpressible:
            continue  # /v1/consents tells those that FHIR has no words for
    unknown = [name if name.isidentifier() else "?" for name in params if name not in COMMON and name not in PATIENT]
    return searchset(request, told, next_mark="", unknown=unknown)


def read(request: Request, archive: ForArchive, who: ForSteward, *, id: Id) -> Response:  # noqa: A002
    form_of(request)
    known = shown(archive, who, id, grant=False, door=DOOR)
    return resource_answer(request, consent_resource(known, archive=archive.id.hex))


async def body_of(request: Request) -> Json:
    """Raises `MediaTypeUnknown` for what is no FHIR JSON, `RequestNotUnderstood`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (JSON, "application/json"):
        raise MediaTypeUnknown(known=JSON)
    try:
        found = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        raise RequestNotUnderstood(reason="the body is not JSON") from None
    if not isinstance(found, dict) or found.get("resourceType") != "Consent":
        raise RequestNotUnderstood(reason="resourceType: Consent is asked for")
    return found


def create(
    request: Request, archive: ForArchive, who: ForSteward, *, said: Annotated[Json, Depends(body_of)]
) -> Response:
    """What a patient has said is recorded under an id of the archive's own, in force from now on, for whoever sees to
    consents there. Raises `ConsentNotUnderstood`, `NotYoursToGive`,
    `TakeoverUnknown`."""
    form_of(request)
    read = permissions_in(said, policies=POLICIES)
    if len(read) != 1:
        raise RequestNotUnderstood(reason="one Consent is asked for")
    (one,) = read
    if isinstance(one, Exception):
        raise one
    where = archive.catalogue.takeover(one.takeover).id if one.takeover else ""
    require_giver(archive, who, where)
    recorded = give(archive, replace(one, id="", takeover=where), by=who)
    resource = consent_resource(recorded, archive=archive.id.hex)
    address = f"{base_of(request)}/Consent/{recorded.id}/_history/{recorded.edition}"
    return resource_answer(request, resource, status=201, headers={"Location": address})
