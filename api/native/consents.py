"""Consents and objections of patients: recorded, changed and withdrawn by administrators and the custodian's workers.

Personal numbers stand in bodies alone, never in an address. A FHIR Consent is taken and given as well.
"""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import Body, Query, Request, Response

from api.errands import ForArchive
from api.native.answering import json_answer
from api.native.declared import STRICT, problems
from api.native.once import ForOnce, Made
from api.native.permissions import FHIR, given_by, one, routes
from api.native.permits import ConsentOrder, FhirBody, Given, GivenList, as_given
from api.native.stewards import ForSteward
from api.native.wording import takeover_of
from api.routes import Routes
from repository.access.permission import Permission
from repository.access.principal import Principal
from repository.consents.fhir_consent import POLICIES, permissions_in
from repository.entitlement import give, give_all
from repository.runtime import Archive
from repository.stewarding.standing import require_giver

Policy = Annotated[
    list[Annotated[str, Query(max_length=500)]] | None,
    Query(max_length=20, description="URI of a policy that you have read and accept; for FHIR Consents."),
]
_AS_FHIR: dict[str, Any] = {
    "requestBody": {"content": {FHIR: {"schema": {"$ref": "#/components/schemas/FhirBody"}}}},
}


def router() -> Routes:
    found = Routes(tags=["consents"])
    found.add_api_route(
        "/consents", give_consent, methods=["POST"], status_code=201, response_model=Given | GivenList,
        responses=problems(404, 409, 413, 422), dependencies=[STRICT], openapi_extra=_AS_FHIR,
    )  # fmt: skip
    found.include(routes("consents", grant=False, ending="withdrawal"))
    return found


def give_consent(
    request: Request,
    archive: ForArchive,
    who: ForSteward,
    *,
    once: ForOnce,
    said: Annotated[ConsentOrder | FhirBody, Body()],
    policy: Policy = None,
) -> Response:
    """What a patient has said is recorded, in force from now on: one, or all of a Bundle of FHIR Consents, or none."""

    def answer(given: list[Permission]) -> Response:
        if isinstance(said, FhirBody):
            now = archive.clock()
            return json_answer({"permissions": [as_given(each, at=now) for each in given]}, status=201)
        return one(archive, given[0], status=201, location=f"{request.url.path}/{given[0].id}")

    def made() -> Response:
        if isinstance(said, FhirBody):
            return answer(_from_fhir(archive, who, said, policies=policy or []))
        where = takeover_of(archive, said.takeover)
        by = require_giver(archive, who, where)
        return answer([give(archive, said.permission(takeover=where, now=archive.clock()), by=by)])

    def again(done: Made) -> Response:
        return answer(given) if (given := given_by(done.deeds)) else made()

    return once(made, said, again=again)


def _from_fhir(archive: Archive, who: Principal, said: FhirBody, *, policies: list[str]) -> list[Permission]:
    """Raises `ConsentNotUnderstood` for the first that is not, and `NotYoursToGive`, before any is recorded."""
    read: list[Permission] = []
    for each in permissions_in(said.model_dump(mode="json"), policies=POLICIES | set(policies)):
        if isinstance(each, Exception):
            raise each
        read.append(replace(each, id="", takeover=takeover_of(archive, each.takeover)))
    for takeover in sorted({each.takeover for each in read}) or [""]:
        require_giver(archive, who, takeover)
    return give_all(archive, read, by=who)
