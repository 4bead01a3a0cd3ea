"""Counts of the processes of one door on one machine, added up: whoever of them is asked gives the same sums.

A sum never goes down, whatever ends: else whoever reads it (Prometheus) would take it for a beginning and count all of
it once more. So:

* Each process has a place, `HOME/measures/HOST/DOOR/N.json`, by a lock that the system takes back when it ends, however
  it ends. Whoever has the place next, also after a restart of all, goes on from the counts that are there. A place that
  nobody has any more still counts; what is open now (gauges) counts only of those who told it a moment ago.
* Before a process gives the sums it writes its own counts. Whoever is asked after it reads no less.
* Where they cannot be written (the disk is full) it gives of itself what it wrote last, since others read that too. A
  file that cannot be read now counts as it was read last. A process that never could write, for the home is read-only,
  gives its own counts as they are, beside what others wrote.

A process that is killed takes with it what it counted since it wrote last, which nobody was given. Nothing is synced to
the disk: where the machine itself breaks down a place may begin anew. Processes of several servers of one home have
places of their own; another home, and another machine, has other files, and Prometheus asks each machine.
"""

import fcntl
import math
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from repository.clock import Clock
from repository.liveness import new_name
from repository.measuring import EVERY, FOLDER, Counters, Family, Snapshot, folder_of, is_fresh, read, write

GONE = 0.0  # told as its time by who ends: nothing is open there from now on
FORGOTTEN = 7 * 86400  # seconds after which the files of a machine that is no more, a container, are deleted
_MOST = 1024  # places


@dataclass(frozen=True, slots=True)
class Sums:
    """`processes`: how many have told theirs a moment ago, this one among them."""

    families: list[Family]
    processes: int


class Adding:
    """One process, with its place. `families`: what it counts now, of `counters`, which go on from those before it."""

    def __init__(
        self, home: Path, door: str, counters: Counters, *, families: Callable[[], Iterable[Family]], clock: Clock
    ) -> None:
        self._folder, self._families, self._clock = folder_of(home) / door, families, clock
        self._turn, self._by = threading.Lock(), new_name()
        self._place, self._lock = _place(self._folder)
        self._told: Snapshot | None = None
        self._others: dict[Path, Snapshot] = {}
        if self._place and (before := read(self._place)) is not None:
            self._told = replace(before, families=_lasting(before.families))
            counters.add_all(_counts(before.families, known=families()))

    def tell(self, *, ending: bool = False) -> Snapshot:
        """What others read of this process from now on."""
        with self._turn:
            return self._tell(ending=ending)

    def sums(self) -> Sums:
        """Of all processes that have or had a place, none of it less than what any of them gave before."""
        with self._turn:
            mine = self._tell(ending=False)
            self._read_others()
            now = self._clock().timestamp()
            others = [(each.families, is_fresh(each, now=now)) for each in self._others.values()]
        parts = [mine.families, *(found if fresh else _lasting(found) for found, fresh in others)]
        return Sums(_added(parts), 1 + sum(fresh for _, fresh in others))

    def close(self) -> None:
        """The place is free for another process, which goes on from it."""
        self.tell(ending=True)
        with self._turn:
            self._place = None
            if self._lock >= 0:
                os.close(self._lock)
            self._lock = -1

    def _tell(self, *, ending: bool) -> Snapshot:
        at = GONE if ending else self._clock().timestamp()
        now = Snapshot("", at, tuple(self._families()))
        if self._place and write(self._place, now.families, at=at, by=self._by):
            self._told = now
        return self._told or now

    def _read_others(self) -> None:
        try:
            files = sorted(self._folder.glob("*.json"))
        except OSError:
            return
        for each in files:
            if each != self._place and (found := read(each)) is not None:
                self._others[each] = found


@contextmanager
def adding(
    home: Path,
    door: str,
    counters: Counters,
    *,
    families: Callable[[], Iterable[Family]],
    clock: Clock,
    every: float = EVERY,
) -> Iterator[Adding]:
    """Meanwhile others read what `families` gives, at most `every` seconds old; afterwards they read its end."""
    _forget_machines(home)
    mine, over = Adding(home, door, counters, families=families, clock=clock), threading.Event()

    def telling() -> None:
        while not over.is_set():
            mine.tell()
            over.wait(every)

    thread = threading.Thread(target=telling, name="adding", daemon=True)
    thread.start()
    try:
        yield mine
    finally:
        over.set()
        thread.join()
        mine.close()


def _place(folder: Path) -> tuple[Path | None, int]:
    """The first that nobody has, and the handle of its lock; none where files cannot be made."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in range(1, _MOST + 1):
            handle = os.open(folder / f"{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(handle)
                if not isinstance(error, BlockingIOError):
                    return None, -1  # a file system without locks
                continue
            return folder / f"{number}.json", handle
    except OSError:
        pass
    return None, -1


def _forget_machines(home: Path) -> None:
    """Containers have a new name each time: files of a machine that has told nothing for long are deleted."""
    mine, oldest = folder_of(home), time.time() - FORGOTTEN
    try:
        for each in (each for each in (home / FOLDER).iterdir() if each != mine and each.is_dir()):
            if all(file.stat().st_mtime < oldest for file in (each, *each.rglob("*"))):
                shutil.rmtree(each, ignore_errors=True)
    except OSError:
        return


def _lasting(families: Iterable[Family]) -> list[Family]:
    return [each for each in families if each.kind != "gauge"]


def _counts(
    before: Iterable[Family], *, known: Iterable[Family]
) -> Iterator[tuple[tuple[str, tuple[str, ...]], float]]:
    """What was counted before of measures that are still the same: another version may have had others."""
    shapes = {each.name: _shape(each) for each in known}
    for each in _lasting(before):
        if shapes.get(each.name) == _shape(each):
            yield from (((each.name, tuple(labels)), value) for labels, value in _fitting(each))


def _added(parts: Iterable[Iterable[Family]]) -> list[Family]:
    """By name and labels. Of the measures of one name the first that comes says what they are."""
    found: dict[str, tuple[Family, dict[tuple[str, ...], float]]] = {}
    for each in (each for part in parts for each in part):
        first, sums = found.setdefault(each.name, (each, {}))
        if _shape(first) == _shape(each):
            for labels, value in _fitting(each):
                sums[tuple(labels)] = sums.get(tuple(labels), 0.0) + value
    return [Family(each.name, each.kind, each.what, each.labels, sorted(sums.items())) for each, sums in found.values()]


def _shape(family: Family) -> tuple[str, tuple[str, ...]]:
    return family.kind, tuple(family.labels)


def _fitting(family: Family) -> Iterator[tuple[tuple[str, ...], float]]:
    """Samples that a sum can be made of, whatever the file says."""
    for labels, value in family.samples:
        if len(labels) == len(family.labels) and 0 <= value < math.inf:
            yield tuple(labels), value
