"""The change feed: what happened, by the order of the evidence log.

A sequence is the place of an entry in the log, from 1. Only what lies under a signed checkpoint is told, so nothing
that was told is ever rewritten, and each entry can be proved at once. Overseers see every entry, by kind and number;
custodians the events of the takeovers they have. No entry names a person.
"""

import time
from typing import Annotated, Any

from anyio import sleep
from fastapi import Query, Request, Response
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool

from api.callers.way import Caller
from api.errands import ForArchive
from api.native.answering import Limit, json_answer, next_link
from api.native.errors import RoleMissing
from api.native.roles import ForCaller, oversees
from api.routes import Routes
from repository.catalogue.feeding import Entry, Happened
from repository.papers import CUSTODIANS, in_custody_of
from repository.runtime import Archive

_READ_AT_ONCE = 1000
_LOOKS_EVERY = 0.5  # seconds

After = Annotated[int, Query(ge=0, lt=2**62, description="Sequence of the last entry that was seen, or 0.")]
Wait = Annotated[float, Query(ge=0, le=30, description="Seconds to wait where there is nothing new yet.")]


class ToldEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sequence: int
    index: int
    what: Entry
    kind: str
    at: str
    outcome: str
    takeover: str
    entry: str


class Feed(BaseModel):
    """`next`: what `after` has to be the next time; it is always there, and never smaller. `size`: how many entries
    are under the newest checkpoint."""

    model_config = ConfigDict(extra="forbid")

    entries: list[ToldEntry]
    next: int
    size: int


def router() -> Routes:
    found = Routes(tags=["feed"])
    found.add_api_route("/feed", feed, methods=["GET"], response_model=Feed)
    return found


async def feed(
    request: Request, archive: ForArchive, caller: ForCaller, *, after: After = 0, limit: Limit = 100, wait: Wait = 0
) -> Response:
    """What happened after `after`, oldest first; ask again with `next`."""
    if not oversees(caller) and caller.principal.kind not in CUSTODIANS:
        raise RoleMissing(roles="administrators, auditors, custodians")
    until = time.monotonic() + wait
    told = await run_in_threadpool(_told, archive, caller, after, limit=limit)
    while not told["entries"] and time.monotonic() < until and not await request.is_disconnected():
        await sleep(_LOOKS_EVERY)
        told = await run_in_threadpool(_told, archive, caller, after, limit=limit)
    more = str(told["next"]) if told["next"] < told["size"] else ""
    return json_answer(told, headers=next_link(request, after=more))


def _told(archive: Archive, caller: Caller, after: int, *, limit: int) -> dict[str, Any]:
    size = archive.catalogue.feeding.signed()
    whole = oversees(caller)
    ours = frozenset[str]() if whole else _in_custody(archive, caller)
    shown: list[Happened] = []
    at = after
    while at < size and len(shown) < limit:
        stop = min(size, at + (limit - len(shown) if whole else _READ_AT_ONCE))
        for each in archive.catalogue.feeding.happened(at, stop):
            if len(shown) == limit:
                break
            at = each.index + 1
            if whole or each.takeover in ours:
                shown.append(each)
        else:
            at = stop
    return {"entries": list(map(_entry, shown)), "next": max(after, at), "size": size}


def _in_custody(archive: Archive, caller: Caller) -> frozenset[str]:
    return frozenset(
        each.id for each in archive.catalogue.takeovers() if in_custody_of(archive, caller.principal, each)
    )


def _entry(happened: Happened) -> dict[str, Any]:
    return {
        "sequence": happened.index + 1,
        "index": happened.index,
        "what": happened.what.value,
        "kind": happened.kind,
        "at": happened.at,
        "outcome": happened.outcome,
        "takeover": happened.takeover,
        "entry": happened.entry.hex(),
    }
