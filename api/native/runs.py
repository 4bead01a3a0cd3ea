"""Verification runs: started here as jobs, followed and told with what they found.

Findings of a run name objects, rows and numbers, which say nothing of whom they are about (docs/access.md).
"""

from typing import Annotated, Any

from fastapi import Body, Path, Query, Request, Response

from api.errands import ForArchive
from api.errors import NothingOfThatName, ValueCannotBe
from api.native.answering import Limit, json_answer, next_link
from api.native.declared import problems
from api.native.job_models import FindingPage, RunPage, RunWanted, ToldJob, ToldRun, told_run
from api.native.jobs import accepted, job_found
from api.native.once import ForOnce, by_job
from api.native.roles import ForOverseer
from api.native.takeover_models import told_finding
from api.routes import Routes
from repository.catalogue.errors import BadCursor
from repository.catalogue.runs import Run
from repository.jobs.verification import Wanted, enqueue_verify
from repository.runtime import Archive

RunId = Annotated[str, Path(pattern="^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]
Before = Annotated[str, Query(pattern="^[0-9a-f-]{0,36}$", description="`next` of the page before.")]
Skip = Annotated[int, Query(ge=0, lt=2**62, description="`next` of the page before.")]
ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {"description": "There is a job that does it", "headers": {"Location": {"schema": {"type": "string"}}}}
}


def router() -> Routes:
    found = Routes(tags=["verification"])
    found.add_api_route("/runs", runs, methods=["GET"], response_model=RunPage, responses=problems(422))
    found.add_api_route(
        "/runs",
        start,
        methods=["POST"],
        status_code=202,
        response_model=ToldJob,
        responses=ACCEPTED | problems(409, 422),
    )
    found.add_api_route("/runs/{run}", run, methods=["GET"], response_model=ToldRun)
    found.add_api_route("/runs/{run}/findings", findings, methods=["GET"], response_model=FindingPage)
    return found


def runs(request: Request, archive: ForArchive, _: ForOverseer, *, before: Before = "", limit: Limit = 50) -> Response:
    """The newest first."""
    last = archive.catalogue.run(before) if before else None
    if before and last is None:
        raise BadCursor
    found = archive.catalogue.runs(before=last, limit=limit + 1)
    following = found[limit - 1].id if len(found) > limit else ""
    told = {"runs": [told_run(each) for each in found[:limit]], "next": following}
    return json_answer(told, headers=next_link(request, before=following))


def start(archive: ForArchive, _: ForOverseer, once: ForOnce, *, wanted: Annotated[RunWanted, Body()]) -> Response:
    """A job verifies what is asked for; it is the one that is under way where the very same was asked for before."""

    def made() -> Response:
        if wanted.part > wanted.parts:
            raise ValueCannotBe(reason="part: not one of parts")
        if wanted.takeover is not None:
            archive.catalogue.takeover(wanted.takeover)
        asked = wanted.model_dump() | {"takeover": wanted.takeover or ""}
        return accepted(enqueue_verify(archive, Wanted(**asked)))

    again = by_job(made, lambda number: accepted(job_found(archive, number)))
    return once(made, wanted.model_dump(mode="json"), again=again)


def run(archive: ForArchive, _: ForOverseer, run: RunId) -> Response:
    """What was verified, how far it is, and how it ended."""
    return json_answer(told_run(_found(archive, run)))


def findings(
    request: Request, archive: ForArchive, _: ForOverseer, *, run: RunId, after: Skip = 0, limit: Limit = 50
) -> Response:
    """What the run has found so far, by object, with its words in both languages."""
    found = archive.catalogue.run_findings(_found(archive, run).id, skip=after, limit=limit + 1)
    following = str(after + limit) if len(found) > limit else ""
    told = {"findings": [told_finding(each) for each in found[:limit]], "next": following}
    return json_answer(told, headers=next_link(request, after=following))


def _found(archive: Archive, wanted: str) -> Run:
    found = archive.catalogue.run(wanted)
    if found is None:
        raise NothingOfThatName
    return found
