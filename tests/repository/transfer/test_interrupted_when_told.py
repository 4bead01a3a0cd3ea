"""Whoever is interrupted in the very moment in which it is told to go on keeps nobody waiting.

The interpreter runs the handler of a signal behind the call that got the lock: the thread has it, and is told that it
has not. Each is a process of its own, as signals are the main thread's.
"""

import faulthandler
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, cast

import pytest

from repository.domain.takeover import Takeover
from repository.runtime import Archive, open_archive
from repository.settings import Settings
from repository.transfer.group import Batch
from repository.transfer.line import Line
from repository.transfer.opening import admitted_to
from repository.transfer.sharing import Sharing
from repository.transfer.transfers import Transfers
from tests.builders.pushing import image, offers_of, pacs
from tests.repository.transfer.gates import gated
from tests.repository.transfer.processes import PATIENCE, assert_comes_through
from tests.repository.waiting import eventually


class Interrupting:
    """A lock that interrupts the main thread, which waits for it, as it lets it go."""

    def __init__(self, lock: Any) -> None:
        self._lock = lock
        self.acquire = lock.acquire

    def release(self) -> None:
        self._lock.release()
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._lock.release()


def leading(settings: Settings, takeover: Takeover) -> None:
    """The main thread is interrupted as it is told to lead a group: others do, and what it pushed is kept."""
    faulthandler.dump_traceback_later(PATIENCE - 10, exit=True)  # where it hangs, it says where
    next_leader = Line.next_leader

    def interrupting(line: Line) -> Batch | None:
        leader = next_leader(line)
        if leader is not None and leader.waits is not None:
            leader.waits = cast("threading.Lock", Interrupting(leader.waits))
        return leader

    with open_archive(settings) as archive, pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(1) as pool:
        depositor = admitted_to(archive, pacs(), door="test")
        with Transfers(archive) as transfers:
            gate = gated(archive, patch, 1)
            first = transfers.submit(depositor, offers_of(archive, [image(1)]))
            assert gate.came.wait(PATIENCE)
            patch.setattr(Line, "next_leader", interrupting)
            (line,) = transfers._lines.values()

            def frees() -> None:
                assert eventually(lambda: bool(line._waiting))
                gate.free.set()

            freed = pool.submit(frees)
            try:
                transfers.deposit(depositor, offers_of(archive, [image(2)]))
                freed.result(PATIENCE)
                threading.Event().wait(PATIENCE)
            except KeyboardInterrupt:
                pass
            else:
                raise AssertionError("it was not interrupted")
            assert first.result(PATIENCE)[0].ordinal == 1
            assert transfers.submit(depositor, offers_of(archive, [image(3)])).result(PATIENCE)[0].ordinal == 3
        assert archive.catalogue.counts(takeover.number).holdings == 3


def committing(_settings: Settings, _takeover: Takeover) -> None:
    """The main thread is interrupted as its turn to commit comes: it has it, and gives it on."""
    faulthandler.dump_traceback_later(PATIENCE - 10, exit=True)
    line = Line(cast("Any", None), threading.Lock())
    began, ended = threading.Event(), threading.Event()

    def first() -> None:
        with line.turn(1):
            began.set()
            assert eventually(lambda: 2 in line._behind)
            line._behind[2] = cast("threading.Lock", Interrupting(line._behind[2]))

    def third() -> None:
        with line.turn(3):
            ended.set()

    with ThreadPoolExecutor(2) as pool:
        pool.submit(first)
        assert began.wait(PATIENCE)
        behind = pool.submit(third)
        interrupted = None
        try:
            with line.turn(2) as interrupted:
                assert not ended.is_set()
            threading.Event().wait(0 if interrupted else PATIENCE)
        except KeyboardInterrupt as late:  # it came once the thread had gone on
            interrupted = late
        behind.result(PATIENCE)
        assert isinstance(interrupted, KeyboardInterrupt)


@pytest.mark.parametrize("work", [leading, committing])
def test_who_is_interrupted_as_it_is_told_keeps_nobody_waiting(
    archive: Archive, takeover: Takeover, work: Callable[[Settings, Takeover], None]
) -> None:
    assert_comes_through(archive, takeover, work)


def test_who_is_interrupted_while_it_gives_its_turn_away_has_told_everybody(
    archive: Archive, takeover: Takeover, transfers: Transfers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server is asked to take its lock back, which may last."""
    depositor, leave = admitted_to(archive, pacs(), door="test"), Sharing.leave

    def interrupted(self: Sharing) -> None:
        leave(self)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        gate = gated(archive, patch, 1)
        first = transfers.submit(depositor, offers_of(archive, [image(1)]))
        assert gate.came.wait(PATIENCE)
        waiting = [transfers.submit(depositor, offers_of(archive, [image(each)])) for each in (2, 3)]
        patch.setattr(Sharing, "leave", interrupted)
        gate.free.set()
        assert [each.result(PATIENCE)[0].ordinal for each in (first, *waiting)] == [1, 2, 3]
    assert transfers.submit(depositor, offers_of(archive, [image(4)])).result(PATIENCE)[0].ordinal == 4
    assert archive.catalogue.counts(takeover.number).holdings == 4
