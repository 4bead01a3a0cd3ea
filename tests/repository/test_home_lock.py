"""One writer at a time, also when a writer dies."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from repository.errors import HomeBusy, HomeForbidden, HomeInUse, HomeUnderRebuild
from repository.home_lock import in_use, sole_writer, unused
from tests.builders.unprivileged import Unprivileged

HOLD = """
import sys, time
from pathlib import Path
from repository.home_lock import sole_writer
with sole_writer(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_writer_is_told_who_holds_the_archive(tmp_path: Path) -> None:
    with sole_writer(tmp_path), pytest.raises(HomeBusy, match=str(os.getpid())), sole_writer(tmp_path):
        pass


def test_the_archive_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with sole_writer(tmp_path):
            assert (tmp_path / "lock").exists()


def test_a_killed_writer_holds_nothing(tmp_path: Path) -> None:
    running = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    assert running.stdout.readline() == "held\n"
    with pytest.raises(HomeBusy, match=str(running.pid)), sole_writer(tmp_path):
        pass
    running.send_signal(signal.SIGKILL)
    running.wait(60)
    running.stdout.close()
    with sole_writer(tmp_path):
        assert (tmp_path / "lock").read_text().strip() == str(os.getpid())


def test_a_home_that_is_not_there_cannot_be_locked(tmp_path: Path) -> None:
    with pytest.raises(HomeForbidden, match="ENOENT"), sole_writer(tmp_path / "nowhere"):
        pass


@pytest.mark.parametrize(("name", "lock"), [("lock", sole_writer), ("in-use", in_use), ("in-use", unused)])
def test_a_lock_that_may_not_be_written_is_told_as_that(
    tmp_path: Path, name: str, lock: Callable[[Path], AbstractContextManager[None]]
) -> None:
    (tmp_path / name).touch(mode=0)
    with Unprivileged(), pytest.raises(HomeForbidden, match="EACCES") as told, lock(tmp_path):
        pass
    assert "account" in told.value.advice.en
    assert "backup" not in told.value.advice.en


def test_many_may_use_a_home_and_nobody_replaces_it_meanwhile(tmp_path: Path) -> None:
    with in_use(tmp_path), in_use(tmp_path), sole_writer(tmp_path), pytest.raises(HomeInUse), unused(tmp_path):
        pass
    with unused(tmp_path), pytest.raises(HomeUnderRebuild, match=str(os.getpid())), in_use(tmp_path):
        pass
    with in_use(tmp_path):
        pass


def test_an_error_of_what_is_done_meanwhile_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(HomeBusy), unused(tmp_path):
        raise HomeBusy(home="x", pid="1")
