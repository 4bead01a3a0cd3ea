"""Somebody with an errand at an archive whose clock goes on by a second each time somebody looks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from repository.access.purpose import Purpose
from repository.opening import Errand
from tests.builders.access import identification, worker

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Clock:
    """Says NOW and a second when it is first looked at."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def errand(purpose: Purpose | None = Purpose.TREATMENT, **changes: object) -> Errand:
    """A doctor's, who was identified an hour before NOW, for a day."""
    known = identification(at=NOW - timedelta(hours=1), until=NOW + timedelta(days=1))
    made = Errand(principal=worker(identification=known), purpose=purpose, door="cli")
    return replace(made, **changes)  # type: ignore[arg-type]
