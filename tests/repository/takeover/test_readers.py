"""Processes that read a package: they give what reading here gives, and leave nothing behind, however it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.domain.takeover import Disposition, Item
from repository.errors import HomeBusy
from repository.home_lock import sole_writer
from repository.intake import Order, receive, statement_of
from repository.packages.errors import PackageChanged
from repository.packages.package import HandoverPackage, open_package
from repository.samples.building import build_sample
from repository.takeover import readers as rooms
from repository.takeover.arriving import SMALL, Arrival, arrive, arrive_all
from repository.takeover.errors import ReaderDied
from repository.takeover.readers import AHEAD, MOST, Asked, Readers, readers_for
from repository.takeover.reading import in_order
from tests.builders.archives import write_files
from tests.builders.cda import clinical_document
from tests.builders.dicom import data_set, part10
from tests.builders.homes import at_home, new_home

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


_PARENT = """
import sys, time
from pathlib import Path
from repository.errors import HomeBusy
from repository.home_lock import sole_writer
from repository.packages.package import open_package
from repository.takeover.readers import Readers
home, folder = map(Path, sys.argv[1:])
with sole_writer(home), open_package(folder) as package, Readers(package, count=2, home=home) as readers:
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


def test_a_takeover_with_readers_is_the_same_as_one_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "package"
    build_sample(source, patients=3, images=3, image_bytes=4096, damage=True)
    made = list[int]()
    begin = Readers.__init__

    def noting(self: Readers, package: HandoverPackage, *, count: int, home: Path) -> None:
        made.append(count)
        begin(self, package, count=count, home=home)

    monkeypatch.setattr(Readers, "__init__", noting)
    outcomes = []
    for forking in (False, True):
        (tmp_path / str(forking)).mkdir()
        with at_home(new_home(tmp_path / str(forking))) as archive:
            takeover = receive(archive, Order(source), progress=lambda _: None, forking=forking)
            items = list(archive.catalogue.items(takeover.number))
            holdings = [archive.catalogue.holding(takeover.number, each.ordinal) for each in items if kept(each)]
            said = [(each.ordinal, each.path, each.patient, each.sha256, each.description) for each in holdings]
            outcomes.append((takeover.state, statement_of(archive, takeover), items, said))
    assert outcomes[0] == outcomes[1]
    assert made == [1]


def kept(item: Item) -> bool:
    return item.disposition in {Disposition.KEPT, Disposition.ALTERED, Disposition.UNEXPECTED}
