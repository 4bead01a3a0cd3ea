"""A store on folders against full and read-only disks, and against kill -9. Small disks are mounted: as root only."""

import resource
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from storage.errors import ObjectMissing, StoreFull, StoreReadOnly
from storage.objects.filesystem import FilesystemStore
from tests.faults.mounts import disk
from tests.storage.objects.test_filesystem import incoming

PROJECT = Path(__file__).parents[3]


def test_a_full_disk_is_said_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", size="2m") as small:
        store = FilesystemStore(small.path / "objects")
        try:
            store.put("small", [b"kept"])
            for parts in ([bytes(3 << 20)], (bytes(65_536) for _ in range(48))):
                with pytest.raises(StoreFull):
                    store.put("large", parts)
            assert incoming(small.path / "objects") == []
            assert [found.key for found in store.list()] == ["small"]
            store.put("large", [bytes(1 << 20)])  # the room was given back
        finally:
            store.close()


def test_a_limit_on_file_sizes_is_a_full_store(tmp_path: Path) -> None:
    program = f"""
        import resource, sys
        from pathlib import Path
        from storage.errors import StoreFull
        from storage.objects.filesystem import FilesystemStore
        store = FilesystemStore(Path({str(tmp_path / "o")!r}))
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            store.put("a/large", [bytes(60_000), bytes(60_000)])
        except StoreFull:
            sys.exit(0 if not list(store.list()) else 1)
        sys.exit(2)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], cwd=PROJECT, check=False)
    assert done.returncode == 0
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 100_000


def test_a_read_only_disk_is_read_and_refuses_writes(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", size="2m") as small:
        FilesystemStore(small.path / "objects").put("a/o", [b"kept"])
        small.remount("ro")
        store = FilesystemStore(small.path / "objects", create=False)
        try:
            with store.open("a/o") as reader:
                assert reader.read() == b"kept"
            for write in (lambda: store.put("a/p", [b"x"]), lambda: store.delete("a/o")):
                with pytest.raises(StoreReadOnly):
                    write()
            with pytest.raises(StoreReadOnly):
                FilesystemStore(small.path / "other")
        finally:
            store.close()


WRITER = """
    import sys, time
    from pathlib import Path
    from storage.objects.filesystem import FilesystemStore
    def parts():
        yield bytes(1 << 20)
        print("writing", flush=True)
        time.sleep(600)
    FilesystemStore(Path(sys.argv[1])).put("t/victim", parts())
"""


@contextmanager
def writer(root: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process, half-way through a put."""
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(root)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"writing\n"
            yield process
        finally:
            process.kill()


def test_a_writer_killed_half_way_leaves_no_object_and_is_swept_up_after(store: FilesystemStore, root: Path) -> None:
    with writer(root) as process:
        assert store.sweep_incoming() == 0  # it lives: what it writes is not ours to remove
        assert len(incoming(root)) == 1
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
    assert list(store.list()) == []
    with pytest.raises(ObjectMissing):
        store.stat("t/victim")
    assert len(incoming(root)) == 1
    assert store.sweep_incoming() == 1
    assert incoming(root) == []
    store.put("t/victim", [b"whole"])


def test_sweeping_beside_writers_takes_nothing_of_theirs(store: FilesystemStore) -> None:
    done = threading.Event()
    failures: list[BaseException] = []

    def caught(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as failure:  # noqa: BLE001  told by the main thread
            failures.append(failure)

    def write(writer: int) -> None:
        for turn in range(60):
            store.put(f"w{writer}-{turn}", [b"x"])

    def sweep() -> None:
        while not done.is_set():
            store.sweep_incoming()  # may take a file in the instant before its lock; its writer then takes another

    sweeper = threading.Thread(target=caught, args=(sweep,))
    writers = [threading.Thread(target=caught, args=(lambda number=number: write(number),)) for number in range(3)]
    for thread in (sweeper, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    sweeper.join()
    assert failures == []
    assert len(list(store.list())) == 180
