"""The servers of these tests: rclone for every run, Ceph for `-m peers`; and a store on the disk, `store` at `root`."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.objects.filesystem import FilesystemStore
from storage.objects.s3 import S3Location
from tests.peers import ceph_rgw, rclone
from tests.peers.needed import needed

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


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "objects"


@pytest.fixture
def store(root: Path) -> Iterator[FilesystemStore]:
    store = FilesystemStore(root)
    yield store
    store.close()


@pytest.fixture(scope="session")
def rclone_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with rclone.serving(tmp_path_factory.mktemp("rclone") / "served") as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def ceph_endpoint() -> Iterator[str]:
    needed(ceph_rgw.missing())
    folder = Path(tempfile.mkdtemp(prefix="ceph-"))  # short: a socket's path has room for 107 characters
    try:
        with ceph_rgw.serving(folder / "c") as endpoint:
            yield endpoint
    finally:
        shutil.rmtree(folder, ignore_errors=True)
