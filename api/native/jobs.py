"""Jobs: long work, how far it is and what came of it. They hold ids, numbers and codes; nothing of any patient."""

from typing import Annotated, Any

from fastapi import Path, Query, Request, Response

from api.digests import etag
from api.errands import ForArchive
from api.errors import NothingOfThatName
from api.native.answering import Limit, json_answer, next_link, require_state
from api.native.declared import problems
from api.native.errors import JobOver
from api.native.job_models import JobPage, ToldJob, told_job
from api.native.once import ForOnce
from api.native.roles import ForAdministrator, ForOverseer
from api.routes import Routes
from repository.catalogue.jobs import CANCELLED, Job, JobState
from repository.runtime import Archive

JobId = Annotated[int, Path(ge=1, lt=2**63, description="Number of the job.")]
Before = Annotated[int | None, Query(ge=1, lt=2**63, description="`next` of the page before.")]
TAGGED: dict[int | str, dict[str, Any]] = {200: {"headers": {"ETag": {"schema": {"type": "string"}}}}}


def router() -> Routes:
    found = Routes(tags=["jobs"])
    found.add_api_route("/jobs", jobs, methods=["GET"], response_model=JobPage)
    found.add_api_route("/jobs/{job}", job, methods=["GET"], response_model=ToldJob, responses=TAGGED)
    found.add_api_route(
        "/jobs/{job}/cancel",
        cancel,
        methods=["POST"],
        response_model=ToldJob,
        responses=TAGGED | problems(409, 412, 422),
    )
    return found


def jobs(
    request: Request,
    archive: ForArchive,
    _: ForOverseer,
    *,
    state: JobState | None = None,
    before: Before = None,
    limit: Limit = 50,
) -> Response:
    """The newest first."""
    found = archive.catalogue.jobs.jobs(state=state, before=before, limit=limit + 1)
    last = str(found[limit - 1].id) if len(found) > limit else ""
    told = {"jobs": [told_job(each) for each in found[:limit]], "next": last}
    return json_answer(told, headers=next_link(request, before=last))


def job(archive: ForArchive, _: ForOverseer, job: JobId) -> Response:
    """One job. Its ETag changes with its state, and not with its progress."""
    return _answer(job_found(archive, job))


def cancel(request: Request, archive: ForArchive, _: ForAdministrator, *, once: ForOnce, job: JobId) -> Response:
    """A job that waits is not begun any more. What has been done stays; the same thing may be asked for again."""

    def made() -> Response:
        found = job_found(archive, job)
        require_state(request, tag_of(found))
        if not archive.catalogue.jobs.cancel(found.id, generation=found.generation):
            raise JobOver
        return _answer(job_found(archive, job))

    def again(_: object) -> Response:
        found = job_found(archive, job)
        return _answer(found) if found.code == CANCELLED else made()

    return once(made, again=again)


def tag_of(job: Job) -> str:
    return etag(f"{job.id}.{job.generation}.{job.state.value}".encode())


def accepted(job: Job) -> Response:
    """There is a job that does it, at `Location`."""
    return json_answer(told_job(job), status=202, headers={"Location": f"/v1/jobs/{job.id}"})


def _answer(found: Job) -> Response:
    return json_answer(told_job(found), headers={"ETag": tag_of(found)})


def job_found(archive: Archive, number: int) -> Job:
    found = archive.catalogue.jobs.job(number)
    if found is None:
        raise NothingOfThatName
    return found
