"""Grants: what a custodian lets others read of a takeover, given, changed and revoked."""

from typing import Annotated

from fastapi import Body, Request, Response

from api.errands import ForArchive
from api.native.declared import STRICT, problems
from api.native.once import ForOnce, by_deed
from api.native.permissions import given_by, one, routes
from api.native.permits import Given, GrantOrder
from api.native.stewards import ForSteward
from api.native.wording import takeover_of
from api.routes import Routes
from repository.access.permission import Permission
from repository.entitlement import give
from repository.stewarding.permissions import grantor_of
from repository.stewarding.standing import require_giver


def router() -> Routes:
    found = Routes(tags=["grants"])
    found.add_api_route(
        "/grants", give_grant, methods=["POST"], status_code=201, response_model=Given,
        responses=problems(404, 409, 413, 422), dependencies=[STRICT],
    )  # fmt: skip
    found.include(routes("grants", grant=True, ending="revocation"))
    return found


def give_grant(
    request: Request, archive: ForArchive, who: ForSteward, *, once: ForOnce, said: Annotated[GrantOrder, Body()]
) -> Response:
    """Somebody may read a takeover, or one patient's part of it, from now on; without limits all of that."""

    def made() -> Response:
        where = takeover_of(archive, said.takeover)
        by = require_giver(archive, who, where)
        wanted = said.permission(grantor_of(by), takeover=where, now=archive.clock())
        return answer(give(archive, wanted, by=by))

    def answer(given: Permission) -> Response:
        return one(archive, given, status=201, location=f"{request.url.path}/{given.id}")

    return once(made, said, again=by_deed(made, lambda deed: answer(*given_by([deed])), "permission"))
