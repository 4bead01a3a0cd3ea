"""Processes that read a package: they give what reading here gives, and leave nothing behind, however it ends."""

import errno
import gc
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from multiprocessing.context import ForkProcess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.domain.takeover import Disposition, Item
from repository.errors import HomeBusy
from repository.home_lock import sole_writer
from repository.packages.errors import PackageChanged
from repository.packages.guard import Limits
from repository.packages.package import HandoverPackage, open_package
from repository.takeover import readers as rooms
from repository.takeover.arriving import SMALL, Arrival, arrive, arrive_all
from repository.takeover.errors import ReaderDied
from repository.takeover.packing import LIGHT
from repository.takeover.readers import AHEAD, MOST, SLOT, Asked, Readers, readers_for
from repository.takeover.reading import in_order, is_light
from repository.takeover.receiving import BATCH_ITEMS
from tests.builders.archives import write_files
from tests.builders.cda import clinical_document
from tests.builders.dicom import data_set, part10

pytestmark = pytest.mark.requirement("R463-6.1")
PATIENCE = 30.0  # seconds in which a process must have ended


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of everything: an image, a document, an image without an end, nothing, what nobody knows, what is hostile,
    what is too large to be held."""
    place = tmp_path_factory.mktemp("packages") / "all"
    image = part10(data_set(1))
    hostile = b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"
    contents = [image, clinical_document(1), image[:-9], b"", b"\1\2\3", hostile, bytes(SMALL + 5)]
    write_files(place, {f"{number:02}": content for number, content in enumerate(contents * 3)})
    return place


@pytest.fixture
def package(folder: Path) -> Iterator[HandoverPackage]:
    with open_package(folder) as opened:
        yield opened


def seen(arrived: Sequence[Arrival | Item]) -> list[object]:
    """All that can be seen of arrivals, the bytes of streamed ones included."""
    return [
        each
        if isinstance(each, Item)
        else (replace(each, reopen=None, says=b""), each.reopen and b"".join(each.reopen()))
        for each in arrived
    ]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 7), max_size=9), st.integers(1, 3))
def test_readers_give_what_reading_here_gives(folder: Path, sizes: list[int], count: int) -> None:
    with open_package(folder) as package, Readers(package, count=count, home=folder) as readers:
        items = [item for item in package.items() if item.disposition is Disposition.PENDING] * 3
        batches = []
        for size in sizes:
            batches.append(items[:size])
            items = items[size:]
        asked = list[tuple[list[Item], Asked]]()
        for batch in batches:
            if not readers.free:
                first, answer = asked.pop(0)
                assert seen(answer.result()) == seen([arrive(package, item) for item in first])
            asked.append((batch, readers.ask(batch)))
        for batch, answer in asked:
            assert seen(answer.result()) == seen([arrive(package, item) for item in batch])
        assert readers.slots == count * AHEAD


def test_a_package_that_changes_is_noticed_by_a_reader_and_told_here(tmp_path: Path) -> None:
    write_files(tmp_path / "p", {"a": b"1", "b": b"2"})
    with open_package(tmp_path / "p") as package, Readers(package, count=1, home=tmp_path) as readers:
        (tmp_path / "p" / "b").write_bytes(b"another")
        with pytest.raises(PackageChanged) as told:
            readers.ask(list(package.items())).result()
        assert told.value.fields == {"path": str(tmp_path / "p")}


def test_what_goes_wrong_in_a_reader_is_told_without_its_words(
    package: HandoverPackage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_package: HandoverPackage, _items: Sequence[Item]) -> list[Arrival | Item]:
        raise LookupError("Kowalski")

    monkeypatch.setattr(rooms, "arrive_all", failing)
    with Readers(package, count=1, home=folder) as readers, pytest.raises(RuntimeError) as told:
        readers.ask(list(package.items())[:1]).result()
    assert "LookupError" in str(told.value)
    assert "Kowalski" not in str(told.value)


def test_a_reader_that_dies_is_told_by_how_it_died(package: HandoverPackage, folder: Path) -> None:
    with Readers(package, count=1, home=folder) as readers:
        first = readers.ask(list(package.items())[:2])
        first.result()
        os.kill(readers._processes[0].pid or 0, signal.SIGKILL)
        readers._processes[0].join()
        with pytest.raises(ReaderDied) as told:
            readers.ask(list(package.items())[:2]).result()
    assert told.value.fields == {"code": "-9"}


def test_readers_end_with_their_block_also_where_they_have_not_answered(package: HandoverPackage, folder: Path) -> None:
    with Readers(package, count=2, home=folder) as readers:
        for _ in range(readers.slots):
            readers.ask(list(package.items()))
        processes = readers._processes
    assert [each.is_alive() for each in processes] == [False, False]


def test_a_reader_keeps_no_file_of_the_home_open(tmp_path: Path, package: HandoverPackage) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with sole_writer(home), Readers(package, count=1, home=home) as readers:
        readers.ask(list(package.items())[:1]).result()
        place = Path(f"/proc/{readers._processes[0].pid}/fd")
        open_there = [str(each.readlink()) for each in place.iterdir() if each.is_symlink()]
        assert not [each for each in open_there if each.startswith(str(home))]
        with pytest.raises(HomeBusy), sole_writer(home):
            pass  # ours, as before


_SIGNALLED_AT_ONCE = """
import os, signal, sys
from pathlib import Path
from repository.packages.package import open_package
from repository.takeover.readers import Readers
os.register_at_fork(after_in_child=lambda: os.kill(os.getpid(), signal.SIGINT))
folder = Path(sys.argv[1])
with open_package(folder) as package, Readers(package, count=2, home=folder) as readers:
    print(len(readers.ask(list(package.items())[:3]).result()))
"""


def test_a_reader_is_deaf_to_an_interruption_from_its_first_moment(folder: Path) -> None:
    arguments = [sys.executable, "-c", _SIGNALLED_AT_ONCE, str(folder)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "3\n", "")


@pytest.mark.parametrize("started", [0, 1])
def test_as_many_read_as_the_machine_lets_start(
    tmp_path: Path, folder: Path, started: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process is not refused by the machine, which does so to nobody who may do everything, but in its place."""
    left = iter([None] * started)
    start = ForkProcess.start

    def starting(self: ForkProcess) -> None:
        if next(left, self) is self:
            raise BlockingIOError(errno.EAGAIN, "no more processes")
        start(self)

    monkeypatch.setattr(ForkProcess, "start", starting)
    with open_package(folder) as package, Readers(package, count=3, home=tmp_path) as readers:
        assert (readers.slots, readers.free) == (started * AHEAD, started > 0)
        items = [item for item in package.items() if item.size <= SMALL]
        with ThreadPoolExecutor(1) as pool:
            came = list(in_order(partial(arrive_all, package), [items] * 9, pool=pool, readers=readers, ahead=1))
        assert [seen(each) for each in came] == [seen(arrive_all(package, items))] * 9


def test_nothing_is_left_frozen_behind_readers(package: HandoverPackage, folder: Path) -> None:
    with Readers(package, count=1, home=folder):
        assert gc.get_freeze_count()
    assert not gc.get_freeze_count()


def test_the_largest_light_batch_fits_its_slot_and_disturbs_no_other(tmp_path: Path) -> None:
    """64 items that average just under 64 KiB, with the longest paths that are taken and all digests declared."""
    digests = {"sha512": "a" * 128, "sha384": "b" * 96, "sha256": "c" * 64, "sha224": "d" * 56, "sha1": "e" * 40}
    deep = "/".join("ł" * 60 for _ in range(8))
    sizes = [LIGHT] * (BATCH_ITEMS - 1) + [LIGHT - 1]
    write_files(tmp_path / "p", {f"{deep}/{at:02}": bytes([at]) * size for at, size in enumerate(sizes * 2)})
    with open_package(tmp_path / "p") as package, Readers(package, count=1, home=tmp_path) as readers:
        items = [replace(item, declared=True, declared_digests=digests) for item in package.items()]
        batches = items[:BATCH_ITEMS], items[BATCH_ITEMS:]
        assert all(is_light(items=BATCH_ITEMS, size=sum(item.size for item in batch)) for batch in batches)
        asked = [readers.ask(batch) for batch in batches]
        for batch, answer in zip(batches, asked, strict=True):
            assert seen(answer.result()) == seen(arrive_all(package, batch))
    assert sum(sizes) + BATCH_ITEMS <= SLOT  # each may be a byte longer than listed
    longest = [replace(item, path=item.path.ljust(Limits().path_bytes, "x")) for item in batches[0]]
    assert len(pickle.dumps(longest, pickle.HIGHEST_PROTOCOL)) < SLOT


_PARENT = """
import sys, time
from pathlib import Path
from repository.errors import HomeBusy
from repository.home_lock import sole_writer
from repository.packages.package import open_package
from repository.takeover.readers import Readers
home, folder = map(Path, sys.argv[1:])
with sole_writer(home), open_package(folder) as package, Readers(package, count=2, home=home) as readers:
    for each in [readers.ask([]), readers.ask([])]:
        each.result()  # both have settled down; in the moment before that, a reader still has what its parent has
    print(*(each.pid for each in readers._processes), flush=True)
    time.sleep(60)
"""


def test_readers_end_with_a_parent_that_is_killed_and_the_home_is_free_at_once(tmp_path: Path, folder: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    arguments = [sys.executable, "-c", _PARENT, str(home), str(folder)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        children = [int(each) for each in parent.stdout.readline().split()]
        parent.kill()
        parent.wait()
        with sole_writer(home):
            pass
    assert len(children) == 2
    until = time.monotonic() + PATIENCE
    while any(is_running(each) for each in children):
        assert time.monotonic() < until
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    """Whether there is such a process that has not ended; nobody may yet have asked how it ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize(("workers", "count"), [(1, 0), (2, 1), (3, 1), (8, 4), (64, MOST)])
def test_half_of_the_workers_read(package: HandoverPackage, workers: int, count: int) -> None:
    assert readers_for(package, workers=workers) == count


def test_nobody_else_reads_what_can_only_be_read_forwards(package: HandoverPackage) -> None:
    package.form = "tar.gz"
    assert readers_for(package, workers=8) == 0


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 20), max_size=8), st.booleans(), st.integers(0, 3))
def test_batches_come_in_their_order_whoever_reads_them(
    folder: Path, sizes: list[int], with_readers: bool, ahead: int
) -> None:
    with ExitStack() as stack:
        package = stack.enter_context(open_package(folder))
        readers = stack.enter_context(Readers(package, count=1, home=folder)) if with_readers else None
        pool = stack.enter_context(ThreadPoolExecutor(2))
        items = [item for item in package.items() if item.disposition is Disposition.PENDING]
        batches = [items[at % len(items) :][:size] for at, size in enumerate(sizes)]
        work = partial(arrive_all, package)
        given_out = in_order(work, batches, pool=pool, readers=readers, ahead=ahead)
        came = [[each.item if isinstance(each, Arrival) else each for each in arrived] for arrived in given_out]
        assert [[each.ordinal for each in arrived] for arrived in came] == [
            [each.ordinal for each in batch] for batch in batches
        ]
