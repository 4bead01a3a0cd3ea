"""Special protection of persons, their families and providers (R463-10.2), and what two persons are needed for.

Nobody lets himself in: an approval and an authorisation are another person's to give. What is refused here says
nothing of who is protected: flags are lifted by their id alone.
"""

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Response
from pydantic import BaseModel, Field

from api.callers.scopes import requires
from api.errands import ForArchive
from api.native.answering import json_answer
from api.native.declared import STRICT, problems
from api.native.permits import EndGiven
from api.native.stewards import ForSteward
from api.native.wording import Code, Line, Moment, NumberGiven, Person, Strict, TakeoverName, Uuid, takeover_of
from repository.access.bodies import approval_body, authorisation_body
from repository.consents.errors import OptionUnreadable
from repository.entitlement import protect
from repository.stewarding.leaves import end_repair, let_open, let_repair, lift
from repository.stewarding.standing import require_administrator

Flag = Annotated[str, Path(pattern=Uuid, description="As it was given.")]


class Protecting(Strict):
    """Persons (a family), in one takeover or wherever they are; or, without any, the provider of the takeover."""

    patients: Annotated[tuple[Person, ...], Field(max_length=100)] = ()
    takeover: TakeoverName = ""


class Flags(BaseModel):
    """What lifts the protection: keep it."""

    flags: list[str]


class Lifted(BaseModel):
    flag: str
    lifted_at: str


class Approving(Strict):
    """`requester`: the name or id of the account that is let in, to one record: by `patient`, or by `number` in
    `takeover`."""

    requester: Code
    patient: Person | None = None
    takeover: TakeoverName = ""
    number: Annotated[int, Field(strict=True, ge=0, lt=10**18)] = 0
    minutes: Annotated[int, Field(strict=True, ge=1, le=1440)] = 60


class ApprovalGiven(BaseModel):
    id: str
    person: str
    name: str
    given_by: str
    takeover: str
    patient: int
    identifier: NumberGiven | None
    since: str
    until: str


class Authorising(Strict):
    """`administrator`: the name or id of another administrator's account. `takeover` empty: all."""

    administrator: Code
    reason: Annotated[Line, Field(min_length=1)]
    until: Moment
    takeover: TakeoverName = ""


class AuthorisationGiven(BaseModel):
    id: str
    person: str
    name: str
    takeover: str
    given_by: str
    reason: str
    since: str
    until: str


def router() -> APIRouter:
    found = APIRouter(tags=["protection"], dependencies=[Depends(requires("admin")), STRICT])
    add, words = found.add_api_route, problems(404, 409, 413, 422)
    add("/protection", protected, methods=["POST"], status_code=201, response_model=Flags, responses=words)
    add("/protection/{flag}/lifting", lifted, methods=["POST"], response_model=Lifted, responses=problems(404))
    add("/approvals", approved, methods=["POST"], status_code=201, response_model=ApprovalGiven, responses=words)
    add("/authorisations", authorised, methods=["POST"], status_code=201, response_model=AuthorisationGiven,
        responses=words)  # fmt: skip
    add("/authorisations/{flag}/end", ended, methods=["POST"], response_model=EndGiven, responses=problems(404))
    return found


def protected(archive: ForArchive, who: ForSteward, said: Annotated[Protecting, Body()]) -> Response:
    """From now on it needs two persons to open what is theirs."""
    by = require_administrator(who)
    if not (said.patients or said.takeover):
        raise OptionUnreadable(option="patients, takeover")
    where = takeover_of(archive, said.takeover)
    flags = protect(archive, *(each.identifier for each in said.patients), takeover=where, by=by)
    return json_answer({"flags": list(flags)}, status=201)


def lifted(archive: ForArchive, who: ForSteward, flag: Flag) -> Response:
    """One flag is lifted; others over the same person stay."""
    return json_answer({"flag": flag, "lifted_at": lift(archive, who, flag).at})


def approved(archive: ForArchive, who: ForSteward, said: Annotated[Approving, Body()]) -> Response:
    """As the second person, you let somebody open one protected record for a time."""
    by = require_administrator(who)
    if (said.patient is None) is not bool(said.takeover):
        raise OptionUnreadable(option="patient, takeover")
    given, whom = let_open(
        archive, by, said.requester, minutes=said.minutes, takeover=takeover_of(archive, said.takeover),
        patient=said.number, identifier=said.patient.identifier if said.patient else None,
    )  # fmt: skip
    return json_answer(approval_body(given) | {"name": whom.name}, status=201)


def authorised(archive: ForArchive, who: ForSteward, said: Annotated[Authorising, Body()]) -> Response:
    """Another administrator may open content for maintenance until then; each reading stands out in the accounts."""
    by = require_administrator(who)
    where = takeover_of(archive, said.takeover)
    given, known = let_repair(archive, by, said.administrator, reason=said.reason, until=said.until, takeover=where)
    return json_answer(authorisation_body(given) | {"name": known.name}, status=201)


def ended(archive: ForArchive, who: ForSteward, flag: Flag) -> Response:
    """An authorisation ends now: the next reading is decided without it."""
    deed = end_repair(archive, who, flag)
    return json_answer({"id": flag, "ended_at": deed.at, "end_reason": "ended"})
