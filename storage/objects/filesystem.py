"""Objects as files below one folder: the default store, with no service to run.

The life of a put: a file in `.incoming~` (a name no object can have), without a name, or with a random one and locked
while its writer lives → the parts, written as they come → fsync → `link(2)` to the object's name, which fails if the
name is taken and shows the whole object or nothing → fsync of the folder → the temporary name goes. A crash before the
link leaves nothing, or a temporary file without a lock, which `sweep_incoming` removes; a crash after it leaves the
object, whole. What is whole in memory is written without a name, what is streamed with one, for it may take long.

`ObjectExists` also means *durably there*: the folder is synced before it is raised, so that a writer that died
between link and fsync does not leave a name that a power cut takes back.
"""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from storage.errors import ObjectExists, ObjectMissing, SealBroken, StoreLied, StoreRefused, StoreUnavailable
from storage.objects.folders import (
    FOLDER_OF_ANOTHER,
    LINK_IN_THE_WAY,
    NO_FOLDER,
    Tree,
    refuse_link,
    store_error,
    store_errors,
)
from storage.objects.incoming import Incoming, TemporaryFile, is_root, make_root
from storage.objects.port import Bytes, Capabilities, CreateOnly, StoredObject, checked_name
from storage.objects.reading import ExactReader, buffered, checked_range, within

# O_NONBLOCK: a named pipe that somebody put here must not stop the archive
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class FilesystemStore:
    """Objects below `root`. Files have mode 0600, folders 0700; nothing is read or written through a link."""

    def __init__(self, root: Path, *, create: bool = True) -> None:
        """With `create=False` a root that is not a store already is `StoreUnavailable`.

        That is how to open an archive that has objects: the mount point of a disk that is not mounted is an empty
        folder, and an empty folder must not be taken for an archive whose objects are all missing.
        """
        if create:
            with store_errors(writing=True):
                make_root(root)
        elif not is_root(root):
            raise StoreUnavailable(reason="its folder is not there; is its disk mounted?")
        with store_errors(writing=False):
            self._tree = Tree(root)
            self._incoming = Incoming(root)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(create_only=CreateOnly.ATOMIC, versions=False)

    def put(self, key: str, parts: Iterable[Bytes]) -> StoredObject:
        checked_name(key)
        with self._incoming.file(named=not isinstance(parts, list | tuple)) as temporary:
            size = temporary.pour(parts)
            with store_errors(writing=True):
                self._show(temporary, key=key, size=size)
        return StoredObject(key=key, size=size)

    def open(self, key: str, *, offset: int = 0, length: int | None = None) -> AbstractContextManager[BinaryIO]:
        checked_range(offset=offset, length=length)
        file, size = self._open_file(key)
        try:
            count = within(size, key=key, offset=offset, length=length)
        except SealBroken:
            os.close(file)
            raise
        position = offset

        def fill(view: memoryview) -> int:
            nonlocal position
            with store_errors(writing=False):
                got = os.preadv(file, [view], position)
            if not got:  # it was long enough a moment ago: cut short under us, which nothing of ours does
                raise SealBroken(key=key, reason=f"the file ends at byte {position} while it is read")
            position += got
            return got

        return buffered(ExactReader(count, fill=fill, done=lambda _all: os.close(file)))

    def stat(self, key: str) -> StoredObject:
        with self._place(key) as (folder, name):
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISREG(found.st_mode):
                return StoredObject(key=key, size=found.st_size)
            refuse_link(folder, name)
            raise FileNotFoundError(errno.ENOENT, "a folder, not an object")

    def list(self, prefix: str = "", *, after: str = "") -> Iterator[StoredObject]:
        for key, size in self._tree.names(prefix, after):
            yield StoredObject(key=key, size=size)

    def delete(self, key: str) -> None:
        path, _, name = checked_name(key).rpartition("/")
        with store_errors(writing=True), suppress(*NO_FOLDER, IsADirectoryError), self._tree.folder(path) as folder:
            os.unlink(name, dir_fd=folder)
            os.fsync(folder)  # a destroyed key must not come back with the power

    def sweep_incoming(self) -> int:
        """Removes the temporary files whose writer is gone; how many those were. Safe while others write."""
        return self._incoming.sweep()

    def close(self) -> None:
        self._tree.close()
        self._incoming.close()

    def _show(self, temporary: TemporaryFile, *, key: str, size: int) -> None:
        """The object has its name, durably, and its size has been read back by that name."""
        path, _, name = key.rpartition("/")
        with self._tree.durable_folder(path) as folder:
            try:
                temporary.link(name, folder=folder)
            except FileExistsError as taken:
                os.fsync(folder)
                if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                    raise StoreRefused(reason=FOLDER_OF_ANOTHER) from taken
                raise ObjectExists(key=key) from taken
            os.fsync(folder)
            if os.stat(name, dir_fd=folder, follow_symlinks=False).st_size != size:
                raise StoreLied(key=key)

    def _open_file(self, key: str) -> tuple[int, int]:
        """(descriptor, size in bytes)"""
        path, _, name = checked_name(key).rpartition("/")
        try:
            folder = self._tree.walked(path)
            file = os.open(name, _READ_FLAGS, dir_fd=folder.number)
            found = os.fstat(file)
        except NO_FOLDER as fault:
            raise ObjectMissing(key=key) from fault
        except OSError as fault:
            if fault.errno == errno.ELOOP:
                raise StoreRefused(reason=LINK_IN_THE_WAY) from fault
            raise store_error(fault, writing=False) from fault
        if stat.S_ISREG(found.st_mode):
            return file, found.st_size
        os.close(file)
        raise ObjectMissing(key=key)

    @contextmanager
    def _place(self, key: str) -> Iterator[tuple[int, str]]:
        """(folder's descriptor, name in it) for looking at an object; what says "not there" becomes `ObjectMissing`."""
        path, _, name = checked_name(key).rpartition("/")
        with store_errors(writing=False):
            try:
                with self._tree.folder(path) as folder:
                    yield folder, name
            except NO_FOLDER as fault:
                raise ObjectMissing(key=key) from fault
