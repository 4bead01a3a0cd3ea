"""An object store from one line of settings.

    file:///srv/archive/objects
    s3://bucket/prefix?endpoint=https://s3.example.org:9000&region=pl-1&ca_file=/etc/ssl/own.pem
    memory:

An address holds no secret, so that it may be shown and logged: access keys are given beside it.
"""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from storage.errors import StoreRefused
from storage.objects.filesystem import FilesystemStore
from storage.objects.memory import MemoryStore
from storage.objects.port import NAME, ObjectStore
from storage.objects.retrying import RetryingStore

if TYPE_CHECKING:
    from storage.objects.s3 import S3Location

_AWS = "https://s3.amazonaws.com"
_S3_OPTIONS = {"endpoint", "region", "ca_file"}


def open_store(location: str, *, workers: int, access_key: str = "", secret_key: str = "") -> ObjectStore:
    """The store at `location`, ready for `workers` threads; S3 with retries around it.

    A folder must be a store already (`create_store`), else `StoreUnavailable`: a disk that is not mounted is not an
    archive without objects. A bucket is not asked for yet. `StoreRefused` if `location` is not an address.
    """
    scheme = urlsplit(location).scheme
    if scheme == "memory":
        return MemoryStore()
    if scheme == "file":
        store = FilesystemStore(_folder(location), create=False)
        store.sweep_incoming()  # what a killed writer left; safe beside writers that live
        return store
    from storage.objects.s3 import S3Store  # minio takes 0.2 s to import: only whoever needs it pays

    return RetryingStore(S3Store(_bucket(location, access_key, secret_key=secret_key), workers=workers))


def create_store(location: str, *, versioned: bool = True, access_key: str = "", secret_key: str = "") -> None:
    """The folder or bucket of `location` is there; a store that was there already is left as it is.

    `versioned` is for buckets; `StoreRefused` if the server keeps no versions.
    """
    scheme = urlsplit(location).scheme
    if scheme == "file":
        FilesystemStore(_folder(location)).close()
    elif scheme != "memory":
        from storage.objects.s3 import create_bucket

        create_bucket(_bucket(location, access_key, secret_key=secret_key), versioned=versioned)


def folder_of(location: str) -> Path | None:
    """The folder that the store at `location` is, None for one that is none. `StoreRefused` as in `open_store`."""
    return _folder(location) if urlsplit(location).scheme == "file" else None


def _folder(location: str) -> Path:
    parts = urlsplit(location)
    path = unquote(parts.path)
    if parts.netloc not in {"", "localhost"} or not path.startswith("/") or parts.query:
        raise StoreRefused(reason="a folder is given as file:///path")
    return Path(path)


def _bucket(location: str, access_key: str, *, secret_key: str) -> "S3Location":
    from storage.objects.s3 import S3Location

    try:
        parts = urlsplit(location)
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        endpoint = urlsplit(options.get("endpoint", _AWS))
    except ValueError:  # its words repeat the address
        raise StoreRefused(reason="an address that cannot be read") from None
    prefix = parts.path.strip("/")
    if parts.scheme != "s3" or not parts.netloc or not options.keys() <= _S3_OPTIONS:
        raise StoreRefused(reason="an address is file:///path, s3://bucket/prefix?endpoint=… or memory:")
    if "@" in parts.netloc + endpoint.netloc:
        raise StoreRefused(reason="an address holds no access key")
    if endpoint.scheme not in {"http", "https"} or not endpoint.hostname or endpoint.path.strip("/"):
        raise StoreRefused(reason="an endpoint is given as https://host:port")
    if prefix and not NAME.fullmatch(prefix):
        raise StoreRefused(reason="a prefix is made of a-z, 0-9, '.', '_', '-' and '/'")
    return S3Location(
        endpoint=endpoint.netloc,
        bucket=parts.netloc,
        access_key=access_key,
        secret_key=secret_key,
        region=options.get("region", "us-east-1"),
        secure=endpoint.scheme == "https",
        prefix=prefix,
        ca_file=options.get("ca_file", ""),
    )
