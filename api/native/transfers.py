"""Live transfers: a takeover is opened, peers push into it before the provider closes, and it is concluded.

Meanwhile it is followed as any takeover is (`GET /v1/takeovers/{takeover}`), and who may push is told and changed at
its bindings. What concluding makes, the statement and the signed protocol, is there as of a package.
"""

from datetime import date
from typing import Annotated, Any

from fastapi import Body, Response
from pydantic import AfterValidator, Field, WithJsonSchema

from api.errands import ForArchive
from api.native.answering import json_answer
from api.native.bindings import BindingGiven
from api.native.declared import STRICT, problems
from api.native.job_models import ToldJob
from api.native.jobs import accepted, job_found
from api.native.once import ForOnce, Made, by_job
from api.native.permits import GranteeSaid
from api.native.roles import ForAdministrator, ForCaller
from api.native.takeover_models import ToldTakeover, told_takeover
from api.native.takeovers import WholeId, overseen
from api.native.wording import Moment, Strict
from api.routes import Routes
from repository.domain.takeover import Handover, Producer, Route, Takeover
from repository.handing_over import checked
from repository.jobs.concluding import ask_to_conclude
from repository.transfer.opening import bindings, open_transfer
from repository.transfer.telling import binding_body

MOST_PEERS, MOST_COUNTS = 100, 100
GREATEST = (1 << 63) - 1
COUNT_NAME = "^[a-z][a-z_]{0,39}$"


def _day(text: str) -> str:
    """Raises ValueError for what is no day of the calendar, written YYYY-MM-DD."""
    if date.fromisoformat(text).isoformat() != text:
        raise ValueError("not a day")
    return text


# As handover.schema.json has them: what a package may say of itself may be said of a live transfer.
Clean = Annotated[str, Field(max_length=1000, pattern=r"^[^\u0000-\u001f]*$")]
Name = Annotated[str, Field(max_length=1000, pattern=r"^[^\u0000-\u001f]*[^\u0000-\u0020][^\u0000-\u001f]*$")]
Day = Annotated[str, AfterValidator(_day), Field(json_schema_extra={"format": "date"})]
Count = Annotated[int, Field(strict=True, ge=0, le=GREATEST)]
CountName = Annotated[str, Field(pattern=COUNT_NAME)]
Counts = Annotated[
    dict[CountName, Count],
    Field(max_length=MOST_COUNTS),
    WithJsonSchema(
        {
            "type": "object",
            "maxProperties": MOST_COUNTS,
            "propertyNames": {"type": "string", "pattern": COUNT_NAME},
            "additionalProperties": {"type": "integer", "minimum": 0, "maximum": GREATEST},
        }
    ),
]
OPENED: dict[int | str, dict[str, Any]] = {
    201: {"description": "Open", "headers": {"Location": {"schema": {"type": "string"}}}}
}
ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {"description": "There is a job that does it", "headers": {"Location": {"schema": {"type": "string"}}}}
}


class ProviderSaid(Strict):
    """Numbers as they are registered: `rpwdl_book` 12 digits, `regon` 9 or 14, `nip` 10 without dashes."""

    name: Name
    rpwdl_book: Clean = ""
    regon: Clean = ""
    nip: Clean = ""

    def producer(self) -> Producer:
        return Producer(**self.model_dump())


class TransferOrder(Strict):
    """The hand-over data of a package (/v1/structures/handover.schema.json), of which only `producer` has to be known
    yet; and who may push from now on, before `until` or else until it is concluded, as a binding names them.
    `declared_counts`: what the statement is to hold against what came."""

    producer: ProviderSaid
    successor: ProviderSaid | None = None
    cessation_date: Day | None = None
    legal_basis: Clean = ""
    route: Route | None = None
    declared_counts: Counts = Field(default_factory=dict)
    peers: Annotated[tuple[GranteeSaid, ...], Field(max_length=MOST_PEERS)] = ()
    until: Moment | None = None

    def handover(self) -> Handover:
        """Raises `HandoverUnfit`."""
        return checked(
            Handover(
                producer=self.producer.producer(),
                successor=self.successor.producer() if self.successor else None,
                cessation_date=self.cessation_date or "",
                legal_basis=self.legal_basis,
                route=self.route,
                declared_counts=self.declared_counts,
            )
        )


class TransferGiven(ToldTakeover):
    """`bindings`: those that it was opened with."""

    bindings: list[BindingGiven]


def router() -> Routes:
    found = Routes(tags=["takeovers"])
    found.add_api_route(
        "/transfers",
        opened,
        methods=["POST"],
        status_code=201,
        response_model=TransferGiven,
        dependencies=[STRICT],
        responses=OPENED | problems(409, 413, 422),
    )
    found.add_api_route(
        "/takeovers/{takeover}/conclusion",
        concluded,
        methods=["POST"],
        status_code=202,
        response_model=ToldJob,
        responses=ACCEPTED | problems(404, 409, 422),
    )
    return found


def opened(
    archive: ForArchive, who: ForAdministrator, once: ForOnce, *, said: Annotated[TransferOrder, Body()]
) -> Response:
    """A takeover without a package is open at `Location`: `peers` push into it over STOW-RS, C-STORE or ITI-65."""

    def made() -> Response:
        peers = [each.grantee(said="peers") for each in said.peers]
        return answer(open_transfer(archive, said.handover(), peers=peers, until=said.until, by=who))

    def answer(takeover: Takeover) -> Response:
        bound = [binding_body(each, takeover, at=archive.clock()) for each in bindings(archive, takeover)]
        told = told_takeover(takeover) | {"bindings": bound}
        return json_answer(told, status=201, headers={"Location": f"/v1/takeovers/{takeover.id}"})

    def again(done: Made) -> Response | None:
        """None where it was cut off between its steps: then it is open, and lacks what they say."""
        if not done.takeovers:
            return made()
        takeover = archive.catalogue.takeover(done.takeovers[0])
        whole = bool(done.deeds) if said.peers else bool(archive.catalogue.events(takeover.number))
        return answer(takeover) if whole else None

    return once(made, said, again=again)


def concluded(
    archive: ForArchive, caller: ForCaller, *, who: ForAdministrator, once: ForOnce, takeover: WholeId
) -> Response:
    """Whoever may push into the takeover may not any more, and the job at `Location` makes its statement and its signed
    protocol; its result names the state. What was acknowledged is in them; a push that is under way is refused. Sent
    again, it is the same job, done or not; another one where that has failed."""

    def made() -> Response:
        return accepted(ask_to_conclude(archive, overseen(archive, caller, takeover), by=who))

    return once(made, again=by_job(made, lambda number: accepted(job_found(archive, number))))
