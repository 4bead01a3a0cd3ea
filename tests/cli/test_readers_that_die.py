"""A process that reads the package dies (as where memory runs out): it is told in words, and the next run goes on."""

import subprocess
import sys

import pytest

from tests.cli.running import Machine

# Every process that this one forks, which are those that read, is gone before it has read anything.
_DYING = """
import os, signal
from cli.main import main
os.register_at_fork(after_in_child=lambda: os.kill(os.getpid(), signal.SIGKILL))
main()
"""


@pytest.mark.requirement("R463-6.1")
@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "has died (exit -9)"), ("pl", "zakończył się nieoczekiwanie (kod -9)")],
)
def test_a_reader_that_dies_is_told_in_words_and_the_next_run_goes_on(
    machine: Machine, language: str, words: str
) -> None:
    package = machine.sample()
    died = subprocess.run(
        [sys.executable, "-c", _DYING, "--lang", language, "takeover", "receive", str(package)],
        env=machine.child_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert died.returncode == 1
    assert "TKO-E13" in died.stderr
    assert words in died.stderr
    assert "Traceback" not in died.stderr
    gone_on = machine.json("takeover", "receive", package)
    assert gone_on["state"] == "accepted"
    undisturbed = machine.json("takeover", "receive", package, "--anew")
    assert gone_on["statement"]["items_sha256"] == undisturbed["statement"]["items_sha256"]
    assert gone_on["statement"]["tally"]["kept"] == undisturbed["statement"]["tally"]["kept"]


def test_one_worker_reads_without_processes_that_could_die(machine: Machine) -> None:
    package = machine.sample()
    done = subprocess.run(
        [sys.executable, "-c", _DYING, "takeover", "receive", str(package)],
        env=machine.child_environment() | {"EDM_ARCHIVE_WORKERS": "1"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
