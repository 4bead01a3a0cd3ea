"""Turns at one takeover, on both engines: each has it alone, whoever waits comes before who has had it, and it ends
with whoever has it."""

import fcntl
import multiprocessing
import os
import signal
import struct
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from repository.catalogue import turns
from repository.catalogue.catalogue import Catalogue, open_catalogue
from repository.catalogue.engine import Room, read_url
from repository.catalogue.errors import CatalogueBusy, CatalogueUnavailable
from repository.catalogue.turns import Turn, turn_of
from tests.repository.catalogue.conftest import Fresh
from tests.repository.waiting import eventually

LOCK = "hhqqi0q"  # struct flock
PATIENCE = 60.0  # seconds for what takes a hundredth of one
Turns = Callable[[int], Turn]


@pytest.fixture
def url(fresh: Fresh) -> str:
    return fresh()


@pytest.fixture
def opened(url: str) -> Iterator[Catalogue]:
    found = open_catalogue(url)
    yield found
    found.close()


@pytest.fixture
def turn(opened: Catalogue) -> Iterator[Turns]:
    """Another turn at takeover so-and-so, as of another process; closed at the end."""
    made: list[Turn] = []

    def another(number: int) -> Turn:
        made.append(opened.depositing.turn(number))
        return made[-1]

    yield another
    for each in made:
        each.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "WAITING_SECONDS", 0.05)


def test_one_at_a_time_has_it(turn: Turns) -> None:
    inside: list[int] = []
    seen: list[list[int]] = []

    def work(mine: int, having: Turn) -> None:
        for _ in range(15):
            having.take()
            inside.append(mine)
            time.sleep(0.001)  # others have the time to come in
            seen.append(list(inside))
            inside.remove(mine)
            having.give()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work, mine, turn(1)) for mine in range(4)]:
            done.result(PATIENCE)
    assert len(seen) == 60
    assert {len(each) for each in seen} == {1}


def in_line(opened: Catalogue, url: str) -> int:
    """How many have a place at takeover 1: who has the turn, and who waits for it."""
    if url.startswith("postgresql"):
        with psycopg.connect(url) as connection:
            having = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 1 AND objsubid = 2"
            return connection.execute(having).rowcount
    place, found, looking = 1 << 40, 0, os.open(f"{make_url(url).database}-turns", os.O_RDWR)
    try:
        while True:
            asked = fcntl.fcntl(looking, fcntl.F_OFD_GETLK, struct.pack(LOCK, fcntl.F_WRLCK, 0, place + 1, 1 << 30, 0))
            kind, _, place, _, _ = struct.unpack(LOCK, asked)
            if kind == fcntl.F_UNLCK:
                return found
            found += 1
    finally:
        os.close(looking)


@pytest.mark.parametrize("several", [2, 3, 5])
def test_whoever_has_had_it_is_behind_all_who_wait(opened: Catalogue, url: str, turn: Turns, several: int) -> None:
    """Each keeps it until all others wait, but for the last round: so they have it in the same order, every time."""
    rounds, order = 6, list[int]()

    def work(mine: int, having: Turn) -> None:
        for number in range(rounds):
            having.take()
            order.append(mine)
            if number < rounds - 1:
                assert eventually(lambda: in_line(opened, url) == several)
                assert having.wanted()
            having.give()

    with ThreadPoolExecutor(several) as pool:
        for done in [pool.submit(work, mine, turn(1)) for mine in range(several)]:
            done.result(PATIENCE)
    assert order == order[:several] * rounds
    assert sorted(order[:several]) == list(range(several))


def test_whether_it_is_taken_and_wanted_is_told_as_it_is(turn: Turns) -> None:
    first, second, third = turn(1), turn(1), turn(1)
    assert not first.taken()
    first.take()
    assert (second.taken(), second.taken(), first.wanted()) == (True, True, False)
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(second.take)
        assert eventually(first.wanted)
        assert first.wanted()  # asking it changes nothing
        assert not waits.done()
        assert third.taken()
        first.give()
        waits.result(PATIENCE)
    assert (first.taken(), second.wanted()) == (True, False)
    second.give()
    assert (first.taken(), second.taken(), third.taken()) == (False, False, False)


def test_turns_at_two_takeovers_do_not_wait_for_each_other(turn: Turns) -> None:
    one, other = turn(1), turn(2)
    one.take()
    assert not other.taken()
    other.take()
    assert (one.wanted(), other.wanted()) == (False, False)
    one.give()
    assert turn(2).taken()
    other.give()


def having_it(url: str, told: "Connection[str, str]") -> None:
    catalogue = open_catalogue(url)
    mine = catalogue.depositing.turn(1)
    mine.take()
    told.send("taken")
    told.recv()  # for ever: the test kills this process


def test_a_process_that_is_killed_has_it_no_more(url: str, turn: Turns) -> None:
    context = multiprocessing.get_context("forkserver")
    here, there = context.Pipe()
    process = context.Process(target=having_it, args=(url, there))
    process.start()
    try:
        assert here.poll(PATIENCE)
        next_one = turn(1)
        assert next_one.taken()
        with ThreadPoolExecutor(1) as pool:
            waits = pool.submit(next_one.take)
            with pytest.raises(TimeoutError):
                waits.result(0.05)
            os.kill(process.pid or 0, signal.SIGKILL)
            waits.result(PATIENCE)
        assert turn(1).taken()
    finally:
        process.kill()
        process.join(PATIENCE)
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.usefixtures("impatient")
def test_waiting_has_an_end_and_leaves_no_trace(turn: Turns) -> None:
    first, second, third = turn(1), turn(1), turn(1)
    first.take()
    with pytest.raises(CatalogueBusy):
        second.take()
    assert not first.wanted()
    second.give()  # what it has not
    assert second.taken()
    first.give()
    assert not third.taken()
    second.take()
    assert first.taken()


@pytest.mark.usefixtures("impatient")
def test_who_comes_while_another_waits_waits_no_longer(turn: Turns) -> None:
    holder, several = turn(1), [turn(1) for _ in range(3)]
    holder.take()
    with ThreadPoolExecutor(3) as pool:
        for waits in [pool.submit(each.take) for each in several]:
            assert isinstance(waits.exception(PATIENCE), CatalogueBusy)
    assert not holder.wanted()


def test_to_give_and_to_close_twice_does_no_harm(turn: Turns) -> None:
    first, second = turn(1), turn(1)
    first.give()
    first.close()
    first.take()
    first.give()
    first.give()
    assert not second.taken()
    first.take()
    first.close()
    assert eventually(lambda: not second.taken())  # a server sees it a moment later
    first.close()
    first.give()
    second.take()
    first.give()  # of another's
    assert first.taken()
    second.give()
    first.take()
    assert second.taken()


def test_a_file_that_cannot_be_opened_gives_no_turn(tmp_path: Path, sqlite_template: Path) -> None:
    room = Room(read_url(f"sqlite:///{tmp_path / 'catalogue.db'}"))
    there = tmp_path / "catalogue.db-turns"
    there.mkdir()
    mine = turn_of(room, 1)
    for asking in (mine.take, mine.taken):
        with pytest.raises(CatalogueUnavailable):
            asking()
    mine.give()
    there.rmdir()
    mine.take()
    assert turn_of(room, 1).taken()
    assert there.stat().st_mode & 0o777 == 0o600
    mine.close()
    room.close()
