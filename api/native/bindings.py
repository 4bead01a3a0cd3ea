"""Who may push into an open takeover (C-STORE, STOW-RS, ITI-65): shown to whoever may see the takeover; administrators
bind and unbind. Each is a deed, in force from the next push on."""

from hashlib import sha256
from typing import Annotated, Any

import orjson
from fastapi import Body, Path, Request, Response
from pydantic import BaseModel

from api.digests import etag
from api.errands import ForArchive
from api.native.answering import json_answer, require_state
from api.native.declared import STRICT, IfMatch, problems
from api.native.once import ForOnce, by_deed
from api.native.permits import GranteeSaid
from api.native.roles import ForAdministrator, ForCaller
from api.native.takeovers import WholeId, overseen
from api.native.wording import Moment, NumberGiven, Strict, Uuid
from api.routes import Routes
from repository.access.permission import GranteeKind
from repository.catalogue.depositing import TRANSFER, BindingRow
from repository.domain.takeover import Takeover
from repository.runtime import Archive
from repository.transfer.opening import bind, binding_of, bindings, unbind
from repository.transfer.telling import binding_body, still_bound

BindingId = Annotated[str, Path(pattern=Uuid, description="As it was given.")]


class BindingOrder(Strict):
    """`peer`: a provider or a person by number, a system by what it is known as here: an AE title, `client#…` or
    `certificate#…` of the identity file, `ISSUER#SUBJECT` of a token. Until `until`, or until it is closed."""

    peer: GranteeSaid
    until: Moment | None = None


class BindingGiven(BaseModel):
    """`identifier` of a system has no root. `until`: as it was given, null until the takeover is closed; `ended_at`: by
    a deed, or null; `in_force`: whether it lets push now. Moments are UTC."""

    id: str
    kind: GranteeKind
    identifier: NumberGiven
    name: str
    since: str
    until: str | None
    ended_at: str | None
    in_force: bool


class BindingEnd(BindingGiven):
    """`others`: ids of bindings by which the same peer may still push."""

    others: list[str]


class BindingsGiven(BaseModel):
    """Every binding that the takeover ever had, in the order in which they were given."""

    takeover: str
    bindings: list[BindingGiven]


def router() -> Routes:
    found = Routes(prefix="/takeovers/{takeover}/bindings", tags=["takeovers"])
    add = found.add_api_route
    add("", listed, methods=["GET"], response_model=BindingsGiven, responses=problems(404))
    add("", bound, methods=["POST"], status_code=201, response_model=BindingGiven, dependencies=[STRICT],
        responses=_located() | problems(404, 409, 413, 422))  # fmt: skip
    add("/{binding}", shown, methods=["GET"], response_model=BindingGiven, responses=problems(404))
    add("/{binding}", unbound, methods=["DELETE"], response_model=BindingEnd, responses=problems(404, 409, 412, 422))
    return found


def listed(archive: ForArchive, caller: ForCaller, takeover: WholeId) -> Response:
    """Who may push into the takeover, or once might; of a package nobody."""
    known = overseen(archive, caller, takeover)
    told = [_told(archive, each, known) for each in bindings(archive, known)]
    return json_answer({"takeover": known.id, "bindings": told}, headers={"ETag": _tag_of_all(told)})


def shown(archive: ForArchive, caller: ForCaller, *, takeover: WholeId, binding: BindingId) -> Response:
    """One binding, ended or not."""
    known = overseen(archive, caller, takeover)
    return _one(archive, binding_of(archive, binding, takeover=known.id), known)


def bound(
    request: Request,
    archive: ForArchive,
    caller: ForCaller,
    *,
    who: ForAdministrator,
    once: ForOnce,
    takeover: WholeId,
    said: Annotated[BindingOrder, Body()],
) -> Response:
    """The peer may push into the takeover from now on. One that is bound already has one binding more."""

    def made() -> Response:
        known = overseen(archive, caller, takeover)
        id = bind(archive, known, said.peer.grantee(said="peer"), until=said.until, by=who)  # noqa: A001
        return answer(id)

    def answer(id: str) -> Response:  # noqa: A002
        row, known = binding_of(archive, id), overseen(archive, caller, takeover)
        return _one(archive, row, known, status=201, location=f"{request.url.path}/{id}")

    return once(made, said, again=by_deed(made, lambda deed: answer(deed.body["id"]), TRANSFER))


def unbound(
    request: Request,
    archive: ForArchive,
    caller: ForCaller,
    *,
    who: ForAdministrator,
    once: ForOnce,
    takeover: WholeId,
    binding: BindingId,
    if_match: IfMatch = None,  # noqa: ARG001  described here, looked at in `require_state`
) -> Response:
    """The binding ends now: the next push by it is refused; what was acknowledged is kept. It stays in the list."""

    def made() -> Response:
        known = overseen(archive, caller, takeover)
        require_state(request, _tag(binding_of(archive, binding, takeover=known.id)))
        return answer(unbind(archive, binding, takeover=known.id, by=who))

    def answer(ended: BindingRow) -> Response:
        known = overseen(archive, caller, takeover)
        others = still_bound(ended, bindings(archive, known), at=archive.clock())
        return json_answer(_told(archive, ended, known) | {"others": others}, headers={"ETag": _tag(ended)})

    def again(_: object) -> Response:
        return answer(binding_of(archive, binding, takeover=takeover))

    return once(made, again=by_deed(made, again, "leave-end"))


def _located() -> dict[int | str, dict[str, Any]]:
    headers = {"Location": {"schema": {"type": "string"}}, "ETag": {"schema": {"type": "string"}}}
    return {201: {"description": "Bound", "headers": headers}}


def _one(archive: Archive, known: BindingRow, takeover: Takeover, *, status: int = 200, location: str = "") -> Response:
    headers = {"ETag": _tag(known)} | ({"Location": location} if location else {})
    return json_answer(_told(archive, known, takeover), status=status, headers=headers)


def _told(archive: Archive, known: BindingRow, takeover: Takeover) -> dict[str, Any]:
    return binding_body(known, takeover, at=archive.clock())


def _tag(known: BindingRow) -> str:
    """The ETag of a binding as it stands: whether a deed has ended it."""
    return '"1-ended"' if known.ended else '"1"'


def _tag_of_all(told: list[dict[str, Any]]) -> str:
    return etag(sha256(orjson.dumps(told)).digest())
