"""The file that holds a session: where it is, and for whose eyes."""

import os
import stat
from pathlib import Path

import pytest

from cli import identity
from storage.ids import new_id
from tests.cli.reception import Desk
from tests.cli.running import Machine


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_session_file_that_others_can_read_is_refused(desk: Desk, mode: int) -> None:
    desk.boss()
    token = desk.file.read_text().strip()
    desk.file.chmod(mode)
    result = desk.typing("user", "list", code=2)
    assert "PPL-021" in result.stderr
    assert f"chmod 600 {desk.file}" in result.stderr
    assert token not in result.output


def test_the_session_of_another_archive_is_none_here(desk: Desk, tmp_path: Path) -> None:
    desk.boss()
    folder = tmp_path / new_id().hex
    folder.mkdir()
    other = Machine(folder, dict(desk.machine.more)).founded()
    assert "PPL-002" in other.done("user", "list", code=2).stderr


def test_without_the_variable_the_session_is_kept_below_the_home_of_its_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(identity.VARIABLE, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert identity.session_file() == tmp_path / ".config" / "edm-archive" / "session"
    assert identity.keep("token").read_text() == "token\n"
    assert stat.S_IMODE(identity.session_file().parent.stat().st_mode) == 0o700


def test_a_session_file_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "session"
    file.write_text("token\n")
    file.chmod(0o600)
    assert identity.read_owned(file) == "token\n"
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(identity.PrivateFileExposed):
        identity.read_owned(file)
