"""What the machine and people do to an intake: full and read-only disks, wrong clocks, changing packages."""

import multiprocessing
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from repository.catalogue.errors import CatalogueFull
from repository.domain.takeover import Disposition, State
from repository.errors import HomeBusy
from repository.home_lock import sole_writer
from repository.intake import Order, receive
from repository.packages.errors import PackageChanged
from repository.samples.building import build_sample
from repository.takeover.receiving import Progress
from storage.errors import StoreFull, StoreReadOnly
from tests.builders.homes import assert_whole, at_home, clinic_package, new_home, plain_package
from tests.faults.mounts import disk

SECONDS = 60.0


def silent(_: Progress) -> None:
    pass


def some_package(folder: Path) -> Path:
    """Three megabytes, in packs of a dozen patients and of nobody."""
    clinic_package(folder, patients=12, others=30)
    for number in range(6):
        (folder / f"large-{number}.bin").write_bytes(os.urandom(500_000))
    return folder


def test_a_full_store_stops_an_intake_which_goes_on_when_there_is_room(tmp_path: Path) -> None:
    package = some_package(tmp_path / "package")
    with disk(tmp_path / "disk", size="1m") as small:
        settings = new_home(tmp_path, store=f"file://{small.path / 'objects'}")
        with at_home(settings) as archive:
            with pytest.raises(StoreFull):
                receive(archive, Order(package), progress=silent)
            assert archive.catalogue.takeovers()[0].state is State.RECEIVING
            small.remount("size=64m")
            assert_whole(archive, receive(archive, Order(package), progress=silent), package)


def test_a_full_disk_of_the_whole_home_stops_it_at_any_size_and_it_goes_on(tmp_path: Path) -> None:
    """The disk grows by a little each time, so that something else does not fit each time."""
    package, faults = some_package(tmp_path / "package"), []
    with disk(tmp_path / "disk", size="4m") as small:
        settings = new_home(small.path)
        small.remount("size=1200k")
        for size in range(1200, 12_000, 400):
            small.remount(f"size={size}k")
            try:
                with at_home(settings) as archive:
                    takeover = receive(archive, Order(package), progress=silent)
            except (StoreFull, CatalogueFull) as fault:
                faults.append(type(fault))
            else:
                break
        small.remount("size=64m")
        with at_home(settings) as archive:
            assert receive(archive, Order(package), progress=silent) == takeover
            assert_whole(archive, takeover, package)
    assert faults


def test_a_read_only_store_stops_an_intake_which_goes_on_when_it_is_writable(tmp_path: Path) -> None:
    package = plain_package(tmp_path / "package", files=20, copies=2)
    with disk(tmp_path / "disk", size="16m") as small:
        settings = new_home(tmp_path, store=f"file://{small.path / 'objects'}")
        small.remount("ro")
        with at_home(settings) as archive, pytest.raises(StoreReadOnly):
            receive(archive, Order(package), progress=silent)
        small.remount("rw")
        with at_home(settings) as archive:
            assert_whole(archive, receive(archive, Order(package), progress=silent), package)


class Enough(Exception):
    """The test has seen enough of this run."""


def test_a_clock_that_runs_backwards_between_two_runs_harms_nothing(tmp_path: Path) -> None:
    package = tmp_path / "package"
    build_sample(package, patients=3, images=2, damage=True)
    settings = new_home(tmp_path)

    def stop(so_far: Progress) -> None:
        if so_far.items > 5:
            raise Enough

    with at_home(settings, clock=lambda: datetime(2026, 5, 1, tzinfo=UTC)) as archive, pytest.raises(Enough):
        receive(archive, Order(package), progress=stop)
    with at_home(settings, clock=lambda: datetime(2019, 1, 1, tzinfo=UTC)) as archive:
        takeover = receive(archive, Order(package), progress=silent)
        assert (takeover.opened_at, takeover.closed_at) == ("2026-05-01T00:00:00Z", "2019-01-01T00:00:00Z")
        assert_whole(archive, takeover, package)


def test_a_package_that_changes_on_the_way_is_not_concluded_until_it_is_as_it_was(tmp_path: Path) -> None:
    package = tmp_path / "package"
    build_sample(package, patients=20, images=0)
    touched = max(path for path in (package / "data").rglob("*") if path.is_file())
    original = touched.read_bytes()

    def spoil(_: Progress) -> None:
        touched.write_bytes(original + b"\n")

    with at_home(new_home(tmp_path)) as archive:
        with pytest.raises(PackageChanged) as told:
            receive(archive, Order(package), progress=spoil)
        assert told.value.exit_code == 6
        assert archive.catalogue.takeovers()[0].state is State.RECEIVING
        touched.write_bytes(original)
        takeover = receive(archive, Order(package), progress=silent)
        assert takeover.state is State.ACCEPTED
        assert len(archive.catalogue.takeovers()) == 1
        assert_whole(archive, takeover, package)


def test_a_file_that_cannot_be_read_is_named_and_the_rest_is_taken_over() -> None:
    with as_nobody() as folder:
        package = plain_package(folder / "package", files=10)
        (package / "00004.bin").chmod(0)
        with at_home(new_home(folder)) as archive:
            takeover = receive(archive, Order(package), progress=silent)
            (package / "00004.bin").chmod(0o600)
            assert takeover.state is State.ACCEPTED_WITH_EXCEPTIONS
            items = {item.path: item for item in archive.catalogue.items(takeover.number)}
            assert items["00004.bin"].disposition is Disposition.MISSING
            assert items["00004.bin"].reason
            assert [item.disposition for item in items.values()].count(Disposition.KEPT) == 9
            assert_whole(archive, takeover, package)


@contextmanager
def as_nobody() -> Iterator[Path]:
    """A folder, and an account that has no right to everything: root gives up its own for the while."""
    folder = Path(tempfile.mkdtemp(prefix="edm-fault-"))
    root = os.geteuid() == 0
    try:
        if root:
            _warm_up(folder / "warm")
            shutil.chown(folder, "nobody", "nogroup")
            os.seteuid(65534)
        yield folder
    finally:
        if root:
            os.seteuid(0)
        shutil.rmtree(folder)


def _warm_up(folder: Path) -> None:
    """What is imported when it is first needed may be where only root can read."""
    package = plain_package(folder / "package", files=2)
    with at_home(new_home(folder)) as archive:
        assert_whole(archive, receive(archive, Order(package), progress=silent), package)


def hold(home: Path, held: Event) -> None:
    with sole_writer(home):
        held.set()
        signal.pause()


def test_a_second_process_on_the_same_home_is_told_which_one_is_the_first(tmp_path: Path) -> None:
    settings = new_home(tmp_path)
    context = multiprocessing.get_context("forkserver")
    held = context.Event()
    first = context.Process(target=hold, args=(settings.home, held))
    first.start()
    try:
        assert held.wait(SECONDS)
        with pytest.raises(HomeBusy) as told, sole_writer(settings.home):
            raise AssertionError("two have it")
        assert told.value.fields["pid"] == str(first.pid)
    finally:
        first.kill()  # the lock ends with the process, however that ends
        first.join(SECONDS)
    with sole_writer(settings.home):
        pass
