"""Whoever is interrupted while he waits with the pushes of others takes nothing of them with him, nor their turn; and
whatever fails when they are told keeps none of them waiting."""

import faulthandler
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Any

import pytest

from repository.domain.takeover import Disposition, State, Takeover
from repository.runtime import Archive, open_archive
from repository.settings import Settings
from repository.transfer import transfers as room
from repository.transfer.opening import Depositor, admitted_to
from repository.transfer.transfers import Transfers
from storage.errors import StoreFull
from storage.sealing.spool import Spool
from tests.builders.pushing import image, large_image, offers_of, pacs
from tests.repository.transfer.gates import gated
from tests.repository.transfer.processes import PATIENCE, assert_comes_through
from tests.repository.waiting import eventually


@pytest.fixture
def depositor(archive: Archive, takeover: Takeover) -> Depositor:
    return admitted_to(archive, pacs(), door="test")


def waits_in_the_line() -> bool:
    frame: FrameType | None = sys._current_frames()[threading.main_thread().ident or 0]
    names = list[str]()
    while frame is not None:
        names.append(frame.f_code.co_name)
        frame = frame.f_back
    return names[:2] == [
        "_acquired",
        "turn",
    ]  # nor for its own bytes, which are stored: interrupted there, nothing is kept


def stands_in_the_line() -> bool:
    """Seen once, the thread may be about to wait, and not do it yet."""
    if not eventually(waits_in_the_line):
        return False
    time.sleep(0.05)
    return waits_in_the_line()


def interrupted(settings: Settings, takeover: Takeover) -> None:
    """The main thread pushes, and is sent a SIGINT while what it pushed waits for what came before. Ends with 0 where
    all of it is kept all the same, the turn is free and others go on."""
    faulthandler.dump_traceback_later(PATIENCE - 10, exit=True)  # where it hangs, it says where
    heard = threading.Event()

    def stops(_number: int, _frame: FrameType | None) -> None:
        heard.set()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, stops)
    with open_archive(settings) as archive, pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as pool:
        depositor = admitted_to(archive, pacs(), door="test")
        theirs = archive.catalogue.depositing.turn(takeover.number)
        with Transfers(archive) as transfers:
            theirs.take()
            met = transfers.submit(depositor, offers_of(archive, [image(1)]))
            assert eventually(theirs.wanted)
            theirs.give()
            met.result(PATIENCE)
            gate = gated(archive, patch, 1)
            first = transfers.submit(depositor, offers_of(archive, [image(2)]))
            assert gate.came.wait(PATIENCE)

            def interrupts() -> None:
                assert stands_in_the_line()
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
                assert heard.wait(PATIENCE)
                assert stands_in_the_line()
                gate.free.set()

            done = pool.submit(interrupts)
            try:
                transfers.deposit(depositor, offers_of(archive, [large_image(3, size=3 << 20)]))
            except KeyboardInterrupt:
                done.result(PATIENCE)
            else:
                raise AssertionError("it was not interrupted")
            assert first.result(PATIENCE)[0].ordinal == 2
            assert transfers.submit(depositor, offers_of(archive, [image(4)])).result(PATIENCE)[0].ordinal == 4
            assert eventually(lambda: not theirs.taken())
        theirs.close()
        assert archive.catalogue.counts(takeover.number).holdings == 4


def test_who_is_interrupted_while_it_waits_for_those_before_it_ends_what_it_began(
    archive: Archive, takeover: Takeover
) -> None:
    assert_comes_through(archive, takeover, interrupted)


def test_a_file_that_cannot_be_closed_keeps_nobody_waiting(
    archive: Archive, transfers: Transfers, depositor: Depositor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network's file system tells of a full disk when a file is closed."""

    def fails(_: Spool) -> None:
        raise OSError(28, "no space")

    offers = [offers_of(archive, [large_image(each)]) for each in (1, 2)]
    assert all(offer.spool is not None for (offer,) in offers)
    with monkeypatch.context() as patch:
        gate = gated(archive, patch, 1)
        first = transfers.submit(depositor, offers_of(archive, [image(3)]))
        assert gate.came.wait(PATIENCE)
        patch.setattr(Spool, "close", fails)
        waiting = [transfers.submit(depositor, each) for each in offers]
        gate.free.set()
        outcomes = [each.result(PATIENCE)[0].disposition for each in (first, *waiting)]
    assert outcomes == [Disposition.KEPT] * 3
    for (offer,) in offers:
        offer.close()


def test_a_refusal_that_cannot_be_noted_is_told_to_each(
    archive: Archive, transfers: Transfers, depositor: Depositor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("an error that nobody foresaw")

    with monkeypatch.context() as patch:
        gate = gated(archive, patch, 1, fault=StoreFull())
        first = transfers.submit(depositor, offers_of(archive, [image(1)]))
        assert gate.came.wait(PATIENCE)
        patch.setattr(room, "note_refused", fails)
        peer = pacs()
        _, remembered = (transfers.admitted(peer, door="test") for _ in range(2))
        assert remembered.remembered
        waiting = [transfers.submit(remembered, offers_of(archive, [image(each)])) for each in (2, 3)]
        archive.catalogue.move(archive.catalogue.takeover(depositor.takeover).number, State.RECEIVED, at="2026-11-22")
        gate.free.set()
        assert isinstance(first.exception(PATIENCE), StoreFull)
        assert [type(each.exception(PATIENCE)) for each in waiting] == [RuntimeError] * 2


def test_where_no_thread_can_be_started_those_that_are_there_do_the_work(
    archive: Archive, transfers: Transfers, depositor: Depositor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a container may have no more processes: threads are counted with them."""

    def fails(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    def push(number: int) -> int:
        return transfers.submit(depositor, offers_of(archive, [image(number)])).result(PATIENCE)[0].ordinal

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fails)
        with pytest.raises(RuntimeError):
            push(1)
    assert push(1) == 1
    with monkeypatch.context() as patch:
        gate = gated(archive, patch, 1)
        first = transfers.submit(depositor, offers_of(archive, [image(2)]))
        assert gate.came.wait(PATIENCE)
        patch.setattr(threading.Thread, "start", fails)
        second = transfers.submit(depositor, offers_of(archive, [large_image(3, size=3 << 20)]))
        gate.free.set()
        assert [each.result(PATIENCE)[0].ordinal for each in (first, second)] == [2, 3]
