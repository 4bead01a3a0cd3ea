"""Create-only by versions: the oldest wins."""

import threading
from collections import OrderedDict
from contextlib import suppress

from storage.errors import ObjectExists, StorageError, StoreLied, StoreRefused, StoreUnavailable
from storage.objects.port import StoredObject
from storage.objects.s3.bucket import Bucket
from storage.objects.s3.creating import ONLY_NEW, UNKNOWN_HEADER, Headers, Write

_REMEMBERED = 8192  # names whose winning version is known without asking; a name and an id are some 200 bytes


class Versions:
    """In a bucket with versioning. `If-None-Match` is sent as well: where it is honoured, a loser is told sooner.

    Servers list the versions of a name in the order of their making, newest first. Whoever lists after its own write
    was answered sees every version that is older than its own, so exactly one writer finds itself the oldest.
    """

    atomic = True
    versions = True

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._headers: Headers = dict(ONLY_NEW)
        self._winners: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def look_first(self, key: str) -> None:
        if self._oldest(key) is not None:
            raise ObjectExists(key=key)

    def write(self, key: str, *, size: int, large: bool, send: Write) -> StoredObject:  # noqa: ARG002  one for all sizes
        version = self._sent(send)
        found = [entry.object for entry in self._bucket.versions(key) if entry.object.key == key and not entry.marker]
        ours = next((one for one in found if one.version == version), None)
        if ours is None or not version:
            raise StoreLied(key=key)
        if ours.size != size:
            self._take_back(ours)
            raise StoreLied(key=key)
        if found[-1] != ours:
            self._take_back(ours)
            raise ObjectExists(key=key)
        self._remember(key, version)
        return ours

    def find(self, key: str) -> StoredObject:
        """The oldest version of `key`. `ObjectMissing` only if listing, HEAD and GET agree on it."""
        found = self._oldest(key)
        if found is None:
            self.forget(key)
            self._bucket.head(key)
            raise StoreUnavailable(reason="the listing of versions is behind")
        self._remember(key, found.version)
        return found

    def version(self, key: str) -> str:
        """Of the object; remembered, since it never changes while the object is there."""
        with self._lock:
            known = self._winners.get(key)
            if known is not None:
                self._winners.move_to_end(key)
        return known or self.find(key).version

    def forget(self, key: str) -> None:
        with self._lock:
            self._winners.pop(key, None)

    def _sent(self, send: Write) -> str:
        try:
            return send(self._headers)
        except StoreRefused as fault:
            if not self._headers or fault.fields["reason"] not in UNKNOWN_HEADER:
                raise
            self._headers = {}  # this server refuses what it does not know; the versions decide all the same
            return send(self._headers)

    def _oldest(self, key: str) -> StoredObject | None:
        oldest = None
        for entry in self._bucket.versions(key):
            if entry.object.key == key and not entry.marker:
                oldest = entry.object
        return oldest

    def _take_back(self, ours: StoredObject) -> None:
        with suppress(StorageError):  # it is never read: not the oldest, or never acknowledged
            self._bucket.remove(ours.key, version=ours.version)

    def _remember(self, key: str, version: str) -> None:
        with self._lock:
            self._winners[key] = version
            self._winners.move_to_end(key)
            if len(self._winners) > _REMEMBERED:
                self._winners.popitem(last=False)
