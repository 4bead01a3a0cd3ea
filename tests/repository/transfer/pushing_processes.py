"""Processes that push into one takeover at the same time, each with several threads, and what each was told."""

import hashlib
import json
import multiprocessing
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path

from repository.settings import Settings
from repository.transfer.opening import admitted_to
from repository.transfer.transfers import Transfers
from storage.errors import ArchiveError
from tests.builders.pushing import offers_of, pacs
from tests.faults.dying import Death, put_together

THREADS = 4
PATIENCE = 120.0  # seconds for what takes some three
NOBODY = Death("nobody dies", "nobody", "")


@dataclass(frozen=True, slots=True)
class Told:
    """What a process was told of one image: acknowledged, or the code of the refusal."""

    sha256: str
    ordinal: int = 0
    duplicate_of: int = 0
    conflicts_with: int = 0
    refused: str = ""


def push(settings: Settings, notes: Path, contents: Sequence[bytes], start: Barrier, death: Death) -> None:
    """Pushes each of `contents` by itself; what it is told is noted at once, so that it outlasts this process."""
    archive = put_together(settings, death)
    writing = threading.Lock()

    def note(told: Told) -> None:
        with writing, notes.open("a") as file:
            file.write(json.dumps(asdict(told)) + "\n")

    with Transfers(archive) as transfers, ThreadPoolExecutor(THREADS) as pool:
        depositor = admitted_to(archive, pacs(), door="test")

        def one(content: bytes) -> None:
            digest = hashlib.sha256(content).hexdigest()
            try:
                (outcome,) = transfers.deposit(depositor, offers_of(archive, [content]))
            except ArchiveError as error:
                note(Told(digest, refused=error.code))
                return
            assert outcome.sha256.hex() == digest
            note(Told(digest, outcome.ordinal, outcome.duplicate_of, outcome.conflicts_with))

        start.wait(PATIENCE)
        list(pool.map(one, contents))
    archive.catalogue.close()


@dataclass(frozen=True)
class Pushing:
    processes: Sequence[BaseProcess]
    notes: Sequence[Path]

    def told(self, place: int) -> list[Told]:
        if not self.notes[place].exists():
            return []
        whole = self.notes[place].read_text().rpartition("\n")[0]  # the last line may be under way
        return [Told(**json.loads(line)) for line in whole.splitlines()]

    def ended(self) -> list[int | None]:
        for process in self.processes:
            process.join(PATIENCE)
        return [process.exitcode for process in self.processes]


@contextmanager
def pushing(
    settings: Settings, folder: Path, shares: Sequence[Sequence[bytes]], *, deaths: Mapping[int, Death] | None = None
) -> Iterator[Pushing]:
    """A process for each of `shares`; they begin to push at one time."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    start = context.Barrier(len(shares))
    notes = [folder / f"told-{place}" for place in range(len(shares))]
    processes = [
        context.Process(target=push, args=(settings, notes[place], share, start, (deaths or {}).get(place, NOBODY)))
        for place, share in enumerate(shares)
    ]
    try:
        for process in processes:
            process.start()
        yield Pushing(processes, notes)
    finally:
        for process in processes:
            process.kill()
            process.join(PATIENCE)
