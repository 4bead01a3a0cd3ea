"""Verify: every stored byte and row is what the log says it is; whatever is not, is found and named.

A run goes through four phases: the objects of each takeover with their rows, the key objects, the catalogue against the
sealed descriptions (level `opened`), and the log against itself. It is resumed from its last cursor, however it ended;
reading may be limited in speed and time. What the store does not answer is counted as unchecked, and is no damage.
"""

import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from uuid import UUID

from repository.catalogue.catalogue import create_catalogue
from repository.catalogue.runs import Run, RunState
from repository.domain.takeover import FINAL, Takeover
from repository.findings import Finding
from repository.runtime import Archive
from repository.takeover.errors import DescriptionDamaged
from repository.upkeep.checking import Checker, Level, Subject
from repository.upkeep.comparing import differences
from repository.upkeep.pace import Pace
from repository.upkeep.pairing import subjects
from repository.upkeep.recalling import Replay, recall
from storage.errors import KeyUnavailable, ObjectMissing, SealBroken, StorageError
from storage.ids import new_id
from storage.keys.record_keys import key_object_prefix
from storage.objects.port import StoredObject

PHASES = ("objects", "keys", "catalogue", "log")
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
class Tally:
    """What has been looked at; `bytes` are stored bytes read."""

    objects: int = 0
    items: int = 0
    bytes: int = 0
    unchecked: int = 0


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
        self._pace = Pace(order.bytes_per_second)
        self._ends = time.monotonic() + order.max_seconds if order.max_seconds else float("inf")
        self._run = self._begun()
        self._tally = Tally(**self._run.counts)
        self._found: list[Finding] = []

    def run(self) -> VerifyReport:
        phase, takeover, after = self._run.cursor or (PHASES[0], 0, "")
        work: dict[str, Callable[[int, str], None]] = {
            "objects": self._objects,
            "keys": self._keys,
            "catalogue": self._compare,
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
        checkers = {level: Checker(self._archive.vault, level, pace=self._pace) for level in Level}
        waiting: deque[tuple[Subject, Future[tuple[list[Finding], int]]]] = deque()
        with ThreadPoolExecutor(self._archive.settings.workers, thread_name_prefix="verify") as pool:
            try:
                report = self._found.append
                for subject in subjects(self._catalogue, self._store, takeover, after=after, report=report):
                    level = self._order.level if self._in_sample(subject.pack.object_id) else Level.EXISTS
                    waiting.append((subject, pool.submit(checkers[level].check, subject)))
                    while len(waiting) > 2 * self._archive.settings.workers:
                        self._settle(*waiting.popleft())
                    if time.monotonic() > self._ends:
                        break
                last = ""
                while waiting:
                    last = waiting[0][0].pack.object_id
                    self._settle(*waiting.popleft())
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        if last and time.monotonic() > self._ends:
            self._save("objects", takeover.number, last)
            raise _TimeIsUp

    def _settle(self, subject: Subject, checking: Future[tuple[list[Finding], int]]) -> None:
        tally, name = self._tally, f"{subject.takeover.id}/object/{subject.pack.object_id}"
        try:
            found, read = checking.result()
            self._found.extend(found)
            tally = replace(tally, bytes=tally.bytes + read)
        except StorageError as error:
            if not error.retryable:
                raise
            self._found.append(Finding("VFY-UNCHECKED", name, {"reason": error.code}))
            tally = replace(tally, unchecked=tally.unchecked + 1)
        self._tally = replace(tally, objects=tally.objects + 1, items=tally.items + len(subject.holdings))
        self._progress(self._tally)
        if self._tally.objects % _SAVED_EVERY == 0:
            self._save("objects", subject.takeover.number, subject.pack.object_id)

    def _keys(self, _first: int, _after: str) -> None:
        """Each record key has its key object, under the active epoch and no other."""
        active = self._archive.ring.active_epoch
        for takeover in self._takeovers(0):
            for key_id, *_rest in self._catalogue.record_keys(takeover.number):
                self._in_time()
                listed = self._store.list(key_object_prefix(UUID(hex=key_id)))
                epochs = [int(held.key.rpartition(".")[2]) for held in listed]
                name = f"{takeover.id}/key/{key_id}"
                if not epochs:
                    self._found.append(Finding("VFY-KEY-MISSING", name))
                elif old := [epoch for epoch in epochs if epoch != active]:
                    self._found.append(Finding("VFY-KEY-OLD", name, {"found": old[0], "active": active}))

    def _compare(self, first: int, _after: str) -> None:
        """The catalogue against a second one, told by the store; for its time it lies in the archive's home."""
        if self._order.level is not Level.OPENED:
            return
        for takeover in self._takeovers(first):
            self._in_time()
            self._save("catalogue", takeover.number, "")
            with tempfile.TemporaryDirectory(prefix="verify-", dir=self._archive.settings.home) as folder:
                self._compare_one(takeover, Path(folder))

    def _compare_one(self, takeover: Takeover, folder: Path) -> None:
        told = create_catalogue(f"sqlite:///{(folder / 'told.sqlite').resolve()}")
        try:
            replay = Replay(told, takeover.id)
            for pack in self._catalogue.packs(takeover.number):
                held = StoredObject(pack.key, pack.size, pack.version)
                try:
                    replay.add(recall(self._archive.vault, held))
                except (SealBroken, KeyUnavailable, DescriptionDamaged, ObjectMissing) as error:
                    name = f"{takeover.id}/object/{pack.object_id}"
                    self._found.append(Finding("VFY-DESCRIPTION-UNREAD", name, {"reason": error.code}))
            if number := replay.finish():
                without = () if takeover.state in FINAL else ("item", "takeover")
                live = self._catalogue, takeover.number
                self._found.extend(differences(live, (told, number), subject=takeover.id, without=without))
        finally:
            told.close()

    def _log(self, _first: int, _after: str) -> None:
        self._in_time()
        self._found.extend(self._archive.log.audit(known=self._order.known))

    def _in_sample(self, object_id: str) -> bool:
        part, parts = self._order.sample
        return int(object_id[-8:], 16) % parts == part - 1

    def _in_time(self) -> None:
        if time.monotonic() > self._ends:
            raise _TimeIsUp

    def _save(self, phase: str, takeover: int, after: str) -> None:
        self._run = self._catalogue.advance_run(
            self._run.id, cursor=[phase, takeover, after], counts=asdict(self._tally), findings=self._found
        )
        self._found = []
