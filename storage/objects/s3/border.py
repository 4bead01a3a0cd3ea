"""The border: whatever minio, urllib3 and the server say becomes one of the product's errors.

What a server said is told by its error code alone. Its words stay here: they name buckets, hosts and requests, and
some servers repeat what they were sent.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from xml.etree import ElementTree as ET

from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3.exceptions import HTTPError, SSLError

from storage.errors import ObjectExists, ObjectMissing, StorageError, StoreFull, StoreRefused, StoreUnavailable

MISSING = {"NoSuchKey", "NoSuchVersion"}
TAKEN = {"PreconditionFailed"}
FULL = {"QuotaExceeded", "InsufficientCapacity", "XMinioStorageFull", "EntityTooLarge", "TooManyBuckets"}
PASSING = {
    "BadDigest",  # the body did not arrive as it was sent
    "ConditionalRequestConflict",  # AWS: another conditional write of this name is under way
    "IncompleteBody",
    "InternalError",
    "OperationAborted",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "TooManyRequests",
    "XAmzContentSHA256Mismatch",
}
_PASSING_STATUS = {408, 425, 429}


@contextmanager
def store_errors(key: str = "") -> Iterator[None]:
    """Vendor errors raised inside come out as the product's, the first of them as the cause."""
    try:
        yield
    except MinioException as fault:
        raise translated(fault, key) from fault
    except SSLError as fault:
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in fault.args):
            raise StoreRefused(reason="its certificate is not trusted") from fault
        raise StoreUnavailable(reason="TLS") from fault
    except (HTTPError, OSError) as fault:
        raise StoreUnavailable(reason=type(fault).__name__) from fault
    except (ET.ParseError, ValueError, TypeError) as fault:  # what minio's parsers raise on half an answer
        raise StoreUnavailable(reason="an answer that cannot be read") from fault


def translated(fault: MinioException, key: str) -> StorageError:
    """The product's error for an answer of the server's about the object `key`."""
    code, status = code_of(fault)
    if code in MISSING:
        return ObjectMissing(key=key)
    if code in TAKEN:
        return ObjectExists(key=key)
    if code in FULL or status == 507:
        return StoreFull()
    reason = code or f"HTTP {status}"
    # a 404 that does not say of what is a gateway's or a proxy's: never the absence of an object
    failing = status >= 500 and status != 501  # 501 is an answer: the server does not do that, now or later
    if code in PASSING or status in _PASSING_STATUS or failing or (status == 404 and not code):
        return StoreUnavailable(reason=reason)
    return StoreRefused(reason=reason)


def code_of(fault: MinioException) -> tuple[str, int]:
    """(S3 error code or "", HTTP status or 0).

    minio reads only errors typed `application/xml`; rclone and others send `text/xml`, which arrives as an
    `InvalidResponseError` with the document inside.
    """
    if isinstance(fault, S3Error):
        return fault.code or "", fault.response.status
    if isinstance(fault, ServerError):
        return "", fault.status_code
    if isinstance(fault, InvalidResponseError):
        return _code_in(fault._body or ""), fault._code  # noqa: SLF001  minio gives no other way to them
    return type(fault).__name__, 0


def _code_in(body: str) -> str:
    if "<Error" not in body or "<!DOCTYPE" in body:
        return ""
    try:
        return ET.fromstring(body).findtext("{*}Code") or ""  # noqa: S314  no DTD (checked), and from our own store
    except ET.ParseError:
        return ""
