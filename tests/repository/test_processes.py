"""Processes that are watched: none of them outlives whoever started it, wherever he failed."""

import threading
from pathlib import Path

import pytest

from repository import processes
from repository.processes import Crew, Hold, watch
from repository.runtime import Archive
from repository.settings import Settings
from tests.builders.homes import new_home
from tests.repository.waiting import eventually

PATIENCE = 60.0


def nothing() -> None: ...


def answers(_archive: Archive, arguments: tuple[Path], hold: Hold) -> None:
    """A file says that it lives."""
    stopping = threading.Event()
    alive = arguments[0] / f"alive-{hold.number}"
    alive.touch()
    hold.ready()
    hold.released(stopping.set)
    assert stopping.wait(PATIENCE)
    alive.unlink()


def test_where_not_all_can_be_started_those_that_were_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the machine has no memory for one more."""
    settings, begun, let_go = new_home(tmp_path), processes._Child.__init__, list[str]()

    def fails(self: processes._Child, crew: Crew, number: int, begin: tuple[Settings, object]) -> None:
        if number == 3:
            assert eventually(lambda: len(list(tmp_path.glob("alive-*"))) == 2)
            raise OSError(12, "cannot allocate memory")
        begun(self, crew, number, begin)  # type: ignore[arg-type]

    monkeypatch.setattr(processes._Child, "__init__", fails)
    crew = Crew(
        name="test", count=3, run=answers, arguments=(tmp_path,), grace=5.0, let_go=lambda: let_go.append("let go")
    )
    with pytest.raises(OSError, match="memory") as raised:
        watch(settings, [crew], begin=nothing)
    assert list(tmp_path.glob("alive-*")) == []
    assert let_go == ["let go"]
    assert raised.tb is not None  # and with it all that `watch` knew of them
