"""The servers of these tests: rclone for every run, Ceph for `-m peers`."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.objects.s3 import S3Location
from tests.peers import ceph_rgw, rclone

pytest.register_assert_rewrite("tests.suites.object_store")


def location(endpoint: str, bucket: str, *, prefix: str = "", secure: bool = False, ca_file: str = "") -> S3Location:
    return S3Location(
        endpoint=endpoint,
        bucket=bucket,
        access_key=rclone.ACCESS_KEY,
        secret_key=rclone.SECRET_KEY,
        secure=secure,
        prefix=prefix,
        ca_file=ca_file,
    )


@pytest.fixture(scope="session")
def rclone_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with rclone.serving(tmp_path_factory.mktemp("rclone") / "served") as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def ceph_endpoint() -> Iterator[str]:
    missing = ceph_rgw.missing_programs()
    if missing:
        pytest.skip(f"Ceph is not installed: {', '.join(missing)} (Debian: ceph-mon ceph-mgr ceph-osd radosgw)")
    folder = Path(tempfile.mkdtemp(prefix="ceph-"))  # short: a socket's path has room for 107 characters
    try:
        with ceph_rgw.serving(folder / "c") as endpoint:
            yield endpoint
    finally:
        shutil.rmtree(folder, ignore_errors=True)
