"""Many pushes at a time, group by group: while one group is sealed and committed, the next one gathers.

So a single push waits for nobody, and a hundred at a time share one commit and the fsyncs of one pack for each patient.
Groups of one takeover come one after another; takeovers do not wait for each other, up to the number of leaders.
"""

import threading
from collections import OrderedDict, deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from repository.runtime import Archive
from repository.transfer.depositing import Batch, Depositing
from repository.transfer.errors import TransfersClosed
from repository.transfer.offering import Offer, Outcome
from repository.transfer.opening import Depositor
from storage.errors import ArchiveError

GROUP_ITEMS, GROUP_BYTES = 2048, 32 << 20
LEADERS = 4
REMEMBERED = 8  # takeovers that are known here though nothing comes at the moment


class _Line:
    """The pushes that wait for one takeover."""

    def __init__(self, depositing: Depositing) -> None:
        self.depositing = depositing
        self.waiting: deque[Batch] = deque()
        self.busy = False

    def next_group(self) -> list[Batch]:
        """The longest waiting, at least one, up to the bounds of a group."""
        group, items, held = list[Batch](), 0, 0
        while self.waiting:
            batch = self.waiting[0]
            items += len(batch.offers)
            held += sum(offer.held for offer in batch.offers)
            if group and (items > GROUP_ITEMS or held > GROUP_BYTES):
                break
            group.append(self.waiting.popleft())
        return group


class Transfers:
    """All live transfers of an archive in this process. Safe to share between threads; the archive outlives it."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._lines: OrderedDict[str, _Line] = OrderedDict()
        self._turn = threading.Lock()
        self._closed = False
        self._leaders = ThreadPoolExecutor(LEADERS, thread_name_prefix="transfer")
        self._sealers = ThreadPoolExecutor(max(2, archive.settings.workers), thread_name_prefix="sealing")

    @property
    def home(self) -> Path:
        """The folder in which large items wait until they are deposited (`Collecting`)."""
        return self._archive.settings.home

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def submit(self, depositor: Depositor, offers: Sequence[Offer]) -> Future[list[Outcome]]:
        """Once done, `offers` are deposited in this order, all in one transaction, and what became of them is durable;
        what waited on disk is closed then. Cancelled before its turn, nothing of them is deposited. Raises
        `TransfersClosed`; the future raises as `Depositing.settle`."""
        batch = Batch(depositor, offers)
        if not offers:
            batch.outcomes.set_result([])
            return batch.outcomes
        with self._turn:
            if self._closed:
                raise TransfersClosed
            line = self._line(depositor.takeover)
            line.waiting.append(batch)
            if not line.busy:
                line.busy = True
                self._leaders.submit(self._lead, line)
        return batch.outcomes

    def close(self) -> None:
        """What was submitted is settled; nothing more is taken. May be called again."""
        with self._turn:
            self._closed = True
        self._leaders.shutdown(wait=True)
        self._sealers.shutdown(wait=True)

    def _line(self, takeover: str) -> _Line:
        line = self._lines.get(takeover)
        if line is None:
            line = self._lines[takeover] = _Line(Depositing(self._archive, takeover, pool=self._sealers))
        self._lines.move_to_end(takeover)
        return line

    def _lead(self, line: _Line) -> None:
        while True:
            with self._turn:
                group = line.next_group()
                if not group:
                    line.busy = False
                    self._forget()
                    return
            wanted = [batch for batch in group if batch.outcomes.set_running_or_notify_cancel()]
            for batch in group:
                if batch.outcomes.cancelled():
                    _close(batch)
            if wanted:
                self._settle(line, wanted)

    def _forget(self) -> None:
        idle = [name for name, line in self._lines.items() if not line.busy]
        for name in idle[: max(0, len(self._lines) - REMEMBERED)]:
            del self._lines[name]

    def _settle(self, line: _Line, group: Sequence[Batch]) -> None:
        """Each batch of the group has its outcome or its error. What is wrong with one of them is not the fault of the
        others: unless it will pass by itself, each is tried alone."""
        try:
            settled = line.depositing.settle(group)
        except BaseException as error:  # noqa: BLE001  whoever waits has to be told, whatever it is
            passing = isinstance(error, ArchiveError) and error.retryable
            if len(group) > 1 and not passing:
                for batch in group:
                    self._settle(line, [batch])
                return
            for batch in group:
                _close(batch)
                batch.outcomes.set_exception(error)
            return
        for batch, outcomes in zip(group, settled, strict=True):
            _close(batch)
            batch.outcomes.set_result(outcomes)


def _close(batch: Batch) -> None:
    for offer in batch.offers:
        offer.close()
