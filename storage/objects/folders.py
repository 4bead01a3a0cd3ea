"""Folders below one root: reached without following a link, made durably, walked in the order of full names.

The root is opened once and every path is walked from it segment by segment (`openat` with O_NOFOLLOW), so that no
link, wherever it was put, leads a read or a write out of the root.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from storage.errors import StorageError, StoreFull, StoreReadOnly, StoreRefused, StoreUnavailable
from storage.objects.port import NAME

PRIVATE_FOLDER = 0o700
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_WALKED = 16  # folders that are held open

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_PERMITTED = {errno.EACCES, errno.EPERM}

# what says that there is no such folder: nothing bears its name, or an object does
NO_FOLDER = (FileNotFoundError, NotADirectoryError)

LINK_IN_THE_WAY = "a symbolic link stands where a folder or an object should be"
FOLDER_OF_ANOTHER = "a name is the folder of another name"


def store_error(fault: OSError, *, writing: bool) -> StorageError:
    """The product's error for a system call's: full, read-only and refused are told from what may pass."""
    if fault.errno in _FULL:
        return StoreFull()
    if fault.errno == errno.EROFS or (writing and fault.errno in _NOT_PERMITTED):
        return StoreReadOnly()
    reason = errno.errorcode.get(fault.errno or 0, "I/O")
    return StoreRefused(reason=reason) if fault.errno in _NOT_PERMITTED else StoreUnavailable(reason=reason)


@contextmanager
def store_errors(*, writing: bool) -> Iterator[None]:
    """System calls made inside raise errors of the store."""
    try:
        yield
    except OSError as fault:
        raise store_error(fault, writing=writing) from fault


class Folder:
    """A folder that was walked to. Its descriptor is open for as long as anybody holds this."""

    __slots__ = ("_same", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        found = os.fstat(number)
        self._same = found.st_dev, found.st_ino

    def is_at(self, path: str, *, root: int) -> bool:
        """Whether it is this very folder that `path` leads to, and no link at its end."""
        try:
            found = os.stat(path or ".", dir_fd=root, follow_symlinks=False)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._same

    def __del__(self) -> None:
        os.close(self.number)


class Tree:
    """The folders of one store. Folders are never removed: what was made durable once stays so."""

    def __init__(self, root: Path) -> None:
        self._root = os.open(root, _FOLDER_FLAGS & ~os.O_NOFOLLOW)  # the root itself may be a link: the operator's
        self._durable: set[str] = set()
        self._walked: dict[str, Folder] = {}
        self._lock = Lock()

    @contextmanager
    def folder(self, path: str) -> Iterator[int]:
        """A descriptor of the folder `path` ("" is the root). One of `NO_FOLDER` if it is not there."""
        at = os.dup(self._root)
        try:
            for segment in _segments(path):
                at = _step(at, segment)
            yield at
        finally:
            os.close(at)

    def walked(self, path: str) -> Folder:
        """The folder `path`, for reading: walked to once, and asked each time afterwards whether it is still that one
        (no number of a folder is given away while it is open). The objects of a takeover lie in few folders: opening
        one takes 15 µs, and took 27 with a walk for each. Errors as in `NO_FOLDER`."""
        found = self._walked.get(path)
        if found is not None and found.is_at(path, root=self._root):
            return found
        with self.folder(path) as at:
            found = Folder(os.dup(at))
        with self._lock:
            self._walked.pop(path, None)
            if len(self._walked) >= _WALKED:
                del self._walked[next(iter(self._walked))]
            self._walked[path] = found
        return found

    @contextmanager
    def durable_folder(self, path: str) -> Iterator[int]:
        """A descriptor of the folder `path`, made where missing, each new name in it fsynced into its parent.

        Who made a folder is not asked: another writer may have made it and not come to its fsync. So every folder
        is synced into its parent once in the life of this store, and remembered.
        """
        at = os.dup(self._root)
        try:
            walked = ""
            for segment in _segments(path):
                walked = f"{walked}/{segment}"
                if walked not in self._durable:
                    with suppress(FileExistsError):
                        os.mkdir(segment, PRIVATE_FOLDER, dir_fd=at)
                    os.fsync(at)
                at = _step(at, segment)
                self._durable.add(walked)  # not before it is known to be a folder: an object may bear its name
            yield at
        except NotADirectoryError as fault:
            raise StoreRefused(reason=FOLDER_OF_ANOTHER) from fault
        except FileNotFoundError:
            self._durable.clear()  # somebody removed a folder: what was remembered of folders is worth nothing now
            raise
        finally:
            os.close(at)

    def names(self, prefix: str, after: str) -> Iterator[tuple[str, int]]:
        """(name, size in bytes) of each object, in the order of full names; one folder's names in memory at a time."""
        yield from self._names_below("", prefix=prefix, after=after)

    def close(self) -> None:
        with self._lock:
            self._walked.clear()
        os.close(self._root)

    def _names_below(self, path: str, *, prefix: str, after: str) -> Iterator[tuple[str, int]]:
        with store_errors(writing=False):
            entries = self._entries(path, prefix=prefix, after=after)
        for entry in entries:
            if entry.endswith("/"):
                yield from self._names_below(entry, prefix=prefix, after=after)
                continue
            with store_errors(writing=False):
                size = self._size(entry)
            if size is not None:
                yield entry, size

    def _entries(self, path: str, *, prefix: str, after: str) -> list[str]:
        """What of a folder can matter, sorted. A folder sorts as its name with "/": as the names below it will."""
        found: list[str] = []
        with suppress(*NO_FOLDER), self.folder(path) as at, os.scandir(at) as entries:
            for entry in entries:
                if not NAME.fullmatch(entry.name):
                    continue  # not an object's name: the incoming folder, or somebody else's file
                if entry.is_dir(follow_symlinks=False):
                    name = f"{path}{entry.name}/"
                    wanted = name.startswith(prefix) or prefix.startswith(name)
                    later = name > after or after.startswith(name)
                else:
                    name = f"{path}{entry.name}"
                    wanted, later = name.startswith(prefix), name > after
                if wanted and later:
                    if entry.is_symlink():
                        raise StoreRefused(reason=LINK_IN_THE_WAY)
                    found.append(name)
        found.sort()
        return found

    def _size(self, name: str) -> int | None:
        """None if it was deleted since its folder was read."""
        path, _, last = name.rpartition("/")
        try:
            with self.folder(path) as at:
                return os.stat(last, dir_fd=at, follow_symlinks=False).st_size
        except NO_FOLDER:
            return None


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def _step(at: int, segment: str) -> int:
    """The folder `segment` of `at`, which is closed. Errors as in `NO_FOLDER`."""
    try:
        below = os.open(segment, _FOLDER_FLAGS, dir_fd=at)
    except OSError as fault:
        if fault.errno not in {errno.ENOTDIR, errno.ELOOP}:
            raise
        refuse_link(at, segment)
        raise NotADirectoryError(errno.ENOTDIR, "an object bears the name of the folder") from fault
    os.close(at)
    return below


def refuse_link(at: int, name: str) -> None:
    """`StoreRefused` if a link bears the name: it must not be followed, and must not count as absence either."""
    if stat.S_ISLNK(os.stat(name, dir_fd=at, follow_symlinks=False).st_mode):
        raise StoreRefused(reason=LINK_IN_THE_WAY)
