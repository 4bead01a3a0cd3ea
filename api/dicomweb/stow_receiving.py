"""Instances of one request on their way in: gathered as they come, deposited in batches while more are coming.

Nothing holds the whole body: an instance is in memory up to `SMALL` bytes and on disk beyond it, and no more than
`MOST_WAITING` bytes wait for their deposit before the next ones are read. Batches are deposited in the order of the
parts, so that of two instances with one UID it is always the first that counts as such.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool

from api.dicomweb.stow_answer import BESIDE, INVALID, MISMATCH, OTHER_STUDY, PROCESSING, RESOURCES, Received
from repository.domain.describing import Description, DicomFacts
from repository.takeover.arriving import SMALL
from repository.transfer.offering import Collecting, Offer, Outcome
from repository.transfer.opening import Depositor
from repository.transfer.transfers import Transfers
from storage.errors import ArchiveError

BATCH_ITEMS, BATCH_BYTES = 64, 4 << 20
MOST_WAITING = 24 << 20  # bytes of one request; a group that is larger costs fewer fsyncs
MOST_TOGETHER = 64 << 20  # of all requests; beyond it, one that has more than a batch waiting reads no further
_LACKING = frozenset({"DCM-001", "DCM-020"})  # it ends before its data set does; an image without pixels
PIECES = 1 << 20  # bytes of a large instance that go to the disk at one time


@dataclass(slots=True)
class _Coming:
    """One part; `wanted` is false for one that says that it is no instance: its content is not kept."""

    number: int
    collecting: Collecting
    wanted: bool
    pieces: list[bytes] = field(default_factory=list)
    held: int = 0


@dataclass(slots=True)
class Waiting:
    """Bytes of all requests that wait in memory for their deposit."""

    size: int = 0


class Reception:
    """One request's instances. To be used by one task, and always ended by `finish` or `abandon`."""

    def __init__(self, transfers: Transfers, depositor: Depositor, *, waiting: Waiting, study: str = "") -> None:
        self._transfers, self._depositor, self._study = transfers, depositor, study
        self._waiting, self._own = waiting, 0
        self._home = transfers.home
        self._current: _Coming | None = None
        self._ready: list[_Coming] = []
        self._ready_bytes = 0
        self._tasks: dict[asyncio.Task[None], int] = {}
        self._order = asyncio.Lock()
        self._received: dict[int, Received] = {}

    def begin(self, number: int, *, wanted: bool = True) -> None:
        self._current = _Coming(number, Collecting(self._home), wanted)

    async def add(self, piece: bytes) -> None:
        """Raises what a disk that is full or fails raises."""
        coming = self._now()
        if not coming.wanted:
            return
        coming.pieces.append(piece)
        coming.held += len(piece)
        if coming.held > SMALL or (coming.collecting.large and coming.held >= PIECES):
            pieces, coming.pieces, coming.held = coming.pieces, [], 0
            await run_in_threadpool(coming.collecting.add, pieces)

    async def end(self) -> None:
        """The instance has come whole."""
        coming, self._current = self._now(), None
        if not coming.wanted:
            self._received[coming.number] = Received(failure=INVALID)
            return
        self._ready.append(coming)
        self._ready_bytes += coming.held
        if len(self._ready) >= BATCH_ITEMS or self._ready_bytes >= BATCH_BYTES or coming.collecting.large:
            self._dispatch()
        while self._own > MOST_WAITING or (self._own > BATCH_BYTES and self._waiting.size > MOST_TOGETHER):
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    async def finish(self) -> list[Received]:
        """What became of each, in the order in which they came; what is told as kept is durable."""
        self._dispatch()
        if self._tasks:
            await asyncio.gather(*self._tasks)
        return [self._received[number] for number in sorted(self._received)]

    async def abandon(self) -> None:
        """What has not come whole is gone; what is under way is settled, whether anybody is told or not."""
        for coming in (*self._ready, *([self._current] if self._current else ())):
            coming.collecting.discard()
        self._ready, self._current = [], None
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _now(self) -> _Coming:
        if self._current is None:
            raise RuntimeError("internal: no instance has begun")
        return self._current

    def _dispatch(self) -> None:
        if not self._ready:
            return
        batch, held = self._ready, self._ready_bytes
        self._ready, self._ready_bytes = [], 0
        task = asyncio.create_task(self._deposit(batch))
        self._tasks[task] = held
        self._own += held
        self._waiting.size += held
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        held = self._tasks.pop(task, 0)
        self._own -= held
        self._waiting.size -= held

    async def _deposit(self, batch: Sequence[_Coming]) -> None:
        """Never raises: what went wrong is what was received of each."""
        async with self._order:
            taken, outcomes = await run_in_threadpool(self._submit, batch)
        if outcomes is None:
            return
        try:
            settled = await asyncio.wrap_future(outcomes)
        except Exception as error:  # noqa: BLE001  told with the answer, for each instance
            for number, offer in taken:
                self._received[number] = _failed(offer, error)
            return
        for (number, offer), outcome in zip(taken, settled, strict=True):
            self._received[number] = _settled(offer.description, outcome)

    def _submit(self, batch: Sequence[_Coming]) -> "tuple[list[tuple[int, Offer]], Future[list[Outcome]] | None]":
        """In a thread: hashed, described, and handed over."""
        taken: list[tuple[int, Offer]] = []
        for coming in batch:
            try:
                coming.collecting.add(coming.pieces)
                offer = coming.collecting.offer()
            except ArchiveError as error:
                coming.collecting.discard()
                self._received[coming.number] = Received(failure=RESOURCES, fault=error)
                continue
            if reason := self._reason_against(offer.description):
                offer.close()
                self._received[coming.number] = Received(_facts(offer), failure=reason)
                continue
            offer.path = _label(offer.description, coming.number)
            taken.append((coming.number, offer))
        if not taken:
            return taken, None
        try:
            return taken, self._transfers.submit(self._depositor, [offer for _, offer in taken])
        except ArchiveError as error:
            for number, offer in taken:
                offer.close()
                self._received[number] = _failed(offer, error)
            return taken, None

    def _reason_against(self, description: Description | None) -> int:
        dicom = description.dicom if description else None
        if dicom is None or not (dicom.sop_instance_uid and dicom.study_instance_uid and dicom.series_instance_uid):
            return INVALID
        return OTHER_STUDY if self._study and dicom.study_instance_uid != self._study else 0


def _facts(offer: Offer) -> DicomFacts | None:
    return offer.description.dicom if offer.description else None


def _failed(offer: Offer, error: Exception) -> Received:
    passing = isinstance(error, ArchiveError) and error.retryable
    return Received(_facts(offer), failure=RESOURCES if passing else PROCESSING, fault=error)


def _settled(description: Description | None, outcome: Outcome) -> Received:
    facts = description.dicom if description else None
    if outcome.reason:
        return Received(facts, failure=INVALID)
    lacking = any(each.code in _LACKING for each in (description.findings if description else ()))
    return Received(facts, warning=BESIDE if outcome.conflicts_with else MISMATCH if lacking else 0)


def _label(description: Description | None, number: int) -> str:
    """A path like those of packages, of what says of nobody whose it is."""
    uid = description.dicom.sop_instance_uid if description and description.dicom else ""
    clean = uid if uid.replace(".", "").isdecimal() and uid.isascii() else f"part-{number}"
    return f"instances/{clean[:64]}.dcm"
