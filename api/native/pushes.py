"""What was pushed into a live transfer so far: by which binding, through which door, and what became of it."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Query, Request, Response

from api.errands import ForArchive
from api.native.answering import Limit, json_answer, next_link
from api.native.declared import problems
from api.native.roles import ForCaller
from api.native.takeover_models import Told
from api.native.takeovers import WholeId, overseen
from api.routes import Routes
from repository.pushes import pushes

After = Annotated[int, Query(ge=0, lt=2**63, description="`next` of the page before.")]
_PAGED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "In the order in which they were acknowledged",
        "headers": {"Link": {"schema": {"type": "string"}}},
    }
}


class ToldPush(Told):
    """One transaction: all that came of one push at one time. `binding` leads to who pushed; empty of whoever had none.
    `first` to `last`: ordinals of its items; `kept`, `duplicate`, `refused` of them, and `conflicting` of those kept.
    `outcome`: deposited, or refused as a whole."""

    number: int
    at: str
    outcome: str
    door: str
    binding: str
    first: int
    last: int
    kept: int
    duplicate: int
    refused: int
    conflicting: int


class PushPage(Told):
    """`next`: what `after` has to be for the next page; empty on the last one. A page may be empty and not the last."""

    pushes: list[ToldPush]
    next: str


def router() -> Routes:
    found = Routes(tags=["takeovers"])
    found.add_api_route(
        "/takeovers/{takeover}/pushes",
        pushed,
        methods=["GET"],
        response_model=PushPage,
        responses=_PAGED | problems(404, 422),
    )
    return found


def pushed(
    request: Request, archive: ForArchive, caller: ForCaller, *, takeover: WholeId, after: After = 0, limit: Limit = 50
) -> Response:
    """What was acknowledged, and attempts that were refused, oldest first; of a package nothing."""
    known = overseen(archive, caller, takeover)
    found, number = pushes(archive, known, after=after, limit=limit)
    following = str(number) if number else ""
    told = {"pushes": [asdict(each) for each in found], "next": following}
    return json_answer(told, headers=next_link(request, after=following))
