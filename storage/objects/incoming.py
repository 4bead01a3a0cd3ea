"""The folder of objects that are being written: temporary files, each locked while its writer lives; or without a name
at all, where the file system has such files (`O_TMPFILE`): the kernel takes them back with their writer.
"""

import errno
import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from storage.errors import StoreRefused, StoreUnavailable
from storage.flushing import flush_folder
from storage.objects.folders import PRIVATE_FOLDER, store_errors
from storage.objects.port import Bytes

INCOMING = ".incoming~"  # "~" is in no object's name: neither a put nor a listing can meet it
_PRIVATE_FILE = 0o600
_MOST_BUFFERS = 512  # in one writev(2); Linux takes IOV_MAX = 1024
_STEP = 8 << 20  # bytes that the system gathers of a file before it is told to write them
_WORTH_FORGETTING = 128 << 10  # bytes: below it the advice takes as long as it saves
_NO_HARD_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
# Of O_TMPFILE and of giving such a file a name: open(2) and linkat(2), and what stands between them and a file system.
_NOT_NAMELESS = _NO_HARD_LINKS | {errno.EISDIR, errno.EINVAL, errno.ENOENT, errno.ENOTDIR, errno.EXDEV, errno.EACCES}


def make_root(root: Path) -> None:
    """`root` is a durable folder that holds a durable incoming folder."""
    if not root.is_dir():
        root.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
        flush_folder(root.parent)
    (root / INCOMING).mkdir(PRIVATE_FOLDER, exist_ok=True)
    flush_folder(root)


def is_root(root: Path) -> bool:
    """Whether `root` was made by `make_root` and is here now: an unmounted disk's mount point is not."""
    return (root / INCOMING).is_dir()


class Incoming:
    """Temporary files of one store, made and swept; safe to share between threads and processes."""

    def __init__(self, root: Path) -> None:
        self._folder = os.open(root / INCOMING, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        self._takes_nameless: bool | None = None  # not known before the first is wanted

    @contextmanager
    def file(self, *, named: bool = True) -> Iterator["TemporaryFile"]:
        """An empty, locked file that is gone afterwards, unless the machine stops: then `sweep` finds it.

        Not `named`, it has no name where that can be: nothing is left to sweep, and the folder, which every writer
        would change twice, is left in peace (0.53 ms became 0.46 for an object of 9 kB, 0.88 and 0.82 for 512 KiB).
        """
        with store_errors(writing=True):
            name, file = ("", self._new_nameless()) if not named and self._nameless() else self._new_file()
        try:
            yield TemporaryFile(folder=self._folder, name=name, file=file)
        finally:
            if name:
                with suppress(OSError):  # what remains is swept; the object's own fate is decided already
                    os.unlink(name, dir_fd=self._folder)
            os.close(file)

    def sweep(self) -> int:
        """Removes the files whose lock is free, for their writer is gone; how many those were."""
        swept = 0
        with store_errors(writing=True):
            for name in os.listdir(self._folder):  # noqa: PTH208  a descriptor, which no Path takes
                # finished meanwhile; being written; not ours
                with suppress(FileNotFoundError, BlockingIOError, IsADirectoryError):
                    swept += self._sweep_one(name)
        return swept

    def close(self) -> None:
        os.close(self._folder)

    def _sweep_one(self, name: str) -> int:
        file = os.open(name, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._folder)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(name, dir_fd=self._folder)
        finally:
            os.close(file)
        return 1

    def _nameless(self) -> bool:
        """Whether a file without a name can be made here and be given one: tried once, as kernels, file systems and
        containers differ in either."""
        if self._takes_nameless is None:
            name, file = secrets.token_hex(16), -1
            try:
                file = self._new_nameless()
                os.link(_by_descriptor(file), name, dst_dir_fd=self._folder, follow_symlinks=True)
                self._takes_nameless = True
            except OSError as fault:
                if fault.errno not in _NOT_NAMELESS:
                    raise
                self._takes_nameless = False
            finally:
                with suppress(OSError):
                    os.unlink(name, dir_fd=self._folder)
                if file >= 0:
                    os.close(file)
        return self._takes_nameless

    def _new_nameless(self) -> int:
        return os.open(".", os.O_RDWR | os.O_TMPFILE | os.O_CLOEXEC, _PRIVATE_FILE, dir_fd=self._folder)

    def _new_file(self) -> tuple[str, int]:
        """A sweeper may come between the file and its lock; then the name is gone, and the next one is tried."""
        while True:
            name = secrets.token_hex(16)
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            file = os.open(name, flags, _PRIVATE_FILE, dir_fd=self._folder)
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file).st_nlink:
                return name, file
            os.close(file)


class TemporaryFile:
    """One object on its way in; `name` is empty where it has none."""

    def __init__(self, *, folder: int, name: str, file: int) -> None:
        self._folder = folder
        self._name = name
        self._file = file

    def pour(self, parts: Iterable[Bytes]) -> int:
        """All parts are written and synced; how many bytes they were. Parts are not copied on the way.

        A list or tuple goes out in batches of buffers; the parts of any other iterable one by one, because its
        producer may fill one buffer again and again.
        """
        size, told = 0, 0
        for batch in _batches(parts):
            size += self._write(batch)
            if size - told >= _STEP:
                _forget(self._file)
                told = size
        with store_errors(writing=True):
            os.fsync(self._file)
        if size >= _WORTH_FORGETTING:
            _forget(self._file)
        return size

    def link(self, name: str, *, folder: int) -> None:
        """The file has the name `name` in `folder` too. FileExistsError if that is taken."""
        try:
            if self._name:
                os.link(self._name, name, src_dir_fd=self._folder, dst_dir_fd=folder, follow_symlinks=False)
            else:
                os.link(_by_descriptor(self._file), name, dst_dir_fd=folder, follow_symlinks=True)
        except FileExistsError:
            # NFS repeats a call whose answer was lost, and then reports our own link as somebody else's
            if os.fstat(self._file).st_nlink < (2 if self._name else 1):
                raise
        except OSError as fault:
            if fault.errno in _NO_HARD_LINKS:
                raise StoreRefused(reason="this file system makes no hard links") from fault
            raise

    def _write(self, buffers: Sequence[Bytes]) -> int:
        left = [memoryview(buffer).cast("B") for buffer in buffers if len(buffer)]
        total = sum(map(len, left))
        with store_errors(writing=True):
            while left:
                written = os.writev(self._file, left)
                if not written:
                    raise StoreUnavailable(reason="nothing was written")
                while left and written >= len(left[0]):
                    written -= len(left.pop(0))
                if left:
                    left[0] = left[0][written:]
        return total


def _batches(parts: Iterable[Bytes]) -> Iterator[Sequence[Bytes]]:
    if isinstance(parts, list | tuple):
        for start in range(0, len(parts), _MOST_BUFFERS):
            yield parts[start : start + _MOST_BUFFERS]
    else:
        for part in parts:
            yield (part,)


def _forget(file: int) -> None:
    """The system writes to the disk what it has of the file, and keeps in memory nothing that is written.

    What is stored is not read for long, and its place in memory serves what is stored next. On a virtual machine whose
    host takes back what lies idle, fresh memory has to be asked for page by page: 512 KiB were stored in 2.35 ms, and
    in 0.88 so, 16 MiB in 57 and 14.5. It is advice: a file system that does not take it keeps its ways.
    """
    with suppress(OSError):
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)


def _by_descriptor(file: int) -> str:
    """What linkat(2) is told to follow to a file that is open; without privileges it takes no descriptor itself."""
    return f"/proc/self/fd/{file}"
