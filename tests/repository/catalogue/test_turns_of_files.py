"""Turns by locks on a file, when something happens to whoever waits, to the file, or to who waits before him."""

import fcntl
import multiprocessing
import os
import signal
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from repository.catalogue import engine
from repository.catalogue.catalogue import open_catalogue
from repository.catalogue.file_turns import WRITER, FileTurn, turns_file
from tests.builders.deeds import account, maker
from tests.repository.catalogue.conftest import Fresh
from tests.repository.waiting import eventually

PATIENCE = 60.0


@pytest.fixture
def database(tmp_path: Path) -> str:
    return str(tmp_path / "catalogue.db")


@pytest.fixture
def turns(database: str) -> Iterator[list[FileTurn]]:
    made = [FileTurn(database, 1, seconds=0.05) for _ in range(3)]
    yield made
    for each in made:
        each.close()


@pytest.mark.parametrize("call", [1, 2, 3])
def test_who_is_interrupted_in_the_moment_of_a_lock_leaves_none(
    turns: list[FileTurn], monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    """The first is the door's, the second the place's, the third gives the door back."""
    first, second, _ = turns
    locked, calls = FileTurn._locked, list[int]()

    def interrupted(self: FileTurn, kind: int, place: int) -> bool:
        done = locked(self, kind, place)
        calls.append(place)
        if len(calls) == call:
            raise KeyboardInterrupt
        return done

    with monkeypatch.context() as patch:
        patch.setattr(FileTurn, "_locked", interrupted)
        with pytest.raises(KeyboardInterrupt):
            first.take()
    assert not second.taken()
    second.take()
    second.give()
    first.take()
    assert second.taken()


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_was_taken_away_is_left_for_the_one_that_the_others_have(
    turns: list[FileTurn], database: str, tmp_path: Path, replaced: bool
) -> None:
    first, second, third = turns
    first.take()
    first.give()
    if replaced:
        (tmp_path / "other").touch()
        (tmp_path / "other").replace(turns_file(Path(database)))
    else:
        turns_file(Path(database)).unlink()
    second.take()
    assert first.taken()
    second.give()
    first.take()
    assert (second.taken(), third.taken()) == (True, True)


def standing(database: str, told: "Connection[str, str]") -> None:
    turn = FileTurn(database, WRITER, seconds=PATIENCE)
    told.send("here")
    turn.take()
    told.send("taken")
    told.recv()


@pytest.mark.parametrize("fresh", ["sqlite"], indirect=True)  # PostgreSQL lets several write at one time
def test_a_process_that_sleeps_in_the_line_keeps_nobody_from_writing(
    fresh: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is stopped (SIGSTOP, a frozen container) while it only waits for its turn holds no database."""
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.2)
    url = fresh()
    database = url.removeprefix("sqlite:///")
    mine, catalogue = FileTurn(database, WRITER, seconds=PATIENCE), open_catalogue(url)
    mine.take()
    context = multiprocessing.get_context("forkserver")
    here, there = context.Pipe()
    process = context.Process(target=standing, args=(database, there))
    process.start()
    try:
        assert here.poll(PATIENCE)
        assert eventually(mine.wanted)
        os.kill(process.pid or 0, signal.SIGSTOP)
        mine.give()
        for expected in (1, 2):
            assert catalogue.journal.write([maker("account", account(), "permitted")])[0].number == expected
        os.kill(process.pid or 0, signal.SIGCONT)
    finally:
        process.kill()
        process.join(PATIENCE)
        mine.close()
        catalogue.close()


def test_the_locks_are_of_the_open_file_and_end_with_it(turns: list[FileTurn]) -> None:
    first, second, _ = turns
    first.take()
    assert fcntl.fcntl(first._handle, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
    assert second.taken()
    first.close()
    assert not second.taken()
