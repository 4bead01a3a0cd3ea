"""Processes that decode, as many as wanted, started when first needed and replaced when they die or hang.

Threads of the archive ask; each has one process to itself until it is answered. Those that find none free wait, and no
more than `waiting` of them.
"""

import os
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from repository.formats.dicom.pixels import PACKAGES
from repository.rendering.errors import CodecsMissing, PixelsBusy, PixelsUnreadable
from repository.rendering.messages import MessageWrong, receive, send
from repository.rendering.worker import MISSING

COMMAND = (sys.executable, "-P", "-m", "repository.rendering.worker")
_ROOT = Path(__file__).parents[2]
_STARTING = 60.0  # seconds until a new process has its codecs in memory
_TASKS = 1000  # of one process: what codecs lose of memory is got back


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one process: bytes of address space, and seconds of one task, of the clock and of work."""

    memory: int = 3 << 30
    seconds: int = 20


class Pool:
    """`ask` may be called by any thread. After `close` nothing runs any more, and who waits gets `PixelsBusy`."""

    def __init__(
        self, workers: int = 2, *, waiting: int = 16, limits: Limits | None = None, command: Sequence[str] = COMMAND
    ) -> None:
        self._limits, self._command = limits or Limits(), tuple(command)
        self._places = threading.BoundedSemaphore(workers + waiting)
        self._free: queue.LifoQueue[_Slot] = queue.LifoQueue()  # the one that worked last is warm
        self._slots = [_Slot() for _ in range(workers)]
        for slot in reversed(self._slots):
            self._free.put(slot)
        self._closed = False

    def ask(self, words: Mapping[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
        """The answer to a task. Raises `CodecsMissing`, `PixelsUnreadable`, `PixelsBusy`."""
        if not self._places.acquire(blocking=False):
            raise PixelsBusy
        try:
            try:
                slot = self._free.get(timeout=self._limits.seconds)
            except queue.Empty:
                raise PixelsBusy from None
            try:
                said, made = self._asked(slot, words, content)
            finally:
                self._free.put(slot)
        finally:
            self._places.release()
        error = said.get("error")
        if error == MISSING:
            raise CodecsMissing
        if error is not None:
            raise PixelsUnreadable(reason=str(error))
        return said, made

    def close(self) -> None:
        """Every process has ended."""
        self._closed = True
        for slot in self._slots:
            slot.end()

    def pids(self) -> list[int]:
        """Of the processes that run."""
        return [worker.pid for slot in self._slots if (worker := slot.worker) is not None]

    def _asked(self, slot: "_Slot", words: Mapping[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
        if self._closed:
            raise PixelsBusy
        fresh = slot.worker is None or slot.worker.ended()
        if fresh:
            slot.end()
            slot.worker = _Worker(self._command, self._limits)
        worker = slot.worker
        assert worker is not None  # noqa: S101  for the type checker
        seconds = self._limits.seconds + (_STARTING if fresh and self._command == COMMAND else 0)
        try:
            answer = worker.asked(words, content, until=time.monotonic() + seconds)
        except TimeoutError:
            slot.end()
            raise PixelsUnreadable(reason="too slow") from None
        except (OSError, MessageWrong):
            answer = None
        if answer is None:
            slot.end()
            if self._closed:
                raise PixelsBusy
            raise PixelsUnreadable(reason="the codec ended")
        if worker.tasks >= _TASKS:
            slot.end()
        return answer


class _Slot:
    """Room for one process, that one thread has at a time."""

    def __init__(self) -> None:
        self.worker: _Worker | None = None

    def end(self) -> None:
        worker, self.worker = self.worker, None
        if worker is not None:
            worker.end()


class _Worker:
    def __init__(self, command: Sequence[str], limits: Limits) -> None:
        self._line, theirs = socket.socketpair()
        self.tasks = 0
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  our own module
                [*command, str(theirs.fileno()), str(limits.memory), str(limits.seconds)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                cwd="/",
                env={"PYTHONPATH": str(_ROOT), "OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"},
                start_new_session=True,  # a signal to the archive's terminal is the archive's to handle
            )
        self.pid = self._process.pid

    def ended(self) -> bool:
        return self._process.poll() is not None

    def asked(self, words: Mapping[str, Any], content: bytes, *, until: float) -> tuple[dict[str, Any], bytes] | None:
        self.tasks += 1
        send(self._line, words, content, until=until)
        return receive(self._line, until=until)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._line.close()


@cache
def codecs_installed() -> bool:
    """Whether the extra `pixels` is there; nothing of it is loaded."""
    return all(find_spec(each) is not None for each in PACKAGES)


def sensible_workers() -> int:
    """One for each processor, and not more than four: each takes 100 MB."""
    return max(1, min(4, os.cpu_count() or 1))
