"""A catalogue that is made again in its place, and every other command of the machine: processes meet, none harms the
other. The one that is met in the middle is a process of its own; those that meet it are this one."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.running import Machine, command

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/locks to see who holds what"),
]
SHORT = [
    ("search", "--purpose", "custody"),
    ("get", "1.2.3", "out", "--purpose", "custody"),
    ("takeover", "list"),
    ("audit", "completeness"),
    ("keys", "show"),
]


@pytest.fixture
def kept(machine: Machine) -> Machine:
    machine.done("takeover", "receive", machine.sample("p", "--patients", 1, "--images", 2))
    return machine


def holds(path: Path, how: str) -> bool:
    """Whether somebody has `path` locked, for reading (READ) or alone (WRITE)."""
    if not path.exists():
        return False
    inode = path.stat().st_ino
    locks = (line.split() for line in Path("/proc/locks").read_text().splitlines())
    return any(f"FLOCK ADVISORY {how}" in " ".join(words) and words[5].endswith(f":{inode}") for words in locks)


@contextmanager
def halted(machine: Machine, *words: object, when: Callable[[], bool]) -> Iterator["subprocess.Popen[bytes]"]:
    """A command that was stopped in the middle, as soon as `when` was so; it goes on afterwards."""
    for _ in range(20):  # it may be too fast for us
        running = subprocess.Popen(
            command(*words), env=machine.child_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        while running.poll() is None and not when():
            time.sleep(0.001)
        if running.poll() is None:
            running.send_signal(signal.SIGSTOP)
            if when():
                break
            running.send_signal(signal.SIGCONT)
        running.communicate(timeout=60)
    else:
        raise AssertionError("it was never met in the middle")
    try:
        yield running
    finally:
        running.send_signal(signal.SIGCONT)
        running.communicate(timeout=60)


def test_while_a_catalogue_is_made_again_every_command_says_so_and_does_nothing(kept: Machine) -> None:
    lock = kept.home / "in-use"
    before = kept.json("takeover", "list")
    with halted(kept, "rebuild", when=lambda: holds(lock, "WRITE")) as rebuilding:
        for words in SHORT:
            refused = kept.run(*words)
            assert (refused.exit_code, "HOM-008" in refused.stderr) == (9, True), (words, refused.stderr)
            assert f"pid {rebuilding.pid}" in refused.stderr
        for word in ("serve", "worker"):  # these say what a process logs
            kept_out = kept.spawn(word)
            assert (kept_out.returncode, b"HOM-008" in kept_out.stderr) == (9, True), (word, kept_out.stderr)
            assert f"pid {rebuilding.pid}".encode() in kept_out.stderr
        assert "HOM-008" in kept.run("doctor").output
        another = kept.run("rebuild")
        assert (another.exit_code, "HOM-003" in another.stderr) == (9, True)
    assert rebuilding.returncode == 0
    assert kept.json("takeover", "list") == before
    assert len(list(kept.home.glob("*.before-*"))) == 1
    assert not list(kept.home.glob("*.rebuilt*"))


def test_a_rebuild_that_was_killed_holds_nobody_up(kept: Machine) -> None:
    lock = kept.home / "in-use"
    before = kept.json("takeover", "list")
    with halted(kept, "rebuild", when=lambda: holds(lock, "WRITE")) as rebuilding:
        os.kill(rebuilding.pid, signal.SIGKILL)
    assert kept.json("takeover", "list") == before
    kept.done("rebuild")
    assert kept.json("takeover", "list") == before


def test_a_catalogue_is_not_replaced_under_a_short_command(kept: Machine) -> None:
    lock = kept.home / "in-use"
    with halted(kept, "takeover", "list", when=lambda: holds(lock, "READ")) as listing:
        refused = kept.run("rebuild")
        assert (refused.exit_code, "HOM-007" in refused.stderr) == (9, True), refused.stderr
        kept.done("takeover", "list")  # readers do not keep readers waiting
    assert listing.returncode == 0
    assert not list(kept.home.glob("*.before-*"))
    kept.done("rebuild")
