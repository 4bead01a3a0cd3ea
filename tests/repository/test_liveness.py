"""A process of this machine that has ended is known to have; of every other it is not said."""

import os
import subprocess
import threading
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from repository import liveness
from repository.liveness import new_name, surely_gone
from tests.peers.named import another, gone, with_part
from tests.repository.waiting import eventually

PLACES = {"host": 0, "run of the machine": 4, "namespace of numbers": 5, "namespace of times": 6}


def test_this_process_and_another_that_works_are_not_gone() -> None:
    assert not surely_gone(new_name())
    with another() as process:
        assert not surely_gone(process.name)


def test_no_two_names_are_the_same_and_a_thread_is_its_process() -> None:
    names = [new_name()]
    thread = threading.Thread(target=lambda: names.append(new_name()))
    thread.start()
    thread.join()
    assert len(set(names)) == 2
    assert not any(surely_gone(each) for each in names)
    assert with_part(names[0], 2, "") == with_part(names[1], 2, "")


def test_who_was_killed_is_gone_and_so_is_a_zombie() -> None:
    with another() as process:
        process.die()
        assert Path(f"/proc/{process.process.pid}").exists()
        assert surely_gone(process.name)
        process.bury()
        assert surely_gone(process.name)


def test_who_came_to_an_end_of_its_own_is_gone() -> None:
    with another() as process:
        process.process.communicate()
        assert process.process.returncode == 0
        assert surely_gone(process.name)


def test_who_is_stopped_is_not_gone() -> None:
    with another() as process:
        process.stop()
        assert not surely_gone(process.name)


def test_who_had_a_number_before_another_has_it_is_gone() -> None:
    with another() as process:
        began = int(process.name.split("/")[3])
        assert surely_gone(with_part(process.name, 3, str(began - 1)))
        assert not surely_gone(process.name)


def test_a_number_that_is_a_threads_now_is_no_process_of_then() -> None:
    ready, end = threading.Event(), threading.Event()

    def wait() -> None:
        ready.set()
        end.wait()

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        ready.wait()
        assert surely_gone(with_part(with_part(new_name(), 1, str(thread.native_id)), 3, "1"))
    finally:
        end.set()
        thread.join()


@pytest.mark.parametrize("place", PLACES)
def test_of_whoever_was_elsewhere_nothing_is_known(place: str) -> None:
    name = gone()
    assert surely_gone(name)
    assert not surely_gone(with_part(name, PLACES[place], "elsewhere"))


def test_of_whoever_named_itself_by_number_alone_nothing_is_known() -> None:
    name = gone()
    for parts in range(1, 7):
        assert not surely_gone("/".join(name.split("/")[:parts]))
    assert not surely_gone(f"{name}/more")
    assert not surely_gone(with_part(name, 1, "0"))
    assert not surely_gone(with_part(name, 1, "-1"))


@settings(max_examples=100, deadline=None)
@given(st.text() | st.lists(st.text(), min_size=7, max_size=7).map("/".join))
@example("")
@example("\0/1/0/1/\0/\0/\0")
def test_what_is_no_name_of_this_machine_is_nobody_who_is_gone(name: str) -> None:
    assert not surely_gone(name)


ENDING_LEADER = """
import ctypes, platform, sys, threading
from repository.liveness import new_name
print(new_name(), flush=True)
threading.Thread(target=sys.stdin.read).start()
number = {"x86_64": 60, "aarch64": 93}[platform.machine()]
ctypes.CDLL(None).syscall(number, 0)  # exit(2), which ends the one thread that calls it
"""


@pytest.mark.skipif(os.uname().machine not in ("x86_64", "aarch64"), reason="numbers of system calls: these two only")
def test_a_leader_that_has_ended_before_its_threads_is_not_gone() -> None:
    with another(before=ENDING_LEADER) as process:
        stat = Path(f"/proc/{process.process.pid}/stat")
        assert eventually(lambda: b") Z " in stat.read_bytes())
        assert not surely_gone(process.name)
        process.die()
        assert surely_gone(process.name)


def test_a_program_whose_name_looks_like_an_end_is_not_gone() -> None:
    with another(before="open('/proc/self/comm', 'w').write('x) Z 1 (y')\n") as process:
        assert b"(x) Z 1 (y)" in Path(f"/proc/{process.process.pid}/stat").read_bytes()
        assert not surely_gone(process.name)
        process.die()
        assert surely_gone(process.name)


def test_a_process_of_another_container_is_never_gone() -> None:
    enter = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc"]
    if subprocess.run([*enter, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody make a namespace of process numbers here")
    with another(*enter) as inside:
        assert len(inside.name.split("/")) == 7
        assert not surely_gone(inside.name)
        inside.process.communicate()
    assert not surely_gone(inside.name)


def test_where_proc_is_of_another_container_a_process_has_no_name_by_which_it_could_be_gone() -> None:
    enter = ["unshare", "--user", "--map-root-user", "--pid", "--fork"]
    if subprocess.run([*enter, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody make a namespace of process numbers here")
    with another(*enter) as inside:
        assert len(inside.name.split("/")) == 3
        assert not surely_gone(inside.name)


def test_where_there_is_no_proc_nobody_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = gone()
    monkeypatch.setattr(liveness, "_PROC", tmp_path)
    assert not surely_gone(name)
    assert len(new_name().split("/")) == 3


def test_where_proc_hides_the_processes_of_others_the_kernel_says_who_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with hidepid: there is no entry for anybody but oneself."""
    for each in ("self", "sys"):
        (tmp_path / each).symlink_to(f"/proc/{each}")
    with another() as process:
        monkeypatch.setattr(liveness, "_PROC", tmp_path)
        assert not surely_gone(process.name)
        process.die()
        assert not surely_gone(process.name)  # a zombie, which cannot be told from one that lives
        process.bury()
        assert surely_gone(process.name)
