"""Create-only without versions: by the server's condition, or by looking first."""

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property

from storage.errors import ObjectExists, ObjectMissing, StorageError, StoreLied, StoreRefused
from storage.objects.port import StoredObject
from storage.objects.s3.bucket import Bucket
from storage.objects.s3.creating import ONLY_NEW, UNKNOWN_HEADER, Write


@dataclass(frozen=True, slots=True)
class Honoured:
    """What the server makes of `If-None-Match: *`, tried on an object of our own."""

    small: bool  # on a PUT
    large: bool  # on the completion of a multipart upload


class Names:
    """In a bucket without versioning: by condition where the server honours it, else by looking first."""

    versions = False

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._busy: set[str] = set()
        self._free = threading.Condition()
        self._trying = threading.Lock()

    @property
    def atomic(self) -> bool:
        return self.honoured.small and self.honoured.large

    @property
    def honoured(self) -> Honoured:
        with self._trying:
            return self._tried

    def look_first(self, key: str) -> None:
        with suppress(ObjectMissing):
            self._bucket.head(key)
            raise ObjectExists(key=key)

    def write(self, key: str, *, size: int, large: bool, send: Write) -> StoredObject:
        if self.honoured.large if large else self.honoured.small:
            send(ONLY_NEW)
        else:
            with self._alone_with(key):
                self.look_first(key)
                send({})
        try:
            found = self._bucket.head(key)
        except ObjectMissing as fault:
            raise StoreLied(key=key) from fault
        if found.size != size:
            raise StoreLied(key=key)
        return found

    def find(self, key: str) -> StoredObject:
        return self._bucket.head(key)

    def version(self, key: str) -> str:  # noqa: ARG002  there is one of each
        return ""

    def forget(self, key: str) -> None:
        pass

    @contextmanager
    def _alone_with(self, key: str) -> Iterator[None]:
        """No other thread of this process writes the same name."""
        with self._free:
            self._free.wait_for(lambda: key not in self._busy)
            self._busy.add(key)
        try:
            yield
        finally:
            with self._free:
                self._busy.discard(key)
                self._free.notify_all()

    @cached_property
    def _tried(self) -> Honoured:
        key = f"qualify/condition-{secrets.token_hex(8)}"
        try:
            try:
                self._bucket.put(key, b"1", headers=ONLY_NEW)
            except StoreRefused as fault:
                if fault.fields["reason"] not in UNKNOWN_HEADER:
                    raise
                return Honoured(small=False, large=False)
            small = _refused(lambda: self._bucket.put(key, b"22", headers=ONLY_NEW))
            return Honoured(small=small, large=small and _refused(lambda: self._complete_over(key)))
        finally:
            with suppress(StorageError):
                self._bucket.remove(key)

    def _complete_over(self, key: str) -> None:
        upload = self._bucket.start(key)
        try:
            etag = self._bucket.add(key, upload, number=1, body=b"333")
            self._bucket.complete(key, upload, etags=[etag], headers=ONLY_NEW)
        except StorageError:
            with suppress(StorageError):
                self._bucket.abort(key, upload)
            raise


def _refused(write: Callable[[], object]) -> bool:
    """Whether a conditional write over an object that is there was refused for that."""
    try:
        write()
    except ObjectExists:
        return True
    return False
