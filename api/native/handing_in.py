"""A package that was uploaded is taken over: `POST /v1/takeovers`, which answers with the job that does it."""

from datetime import date
from typing import Annotated, Any

from fastapi import Body, Response
from pydantic import BaseModel, ConfigDict, Field

from api.errands import ForArchive
from api.native.declared import problems
from api.native.job_models import ToldJob
from api.native.jobs import accepted, job_found
from api.native.once import ForOnce, by_job
from api.native.roles import ForAdministrator
from api.native.search_models import Takeover as Id
from api.routes import Routes
from repository.domain.takeover import Handover, Producer, Route
from repository.jobs.uploading import enqueue_upload
from repository.jobs.waking import ring

Line = Annotated[str, Field(max_length=1000)]
ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {"description": "There is a job that does it", "headers": {"Location": {"schema": {"type": "string"}}}}
}


class HandedBy(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Line = ""
    rpwdl_book: Line = ""
    regon: Line = ""
    nip: Line = ""


class HandedIn(BaseModel):
    """`upload`: a complete one. `manifest`: another one, a CSV of what a bare package declares. The rest is what the
    package may lack; what the package says itself counts more. `again`: a package that was taken over before, mended,
    is taken over once more."""

    model_config = ConfigDict(extra="forbid")

    upload: Id
    manifest: Id | None = None
    producer: HandedBy = HandedBy()
    route: Route | None = None
    legal_basis: Line = ""
    cessation_date: date | None = None
    again: bool = False

    def handover(self) -> Handover:
        return Handover(
            producer=Producer(**self.producer.model_dump()),
            cessation_date=self.cessation_date.isoformat() if self.cessation_date else "",
            legal_basis=self.legal_basis,
            route=self.route,
        )


def router() -> Routes:
    found = Routes(tags=["takeovers"])
    found.add_api_route(
        "/takeovers",
        hand_in,
        methods=["POST"],
        status_code=202,
        response_model=ToldJob,
        responses=ACCEPTED | problems(409, 422),
    )
    return found


def hand_in(
    archive: ForArchive, who: ForAdministrator, once: ForOnce, *, given: Annotated[HandedIn, Body()]
) -> Response:
    """The upload is taken over by the job at `Location`. Its result names the takeover and the job of the intake; when
    that has come to its end, the uploaded bytes are gone."""

    def made() -> Response:
        job = enqueue_upload(
            archive,
            given.upload,
            owner=who.id,
            given=given.handover(),
            manifest=given.manifest or "",
            again=given.again,
        )
        ring(archive.settings.home)
        return accepted(job)

    again = by_job(made, lambda number: accepted(job_found(archive, number)))
    return once(made, given.model_dump(mode="json"), again=again)
