"""Each harness runs for some thousand inputs, and would find a fault if there were one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNS = 3000
pytestmark = pytest.mark.skipif(sys.version_info >= (3, 14), reason="atheris is not there for this Python")


def fuzzed(code: str, folder: Path, *options: str) -> subprocess.CompletedProcess[bytes]:
    """A harness in a process of its own: libFuzzer takes over signals and ends the process."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
    options = (*options, "-seed=1", "-timeout=20", f"-artifact_prefix={folder}/")
    return subprocess.run(
        [sys.executable, *code.split(" ", 1), *options],
        cwd=ROOT,
        env=environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("name", ["multipart", "accepting", "pdus"])
def test_nothing_is_found(name: str, tmp_path: Path) -> None:
    ended = fuzzed(f"-m tests.fuzz.{name}", tmp_path, f"-runs={RUNS}")
    assert ended.returncode == 0, ended.stderr[-2000:].decode(errors="replace")
    assert list(tmp_path.iterdir()) == []
    assert f"Done {RUNS}".encode() in ended.stderr


def test_a_fault_would_be_found(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text(
        "import sys\n"
        "import tests.fuzz.multipart as harness\n"
        "harness.MOST_HELD = 0\n"  # as if nothing might be held
        "harness.run(harness.one, sys.argv)\n"
    )
    found = fuzzed(str(broken), tmp_path, "-runs=100000")
    assert found.returncode != 0
    assert b"AssertionError" in found.stderr + found.stdout
