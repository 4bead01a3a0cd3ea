"""A verification as a job: what is to be verified stands in its row, how far it got in its run (`upkeep.verifying`)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from repository.catalogue.jobs import Job
from repository.jobs.enqueuing import enqueue_next
from repository.jobs.names import VERIFY
from repository.runtime import Archive
from repository.upkeep.checking import Level
from repository.upkeep.tally import Tally
from repository.upkeep.verifying import VerifyOrder, verify
from repository.upkeep.witnessing import witness


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """`takeover`: an id, or empty for all. `part` of `parts`: whose bytes are read. `record`: the outcome is written
    into the log. `restart`: from the beginning, not where the last run of the kind stopped."""

    level: Level = Level.SEALED
    takeover: str = ""
    part: int = 1
    parts: int = 1
    bytes_per_second: int = 0
    record: bool = False
    restart: bool = False


def enqueue_verify(archive: Archive, wanted: Wanted) -> Job:
    """There is a job that verifies this: the one that is under way for the very same, or a new one."""
    return enqueue_next(archive, VERIFY, json.dumps(asdict(wanted), sort_keys=True))


def wanted_of(job: Job) -> Wanted:
    """What the job is to verify."""
    said = json.loads(job.subject)
    return Wanted(**said | {"level": Level(said["level"])})


def verifying(archive: Archive, job: Job, tick: Callable[[int, int], None]) -> Mapping[str, Any]:
    """What the job is for is verified; the result names the run and says what came of it."""
    wanted = wanted_of(job)
    order = VerifyOrder(
        level=wanted.level,
        takeover=wanted.takeover,
        sample=(wanted.part, wanted.parts),
        bytes_per_second=wanted.bytes_per_second,
        restart=wanted.restart and job.generation == 1,  # whoever goes on with it does not begin again
    )
    objects = _objects(archive, wanted.takeover)

    def progress(tally: Tally) -> None:
        tick(min(tally.objects, objects), objects)

    report = verify(archive, order, progress=progress)
    if wanted.record:
        witness(archive, order, report)
    return {"run": report.run, "whole": report.whole, "damage": len(report.damage), "unchecked": report.tally.unchecked}


def _objects(archive: Archive, takeover: str) -> int:
    catalogue = archive.catalogue
    chosen = [catalogue.takeover(takeover)] if takeover else catalogue.takeovers()
    return sum(catalogue.counts(each.number).packs for each in chosen)
