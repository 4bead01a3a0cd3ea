"""Verify: every stored byte and row is what the log says it is; whatever is not, is found and named.

A run goes through five phases: the objects of each takeover with their rows, the key objects, the catalogue against the
sealed descriptions (level `opened`), the journal, and the log against itself and against the rows. One takeover alone
has no journal: the archive has one for all. It is resumed from its last
cursor, however it ended; reading may be limited in speed and time, and however short the time, each session gets on.
What the store does not answer is counted as unchecked, and is no damage.
"""

import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from repository.access.purpose import Purpose
from repository.catalogue.runs import Run, RunState
from repository.domain.takeover import Takeover
from repository.findings import Finding
from repository.opening import upkeep
from repository.runtime import Archive, fresh_vault
from repository.upkeep.checking import Checker, Level, Subject
from repository.upkeep.derived import header_fault
from repository.upkeep.journal_steps import JournalSteps, journal_keys
from repository.upkeep.key_objects import fault_of
from repository.upkeep.pace import Pace
from repository.upkeep.pairing import subjects
from repository.upkeep.retelling import contradictions
from repository.upkeep.tally import Tally
from storage.errors import StorageError
from storage.ids import new_id
from storage.warrants import NONE, Warrant

PHASES = ("objects", "keys", "catalogue", "journal", "log")
_SAVED_EVERY = 64  # objects between two cursors


@dataclass(frozen=True, slots=True)
class VerifyOrder:
    """What to verify. `sample` (n, t) reads the bytes of the n-th of t parts; `bytes_per_second` 0 is no limit."""

    level: Level = Level.SEALED
    takeover: str = ""
    sample: tuple[int, int] = (1, 1)
    bytes_per_second: int = 0
    max_seconds: float = 0
    known: bytes | None = None  # a checkpoint kept outside of the archive
    restart: bool = False

    @property
    def scope(self) -> dict[str, object]:
        return {"takeover": self.takeover, "sample": list(self.sample)}


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """The outcome of a run: `complete` unless its time ran out; `findings` of all its sessions."""

    run: str
    level: Level
    tally: Tally
    findings: tuple[Finding, ...]
    complete: bool

    @property
    def whole(self) -> bool:
        return self.complete and not self.tally.unchecked and not self.damage

    @property
    def damage(self) -> tuple[Finding, ...]:
        return tuple(found for found in self.findings if found.severity.value == "error")


class _TimeIsUp(Exception):
    """The run has used its time; no fault."""


def verify(archive: Archive, order: VerifyOrder, *, progress: Callable[[Tally], None]) -> VerifyReport:
    """The report of a run over what `order` names; an unfinished run of the same order goes on."""
    return _Verification(archive, order, progress).run()


class _Verification:
    def __init__(self, archive: Archive, order: VerifyOrder, progress: Callable[[Tally], None]) -> None:
        self._archive, self._order, self._progress = archive, order, progress
        self._catalogue, self._store = archive.catalogue, archive.store
        # A key in memory would hide a lost key object.
        self._vault = fresh_vault(archive.store, archive.ring, openings=archive.vault.openings)
        self._opens = NONE
        self._pace = Pace(order.bytes_per_second)
        self._ends = time.monotonic() + order.max_seconds if order.max_seconds else float("inf")
        self._got_on = False  # in this session
        self._run = self._begun()
        self._tally = Tally(**self._run.counts)
        self._found: list[Finding] = []

    def run(self) -> VerifyReport:
        phase, takeover, after = self._run.cursor or (PHASES[0], 0, "")
        work: dict[str, Callable[[int, str], None]] = {
            "objects": self._objects,
            "keys": self._keys,
            "catalogue": self._compare,
            "journal": self._journal,
            "log": self._log,
        }
        complete = True
        try:
            for name in PHASES[PHASES.index(phase) :]:
                work[name](takeover, after)
                takeover, after = 0, ""
                following = PHASES[min(PHASES.index(name) + 1, len(PHASES) - 1)]
                self._save(following, 0, "")
        except _TimeIsUp:
            complete = False
        findings = tuple(self._catalogue.run_findings(self._run.id))
        report = VerifyReport(self._run.id, self._order.level, self._tally, findings, complete)
        if complete:
            self._catalogue.close_run(self._run.id, RunState.WHOLE if report.whole else RunState.FINDINGS)
        return report

    def _begun(self) -> Run:
        scope = self._order.scope
        for run in self._catalogue.runs(limit=20):
            if run.state is RunState.RUNNING and run.level == self._order.level and dict(run.scope) == scope:
                if not self._order.restart:
                    return run
                self._catalogue.close_run(run.id, RunState.STOPPED)
        return self._catalogue.open_run(self._order.level.value, scope, id=str(new_id()))

    def _takeovers(self, first: int) -> Iterator[Takeover]:
        chosen = [self._catalogue.takeover(self._order.takeover)] if self._order.takeover else None
        yield from (each for each in chosen or self._catalogue.takeovers() if each.number >= first)

    def _objects(self, first: int, after: str) -> None:
        for takeover in self._takeovers(first):
            self._objects_of(takeover, after if takeover.number == first else "")
            after = ""

    def _objects_of(self, takeover: Takeover, after: str) -> None:
        self._in_time()
        warrant = self._warrant()
        checkers = {level: Checker(self._vault, level, pace=self._pace, warrant=warrant) for level in Level}
        waiting: deque[tuple[Subject, Future[tuple[list[Finding], int]]]] = deque()
        with ThreadPoolExecutor(self._archive.settings.workers, thread_name_prefix="verify") as pool:
            try:
                cut = ""
                for subject in self._subjects(takeover, after, self._found.append):
                    level = self._order.level if self._in_sample(subject.pack.object_id) else Level.EXISTS
                    waiting.append((subject, pool.submit(checkers[level].check, subject)))
                    while len(waiting) > 2 * self._archive.settings.workers:
                        self._settle(*waiting.popleft())
                    if self._is_late:
                        cut = subject.pack.object_id
                        break
                while waiting:
                    self._settle(*waiting.popleft())
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        self._save("objects", takeover.number + (not cut), cut)
        if cut:
            raise _TimeIsUp

    def _warrant(self) -> Warrant:
        """One for each session, and none where nothing is opened."""
        if self._order.level is Level.OPENED and self._opens is NONE:
            self._opens = upkeep(self._archive, Purpose.MAINTENANCE, reason=f"verification {self._run.id}")
        return self._opens

    def _subjects(self, takeover: Takeover, after: str, report: Callable[[Finding], None]) -> Iterator[Subject]:
        try:
            yield from subjects(self._catalogue, self._store, takeover, after=after, report=report)
        except (ValueError, KeyError, TypeError):  # not what the catalogue makes of what it was given
            report(Finding("VFY-ROWS-UNREAD", takeover.id))
        except StorageError as error:
            self._not_checked(f"{takeover.id}/objects", error)

    def _settle(self, subject: Subject, checking: Future[tuple[list[Finding], int]]) -> None:
        name = f"{subject.takeover.id}/object/{subject.pack.object_id}"
        try:
            found, read = checking.result()
            self._found.extend(found)
            self._tally = replace(self._tally, bytes=self._tally.bytes + read)
        except StorageError as error:
            self._not_checked(name, error)
        tally = self._tally
        self._tally = replace(tally, objects=tally.objects + 1, items=tally.items + len(subject.holdings))
        self._progress(self._tally)
        if self._tally.objects % _SAVED_EVERY == 0:
            self._save("objects", subject.takeover.number, subject.pack.object_id)

    def _not_checked(self, name: str, error: StorageError) -> None:
        """Noted, if it is a fault that may pass; raised, if it is not."""
        if not error.retryable:
            raise error
        self._found.append(Finding("VFY-UNCHECKED", name, {"reason": error.code}))
        self._tally = replace(self._tally, unchecked=self._tally.unchecked + 1)

    def _keys(self, first: int, after: str) -> None:
        """Each record key has its key object, under the active epoch and no other; at `opened`, it opens."""
        for takeover in self._takeovers(first):
            for seen, (key_id, *_) in enumerate(self._catalogue.record_keys(takeover.number)):
                if takeover.number == first and key_id <= after:
                    continue
                self._check_key(takeover.id, key_id)
                if seen % _SAVED_EVERY == 0 or self._is_late:
                    self._save("keys", takeover.number, key_id)
            self._derived(takeover)
        for key_id in () if self._order.takeover else journal_keys(self._catalogue):
            self._check_key("journal", key_id)

    def _derived(self, takeover: Takeover) -> None:
        """Metadata made ready: damage to it is told, and is no damage to what is kept."""
        try:
            for each in self._catalogue.images.headers(takeover.number):
                self._in_time()
                if (
                    fault := header_fault(self._store, each, takeover=takeover.id, level=self._order.level)
                ) is not None:
                    self._found.append(fault)
        except StorageError as error:
            self._not_checked(f"{takeover.id}/headers", error)

    def _check_key(self, whose: str, key_id: str) -> None:
        self._in_time()
        name, opened = f"{whose}/key/{key_id}", self._order.level is Level.OPENED
        try:
            if fault := fault_of(self._vault, key_id, epoch=self._archive.ring.active_epoch, opened=opened):
                self._found.append(replace(fault, subject=name))
        except StorageError as error:
            self._not_checked(name, error)

    def _compare(self, first: int, _after: str) -> None:
        """The catalogue against a second one, told by the store; for its time it lies in the archive's home."""
        if self._order.level is not Level.OPENED:
            return
        for takeover in self._takeovers(first):
            self._in_time()
            with tempfile.TemporaryDirectory(prefix="verify-", dir=self._archive.settings.home) as folder:
                for found in contradictions(self._catalogue, self._vault, takeover, folder=Path(folder)):
                    self._found.append(found)
                    if found.code == "VFY-UNCHECKED":
                        self._tally = replace(self._tally, unchecked=self._tally.unchecked + 1)
            self._save("catalogue", takeover.number + 1, "")

    def _journal(self, number: int, stage: str) -> None:
        if self._order.takeover:
            return
        level, pace = self._order.level, self._pace
        steps = JournalSteps(self._archive, self._vault, level=level, pace=pace, sample=self._in_sample)
        for step in steps.after(number, stage):
            self._in_time()
            try:
                piece = step.work()
                self._found.extend(piece.findings)
                self._tally = piece.added_to(self._tally)
            except StorageError as error:
                self._not_checked(step.name, error)
            self._save("journal", step.number, step.stage)

    def _log(self, _first: int, _after: str) -> None:
        """The log as one whole, and that every entry has its row."""
        self._in_time()
        try:
            self._found.extend(self._archive.log.audit(known=self._order.known))
        except StorageError as error:
            self._not_checked("log", error)
        for first, count in self._catalogue.unheld():
            self._found.append(Finding("VFY-ENTRY", "log", {"first": first, "count": count}))

    def _in_sample(self, object_id: str) -> bool:
        part, parts = self._order.sample
        return parts == 1 or int(object_id[-8:], 16) % parts == part - 1

    @property
    def _is_late(self) -> bool:
        return time.monotonic() > self._ends

    def _in_time(self) -> None:
        """Asked before each piece of work. The first one of a session is always done, or short ones would never end."""
        if self._got_on and self._is_late:
            raise _TimeIsUp
        self._got_on = True

    def _save(self, phase: str, takeover: int, after: str) -> None:
        self._run = self._catalogue.advance_run(
            self._run.id, cursor=[phase, takeover, after], counts=asdict(self._tally), findings=self._found
        )
        self._found.clear()  # the list itself: whoever reports holds on to it
