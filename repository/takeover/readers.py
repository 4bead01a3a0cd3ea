"""Processes that read a package beside the one that takes it over: an interpreter for describing, another for the rest.

Promised: a batch that is asked for is answered with what `arrive_all` gives for its items. A reader is a fork and has
no part in anything else: it touches the package and nothing more, and keeps no lock of the home. It ends with the block
that started it, and with its parent, however that ends.

What can go wrong: a reader dies (`ReaderDied`); what it raises is raised here. Where the machine lets fewer of them
start, fewer read, or none. Only for a process in which no other thread reads, hashes or parses: a lock that another
thread holds while a process is forked stays locked in it for ever.

Contents come through memory that both share, cut into as many slots as there are batches on their way; all else, some
400 bytes an item, through a socket. A request is never longer than a few bytes there, so that nobody ever waits for the
other to read. 2,000 CT files of 8 KiB: 16 µs for each to come over, 225 µs to describe.
"""

import ctypes
import gc
import os
import pickle
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from io import BytesIO
from mmap import mmap
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from operator import attrgetter
from pathlib import Path
from traceback import format_tb
from typing import Any, Self

from repository.domain.describing import Description, DicomFacts, DocumentFacts, EventFacts, Identifier, PatientFacts
from repository.domain.takeover import Item
from repository.findings import Finding
from repository.home_lock import leave_to_parent
from repository.packages.package import HandoverPackage
from repository.takeover.arriving import Arrival, arrive_all, revived
from repository.takeover.errors import ReaderDied
from repository.takeover.inscribing import said_by
from storage.errors import ArchiveError

MOST = 4  # readers: the one that takes over follows no more than two or three of them
SLOT = (4 << 20) + 4096  # bytes: a light batch is 64 items of 64 KiB, of which each may be a byte longer than listed
AHEAD = 2  # batches for each reader: one that it works on, one that waits
_FORKED = get_context("fork")
_PR_SET_PDEATHSIG = 1  # prctl(2)


def readers_for(package: HandoverPackage, *, workers: int) -> int:
    """How many processes are worth it for light items: half of the workers. None where one does all, nor for a
    compressed tar, which each of them would have to inflate from its beginning."""
    return 0 if package.form == "tar.gz" else min(MOST, workers // 2)


class Readers:
    """`count` processes that read light batches of `package`, while this is entered: fewer, or none, where the machine
    gives no more. `home`: whose locks they leave to their parent."""

    def __init__(self, package: HandoverPackage, *, count: int, home: Path) -> None:
        self._package, self._home, self._count, self._turn = package, home, count, 0
        self._memory: mmap | None = None
        self._free: list[int] = []
        self._lines: list[Connection] = []
        self._processes: list[ForkProcess] = []

    def __enter__(self) -> Self:
        gc.freeze()  # else the next search for garbage writes to every page that the readers share with us
        try:
            with suppress(OSError):  # too many processes, too little memory: whoever takes over reads himself
                self._memory = mmap(-1, self._count * AHEAD * SLOT)
                for _ in range(self._count):
                    self._begin(self._memory)
        except BaseException:
            self.__exit__()
            raise
        self._free = list(range(self.slots))
        return self

    def __exit__(self, *_: object) -> None:
        """The readers have ended."""
        for line in self._lines:
            line.close()
        for process in self._processes:
            process.kill()  # whatever it reads now is wanted no more
            process.join()
        if self._memory is not None:
            self._memory.close()
        gc.unfreeze()

    def _begin(self, memory: mmap) -> None:
        """One more reader. It is forked deaf to Ctrl-C, which it would else tell of until it has settled down."""
        ours, theirs = _FORKED.Pipe()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            work = (self._package, theirs, (*self._lines, ours), memory, (os.getpid(), self._home))
            process = _FORKED.Process(target=_read, args=work, name="reader", daemon=True)
            process.start()
        except BaseException:
            ours.close()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            theirs.close()
        self._lines.append(ours)
        self._processes.append(process)

    @property
    def slots(self) -> int:
        """How many batches they have at the same time."""
        return len(self._lines) * AHEAD

    @property
    def free(self) -> bool:
        """Whether a batch can be asked for now."""
        return bool(self._free)

    def ask(self, batch: Sequence[Item]) -> "Asked":
        """A reader has `batch`. What was asked for is taken in the same order. Raises `ReaderDied`."""
        slot, reader = self._free.pop(), self._turn % len(self._lines)
        self._turn += 1
        asked, at = pickle.dumps(batch, pickle.HIGHEST_PROTOCOL), slot * SLOT
        self._shared[at : at + len(asked)] = asked
        try:
            self._lines[reader].send((slot, len(asked)))
        except OSError:
            raise self._died(reader) from None
        return Asked(self, reader, slot, batch)

    def answered(self, reader: int) -> bool:
        """Whether the answer to its oldest question is there, or it has died."""
        return self._lines[reader].poll()

    def answer(self, reader: int, slot: int, batch: Sequence[Item]) -> list[Arrival | Item]:
        """What `ask` asked for."""
        try:
            told = pickle.loads(self._lines[reader].recv_bytes())  # noqa: S301  a process of ours wrote it
        except (EOFError, OSError):
            raise self._died(reader) from None
        if isinstance(told, _Fault):
            raise told.error()
        at, came = slot * SLOT, list[Arrival | Item]()
        for item, (arrived, length) in zip(batch, told, strict=True):
            if isinstance(arrived, Item):
                came.append(arrived)
                continue
            content = None if length < 0 else self._shared[at : at + length]
            came.append(revived(arrived, item, content, package=self._package))
            at += max(length, 0)
        self._free.append(slot)
        return came

    @property
    def _shared(self) -> mmap:
        if self._memory is None:
            raise RuntimeError("internal: nobody reads")
        return self._memory

    def _died(self, reader: int) -> ReaderDied:
        process = self._processes[reader]
        process.join(1.0)
        return ReaderDied(code=str(process.exitcode))


@dataclass(frozen=True, slots=True)
class Asked:
    """A batch that a reader has: to be taken in the order in which it was asked for."""

    _readers: Readers
    _reader: int
    _slot: int
    _batch: Sequence[Item]

    def done(self) -> bool:
        return self._readers.answered(self._reader)

    def result(self) -> list[Arrival | Item]:
        """Its arrivals. Raises what the package raises, and `ReaderDied`."""
        return self._readers.answer(self._reader, self._slot, self._batch)


class _Fault:
    """An error on its way to the parent: ours as it is; of any other what it is and where it happened, without what it
    says, which may name somebody."""

    def __init__(self, error: Exception) -> None:
        self._told = (type(error), dict(error.fields)) if isinstance(error, ArchiveError) else type(error).__name__
        self._place = "".join(format_tb(error.__traceback__))  # lines of the program, no values

    def error(self) -> Exception:
        if isinstance(self._told, str):
            bug = RuntimeError(f"internal: {self._told} in a reader")
            bug.add_note(self._place)
            return bug
        kind, fields = self._told
        return kind(**fields)


def _read(
    package: HandoverPackage,
    line: Connection,
    others: Sequence[Connection],
    shared: mmap,
    parent: tuple[int, Path],
) -> None:
    """The life of a reader: batch after batch, until nobody asks any more."""
    _settle_down(*parent)
    for other in others:  # of the parent: while one is open here, its reader would not notice that the parent is gone
        other.close()
    with suppress(EOFError, OSError):
        while True:
            slot, length = line.recv()
            at = slot * SLOT
            batch = pickle.loads(shared[at : at + length])  # noqa: S301  the parent wrote it
            try:
                told = _pickled(_told(package, batch, shared, at=at))
            except Exception as error:  # noqa: BLE001  told to the parent, which raises it
                told = pickle.dumps(_Fault(error))
            line.send_bytes(told)


def _pickled(told: object) -> bytes:
    into = BytesIO()
    pickler = pickle.Pickler(into, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = _REDUCED
    pickler.dump(told)
    return into.getvalue()


def _by_fields(kind: type[Any]) -> Callable[[Any], tuple[type[Any], tuple[Any, ...]]]:
    """How a frozen dataclass is pickled here: as a call with its fields. The way of `dataclasses` for those with slots
    goes through all fields in Python, on both sides, and took four times as long to read."""
    values = attrgetter(*(each.name for each in fields(kind)))
    return lambda one: (kind, values(one))


_FACTS = (Description, PatientFacts, Identifier, DicomFacts, DocumentFacts, EventFacts, Finding, Item)
_REDUCED: dict[type, Callable[[Any], tuple[Any, ...]]] = {kind: _by_fields(kind) for kind in _FACTS}


def _told(
    package: HandoverPackage, batch: Sequence[Item], shared: mmap, *, at: int
) -> list[tuple[Arrival | Item, int]]:
    """Each arrival without what does not travel, and the length of its content, which lies in the slot; -1 where it is
    streamed."""
    told: list[tuple[Arrival | Item, int]] = []
    for arrived in arrive_all(package, batch):
        length = -1
        if isinstance(arrived, Arrival):
            if (content := arrived.content) is not None:
                length = len(content)
                shared[at : at + length] = content
                at += length
            arrived.says = said_by(arrived.description)
        told.append((arrived.bare() if isinstance(arrived, Arrival) else arrived, length))
    return told


def _settle_down(parent: int, home: Path) -> None:
    """This process ends with its parent, hears no Ctrl-C, holds no lock of the home, and never looks through what it
    shares."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    leave_to_parent(home)
    gc.freeze()
