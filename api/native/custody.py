"""Who has a takeover in custody (R463-6.2): shown to whoever is signed in, passed on by administrators."""

from typing import Annotated, Any

from fastapi import Body, Depends, Request, Response
from pydantic import AfterValidator, BaseModel

from api.callers.scopes import requires
from api.errands import ForArchive
from api.errors import PreconditionFailed
from api.native.answering import json_answer, require_state
from api.native.declared import STRICT, IfMatch, problems
from api.native.once import ForOnce, by_deed
from api.native.stewards import ForParty, ForSteward
from api.native.wording import Code, NumberGiven, Person, Strict, TakeoverId, takeover_of
from api.routes import Routes
from repository.access.bodies import custody_body
from repository.catalogue.errors import CatalogueConflict
from repository.entitlement import give_custody
from repository.runtime import Archive
from repository.stewarding.standing import require_administrator


def _said(name: str) -> str:
    if not name.strip():
        raise ValueError("no name")
    return name.strip()


class CustodyOrder(Strict):
    """`custodian`: its number in a register: RPWDL, REGON."""

    custodian: Person
    name: Annotated[Code, AfterValidator(_said)]


class Custodian(BaseModel):
    custodian: NumberGiven
    name: str
    since: str
    until: str | None


class CustodyGiven(BaseModel):
    """Every custodian, the present one last."""

    takeover: str
    custody: list[Custodian]


def router() -> Routes:
    found = Routes(prefix="/custody", tags=["custody"])
    found.add_api_route(
        "/{takeover}", shown, methods=["GET"], response_model=CustodyGiven, responses=problems(404, 409)
    )
    found.add_api_route(
        "/{takeover}", given, methods=["POST"], response_model=CustodyGiven, responses=problems(404, 409, 412, 422),
        dependencies=[Depends(requires("admin")), STRICT],
    )  # fmt: skip
    return found


def shown(archive: ForArchive, who: ForParty, takeover: TakeoverId) -> Response:  # noqa: ARG001  401 first
    """Every custodian of a takeover, the present one last."""
    known = takeover_of(archive, takeover)
    return _answer(known, _custody(archive, known))


def given(
    request: Request,
    archive: ForArchive,
    who: ForSteward,
    *,
    once: ForOnce,
    takeover: TakeoverId,
    order: Annotated[CustodyOrder, Body()],
    if_match: IfMatch = None,
) -> Response:
    """Custody passes on now: the old custodian's access ends and the new one's begins at the same instant."""

    def made() -> Response:
        by = require_administrator(who)
        known = takeover_of(archive, takeover)
        require_state(request, _tag(_custody(archive, known)))
        try:
            give_custody(archive, known, order.custodian.identifier, name=order.name, by=by)
        except CatalogueConflict:
            if if_match:
                raise PreconditionFailed from None
            raise
        return _answer(known, _custody(archive, known))

    def answer(_: object) -> Response:
        known = takeover_of(archive, takeover)
        return _answer(known, _custody(archive, known))

    return once(made, order, again=by_deed(made, answer, "custody"))


def _custody(archive: Archive, takeover: str) -> list[dict[str, Any]]:
    return [custody_body(each) | {"name": name} for each, name in archive.catalogue.entitling.custodians_of(takeover)]


def _tag(custody: list[dict[str, Any]]) -> str:
    return f'"{len(custody)}"'


def _answer(takeover: str, custody: list[dict[str, Any]]) -> Response:
    return json_answer({"takeover": takeover, "custody": custody}, headers={"ETag": _tag(custody)})
