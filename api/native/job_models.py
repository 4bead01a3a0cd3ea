"""What is told of long work: jobs and verification runs."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.native.answering import Words
from api.native.errors_told import known_errors
from api.native.search_models import Takeover
from api.native.takeover_models import ToldFinding
from repository.catalogue.jobs import CANCELLED, WORN_OUT, Job, JobState
from repository.catalogue.runs import Run, RunState
from repository.jobs.errors import UNEXPECTED
from repository.jobs.names import VERIFY
from repository.upkeep.checking import Level

_CODES: Mapping[str, Words] = {
    WORN_OUT: Words(
        en="All of its workers vanished before its end.", pl="Wszystkie procesy przerwały pracę przed końcem zadania."
    ),
    UNEXPECTED: Words(en="A fault of the program ended it.", pl="Zakończył je błąd programu."),
    CANCELLED: Words(en="It was taken back before it was begun.", pl="Wycofano je przed rozpoczęciem."),
}


class Told(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ToldJob(Told):
    """`done` of `total`: how far it has come, in units of its own. `code`: why it failed or waits once more, with
    `text`. `follows`: where that goes on which it began; empty if nowhere."""

    id: int
    kind: str
    subject: str
    state: JobState
    done: int
    total: int
    attempts: int
    attempts_most: int
    due_at: str
    enqueued_at: str
    changed_at: str
    code: str
    text: Words | None
    result: Mapping[str, str | int | bool]
    follows: str


class JobPage(Told):
    jobs: list[ToldJob]
    next: str


class RunWanted(Told):
    """What to verify: everything, or one takeover. `sealed` reads the stored bytes, `opened` decrypts them as well.
    With `parts`, bytes of one part of so many are read. `record`: the outcome is written into the log."""

    level: Level = Level.SEALED
    takeover: Takeover | None = None
    part: Annotated[int, Field(ge=1, le=100_000)] = 1
    parts: Annotated[int, Field(ge=1, le=100_000)] = 1
    bytes_per_second: Annotated[int, Field(ge=0, lt=10**15, description="At most so many are read; 0: any.")] = 0
    record: bool = False
    restart: bool = False


class ToldRun(Told):
    id: str
    level: Level
    takeover: str
    state: RunState
    counts: Mapping[str, int]
    opened_at: str
    advanced_at: str
    closed_at: str


class RunPage(Told):
    runs: list[ToldRun]
    next: str


class FindingPage(Told):
    findings: list[ToldFinding]
    next: str


def told_job(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "kind": job.kind,
        "subject": "" if job.kind == VERIFY else job.subject,
        "state": job.state.value,
        "done": job.done,
        "total": job.total,
        "attempts": job.attempts,
        "attempts_most": job.attempts_most,
        "due_at": job.due_at,
        "enqueued_at": job.enqueued_at,
        "changed_at": job.changed_at,
        "code": job.code,
        "text": _text(job.code),
        "result": dict(job.result),
        "follows": _follows(job),
    }


def _text(code: str) -> Words | None:
    if not code or code in _CODES:
        return _CODES.get(code)
    known = known_errors().get(code)
    return known.meanings[0].what if known else None


def _follows(job: Job) -> str:
    if "job" in job.result:
        return f"/v1/jobs/{job.result['job']}"
    return f"/v1/runs/{job.result['run']}" if "run" in job.result else ""


def told_run(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "level": run.level,
        "takeover": str(run.scope.get("takeover", "")),
        "state": run.state.value,
        "counts": dict(run.counts),
        "opened_at": run.opened_at,
        "advanced_at": run.advanced_at,
        "closed_at": run.closed_at,
    }
