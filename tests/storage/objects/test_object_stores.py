"""Every store, one suite."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.objects.filesystem import FilesystemStore
from storage.objects.memory import MemoryStore
from storage.objects.port import Capabilities, CreateOnly, ObjectStore
from storage.objects.retrying import Patience, RetryingStore
from storage.objects.s3 import S3Store, create_bucket
from tests.storage.objects.conftest import location
from tests.suites.object_store import ObjectStoreSuite


class TestMemoryStore(ObjectStoreSuite):
    @pytest.fixture
    def store(self) -> ObjectStore:
        return MemoryStore()

    @pytest.fixture
    def neighbour(self, store: ObjectStore) -> ObjectStore:
        return store


class TestFilesystemStore(ObjectStoreSuite):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[ObjectStore]:
        store = FilesystemStore(tmp_path / "deep" / "objects")
        yield store
        store.close()

    @pytest.fixture
    def neighbour(self, store: ObjectStore, tmp_path: Path) -> Iterator[ObjectStore]:
        neighbour = FilesystemStore(tmp_path / "deep" / "objects", create=False)
        yield neighbour
        neighbour.close()


class TestRetryingStore(ObjectStoreSuite):
    @pytest.fixture
    def store(self) -> ObjectStore:
        return RetryingStore(MemoryStore())

    @pytest.fixture
    def neighbour(self, store: RetryingStore) -> ObjectStore:
        return store.store


class _S3Suite(ObjectStoreSuite):
    versioned = False
    prefix = ""

    @pytest.fixture
    def bucket(self, endpoint: str) -> str:
        bucket = f"b-{secrets.token_hex(8)}"
        create_bucket(location(endpoint, bucket), versioned=self.versioned)
        return bucket

    @pytest.fixture
    def store(self, endpoint: str, bucket: str) -> Iterator[ObjectStore]:
        store = S3Store(location(endpoint, bucket, prefix=self.prefix), workers=8)
        yield store
        store.close()

    @pytest.fixture
    def neighbour(self, endpoint: str, bucket: str) -> Iterator[ObjectStore]:
        store = S3Store(location(endpoint, bucket, prefix=self.prefix), workers=8)
        yield store
        store.close()


class TestS3StoreOnRclone(_S3Suite):
    @pytest.fixture
    def endpoint(self, rclone_endpoint: str) -> str:
        return rclone_endpoint

    def shared(self, store: ObjectStore) -> ObjectStore:
        """rclone answers 500 now and then ("Dir.Rename error: file does not exist") while two PUTs make one folder."""
        return RetryingStore(store, patience=Patience(first=0.01))

    def test_it_promises_no_more_than_the_server_keeps(self, store: ObjectStore) -> None:
        assert store.capabilities == Capabilities(create_only=CreateOnly.CHECKED, versions=False)
        assert list(store.list()) == []


class TestS3StoreOnRcloneBelowAPrefix(TestS3StoreOnRclone):
    prefix = "archives/north-1"


@pytest.mark.peers
class TestS3StoreOnCephWithVersions(_S3Suite):
    versioned = True

    @pytest.fixture
    def endpoint(self, ceph_endpoint: str) -> str:
        return ceph_endpoint

    def test_the_versions_make_it_atomic(self, store: ObjectStore) -> None:
        assert store.capabilities == Capabilities(create_only=CreateOnly.ATOMIC, versions=True)
        assert store.put("v", [b"x"]).version == store.stat("v").version != ""


@pytest.mark.peers
class TestS3StoreOnCephWithoutVersions(_S3Suite):
    prefix = "p"

    @pytest.fixture
    def endpoint(self, ceph_endpoint: str) -> str:
        return ceph_endpoint

    def test_it_promises_no_more_than_the_server_keeps(self, store: ObjectStore) -> None:
        assert store.capabilities == Capabilities(create_only=CreateOnly.CHECKED, versions=False)
        assert list(store.list()) == []
