"""Objects in memory: for tests, and for trying the archive without leaving a trace."""

import bisect
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO

from storage.errors import ObjectExists, ObjectMissing, StoreRefused
from storage.objects.port import Bytes, Capabilities, CreateOnly, StoredObject, checked_name
from storage.objects.reading import ExactReader, buffered, within


class MemoryStore:
    """Keeps every promise of the port but durability: what is stored ends with the process."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
        self._names: list[str] = []  # ascending
        self._lock = threading.Lock()

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(create_only=CreateOnly.ATOMIC, versions=False)

    def put(self, key: str, parts: Iterable[Bytes]) -> StoredObject:
        checked_name(key)
        content = bytearray()
        for part in parts:  # the producer's own time: not under the lock
            content += part
        with self._lock:
            if key in self._objects:
                raise ObjectExists(key=key)
            self._refuse_folders(key)
            self._objects[key] = bytes(content)
            bisect.insort(self._names, key)
        return StoredObject(key=key, size=len(content))

    def open(self, key: str, *, offset: int = 0, length: int | None = None) -> AbstractContextManager[BinaryIO]:
        content = memoryview(self._content(key))
        count = within(len(content), key=key, offset=offset, length=length)
        position = offset

        def fill(view: memoryview) -> int:
            nonlocal position
            view[:] = content[position : position + len(view)]
            position += len(view)
            return len(view)

        return buffered(ExactReader(count, fill=fill, done=lambda _all: None))

    def stat(self, key: str) -> StoredObject:
        return StoredObject(key=key, size=len(self._content(key)))

    def list(self, prefix: str = "", *, after: str = "") -> Iterator[StoredObject]:
        last = after
        while True:
            with self._lock:  # one name at a time: a writer is never kept waiting by a slow reader of the list
                start = max(bisect.bisect_left(self._names, prefix), bisect.bisect_right(self._names, last))
                if start == len(self._names) or not self._names[start].startswith(prefix):
                    return
                last = self._names[start]
                found = StoredObject(key=last, size=len(self._objects[last]))
            yield found

    def delete(self, key: str) -> None:
        checked_name(key)
        with self._lock:
            if self._objects.pop(key, None) is not None:
                del self._names[bisect.bisect_left(self._names, key)]

    def close(self) -> None:
        """Nothing to let go of: a closed store may still be read, as its folder on disk could be."""

    def _content(self, key: str) -> bytes:
        content = self._objects.get(checked_name(key))
        if content is None:
            raise ObjectMissing(key=key)
        return content

    def _refuse_folders(self, key: str) -> None:
        """As a store on folders would: a test that passes here passes there."""
        below = bisect.bisect_left(self._names, f"{key}/")
        taken = below < len(self._names) and self._names[below].startswith(f"{key}/")
        folder = key
        while not taken and "/" in folder:
            folder = folder.rpartition("/")[0]
            taken = folder in self._objects
        if taken:
            raise StoreRefused(reason="a name is the folder of another name")
