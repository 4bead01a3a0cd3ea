"""Counts of several processes of a door are one sum that never goes down, whatever becomes of them."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from repository.adding_up import FORGOTTEN, Adding
from repository.adding_up import adding as adding_of
from repository.clock import now
from repository.measuring import FRESH, SUM, Counters, Family, folder_of, read

ASKED = "edm_asked"
# A process that has counted what its argument says and has told it, and then works on until it is killed.
WORKING = """
import sys, time
from pathlib import Path
from repository.adding_up import Adding
from repository.clock import now
from repository.measuring import Counters, Family
counters = Counters()
running = Family("edm_running", "gauge", "R.", (), [((), 1)])
counted = lambda: [counters.family("edm_asked", "A."), running]
mine = Adding(Path(sys.argv[1]), "http", counters, families=counted, clock=now)
counters.add("edm_asked", value=float(sys.argv[2]))
mine.tell()
print("told", flush=True)
time.sleep(120)
"""


class Process:
    """As one process does, in this one: locks of `flock` keep its places apart all the same."""

    def __init__(self, home: Path, *, running: int = 1, clock: object = now) -> None:
        self.counters = Counters()
        self.running = running
        self.adding = Adding(home, "http", self.counters, families=self.families, clock=clock)  # type: ignore[arg-type]

    def families(self) -> list[Family]:
        gauge = Family("edm_running", "gauge", "R.", (), [((), self.running)])
        return [self.counters.family(ASKED, "A."), gauge]

    def asked(self, times: int) -> None:
        self.counters.add(ASKED, value=times)

    def given(self, name: str = ASKED) -> float:
        (found,) = (each for each in self.adding.sums().families if each.name == name)
        return sum(value for _, value in found.samples)

    def die(self) -> None:
        """As by SIGKILL: the system takes the lock, and nothing more is written."""
        os.close(self.adding._lock)
        self.adding._lock, self.adding._place = -1, None


@contextmanager
def working(home: Path, count: int) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen([sys.executable, "-c", WORKING, str(home), str(count)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"told\n"
        yield process
    finally:
        process.kill()
        process.communicate(timeout=30)


def test_whoever_is_asked_gives_the_same_sums(tmp_path: Path) -> None:
    one, two = Process(tmp_path), Process(tmp_path)
    one.asked(3)
    assert one.given() == 3
    assert two.given() == 3  # and not what it has counted itself
    two.asked(4)
    assert [two.given(), one.given(), two.given()] == [7, 7, 7]
    assert one.given("edm_running") == 2
    assert one.adding.sums().processes == 2


def test_a_process_that_is_killed_still_counts_and_the_next_goes_on_from_it(tmp_path: Path) -> None:
    mine = Process(tmp_path)
    mine.asked(1)
    with working(tmp_path, 10) as first, working(tmp_path, 100):
        assert (mine.given(), mine.adding.sums().processes) == (111, 3)
        first.send_signal(signal.SIGKILL)
        first.wait(30)
        assert mine.given() == 111
        assert (mine.given("edm_running"), mine.adding.sums().processes) == (2, 2)  # it is known to be gone, at once
        with working(tmp_path, 1000):
            assert mine.given() == 1111
            assert mine.adding.sums().processes == 3  # it has the place of the one that was killed
    assert len(list(folder_of(tmp_path).rglob("*.json"))) == 3
    assert mine.given() == 1111


def test_a_restart_of_all_with_fewer_processes_goes_on(tmp_path: Path) -> None:
    before = [Process(tmp_path) for _ in range(3)]
    for each in before:
        each.asked(5)
        each.adding.close()
    after = Process(tmp_path)
    assert after.given() == 15
    after.asked(1)
    assert after.given() == 16
    assert after.given("edm_running") == 1  # nothing is open in processes that ended
    assert after.adding.sums().processes == 1


@settings(max_examples=25, deadline=None)
@given(steps=some.lists(some.tuples(some.sampled_from(["ask", "die", "stop", "start", "tell", "give"]),
                                    some.integers(0, 3)), max_size=25))  # fmt: skip
def test_no_sum_is_ever_less_than_one_before(
    steps: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("home")
    there, given_last = [Process(home)], 0.0
    for step, which in steps:
        one = there[which % len(there)]
        match step:
            case "ask":
                one.asked(which + 1)
            case "tell":
                one.adding.tell()
            case "start":
                there.append(Process(home))
            case "die" | "stop" if len(there) > 1:
                there.remove(one)
                if step == "die":
                    one.die()
                else:
                    one.adding.close()
            case "give":
                assert one.given() >= given_last
                given_last = one.given()
    for each in there:
        assert each.given() >= given_last
        each.adding.close()


def test_gauges_of_whoever_has_told_nothing_for_long_are_not_counted(tmp_path: Path) -> None:
    long_ago = datetime.fromtimestamp(time.time() - FRESH - 60, UTC)
    silent, mine = Process(tmp_path, running=7, clock=lambda: long_ago), Process(tmp_path, running=2)
    silent.asked(5)
    silent.adding.tell()
    assert (mine.given("edm_running"), mine.given()) == (2, 5)


def test_on_a_full_disk_a_process_gives_what_it_could_write_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = Process(tmp_path), Process(tmp_path)
    one.asked(3)
    assert two.given() + one.given() == 3
    opened = os.open

    def full(path: object, flags: int, *more: int) -> int:
        if flags & os.O_WRONLY:
            raise OSError(errno.ENOSPC, "No space left on device")
        return opened(path, flags, *more)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", full)
        one.asked(10)
        assert [one.given(), two.given(), one.given()] == [3, 3, 3]
    assert [one.given(), two.given()] == [13, 13]


def test_a_file_that_cannot_be_read_for_a_moment_counts_as_it_was(tmp_path: Path) -> None:
    one, two = Process(tmp_path), Process(tmp_path)
    one.asked(3)
    assert one.given() == two.given() == 3
    (file,) = (each for each in folder_of(tmp_path).rglob("1.json"))
    file.write_bytes(b"{")
    assert two.given() == 3
    file.unlink()
    assert two.given() == 3


def test_where_no_file_can_be_made_a_process_gives_its_own(tmp_path: Path) -> None:
    (tmp_path / "measures").write_text("a file")
    one, two = Process(tmp_path), Process(tmp_path)
    one.asked(3)
    assert (one.given(), two.given()) == (3, 0)
    one.adding.close()


def test_it_is_told_meanwhile_and_at_the_end(tmp_path: Path) -> None:
    counters, before = Counters(), set(threading.enumerate())
    with adding_of(
        tmp_path, "http", counters, families=lambda: [counters.family(ASKED, "A.")], clock=now, every=60
    ) as mine:
        counters.add(ASKED, value=4)
        assert mine.sums().processes == 1
        counters.add(ASKED, value=1)
    assert not any(each.name == "adding" for each in set(threading.enumerate()) - before)
    (file,) = folder_of(tmp_path).rglob("*.json")
    told = read(file)
    assert told is not None
    assert (told.number(ASKED), told.at) == (5, 0.0)


def test_homes_and_doors_are_kept_apart(tmp_path: Path) -> None:
    one, other = Process(tmp_path / "a"), Process(tmp_path / "b")
    one.asked(3)
    assert (one.given(), other.given()) == (3, 0)


def test_counts_of_another_shape_are_left_and_files_that_are_odd_break_nothing(tmp_path: Path) -> None:
    first = Process(tmp_path)
    first.asked(3)
    first.adding.close()
    (file,) = folder_of(tmp_path).rglob("*.json")
    body = json.loads(file.read_text())
    body["families"] = [
        [ASKED, "counter", "A.", [], [[[], 2], [["too", "many"], 5], [[], float("nan")], [[], -1]]],
        [["no", "name"], "counter", "N.", [], []],
        ["edm_running", "counter", "another kind", [], [[[], 9]]],
    ]
    file.write_text(json.dumps(body))
    assert Process(tmp_path).given() == 2  # it has the place
    assert Process(tmp_path).given() == 2  # it reads it from another


def test_machines_that_are_no_more_are_forgotten_and_others_are_not(tmp_path: Path) -> None:
    for name in ("old", "silent"):
        (tmp_path / "measures" / name / "http").mkdir(parents=True)
        (tmp_path / "measures" / name / "http" / "1.json").write_text("{}")
    past = time.time() - FORGOTTEN - 60
    for each in [*(tmp_path / "measures" / "old").rglob("*"), tmp_path / "measures" / "old"]:
        os.utime(each, (past, past))
    with adding_of(tmp_path, "http", Counters(), families=list, clock=now):
        assert {each.name for each in (tmp_path / "measures").iterdir()} == {"silent", folder_of(tmp_path).name}


def test_a_histogram_is_added_by_its_bounds(tmp_path: Path) -> None:
    def of(*values: float) -> Adding:
        samples = [(("r", "0.1"), values[0]), (("r", "+Inf"), values[1]), (("r", SUM), values[2])]
        family = Family("edm_s", "histogram", "S.", ("route", "le"), samples)
        return Adding(tmp_path, "http", Counters(), families=lambda: [family], clock=now)

    one, two = of(1, 2, 3.5), of(10, 0, 0.5)
    two.tell()
    (found,) = one.sums().families
    assert dict(found.samples) == {("r", "0.1"): 11, ("r", "+Inf"): 2, ("r", SUM): 4.0}
