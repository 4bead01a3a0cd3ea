"""Many pushes at a time, group by group: while one group is sealed and committed, the next one gathers.

So a single push waits for nobody, and a hundred at a time share one commit and the fsyncs of one pack for each patient.
Takeovers do not wait for each other. Whoever waits for its push does the work of a group itself, its own and that of
others who wait (`deposit`): handing it to another thread and back costs 0.3 ms of a processor, as much as describing
and sealing a small image. Who does not want to wait has threads of this room do it (`submit`).
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from repository.access.errors import AccessRefused
from repository.access.principal import Principal
from repository.catalogue.depositing import BindingOver, TakeoverOver, TakeoverOvertaken
from repository.runtime import Archive
from repository.transfer.admissions import Admissions
from repository.transfer.depositing import Depositing
from repository.transfer.errors import TransfersClosed
from repository.transfer.group import Accept, Batch, Group
from repository.transfer.line import Line
from repository.transfer.offering import Offer, Outcome
from repository.transfer.opening import Depositor, note_refused
from storage.errors import ArchiveError

LEADERS = 6
REMEMBERED = 8  # takeovers that are known here though nothing comes at the moment


class Transfers:
    """All live transfers of an archive in this process. Safe to share between threads; the archive outlives it."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._admissions = Admissions(archive)
        self._lines: OrderedDict[str, Line] = OrderedDict()
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._closed = False
        self._led = False
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

    def admitted(self, principal: Principal, *, door: str, wanted: str = "") -> Depositor:
        """As `admitted_to`; what a moment ago was so is not asked again, but looked at when something is kept."""
        return self._admissions.admitted(principal, door=door, wanted=wanted)

    def deposit(self, depositor: Depositor, offers: Sequence[Offer], *, accept: Accept | None = None) -> list[Outcome]:
        """What became of `offers`, deposited in this order, all in one transaction, and durable; what waited on disk is
        closed then. Works for others who wait at the same time as well. Raises what `accept` raises, called in
        whichever thread does the work, perhaps several times; `TransfersClosed`; `TakeoverOver` where
        the takeover has been closed; `AccessRefused` where the binding has ended meanwhile; and, with nothing of it
        deposited, `TakeoverOvertaken`, `RingRotated` and what the store and the catalogue raise, but for a catalogue
        that failed in the moment of the commit: repeated, the same bytes are then duplicates."""
        batch = Batch(depositor, offers, waits=threading.Lock(), accept=accept)
        waits = batch.waits
        if not offers or waits is None:
            return []
        waits.acquire()
        try:
            line = self._add(batch)
            while True:
                waits.acquire()
                if batch.outcomes.done():
                    return batch.outcomes.result()
                self._lead(line)
        except BaseException:
            self._leave(batch)
            raise

    def submit(self, depositor: Depositor, offers: Sequence[Offer]) -> Future[list[Outcome]]:
        """Once done, as `deposit`. Cancelled before its turn, nothing of them is deposited."""
        batch = Batch(depositor, offers)
        if not offers:
            batch.outcomes.set_result([])
        else:
            self._add(batch)
        return batch.outcomes

    def close(self) -> None:
        """What was submitted is settled; nothing more is taken. May be called again."""
        with self._lock:
            self._closed = True
            while not all(line.idle for line in self._lines.values()):
                self._idle.wait()
            for line in self._lines.values():
                line.depositing.close()
        self._leaders.shutdown(wait=True)
        self._sealers.shutdown(wait=True)

    def _add(self, batch: Batch) -> Line:
        with self._lock:
            if self._closed:
                raise TransfersClosed
            if batch.waits is None and not self._led:  # one thread at least, before anything waits for it
                self._leaders.submit(int)
                self._led = True
            takeover = batch.depositor.takeover
            line = self._lines.get(takeover)
            if line is None:
                depositing = Depositing(self._archive, takeover, pool=self._sealers)
                line = self._lines[takeover] = Line(depositing, self._lock)
            self._lines.move_to_end(takeover)
            line.add(batch)
            self._next(line)
        return line

    def _next(self, line: Line) -> None:
        """Whoever is to take the next group of the line is told, if it is time. Needs the lock."""
        leader = line.next_leader()
        if leader is None:
            if line.idle:
                self._forget()
        elif leader.waits is not None:
            leader.waits.release()
        else:
            self._hand_over(line)

    def _hand_over(self, line: Line) -> None:
        """A thread of this room takes the next group: the system may have no more of them, and then it is one of those
        that are there, to whom it has been given all the same."""
        with suppress(RuntimeError):
            self._leaders.submit(self._lead, line)

    def _forget(self) -> None:
        idle = [name for name, line in self._lines.items() if line.idle]
        for name in idle[: max(0, len(self._lines) - REMEMBERED)]:
            self._lines.pop(name).depositing.close()
        self._idle.notify_all()

    def _leave(self, batch: Batch) -> None:
        """The thread goes away without its outcome, interrupted: whatever it was told or will be, others do it. Whether
        it was told to lead, the line knows: it may have got its lock, and been interrupted before it knew."""
        with self._lock:
            batch.waits = None
            line = self._lines.get(batch.depositor.takeover)
            if line is None:
                return
            if batch.leads:
                self._hand_over(line)
            else:
                self._next(line)

    def _lead(self, line: Line) -> None:
        """The next group of the line, from its first step to its last. Raises nothing but, at its end, what interrupted
        this thread while it waited for others, or gave their turn away."""
        fault = self._entered(line)
        with self._lock:
            taken = line.take()  # whoever came while the turn was waited for is with them
        batches = [batch for batch in taken if batch.outcomes.set_running_or_notify_cancel()]
        for batch in taken:
            if batch.outcomes.cancelled():
                _close(batch)
        group = None
        if fault is None:
            group, fault = self._begun(line, batches)
        with self._lock:
            place = line.formed()
            self._next(line)
        if group is not None:
            fault = self._stored(line, group)
        with self._lock:
            line.stored()
            self._next(line)
        told, interrupted = self._in_turn(line, place, batches, group, fault=fault)
        for batch, outcome in zip(batches, told, strict=True):
            self._tell(batch, outcome)
        with self._lock:
            line.left()
            self._next(line)
        if interrupted is not None:
            raise interrupted

    def _entered(self, line: Line) -> BaseException | None:
        try:
            line.depositing.enter(much=line.much)
        except BaseException as error:  # noqa: BLE001  whoever waits has to be told, whatever it is
            return error
        return None

    def _begun(self, line: Line, batches: Sequence[Batch]) -> tuple[Group | None, BaseException | None]:
        try:
            return (line.depositing.begin(batches) if batches else None), None
        except BaseException as error:  # noqa: BLE001  as above
            return None, error

    def _stored(self, line: Line, group: Group) -> BaseException | None:
        try:
            group.store()
        except BaseException as error:  # noqa: BLE001  as above
            line.depositing.forget(group)
            return error
        return None

    def _in_turn(
        self, line: Line, place: int, batches: Sequence[Batch], group: Group | None, *, fault: BaseException | None
    ) -> "tuple[Sequence[list[Outcome] | BaseException], BaseException | None]":
        """What each batch of the group is told, and what interrupted this thread meanwhile."""
        told: Sequence[list[Outcome] | BaseException] = ()
        try:
            with line.turn(place) as interrupted, line.depositing.leaving():
                told = self._committed(line, batches, group, fault=fault)
                told = [self._anew(line, batch, outcome) for batch, outcome in zip(batches, told, strict=True)]
        except BaseException as error:  # noqa: BLE001  whoever waits has to be told, whatever it is
            return told or [error] * len(batches), error
        return told, interrupted

    def _committed(
        self, line: Line, batches: Sequence[Batch], group: Group | None, *, fault: BaseException | None
    ) -> "Sequence[list[Outcome] | BaseException]":
        """What each batch of the group is told. What is wrong with one of them is not the fault of the others: unless
        it will pass by itself, each is tried alone."""
        if not batches:
            return ()
        if group is not None and fault is None:
            try:
                return line.depositing.commit(group)
            except TakeoverOvertaken:  # by another process, or by the fate of a group that began before this one
                return _alone(line, batches)
            except BaseException as error:  # noqa: BLE001  as above
                fault = error
        if isinstance(fault, TakeoverOvertaken):  # it could not begin on what others had not committed yet
            return _alone(line, batches)
        return _blamed(line, batches, fault or RuntimeError("internal: neither a group nor a fault"))

    def _anew(self, line: Line, batch: Batch, outcome: list[Outcome] | BaseException) -> list[Outcome] | BaseException:
        """Whoever was let in by a binding that has ended since, and is bound by another one, is not disturbed: what is
        remembered of him may be of a binding that was made anew, or prolonged by another."""
        if not isinstance(outcome, BindingOver):
            return outcome
        known = batch.depositor
        self._admissions.forget()
        try:
            batch.depositor = self._admissions.admitted(known.principal, door=known.door, wanted=known.takeover)
        except BaseException as error:  # noqa: BLE001  as above; of a refusal there is a deed now
            return error
        return _alone(line, [batch])[0]

    def _tell(self, batch: Batch, outcome: list[Outcome] | BaseException) -> None:
        _close(batch)
        if isinstance(outcome, BindingOver | TakeoverOver):
            self._admissions.forget()
            if isinstance(outcome, BindingOver) or batch.depositor.remembered:  # asked anew, he would be refused
                outcome = self._refused(batch.depositor)
        if isinstance(outcome, BaseException):
            batch.outcomes.set_exception(outcome)
        else:
            batch.outcomes.set_result(outcome)
        with self._lock:
            if batch.waits is not None:
                batch.waits.release()

    def _refused(self, depositor: Depositor) -> BaseException:
        try:
            note_refused(self._archive, takeover=depositor.takeover, door=depositor.door, by=depositor.by)
        except BaseException as error:  # noqa: BLE001  as above
            return error
        return AccessRefused()


def _alone(line: Line, batches: Sequence[Batch]) -> "Sequence[list[Outcome] | BaseException]":
    try:
        return line.depositing.alone(batches)
    except BaseException as error:  # noqa: BLE001  whoever waits has to be told, whatever it is
        return _blamed(line, batches, error)


def _blamed(line: Line, batches: Sequence[Batch], fault: BaseException) -> "Sequence[list[Outcome] | BaseException]":
    if len(batches) == 1 or (isinstance(fault, ArchiveError) and fault.retryable):
        return [fault] * len(batches)
    return [each for batch in batches for each in _alone(line, [batch])]


def _close(batch: Batch) -> None:
    for offer in batch.offers:
        with suppress(OSError):  # of a file without a name, which nobody needs any more; others wait to be told
            offer.close()
