"""Verification runs: what was checked, how far it got, what it found. A run that stops goes on from its cursor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, func, insert, select, tuple_, update

from repository.catalogue import bulk
from repository.catalogue.desk import Desk
from repository.catalogue.errors import CatalogueConflict
from repository.catalogue.flattening import finding_digest
from repository.catalogue.tables import run, run_finding
from repository.catalogue.text import fit, packed, unpacked
from repository.clock import instant
from repository.findings import Finding


class RunState(StrEnum):
    RUNNING = "running"
    WHOLE = "whole"  # ended, nothing found
    FINDINGS = "findings"  # ended, something found
    STOPPED = "stopped"  # ended before its scope did


@dataclass(frozen=True, slots=True)
class Run:
    """`scope` and `cursor` are what the verifier makes of them (JSON values); `counts` add up over the run."""

    id: str
    level: str
    scope: Mapping[str, Any]
    state: RunState
    cursor: Any
    counts: Mapping[str, int]
    opened_at: str
    advanced_at: str
    closed_at: str


def _read(row: Row[*tuple[Any, ...]]) -> Run:
    return Run(
        id=row.id,
        level=row.level,
        scope=unpacked(row.scope),
        state=RunState(row.state),
        cursor=unpacked(row.cursor),
        counts=unpacked(row.counts),
        opened_at=row.opened_at,
        advanced_at=row.advanced_at,
        closed_at=row.closed_at,
    )


class Runs(Desk):
    def open_run(self, level: str, scope: Mapping[str, Any], *, id: str) -> Run:  # noqa: A002
        """A new run, `running`, with nothing checked yet."""
        now = instant(self._now())
        row = {
            "id": id, "level": level, "scope": packed(dict(scope)), "state": RunState.RUNNING.value,
            "cursor": packed(None), "counts": packed({}), "opened_at": now, "advanced_at": now, "closed_at": "",
        }  # fmt: skip
        with self._room.writing() as connection:
            connection.execute(insert(run), row)
            return _read(connection.execute(select(run).where(run.c.id == id)).one())

    def advance_run(
        self,
        id: str,  # noqa: A002
        *,
        cursor: Any,
        counts: Mapping[str, int],
        findings: Sequence[Finding] = (),
    ) -> Run:
        """Everything up to `cursor` is checked, with `counts` in all; `findings` are kept, each once.

        In one transaction: a run that dies repeats what came after its last cursor, and nothing is found twice.
        """
        return self._change(id, findings, cursor=packed(cursor), counts=packed(dict(counts)))

    def close_run(self, id: str, state: RunState) -> Run:  # noqa: A002
        """The run has ended in `state`. A run ends once: `CatalogueConflict` if it is not running."""
        return self._change(id, (), state=state.value, closed_at=instant(self._now()))

    def _change(self, id: str, findings: Sequence[Finding], **values: str) -> Run:  # noqa: A002
        running = update(run).where(run.c.id == id, run.c.state == RunState.RUNNING.value)
        with self._room.writing() as connection:
            if connection.execute(running.values(advanced_at=instant(self._now()), **values)).rowcount != 1:
                raise CatalogueConflict(reason="the run is not running")
            rows = [
                (id, finding_digest(each), fit(each.code), fit(each.subject), packed(dict(each.params)))
                for each in findings
            ]
            bulk.insert_new(connection, run_finding, rows)
            return _read(connection.execute(select(run).where(run.c.id == id)).one())

    def run(self, id: str) -> Run | None:  # noqa: A002
        with self._room.reading() as connection:
            row = connection.execute(select(run).where(run.c.id == id)).one_or_none()
        return None if row is None else _read(row)

    def runs(self, *, before: Run | None = None, limit: int = 100) -> list[Run]:
        """The newest first; with `before`, those that are older than that one."""
        newest = select(run).order_by(run.c.opened_at.desc(), run.c.id.desc()).limit(limit)
        if before is not None:
            newest = newest.where(tuple_(run.c.opened_at, run.c.id) < tuple_(before.opened_at, before.id))
        with self._room.reading() as connection:
            return [_read(row) for row in connection.execute(newest)]

    def run_findings(self, id: str, *, skip: int = 0, limit: int | None = None) -> list[Finding]:  # noqa: A002
        """What a run found, by subject and code; without the first `skip`, and at most `limit`."""
        mine = select(run_finding).where(run_finding.c.run == id)
        ordered = mine.order_by(run_finding.c.subject, run_finding.c.code, run_finding.c.digest)
        with self._room.reading() as connection:
            rows = connection.execute(ordered.offset(skip).limit(limit)).all()
        return [Finding(row.code, row.subject, unpacked(row.params)) for row in rows]

    def finding_count(self, id: str) -> int:  # noqa: A002
        """How much a run found."""
        counted = select(func.count()).select_from(run_finding).where(run_finding.c.run == id)
        with self._room.reading() as connection:
            return int(connection.execute(counted).scalar_one())
