"""Objects in a bucket of any S3. The only room that knows minio and urllib3."""

from storage.objects.s3.bucket import create_bucket
from storage.objects.s3.location import S3Location
from storage.objects.s3.store import S3Store

__all__ = ["S3Location", "S3Store", "create_bucket"]
