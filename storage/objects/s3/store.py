"""The object store on S3.

An object of up to 16 MiB is one PUT, a larger one a multipart upload that is aborted if anything fails; three bodies
of 16 MiB are in memory at most, however large the object is. After each write the server is asked for the object's
size: a 200 alone is not believed. How two writers of one name are kept apart: `creating.py`.

Listings of S3 may be late on some servers. So nothing is ever concluded to be missing because a listing does not
show it; `stat` and `open` ask for the object itself.
"""

import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from itertools import chain
from typing import BinaryIO

from urllib3 import BaseHTTPResponse

from storage.errors import ObjectMissing, StorageError, StoreRefused, StoreUnavailable
from storage.objects.port import Bytes, Capabilities, CreateOnly, StoredObject, checked_name
from storage.objects.reading import ExactReader, buffered, checked_range, within
from storage.objects.s3.border import store_errors
from storage.objects.s3.bucket import Bucket
from storage.objects.s3.creating import Headers, Way
from storage.objects.s3.cutting import bodies
from storage.objects.s3.location import S3Location
from storage.objects.s3.names import Names
from storage.objects.s3.versions import Versions

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_ROUNDS_OF_REMOVAL = 3
_PIECE = 1024 * 1024  # bytes; what has arrived when the connection breaks is lost up to this much


class S3Store:
    """A bucket, or a prefix of one. `workers` is how many threads are expected to use it at once."""

    def __init__(self, location: S3Location, *, workers: int) -> None:
        """Nothing is sent yet: the first use asks for the bucket's versioning, the first write what it honours."""
        self._bucket = Bucket(location, workers=workers)
        self._deciding = threading.Lock()
        self._decided: Way | None = None

    @property
    def capabilities(self) -> Capabilities:
        """`ATOMIC` only if it holds for objects of every size."""
        way = self._way
        return Capabilities(
            create_only=CreateOnly.ATOMIC if way.atomic else CreateOnly.CHECKED,
            versions=way.versions,
        )

    def put(self, key: str, parts: Iterable[Bytes]) -> StoredObject:
        checked_name(key)
        rest = bodies(parts)
        first = next(rest)
        second = next(rest, None)
        if second is not None:
            return self._put_large(key, chain([first, second], rest))

        def send(headers: Headers) -> str:
            return self._bucket.put(key, first, headers=headers)

        return self._way.write(key, size=len(first), large=False, send=send)

    def open(self, key: str, *, offset: int = 0, length: int | None = None) -> AbstractContextManager[BinaryIO]:
        checked_name(key)
        checked_range(offset=offset, length=length)
        if length == 0:
            within(self.stat(key).size, key=key, offset=offset, length=0)
            return buffered(ExactReader(0, fill=len, done=lambda _all: None))
        asked = ""
        if offset or length is not None:
            asked = f"bytes={offset}-" if length is None else f"bytes={offset}-{offset + length - 1}"
        try:
            response = self._response(key, asked)
        except StoreRefused as fault:
            if fault.fields["reason"] != "InvalidRange":
                raise
            if within(self.stat(key).size, key=key, offset=offset, length=length):
                raise StoreUnavailable(reason="a range that is there was refused") from fault
            return buffered(ExactReader(0, fill=len, done=lambda _all: None))
        try:
            count = _promised(response, key=key, offset=offset, length=length)
        except StorageError:
            response.close()
            response.release_conn()
            raise
        return buffered(_reader(response, count))

    def stat(self, key: str) -> StoredObject:
        return self._way.find(checked_name(key))

    def list(self, prefix: str = "", *, after: str = "") -> Iterator[StoredObject]:
        last: StoredObject | None = None
        for found in self._listed(prefix, after):
            if last is not None and found.key < last.key:
                raise StoreRefused(reason="the server lists out of order")
            if last is not None and found.key > last.key:
                yield last
            last = found  # of one name's versions the last is the oldest, which is the object
        if last is not None:
            yield last

    def delete(self, key: str) -> None:
        checked_name(key)
        way = self._way
        way.forget(key)
        if not way.versions:
            self._bucket.remove(key)
            with suppress(ObjectMissing):
                self._bucket.head(key)
                raise StoreUnavailable(reason="a deleted object is still there")
            return
        for _ in range(_ROUNDS_OF_REMOVAL):
            left = [entry.object.version for entry in self._bucket.versions(key) if entry.object.key == key]
            if not left:
                return
            for version in left:  # newest first: should this stop half-way, the object is still the same
                self._bucket.remove(key, version=version)
        raise StoreUnavailable(reason="a deleted object is still there")

    def close(self) -> None:
        self._bucket.close()

    @property
    def _way(self) -> Way:
        with self._deciding:
            if self._decided is None:
                self._decided = Versions(self._bucket) if self._bucket.versioned() else Names(self._bucket)
            return self._decided

    def _put_large(self, key: str, stream: Iterable[bytes | bytearray]) -> StoredObject:
        way = self._way
        way.look_first(key)
        upload = self._bucket.start(key)
        try:
            etags: list[str] = []
            size = 0
            for number, body in enumerate(stream, start=1):
                etags.append(self._bucket.add(key, upload, number=number, body=body))
                size += len(body)

            def complete(headers: Headers) -> str:
                return self._bucket.complete(key, upload, etags=etags, headers=headers)

            return way.write(key, size=size, large=True, send=complete)
        except BaseException:
            with suppress(StorageError):  # also after a completion whose answer was lost: then there is none to abort
                self._bucket.abort(key, upload)
            raise

    def _response(self, key: str, asked: str) -> BaseHTTPResponse:
        way = self._way
        version = way.version(key)
        try:
            return self._bucket.get(key, version=version, asked=asked)
        except ObjectMissing:
            if not version:
                raise
            way.forget(key)  # the version that was remembered is gone: disposed of by another process, perhaps
            return self._bucket.get(key, version=way.version(key), asked=asked)

    def _listed(self, prefix: str, after: str) -> Iterator[StoredObject]:
        if not self._way.versions:
            yield from self._bucket.names(prefix, after=after)
            return
        for entry in self._bucket.versions(prefix, after=after):
            if not entry.marker:
                yield entry.object


def _promised(response: BaseHTTPResponse, *, key: str, offset: int, length: int | None) -> int:
    """How many bytes the response says it brings; it must be the range asked for, whatever its status is."""
    if not offset and length is None:
        size = response.headers.get("content-length", "")
        if not size.isdigit():
            raise StoreUnavailable(reason="no size in the answer")
        return int(size)
    found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
    if found is None:
        raise StoreUnavailable(reason="a range was answered with something else")
    start, end, size_now = map(int, found.groups())
    count = within(size_now, key=key, offset=offset, length=length)
    if start != offset or end - start + 1 != count:
        raise StoreUnavailable(reason="a range was answered with another")
    return count


def _reader(response: BaseHTTPResponse, count: int) -> ExactReader:
    def fill(view: memoryview) -> int:
        with store_errors():
            got = response.read(min(len(view), _PIECE))
        if not got:
            raise StoreUnavailable(reason="the answer ends early")
        view[: len(got)] = got
        return len(got)

    def done(whole: bool) -> None:  # noqa: FBT001  a callback's one argument
        if not whole:
            response.close()  # what is left on the wire would be read as the next answer
        response.release_conn()

    return ExactReader(count, fill=fill, done=done)
