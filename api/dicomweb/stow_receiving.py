"""Instances of one request on their way in: gathered as they come, deposited in batches while more are coming.

Nothing holds the whole body: an instance is in memory up to `SMALL` bytes and on disk beyond it, and no more than
`MOST_WAITING` bytes wait for their deposit before the next ones are read. Batches are deposited in the order of the
parts, so that of two instances with one UID it is always the first that counts as such.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from api.dicomweb.stow_answer import INVALID, Received
from api.dicomweb.stow_offering import Coming, Taken, failed, offered, settled
from repository.takeover.arriving import SMALL
from repository.transfer.offering import Collecting, Outcome
from repository.transfer.opening import Depositor
from repository.transfer.transfers import Transfers
from storage.errors import ArchiveError

BATCH_ITEMS, BATCH_BYTES = 64, 4 << 20
MOST_WAITING = 24 << 20  # bytes of one request; a group that is larger costs fewer fsyncs
MOST_TOGETHER = 64 << 20  # of all requests; beyond it, one that has more than a batch waiting reads no further
PIECES = 1 << 20  # bytes of a large instance that go to the disk at one time


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
        self._current: Coming | None = None
        self._ready: list[Coming] = []
        self._ready_bytes = 0
        self._tasks: dict[asyncio.Task[None], int] = {}
        self._order = asyncio.Lock()
        self._received: dict[int, Received] = {}

    def begin(self, number: int, *, wanted: bool = True) -> None:
        self._current = Coming(number, Collecting(self._home), wanted)

    async def add(self, piece: bytes) -> None:
        """Raises what a disk that is full or fails raises."""
        coming = self._now()
        if not coming.wanted:
            return
        coming.add(piece)
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

    def _now(self) -> Coming:
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

    async def _deposit(self, batch: Sequence[Coming]) -> None:
        """Never raises: what went wrong is what was received of each."""
        async with self._order:
            taken, outcomes = await run_in_threadpool(self._submit, batch)
        if outcomes is None:
            return
        try:
            came = await asyncio.wrap_future(outcomes)
        except Exception as error:  # noqa: BLE001  told with the answer, for each instance
            self._received |= failed(taken, error)
        else:
            self._received |= settled(taken, came)

    def _submit(self, batch: Sequence[Coming]) -> "tuple[Taken, Future[list[Outcome]] | None]":
        """In a thread: hashed, described, and handed over."""
        taken, told = offered(batch, study=self._study)
        self._received |= told
        if not taken:
            return taken, None
        try:
            return taken, self._transfers.submit(self._depositor, [offer for _, offer in taken])
        except ArchiveError as error:
            self._received |= failed(taken, error)
            return taken, None
