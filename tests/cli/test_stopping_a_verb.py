"""SIGTERM ends a verb as Ctrl-C does: what is kept is said, and what to do next.

Each command is a process of its own, in which one function is replaced by one that sends the signal to the process
itself: so it always comes at the same place.
"""

import json
import os
import pty
import subprocess
import sys

import pytest

from tests.cli.running import Machine, command

PROGRAM = """
import os, signal
from cli.main import main
from unittest.mock import patch

def send(name):
    signal.raise_signal(signal.Signals[name])

def here(*_, **__):
    {does}

with patch("{place}", here):
    main()
"""
SAMPLE = "repository.samples.building.build_sample"
STOPPED = "\nStopped. What the archive has acknowledged is kept. The same command may be run again.\n"


def ended(
    machine: Machine, *words: object, does: str, place: str = SAMPLE, before: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """A command in which whoever calls `place` gets what it `does` (a line of Python)."""
    program = [sys.executable, "-c", before + PROGRAM.format(does=does, place=place), *map(str, words)]
    known = machine.child_environment() | environment
    return subprocess.run(program, env=known, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("place", [SAMPLE, "typer.core.TyperGroup.parse_args"])
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_ends_a_verb_in_words(bare: Machine, name: str, code: int, place: str) -> None:
    came = ended(bare, "sample", bare.folder / "x", does=f"send('{name}')", place=place)
    assert (came.returncode, came.stdout, came.stderr) == (code, "", STOPPED)


def test_it_is_told_in_polish(bare: Machine) -> None:
    came = ended(bare, "sample", bare.folder / "x", does="send('SIGTERM')", EDM_ARCHIVE_LANG="pl")
    assert came.returncode == 143
    assert came.stderr.startswith("\nPrzerwano. To, co archiwum potwierdziło, jest zachowane.")


def test_it_is_told_to_programs(bare: Machine) -> None:
    came = ended(bare, "sample", bare.folder / "x", "--json", does="send('SIGTERM')")
    assert (came.returncode, came.stderr) == (143, "")
    assert "acknowledged is kept" in json.loads(came.stdout)["interrupted"]["kept"]


def test_a_takeover_that_was_stopped_goes_on(machine: Machine) -> None:
    package = machine.sample()
    came = ended(machine, "takeover", "receive", package, does="send('SIGTERM')", place="repository.intake._conclude")
    assert came.returncode == 143, came.stderr
    assert "33 of 33 items that this run had before it are settled and kept." in came.stderr
    assert machine.json("takeover", "list")["takeovers"][0]["state"] == "balanced"
    assert machine.json("takeover", "receive", package)["state"] == "accepted"


def test_what_a_stopped_rebuild_leaves_is_told_by_doctor_and_replaced_by_the_next(machine: Machine) -> None:
    machine.done("takeover", "receive", machine.sample("p", "--patients", 1, "--images", 2))
    assert rebuilds_told(machine) == []
    came = ended(machine, "rebuild", does="send('SIGTERM')", place="repository.upkeep.rebuilding._restore_log")
    assert came.returncode == 143, came.stderr
    left = machine.home / "catalogue.sqlite.rebuilt"
    assert left.exists()
    (told,) = rebuilds_told(machine)
    assert told["state"] == "warning"
    assert str(left) in told["detail"]
    assert "`edm-archive rebuild` replaces it" in told["todo"]
    left.write_bytes(b"half a page")
    left.with_name(left.name + "-journal").write_bytes(b"of another time")
    assert machine.json("rebuild")["takeovers"] == 1
    assert list(machine.home.glob("*.rebuilt*")) == []
    assert rebuilds_told(machine) == []


def rebuilds_told(machine: Machine) -> list[dict[str, str]]:
    return [each for each in machine.json("doctor")["checks"] if each["name"] == "rebuild"]


def test_the_second_of_two_does_not_disturb_the_closing(bare: Machine) -> None:
    """As `timeout` sends them."""
    does = """
    try:
        send('SIGTERM')
    finally:
        send('SIGTERM')
        print('closed')"""
    came = ended(bare, "sample", bare.folder / "x", does=does)
    assert (came.returncode, came.stdout, came.stderr) == (143, "closed\n", STOPPED)


def test_who_has_it_ignored_is_not_stopped(bare: Machine) -> None:
    ignored = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    came = ended(bare, "sample", bare.folder / "x", does="send('SIGTERM'); raise KeyboardInterrupt", before=ignored)
    assert (came.returncode, came.stderr) == (130, STOPPED)


def test_a_process_that_was_forked_and_has_not_settled_down_tells_nothing(bare: Machine) -> None:
    does = """
    child = os.fork()
    if not child:
        send('SIGTERM')
    print('child', os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    send('SIGTERM')"""
    came = ended(bare, "sample", bare.folder / "x", does=does)
    assert (came.returncode, came.stdout, came.stderr) == (143, "child 143\n", STOPPED)


def test_ctrl_d_is_an_empty_answer(machine: Machine) -> None:
    """At a terminal, where the code of an invitation is typed unseen."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command("user", "accept", "somebody"),
        env=machine.child_environment(), stdin=theirs, stderr=subprocess.PIPE, bufsize=0, start_new_session=True,
    ) as running:  # fmt: skip
        os.close(theirs)
        assert running.stderr is not None
        asked = b""
        while not asked.endswith(b"Invitation code: "):
            asked += running.stderr.read(1) or pytest.fail(asked.decode())
        os.write(ours, b"\x04")
        told = running.stderr.read().decode()
    os.close(ours)
    assert running.returncode == 2
    assert told.startswith("\nError PPL-003: ")
