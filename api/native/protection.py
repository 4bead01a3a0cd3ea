"""Special protection of persons, their families and providers (R463-10.2), and what two persons are needed for.

Nobody lets himself in: an approval and an authorisation are another person's to give. What is refused here says
nothing of who is protected: flags are lifted by their id alone.
"""

from typing import Annotated, Any

from fastapi import Body, Depends, Path, Response
from pydantic import BaseModel, Field

from api.callers.scopes import requires
from api.errands import ForArchive
from api.native.answering import json_answer
from api.native.declared import STRICT, problems
from api.native.once import ForOnce, Made, by_deed
from api.native.permits import EndGiven
from api.native.stewards import ForSteward
from api.native.wording import Code, Line, Moment, NumberGiven, Person, Strict, TakeoverName, Uuid, takeover_of
from api.routes import Routes
from repository.access.bodies import approval_body, approval_of, authorisation_body, authorisation_of
from repository.consents.errors import OptionUnreadable
from repository.domain.deed import Deed
from repository.entitlement import protect
from repository.people.keeping import account_named
from repository.stewarding.leaves import Lifted as LiftedSoFar
from repository.stewarding.leaves import end_repair, let_open, let_repair, lift, lifted_body, lifted_by
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
    """`lifted_at` is null while the protection lasts and waits for a second administrator, `until` then at most."""

    flag: str
    asked_by: str
    asked_at: str
    until: str
    lifted_at: str | None


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


_ASKED: dict[int | str, dict[str, Any]] = {
    202: {"model": Lifted, "description": "Asked for: another administrator has to say the same"}
}


def router() -> Routes:
    found = Routes(tags=["protection"], dependencies=[Depends(requires("admin")), STRICT])
    add, words = found.add_api_route, problems(404, 409, 413, 422)
    add("/protection", protected, methods=["POST"], status_code=201, response_model=Flags, responses=words)
    add("/protection/{flag}/lifting", lifted, methods=["POST"], response_model=Lifted,
        responses=problems(404, 409, 422) | _ASKED)  # fmt: skip
    add("/approvals", approved, methods=["POST"], status_code=201, response_model=ApprovalGiven, responses=words)
    add("/authorisations", authorised, methods=["POST"], status_code=201, response_model=AuthorisationGiven,
        responses=words)  # fmt: skip
    add(
        "/authorisations/{flag}/end",
        ended,
        methods=["POST"],
        response_model=EndGiven,
        responses=problems(404, 409, 422),
    )
    return found


def protected(archive: ForArchive, who: ForSteward, once: ForOnce, *, said: Annotated[Protecting, Body()]) -> Response:
    """From now on it needs two persons to open what is theirs."""

    def made() -> Response:
        by = require_administrator(who)
        if not (said.patients or said.takeover):
            raise OptionUnreadable(option="patients, takeover")
        where = takeover_of(archive, said.takeover)
        flags = protect(archive, *(each.identifier for each in said.patients), takeover=where, by=by)
        return json_answer({"flags": list(flags)}, status=201)

    def again(done: Made) -> Response:
        flags = [each.body["id"] for each in done.deeds if each.kind == "protection"]
        return json_answer({"flags": flags}, status=201) if flags else made()

    return once(made, said, again=again)


def lifted(archive: ForArchive, who: ForSteward, once: ForOnce, *, flag: Flag) -> Response:
    """The first administrator asks for it (202), and within seven days another one who says the same lifts that flag
    (200); others over the same person stay."""

    def answer(found: LiftedSoFar) -> Response:
        return json_answer(lifted_body(found), status=202 if found.at is None else 200)

    def made() -> Response:
        return answer(lift(archive, who, flag))

    return once(made, again=by_deed(made, lambda deed: answer(lifted_by(archive, deed)), "lifting", "protection-end"))


def approved(archive: ForArchive, who: ForSteward, once: ForOnce, *, said: Annotated[Approving, Body()]) -> Response:
    """As the second person, you let somebody open one protected record for a time."""

    def made() -> Response:
        by = require_administrator(who)
        if (said.patient is None) is not bool(said.takeover):
            raise OptionUnreadable(option="patient, takeover")
        given, whom = let_open(
            archive, by, said.requester, minutes=said.minutes, takeover=takeover_of(archive, said.takeover),
            patient=said.number, identifier=said.patient.identifier if said.patient else None,
        )  # fmt: skip
        return json_answer(approval_body(given) | {"name": whom.name}, status=201)

    def answer(deed: Deed) -> Response:
        given = approval_of(deed.body)
        return json_answer(approval_body(given) | {"name": account_named(archive, given.requester).name}, status=201)

    return once(made, said, again=by_deed(made, answer, "approval"))


def authorised(
    archive: ForArchive, who: ForSteward, once: ForOnce, *, said: Annotated[Authorising, Body()]
) -> Response:
    """Another administrator may open content for maintenance until then; each reading stands out in the accounts."""

    def made() -> Response:
        by = require_administrator(who)
        where = takeover_of(archive, said.takeover)
        given, known = let_repair(archive, by, said.administrator, reason=said.reason, until=said.until, takeover=where)
        return json_answer(authorisation_body(given) | {"name": known.name}, status=201)

    def answer(deed: Deed) -> Response:
        given = authorisation_of(deed.body)
        return json_answer(authorisation_body(given) | {"name": account_named(archive, given.person).name}, status=201)

    return once(made, said, again=by_deed(made, answer, "authorisation"))


def ended(archive: ForArchive, who: ForSteward, once: ForOnce, *, flag: Flag) -> Response:
    """An authorisation ends now: the next reading is decided without it."""

    def answer(deed: Deed) -> Response:
        return json_answer({"id": flag, "ended_at": deed.at, "end_reason": "ended"})

    def made() -> Response:
        return answer(end_repair(archive, who, flag))

    return once(made, again=by_deed(made, answer, "leave-end"))
