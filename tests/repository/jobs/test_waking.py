"""The bell by which whoever works on this machine is woken."""

import threading
from pathlib import Path

import pytest

from repository.jobs.waking import Bell, ring

LONGEST = 60.0


def waiting(bell: Bell, event: threading.Event) -> threading.Thread:
    made = threading.Thread(target=bell.wait, args=(event, 3600.0), daemon=True)
    made.start()
    return made


def test_everybody_who_waits_is_woken_by_one_ring(tmp_path: Path) -> None:
    threads = [waiting(Bell(tmp_path), threading.Event()) for _ in range(3)]
    ring(tmp_path)
    for each in threads:
        each.join(LONGEST)
        assert not each.is_alive()


def test_a_ring_while_one_works_is_heard_when_he_waits_and_once(tmp_path: Path) -> None:
    bell, event = Bell(tmp_path), threading.Event()
    for _ in range(100):
        ring(tmp_path)
    bell.wait(event, 3600.0)
    again = waiting(bell, event)
    again.join(0.5)
    assert again.is_alive(), "nobody has rung since"
    event.set()
    again.join(LONGEST)
    assert not again.is_alive()


def test_two_rings_are_two_however_close(tmp_path: Path) -> None:
    bell, event = Bell(tmp_path), threading.Event()
    for _ in range(50):
        ring(tmp_path)
        bell.wait(event, 3600.0)


def test_without_a_ring_the_time_ends_the_waiting(tmp_path: Path) -> None:
    Bell(tmp_path).wait(threading.Event(), 0.01)


def test_a_bell_that_cannot_be_rung_is_told_of_and_stops_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ring(tmp_path / "missing")
    assert "nobody was woken (FileNotFoundError)" in caplog.text
    Bell(tmp_path / "missing").wait(threading.Event(), 0.01)
