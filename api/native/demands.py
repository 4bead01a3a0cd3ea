"""Demands (zapotrzebowania): another party asks for a record, and gets it signed (R463-5), step by step.

Who may do what is who somebody is to the demand (`repository.demands.standing`); for all others there is none.
"""

from collections.abc import Callable
from typing import Annotated, Any

import orjson
from fastapi import Body, Path, Query, Response
from pydantic import BaseModel

from api.errands import ForArchive
from api.native.answering import Limit, json_answer
from api.native.declared import STRICT, problems
from api.native.demand_models import (
    AnswerGiven,
    Confirming,
    Content,
    DemandGiven,
    DemandPage,
    DemandWhole,
    Message,
    OutgoingGiven,
    PreparedGiven,
    Received,
    Sending,
    Signature,
    VerdictGiven,
    answer_body,
)
from api.native.once import ForOnce, Made, Once, by_deed
from api.native.stewards import ForCaller, ForParty, good_for
from api.native.wording import DOOR, Uuid, takeover_of
from api.routes import Routes
from repository.access.principal import Principal
from repository.demands.expiring import expire_due
from repository.demands.moving import STEP, found, moved_by
from repository.demands.order import Demand
from repository.demands.preparing import prepare
from repository.demands.receiving import confirm, receive
from repository.demands.signing import outgoing, send, sign, to_be_signed
from repository.demands.standing import listed
from repository.demands.submitting import accept_or_reject, submit
from repository.demands.telling import deciding, order_from, told, told_whole
from repository.demands.verifying import forward, queue, verify
from repository.domain.demand import DemandState
from repository.evidence.worker_signature import Supplied
from repository.runtime import Archive

DemandId = Annotated[str, Path(pattern=Uuid, description="As it was given.")]
OfTakeover = Annotated[str, Query(pattern="^[0-9a-f-]{0,36}$", description="Only of this takeover.")]
States = Annotated[list[DemandState] | None, Query(max_length=20, description="Only those that stand there.")]
After = Annotated[str, Query(pattern=f"({Uuid})|(^$)", description="`next` of the page before.")]


def router() -> Routes:
    found_ = Routes(prefix="/demands", tags=["demands"], dependencies=[STRICT])
    add, words = found_.add_api_route, problems(404, 409, 413, 422)
    add("", submitted, methods=["POST"], response_model=AnswerGiven, responses=words)
    add("", all_of_them, methods=["GET"], response_model=DemandPage, responses=problems())
    add("/queue", waiting, methods=["GET"], response_model=DemandPage, responses=problems(404, 409))
    add("/expiry", expired, methods=["POST"], response_model=DemandPage, responses=words)
    add("/{demand}", shown, methods=["GET"], response_model=DemandWhole, responses=problems(404))
    add("/{demand}/answer", answered, methods=["GET"], response_model=AnswerGiven, responses=problems(404, 409))
    add("/{demand}/verification", verified, methods=["POST"], response_model=VerdictGiven, responses=words)
    add("/{demand}/forwarding", forwarded, methods=["POST"], response_model=DemandGiven, responses=words)
    add("/{demand}/preparation", prepared, methods=["POST"], response_model=PreparedGiven, responses=words)
    add("/{demand}/to-be-signed", text, methods=["GET"], response_model=PreparedGiven, responses=problems(404, 409))
    add("/{demand}/signature", signed, methods=["POST"], response_model=DemandGiven, responses=words)
    add("/{demand}/sending", sent, methods=["POST"], response_model=DemandGiven, responses=words)
    add("/{demand}/outgoing", out, methods=["GET"], response_model=OutgoingGiven, responses=problems(404, 409))
    add("/{demand}/receipt", received, methods=["POST"], response_model=DemandGiven, responses=words)
    add("/{demand}/confirmations", confirmed, methods=["POST"], response_model=DemandGiven, responses=words)
    return found_


def submitted(
    archive: ForArchive, caller: ForCaller, once: ForOnce, *, message: Annotated[Message, Body()]
) -> Response:
    """A demand in your own name, answered at once by a receipt or by the list of its errors. Sent again, the answer is
    the same."""
    who = caller.principal if message.purpose is None else good_for(caller, message.purpose)

    def made() -> Response:
        demand = submit(archive, order_from(message.model_dump(mode="json"), who))
        return _answered(archive, demand.id, who, location=True)

    return once(made, message, again=lambda _: made())


def answered(archive: ForArchive, who: ForParty, demand: DemandId) -> Response:
    """The receipt or the list of errors that was given."""
    return _answered(archive, demand, who)


def all_of_them(
    archive: ForArchive, who: ForParty, *, state: States = None, after: After = "", limit: Limit = 100
) -> Response:
    """Where each demand stands that is yours, or that you serve, the oldest first."""
    every = sorted(listed(archive, who, states=state or ()), key=lambda each: each.id)
    page = [each for each in every if each.id > after][: limit + 1]
    mark = page[limit - 1].id if len(page) > limit else ""
    return json_answer({"demands": [told(each) for each in page[:limit]], "next": mark})


def waiting(archive: ForArchive, who: ForParty, takeover: OfTakeover = "") -> Response:
    """Those that wait to be prepared, the longest waiting first."""
    return _many(queue(archive, by=who, takeover=takeover_of(archive, takeover)))


def expired(archive: ForArchive, who: ForParty, once: ForOnce) -> Response:
    """Those that have stood in one state for too long, of which this is the end."""

    def again(done: Made) -> Response:
        before = [moved_by(archive, each) for each in done.deeds if each.kind == STEP]
        return _many([*before, *expire_due(archive, archive.clock(), by=who)])

    return once(lambda: again(Made((), (), ())), again=again)


def shown(archive: ForArchive, who: ForParty, demand: DemandId) -> Response:
    """What is demanded, and every move with who made it and when."""
    return json_answer(told_whole(archive, demand, to=who)[1])


def verified(archive: ForArchive, who: ForParty, once: ForOnce, *, demand: DemandId) -> Response:
    """It is decided whether the requester may have it. A refusal ends the demand, with its reasons."""

    def made() -> Response:
        verdict = verify(archive, demand, decide=deciding(archive), by=who, door=DOOR)
        decision = verdict.decision
        return json_answer(told(verdict.demand) | {"reasons": list(decision.told), "rules": decision.rules})

    def again(done: Made) -> Response:
        decided = next((each for each in done.deeds if "decision" in each.body.get("detail", ())), None)
        if decided is None:
            return made()
        decision = decided.body["detail"]["decision"]
        reasons = {"reasons": decision["reasons"], "rules": decision["rules"]}
        return json_answer(told(moved_by(archive, decided)) | reasons)

    return once(made, again=again)


def forwarded(archive: ForArchive, who: ForParty, once: ForOnce, *, demand: DemandId) -> Response:
    """The verified demand is in the queue of those who prepare."""
    return _moved(archive, once, lambda: forward(archive, demand, by=who))


def prepared(
    archive: ForArchive, who: ForParty, once: ForOnce, *, demand: DemandId, content: Annotated[Content, Body()]
) -> Response:
    """The content is frozen by the medical worker who is signed in, and who then signs it."""

    def made() -> Response:
        named = [each.rpartition("/") for each in content.holdings]
        holdings = [(takeover_of(archive, takeover), int(ordinal)) for takeover, _, ordinal in named]
        after = prepare(archive, demand, worker=who, holdings=holdings, decide=deciding(archive), door=DOOR)
        return answer(after)

    def answer(after: Demand) -> Response:
        return json_answer(_with_text(after, to_be_signed(archive, demand, worker=who)))

    return once(made, content, again=by_deed(made, lambda deed: answer(moved_by(archive, deed)), STEP))


def text(archive: ForArchive, who: ForParty, demand: DemandId) -> Response:
    """The bytes that the signature has to be over, for the worker who prepared it."""
    exact = to_be_signed(archive, demand, worker=who)
    return json_answer(_with_text(found(archive, demand), exact))


def signed(
    archive: ForArchive, who: ForParty, once: ForOnce, *, demand: DemandId, signature: Annotated[Signature, Body()]
) -> Response:
    """The worker's own signature is taken over, and sealed."""
    supplied = Supplied(signature.kind, signature.value, signature.certificate)
    return _moved(archive, once, lambda: sign(archive, demand, worker=who, signature=supplied), body=signature)


def sent(
    archive: ForArchive, who: ForParty, once: ForOnce, *, demand: DemandId, how: Annotated[Sending, Body()]
) -> Response:
    """It is on record that the signed content was sent; nothing unsigned can be."""

    def move() -> Demand:
        return send(archive, demand, by=who, decide=deciding(archive), channel=how.channel, door=DOOR)

    return _moved(archive, once, move, body=how)


def out(archive: ForArchive, who: ForParty, demand: DemandId) -> Response:
    """What goes to the requester besides the holdings: the manifest and the sealed signature over it."""
    return json_answer(outgoing(archive, demand, by=who, door=DOOR))


def received(
    archive: ForArchive, who: ForParty, once: ForOnce, *, demand: DemandId, what: Annotated[Received, Body()]
) -> Response:
    """It is on record that the requester has received exactly what was frozen."""
    said = what.content_sha256
    return _moved(archive, once, lambda: receive(archive, demand, content_sha256=said, by=who), body=what)


def confirmed(
    archive: ForArchive, who: ForParty, once: ForOnce, *, demand: DemandId, where: Annotated[Confirming, Body()]
) -> Response:
    """The receipt is confirmed in one of both places. With both, the demand is confirmed."""

    def made() -> Response:
        return _one(confirm(archive, demand, place=where.place, by=who))

    return once(made, where, again=lambda _: made())


def _answered(archive: Archive, demand_id: str, who: Principal, *, location: bool = False) -> Response:
    answer = accept_or_reject(archive, demand_id, by=who, door=DOOR)
    headers = {"Location": f"/v1/demands/{demand_id}"} if location else {}
    return json_answer(told(found(archive, demand_id)) | answer_body(answer), headers=headers)


def _with_text(demand: Demand, exact: bytes) -> dict[str, Any]:
    digest = orjson.loads(exact)["content_sha256"]
    return told(demand) | {"content_sha256": digest, "to_be_signed": exact.decode()}


def _moved(archive: Archive, once: Once, move: Callable[[], Demand], *, body: BaseModel | None = None) -> Response:
    """The answer to a request that is one move, done once."""

    def made() -> Response:
        return _one(move())

    return once(made, body, again=by_deed(made, lambda deed: _one(moved_by(archive, deed)), STEP))


def _one(demand: Demand) -> Response:
    return json_answer(told(demand))


def _many(demands: list[Demand]) -> Response:
    return json_answer({"demands": [told(each) for each in demands], "next": ""})
