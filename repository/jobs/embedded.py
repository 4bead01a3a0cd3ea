"""The drain in a thread of this process: the default, which needs no broker.

It looks at the rows every few seconds, and at once when somebody on this machine rings (`waking`).
"""

import logging
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from repository.jobs.draining import LEASE, drain
from repository.jobs.kinds import KINDS, Run
from repository.jobs.waking import Bell
from repository.liveness import new_name
from repository.runtime import Archive
from storage.errors import ArchiveError

EVERY = 5.0  # seconds between two looks at the rows

_log = logging.getLogger(__name__)


class Embedded:
    """Between entering and leaving, jobs of `archive` are done; leaving stops the one that runs at its next tick."""

    def __init__(
        self, archive: Archive, *, kinds: Mapping[str, Run] = KINDS, seconds: float = LEASE, every: float = EVERY
    ) -> None:
        self._archive, self._kinds, self._seconds, self._every = archive, kinds, seconds, every
        self._woken, self._stopping = threading.Event(), threading.Event()
        self._bell = Bell(archive.settings.home)
        self._thread = threading.Thread(target=self._run, name="worker")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """There is something to do: look now."""
        self._woken.set()

    def stop(self) -> None:
        """The thread has ended; a job that was running waits for the next worker, with what it has done kept."""
        self._stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        owner = new_name()  # of the process in which the thread runs
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                drain(
                    self._archive,
                    owner=owner,
                    kinds=self._kinds,
                    seconds=self._seconds,
                    until=self._stopping.is_set,
                )
            except ArchiveError as error:  # the database is away for a while: the rows are still there
                _log.warning("no job was looked for (%s)", error.code)
            except Exception as error:  # noqa: BLE001  a worker that has died without a word serves nobody
                _log.error("no job was looked for (%s)", type(error).__name__)
            self._bell.wait(self._woken, self._every)
