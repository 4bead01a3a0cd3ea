"""Who has an archive's home: one writer at a time, and nobody at all while its catalogue is replaced.

Locks of the operating system (flock): they end with the process, however that ends. `HOME/lock` keeps two commands on
one machine apart; across machines the catalogue's transactions and job leases do that. `HOME/in-use` is shared by all
that have the catalogue open, for long (`serve`, `worker`) or for a moment (`get`, `search`): every reading is written
down, and a file that was replaced under them would take that with it and be lost.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from repository.errors import HomeBusy, HomeForbidden, HomeInUse, HomeUnderRebuild
from storage.errors import ArchiveError, reason_of


@contextmanager
def sole_writer(home: Path) -> Iterator[None]:
    """While this is held no other process of this machine writes to `home`. Raises `HomeBusy`."""
    with _locked(home / "lock", fcntl.LOCK_EX, refused=lambda pid: HomeBusy(home=str(home), pid=pid)):
        yield


@contextmanager
def in_use(home: Path) -> Iterator[None]:
    """While this is held, by however many, the catalogue of `home` is not replaced. Taken before it is opened. Raises
    `HomeUnderRebuild` while it is replaced."""
    with _locked(home / "in-use", fcntl.LOCK_SH, refused=lambda pid: HomeUnderRebuild(home=str(home), pid=pid)):
        yield


@contextmanager
def unused(home: Path) -> Iterator[None]:
    """While this is held nobody begins to use `home`. Raises `HomeInUse` where somebody does."""
    with _locked(home / "in-use", fcntl.LOCK_EX, refused=lambda _pid: HomeInUse(home=str(home))):
        yield


def leave_to_parent(home: Path) -> None:
    """For a process that was forked while a lock of `home` was held: the lock, and the catalogue, are its parent's
    alone from now on, and end with it. What is open for writing here, of the files that lie directly in `home`, is
    closed; a package that lies there too is only read, and stays open."""
    place = str(home.resolve())
    for each in map(int, os.listdir("/proc/self/fd")):  # noqa: PTH208  descriptors, not files
        with suppress(OSError):
            lies_there = os.path.dirname(os.readlink(f"/proc/self/fd/{each}")) == place  # noqa: PTH115, PTH120  as above
            if lies_there and fcntl.fcntl(each, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY:
                os.close(each)


@contextmanager
def _locked(path: Path, how: int, *, refused: Callable[[str], ArchiveError]) -> Iterator[None]:
    """The lock on `path`; whoever has it alone has written its process id there, which `refused` is told."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise HomeForbidden(path=str(path), reason=reason_of(error)) from error
    try:
        try:
            fcntl.flock(handle, how | fcntl.LOCK_NB)
        except BlockingIOError as error:
            held_by = os.pread(handle, 20, 0).decode(errors="replace").strip() or "?"
            raise refused(held_by) from error
        if how == fcntl.LOCK_EX:
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)
