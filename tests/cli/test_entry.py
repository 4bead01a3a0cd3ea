"""Ctrl-C before a verb has begun shows nothing of Python. The process sends the signal to itself, at a place of the
test's choice."""

import subprocess
import sys
import tomllib

import pytest

from cli.entry import INTERRUPTED, TERMINATED
from cli.failures import INTERRUPTED as TOLD_INTERRUPTED
from cli.failures import TERMINATED as TOLD_TERMINATED
from tests.cli.running import ROOT, clean_environment

WHILE_IMPORTING = """
class Sends:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            print("sent", flush=True)
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Sends())
"""
ONCE_IMPORTED = """
import cli.main
cli.main.keep_freed_memory = lambda: signal.raise_signal(signal.Signals[{name!r}])
"""
ENTRY = """
sys.argv = ["edm-archive", "--version"]
from cli.entry import main
main()
"""


def ended(*parts: str) -> subprocess.CompletedProcess[str]:
    program = "import signal, sys\n" + "".join(parts) + ENTRY
    return subprocess.run(
        [sys.executable, "-c", program], env=clean_environment(), capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("module", ["cli.main", "typer", "cli.screen"])
def test_an_interruption_while_it_is_imported_ends_the_command_in_silence(module: str) -> None:
    came = ended(WHILE_IMPORTING.format(module=module))
    assert (came.returncode, came.stdout, came.stderr) == (130, "sent\n", "")


def test_so_does_one_between_that_and_the_verb() -> None:
    came = ended(ONCE_IMPORTED.format(name="SIGINT"))
    assert (came.returncode, came.stdout, came.stderr) == (130, "", "")


def test_who_has_it_ignored_is_not_stopped() -> None:
    came = ended("signal.signal(signal.SIGINT, signal.SIG_IGN)\n", WHILE_IMPORTING.format(module="typer"))
    assert (came.returncode, came.stderr) == (0, "")
    assert came.stdout.startswith("sent\nedm-archive ")


def test_the_entry_imports_nothing_that_takes_time() -> None:
    program = "import sys\nbefore = set(sys.modules)\nimport cli.entry\nprint(*sorted(set(sys.modules) - before))"
    told = subprocess.run([sys.executable, "-Sc", program], env=clean_environment(), capture_output=True, check=True)
    names = set(told.stdout.decode().split())
    assert {name for name in names if name.partition(".")[0] not in sys.stdlib_module_names} == {"cli", "cli.entry"}
    assert names.isdisjoint({"typing", "pathlib", "re", "logging", "contextlib"})


def test_the_command_that_is_installed_begins_there() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert told["project"]["scripts"] == {"edm-archive": "cli.entry:main"}
    assert (INTERRUPTED, TERMINATED) == (TOLD_INTERRUPTED, TOLD_TERMINATED)
