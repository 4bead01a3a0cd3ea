"""Threads that make whole answers: one is called for each, and called again for the next.

Into a thread and back took 76 µs of a processor by anyio's machinery, of the 2 ms of a search, and takes 27 here. How
many may be at work is anyio's to say as before: an answer takes one of the places that it gives to its own threads.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from anyio import CapacityLimiter, WouldBlock

T = TypeVar("T")


class Threads:
    """Of the loop that runs where they are made, and for it alone. `places`: as many are at work at one time.

    As a context: at its end they end, those at work with what they do.
    """

    def __init__(self, places: CapacityLimiter) -> None:
        self._places, self._loop = places, asyncio.get_running_loop()
        self._all: list[_Hand] = []
        self._idle: list[_Hand] = []
        self._over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True
        for each in self._all:
            each.give(None)

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises, in a thread and in the context of whoever asks. Who is cancelled waits no
        longer; the work goes on until it ends, and has its place until then."""
        if self._over:
            raise RuntimeError("internal: work for threads that have ended")
        job = _Job(work, self._loop.create_future())
        try:
            self._places.acquire_on_behalf_of_nowait(job)
        except WouldBlock:
            await self._places.acquire_on_behalf_of(job)
        try:
            self._hand().give(job)
        except BaseException:  # the system has no more threads
            self._places.release_on_behalf_of(job)
            raise
        await job.over
        return job.outcome()

    def _hand(self) -> "_Hand":
        if self._idle:
            return self._idle.pop()  # who worked last: what it needs is still near the processor
        made = _Hand(self._loop, self._idle_again)
        self._all.append(made)
        return made

    def _idle_again(self, hand: "_Hand", job: "_Job[Any]") -> None:
        """In the loop."""
        self._idle.append(hand)
        self._places.release_on_behalf_of(job)
        if not job.over.done():  # whoever waited may have gone
            job.over.set_result(None)


class _Job(Generic[T]):
    """`over`: done when the outcome is there."""

    def __init__(self, work: Callable[[], T], over: asyncio.Future[None]) -> None:
        self._work, self._context, self.over = work, copy_context(), over
        self._value: T
        self._error: BaseException | None = None

    def do(self) -> None:
        try:
            self._value = self._context.run(self._work)
        except BaseException as error:  # noqa: BLE001  raised where it is waited for
            self._error = error

    def outcome(self) -> T:
        if self._error is None:
            return self._value
        try:
            raise self._error
        finally:
            self._error = None  # else the error and the calls that it came through keep each other


class _Hand:
    """One thread. `idle` is called in the loop after each job."""

    def __init__(self, loop: asyncio.AbstractEventLoop, idle: "Callable[[_Hand, _Job[Any]], None]") -> None:
        self._loop, self._idle = loop, idle
        self._given: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        Thread(target=self._work, name="answers").start()

    def give(self, job: "_Job[Any] | None") -> None:
        """None: no other comes."""
        self._given.put(job)

    def _work(self) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            while (job := self._given.get()) is not None:
                job.do()
                self._loop.call_soon_threadsafe(self._idle, self, job)
                del job  # and with it what was answered
