"""The requests that are made of a bucket, one method each, with the vendor's errors translated.

What two servers do (Ceph RGW 16.2.15, rclone 1.75.2 `serve s3`), measured; the whole table is in
`docs/decisions/0006-create-only-on-any-s3.md`:

* `If-None-Match: *` on a PUT: Ceph honours it in a bucket without versioning and ignores it in one with; rclone
  ignores it. On the completion of a multipart upload both ignore it.
* A 404 to HEAD has no body: a missing bucket, a gateway's 404 and a missing object look alike. So absence is settled
  by a GET, which says what is missing.
* A range that reaches beyond the end is cut and answered as success by both. rclone answers ranges with status 200.
* rclone types its errors `text/xml`, knows no versions (501), cannot hold `a` and `a/b` at once (500), and removes the
  object `a` when `a/b` is deleted.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from minio import Minio
from minio.commonconfig import ENABLED
from minio.error import MinioException
from minio.versioningconfig import SUSPENDED, VersioningConfig
from urllib3 import BaseHTTPResponse

from storage.errors import ObjectMissing, StoreRefused, StoreUnavailable
from storage.objects.port import NAME, StoredObject
from storage.objects.s3.border import code_of, store_errors, translated
from storage.objects.s3.location import S3Location, connect

_UNKNOWN_VERB = {"NotImplemented", "MethodNotAllowed"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of an object, or a delete marker, as a listing of versions shows it."""

    object: StoredObject
    marker: bool


class Bucket:
    """One bucket below one prefix; keys are names of the port."""

    def __init__(self, location: S3Location, *, workers: int) -> None:
        self._client = connect(location, workers=workers)
        self._name = location.bucket
        self._prefix = f"{location.prefix}/" if location.prefix else ""

    def versioned(self) -> bool:
        """Whether every write makes a version. `StoreRefused` if that was so and is suspended: nobody can tell then."""
        try:
            with store_errors():
                try:
                    status = self._client.get_bucket_versioning(bucket_name=self._name).status
                except MinioException as fault:
                    if code_of(fault)[0] not in _UNKNOWN_VERB:
                        raise
                    status = None
        except ObjectMissing as fault:
            raise StoreRefused(reason="no such bucket") from fault
        if status == SUSPENDED:
            raise StoreRefused(reason="versioning of the bucket is suspended; enable it")
        return status == ENABLED

    def put(self, key: str, body: bytes | bytearray, *, headers: dict[str, str]) -> str:
        """The version made, or ""."""
        with store_errors(key):
            # put_object takes no header of one's own before minio 8
            made = self._client._put_object(  # noqa: SLF001
                bucket_name=self._name,
                object_name=self._prefix + key,
                data=body,  # type: ignore[arg-type]  # any bytes-like does, and saves a copy
                headers={"Content-Type": "application/octet-stream", **headers},
            )
            return made.version_id or ""

    def start(self, key: str) -> str:
        """The id of a new multipart upload."""
        with store_errors(key):
            return self._client._create_multipart_upload(  # noqa: SLF001  put_object would hold four parts in memory
                bucket_name=self._name, object_name=self._prefix + key, headers={}
            )

    def add(self, key: str, upload: str, *, number: int, body: bytes | bytearray) -> str:
        """The ETag of the part."""
        with store_errors(key):
            return self._client._upload_part(  # noqa: SLF001
                bucket_name=self._name,
                object_name=self._prefix + key,
                data=body,  # type: ignore[arg-type]
                headers=None,
                upload_id=upload,
                part_number=number,
            )

    def complete(self, key: str, upload: str, *, etags: Sequence[str], headers: dict[str, str]) -> str:
        """The version made, or "". An error that a server hides in a 200 shows when the object is looked for."""
        parts = "".join(
            f'<Part><PartNumber>{number}</PartNumber><ETag>"{etag}"</ETag></Part>'
            for number, etag in enumerate(etags, start=1)
        )
        with store_errors(key):
            answer = self._client._execute(  # noqa: SLF001  minio's own method takes no header
                method="POST",
                bucket_name=self._name,
                object_name=self._prefix + key,
                body=f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode(),
                headers={"Content-Type": "application/xml", **headers},
                query_params={"uploadId": upload},
            )
            return answer.headers.get("x-amz-version-id") or ""

    def abort(self, key: str, upload: str) -> None:
        with store_errors(key):
            self._client._abort_multipart_upload(  # noqa: SLF001
                bucket_name=self._name, object_name=self._prefix + key, upload_id=upload
            )

    def head(self, key: str, *, version: str = "") -> StoredObject:
        try:
            with store_errors(key):
                found = self._client.stat_object(
                    bucket_name=self._name, object_name=self._prefix + key, version_id=version or None
                )
        except ObjectMissing as fault:
            self._settle_absence(key, version=version)
            raise StoreUnavailable(reason="HEAD and GET disagree") from fault
        if found.metadata is None or "content-length" not in found.metadata or found.size is None:
            raise StoreUnavailable(reason="no size in the answer")
        return StoredObject(key=key, size=found.size, version=version)

    def get(self, key: str, *, version: str = "", asked: str = "") -> BaseHTTPResponse:
        """An open response, to be closed by the caller; `asked` is the value of a Range header, or empty."""
        with store_errors(key):
            return self._client.get_object(
                bucket_name=self._name,
                object_name=self._prefix + key,
                version_id=version or None,
                request_headers={"Range": asked} if asked else None,
            )

    def names(self, prefix: str, *, after: str) -> Iterator[StoredObject]:
        """As the server lists them; names that no archive makes are left out."""
        for entry in self._listed(prefix, after=after, versions=False):
            yield entry.object

    def versions(self, prefix: str, *, after: str = "") -> Iterator[Entry]:
        """Names ascending, the versions of one name newest first, delete markers anywhere among them."""
        return self._listed(prefix, after=after, versions=True)

    def remove(self, key: str, *, version: str = "") -> None:
        with suppress(ObjectMissing), store_errors(key):
            self._client.remove_object(
                bucket_name=self._name, object_name=self._prefix + key, version_id=version or None
            )

    def close(self) -> None:
        self._client._http.clear()  # noqa: SLF001  the pool is ours; minio has no close

    def _settle_absence(self, key: str, *, version: str) -> None:
        """`ObjectMissing` if a GET says that it is the object that is missing; else what it does say."""
        response = self.get(key, version=version, asked="bytes=0-0")
        response.close()
        response.release_conn()

    def _listed(self, prefix: str, *, after: str, versions: bool) -> Iterator[Entry]:
        listing = self._client.list_objects(
            bucket_name=self._name,
            prefix=self._prefix + prefix,
            recursive=True,
            start_after=self._prefix + after if after else None,
            include_version=versions,
        )
        while True:
            try:
                with store_errors():
                    found = next(listing, None)
            except ObjectMissing as fault:  # said of a listing: no object is meant
                raise StoreUnavailable(reason="a listing was answered with NoSuchKey") from fault
            if found is None:
                return
            key = (found.object_name or "").removeprefix(self._prefix)
            if NAME.fullmatch(key) and key.startswith(prefix) and key > after:
                version = (found.version_id or "") if versions else ""
                yield Entry(StoredObject(key=key, size=found.size or 0, version=version), marker=found.is_delete_marker)


def create_bucket(location: S3Location, *, versioned: bool) -> None:
    """The bucket is there, with versioning if asked for; one that was there already, and is ours, is left as it is.

    `StoreRefused` if the server knows no versioning: then say so, and make it without.
    """
    client: Minio = connect(location, workers=1)
    with store_errors():
        try:
            client.make_bucket(bucket_name=location.bucket)
        except MinioException as fault:
            # rclone says "AlreadyExists" of a bucket of one's own; whether it is shows when it is used
            if code_of(fault)[0] not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
                raise
        if versioned:
            try:
                client.set_bucket_versioning(bucket_name=location.bucket, config=VersioningConfig(ENABLED))
            except MinioException as fault:
                if code_of(fault)[0] in _UNKNOWN_VERB:
                    raise StoreRefused(reason="this server keeps no versions") from fault
                raise translated(fault, "") from fault
