"""Where the bucket is, and a client for it."""

import socket
from dataclasses import dataclass, field
from typing import Any

import urllib3
from minio import Minio
from minio.helpers import check_bucket_name
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from storage.errors import StoreRefused


@dataclass(frozen=True, slots=True)
class S3Location:
    """A bucket, and a prefix in it that is this archive's alone ("" or a name of the port's alphabet).

    `endpoint` is host or host:port. Without `ca_file` the system's certificate authorities are trusted. A fixed
    `region` also saves the question which one it is.
    """

    endpoint: str
    bucket: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str = "us-east-1"
    secure: bool = True
    prefix: str = ""
    ca_file: str = ""
    connect_seconds: float = 5.0
    read_seconds: float = 60.0


def connect(location: S3Location, *, workers: int) -> Minio:
    """A client with a pool of `workers` connections. Nothing is sent yet.

    Nothing is retried here: a retry below `RetryingStore` would be neither counted nor recognised as ambiguous.
    """
    pool = urllib3.PoolManager(
        num_pools=2,
        maxsize=workers,
        timeout=urllib3.Timeout(connect=location.connect_seconds, read=location.read_seconds),
        retries=False,
        cert_reqs="CERT_REQUIRED",
        ca_certs=location.ca_file or None,
    )
    pool.pool_classes_by_scheme = {"http": _PromptPool, "https": _PromptTlsPool}
    try:
        check_bucket_name(location.bucket, strict=True)
        return Minio(
            endpoint=location.endpoint,
            access_key=location.access_key,
            secret_key=location.secret_key,
            secure=location.secure,
            region=location.region,
            http_client=pool,
        )
    except ValueError as fault:
        raise StoreRefused(reason="the name of the bucket, the endpoint or the region is malformed") from fault


class _Prompt:
    """Acknowledges a response's first segment at once.

    Ceph 16 sends headers and body in two writes with Nagle's algorithm on; our kernel delays its acknowledgement of
    the first, and every GET and every listing waits 40 ms for it. Measured on loopback: 45 ms a GET without this,
    2.5 ms with it. The option lasts for one exchange only, so it is set before each response.
    """

    sock: Any

    def getresponse(self) -> Any:
        if self.sock is not None and hasattr(socket, "TCP_QUICKACK"):
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return super().getresponse()  # type: ignore[misc]  # HTTPConnection's, further along the MRO


class _PromptConnection(_Prompt, HTTPConnection):
    pass


class _PromptTlsConnection(_Prompt, HTTPSConnection):
    pass


class _PromptPool(HTTPConnectionPool):
    ConnectionCls = _PromptConnection


class _PromptTlsPool(HTTPSConnectionPool):
    ConnectionCls = _PromptTlsConnection
