"""What a process counts, told to others of its machine by a small file: `HOME/measures/HOST/NAME.json`.

The HTTP door shows all of them to Prometheus, `doctor` and `peer list` read them. A file holds names of measures,
labels from short known lists, AE titles of registered peers, and numbers; nothing of any patient. It is written anew
every few seconds; nobody waits for it, and a disk that is full loses it and nothing else. Processes whose counts are
shown as one sum tell them by `repository.adding_up`.
"""

import json
import logging
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from repository.clock import Clock, instant
from repository.liveness import new_name, surely_gone

FOLDER = "measures"
EVERY = 5.0  # seconds between two writings
SUM = "sum"
FRESH = 30.0  # seconds after which whoever has written nothing is not there
_LONGEST = 1 << 20  # bytes of a file that is read
_log = logging.getLogger("repository.measuring")


@dataclass(frozen=True, slots=True)
class Family:
    """One measure: `kind` is counter, gauge or histogram; `samples` are values of its labels, and a number.

    The last label of a histogram is `le`: its samples are how many observations came to this bound and to none before
    it, and, where `le` is `SUM`, what all of them amount to.
    """

    name: str
    kind: str
    what: str
    labels: Sequence[str] = ()
    samples: Sequence[tuple[Sequence[str], float]] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`name`: of the process on its machine; `at`: when it was written, in seconds since 1970; `by`: the name by which
    `repository.liveness` knows the process, if it said one."""

    name: str
    at: float
    families: Sequence[Family] = field(default_factory=tuple)
    by: str = ""

    def number(self, name: str) -> float:
        """All samples of a measure, together; 0 where there is none."""
        return sum(value for each in self.families if each.name == name for _, value in each.samples)


class Counters:
    """Counters of one process, of several threads."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._values: dict[tuple[str, tuple[str, ...]], float] = {}

    def add(self, name: str, *labels: str, value: float = 1) -> None:
        self.add_all([((name, labels), value)])

    def add_all(self, added: Iterable[tuple[tuple[str, tuple[str, ...]], float]]) -> None:
        """Each of the counters, of a name and labels, by its value: nobody sees some of it only."""
        with self._turn:
            for key, value in added:
                self._values[key] = self._values.get(key, 0) + value

    def family(self, name: str, what: str, labels: Sequence[str] = (), *, kind: str = "counter") -> Family:
        with self._turn:
            found = [(key[1], value) for key, value in self._values.items() if key[0] == name]
        if not labels and not found:
            found = [((), 0.0)]
        return Family(name, kind, what, labels, sorted(found))


@contextmanager
def told(
    home: Path, name: str, families: Callable[[], Iterable[Family]], *, every: float = EVERY, clock: Clock
) -> Iterator[None]:
    """Meanwhile the file says what `families` gives; afterwards there is none."""
    path, by = folder_of(home) / f"{name}.json", new_name()
    over = threading.Event()

    def telling() -> None:
        while not over.is_set():
            write(path, families(), at=clock().timestamp(), by=by)
            over.wait(every)

    thread = threading.Thread(target=telling, name="measures", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        with suppress(OSError):
            path.unlink()


def snapshots(home: Path) -> list[Snapshot]:
    """What processes of this machine have told last, by name; what cannot be read is left out."""
    try:
        files = sorted(folder_of(home).glob("*.json"))
    except OSError:
        return []
    return [found for each in files if (found := read(each)) is not None]


def last_seen(home: Path, family: str) -> dict[str, str]:
    """The newest instant of each first label of a measure whose values are seconds since 1970."""
    from datetime import UTC, datetime

    newest: dict[str, float] = {}
    for each in snapshots(home):
        for found in (found for found in each.families if found.name == family):
            for labels, value in found.samples:
                newest[labels[0]] = max(value, newest.get(labels[0], 0.0))
    return {name: instant(datetime.fromtimestamp(value, UTC)) for name, value in newest.items()}


def is_fresh(found: Snapshot, *, now: float | None = None) -> bool:
    """Whether it was told a moment ago, and not by a process that is known to be gone since."""
    return (time.time() if now is None else now) - found.at <= FRESH and not surely_gone(found.by)


def folder_of(home: Path) -> Path:
    """Of this machine: a home may be on a file system that several have."""
    return home / FOLDER / (re.sub(r"[^A-Za-z0-9_-]", "_", socket.gethostname()) or "host")


def write(path: Path, families: Iterable[Family], *, at: float, by: str) -> bool:
    """Whether `path` says what the families are, whole; else it says what it said before."""
    body = {
        "at": at,
        "by": by,
        "families": [
            [each.name, each.kind, each.what, list(each.labels), [[list(key), value] for key, value in each.samples]]
            for each in families
        ],
    }
    beside = path.with_suffix(".new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(json.dumps(body, separators=(",", ":")))  # `dump` takes ten times as long
        beside.replace(path)
    except OSError as error:
        _log.warning("measures cannot be told: %s", type(error).__name__)
        return False
    return True


def read(path: Path) -> Snapshot | None:
    """What `path` says; None where it cannot be read, or is no such file."""
    try:
        with path.open("rb") as file:
            body = json.loads(file.read(_LONGEST))
        return Snapshot(
            path.stem,
            float(body["at"]),
            tuple(
                Family(
                    str(name),
                    str(kind),
                    str(what),
                    tuple(labels),
                    tuple((tuple(map(str, key)), float(value)) for key, value in rows),
                )
                for name, kind, what, labels, rows in body["families"]
            ),
            str(body.get("by", "")),
        )
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
