"""The unit that is shipped is one that systemd understands, and leaves the service little to reach."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cli.failures import TERMINATED

UNIT = Path(__file__).resolve().parents[2] / "deploy" / "edm-archive.service"
MOST_EXPOSED = 1.5  # of 10, as systemd-analyze counts; a service that may reach the network has 0.8 at least

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed (Debian: systemd)"
)


def analysed(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)


def installed(folder: Path) -> Path:
    """The unit with a program that is there: nothing of the archive is installed under /opt here."""
    made = folder / UNIT.name
    text = UNIT.read_text()
    assert "ExecStart=/opt/edm-archive/bin/edm-archive serve\n" in text
    made.write_text(text.replace("ExecStart=/opt/edm-archive/bin/edm-archive", f"ExecStart={shutil.which('true')}"))
    return made


def test_systemd_understands_every_line(tmp_path: Path) -> None:
    done = analysed("verify", "--man=no", str(installed(tmp_path)))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_to_be_stopped_is_no_failure_and_anything_else_is_tried_again() -> None:
    """`serve` that is stopped while it starts ends as every verb does."""
    lines = [line for line in UNIT.read_text().splitlines() if line.startswith(("SuccessExitStatus=", "Restart="))]
    assert sorted(lines) == ["Restart=on-failure", f"SuccessExitStatus={TERMINATED}"]


def test_a_line_that_it_does_not_understand_would_be_told(tmp_path: Path) -> None:
    unit = installed(tmp_path)
    unit.write_text(unit.read_text().replace("ProtectProc=invisible", "ProtectProk=invisible"))
    assert "ProtectProk" in analysed("verify", "--man=no", str(unit)).stderr


def test_the_service_can_reach_little(tmp_path: Path) -> None:
    done = analysed("security", "--offline=true", "--no-pager", str(installed(tmp_path)))
    if "unrecognized option '--offline" in done.stderr:  # before systemd 250
        pytest.skip("this systemd-analyze is older than 250 and judges no unit that is not loaded")
    found = re.search(r"Overall exposure level for edm-archive\.service: ([0-9.]+)", done.stdout)
    assert found is not None, done.stdout + done.stderr
    assert float(found[1]) <= MOST_EXPOSED
