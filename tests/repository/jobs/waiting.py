"""Waiting until something is so, and jobs that note or fail."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from repository.catalogue.jobs import Job, JobState
from repository.jobs.kinds import Tick
from repository.runtime import Archive

DEADLINE = 60.0  # seconds: for a machine that is busy; nothing here takes a second


def until_true(wanted: Callable[[], object]) -> None:
    end = time.monotonic() + DEADLINE
    while not wanted():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def is_done(archive: Archive, id: int) -> bool:  # noqa: A002  the domain calls it id
    row = archive.catalogue.jobs.job(id)
    return row is not None and row.state is JobState.DONE


def noted(calls: list[str]) -> Callable[[Archive, Job, Tick], Mapping[str, Any]]:
    def run(_archive: Archive, job: Job, tick: Tick) -> Mapping[str, Any]:
        tick(1, 2)
        calls.append(job.subject)
        return {"said": job.subject}

    return run


def failing(error: Exception) -> Callable[[Archive, Job, Tick], Mapping[str, Any]]:
    def run(_archive: Archive, _job: Job, _tick: Tick) -> Mapping[str, Any]:
        raise error

    return run
