"""Create-only by versions on a real Ceph, with what other people and faults do to a bucket."""

import dataclasses
import secrets
from collections.abc import Iterator

import pytest
from minio import Minio
from minio.commonconfig import ENABLED
from minio.versioningconfig import SUSPENDED, VersioningConfig

from storage.errors import ObjectExists, ObjectMissing, StorageError, StoreLied, StoreRefused, StoreUnavailable
from storage.objects.port import CreateOnly
from storage.objects.retrying import RetryingStore
from storage.objects.s3 import S3Location, S3Store, create_bucket
from storage.objects.s3.location import connect
from tests.storage.objects.conftest import location
from tests.storage.objects.fault_proxy import Fault, FaultProxy
from tests.storage.objects.test_s3_faults import of_object, read
from tests.suites.object_store import race

pytestmark = pytest.mark.peers


@pytest.fixture
def place(ceph_endpoint: str) -> S3Location:
    place = location(ceph_endpoint, f"v-{secrets.token_hex(8)}", prefix="x")
    create_bucket(place, versioned=True)
    return place


@pytest.fixture
def store(place: S3Location) -> Iterator[S3Store]:
    store = S3Store(place, workers=8)
    yield store
    store.close()


@pytest.fixture
def stranger(place: S3Location) -> Minio:
    """Somebody with the same keys and no manners."""
    return connect(place, workers=1)


@pytest.fixture
def proxy(ceph_endpoint: str) -> Iterator[FaultProxy]:
    with FaultProxy(ceph_endpoint) as proxy:
        yield proxy


@pytest.fixture
def faulty(place: S3Location, proxy: FaultProxy) -> Iterator[S3Store]:
    store = S3Store(dataclasses.replace(place, endpoint=proxy.endpoint), workers=2)
    assert store.capabilities.versions
    yield store
    store.close()


def versions(stranger: Minio, place: S3Location) -> list[tuple[str, bool]]:
    """(version, is a delete marker) of everything in the bucket, newest first."""
    found = stranger.list_objects(place.bucket, recursive=True, include_version=True)
    return [(entry.version_id or "", entry.is_delete_marker) for entry in found]


def test_what_a_stranger_writes_over_an_object_or_deletes_is_not_seen(
    store: S3Store, place: S3Location, stranger: Minio
) -> None:
    stored = store.put("o", [b"the object"])
    stranger._put_object(place.bucket, "x/o", b"something else entirely")
    stranger.remove_object(place.bucket, "x/o")  # leaves a delete marker
    for reader in (store, S3Store(place, workers=1)):  # one that remembers, and one that has to ask
        assert reader.stat("o") == stored
        assert read(reader, "o") == b"the object"
        assert list(reader.list()) == [stored]
        with pytest.raises(ObjectExists):
            reader.put("o", [b"again"])
    assert len(versions(stranger, place)) == 3


def test_a_deleted_object_is_gone_with_all_versions_and_markers(
    store: S3Store, place: S3Location, stranger: Minio
) -> None:
    store.put("o", [b"the object"])
    stranger._put_object(place.bucket, "x/o", b"later")
    stranger.remove_object(place.bucket, "x/o")
    store.put("o.kept", [b"not to be touched"])
    store.delete("o")
    assert len(versions(stranger, place)) == 1
    with pytest.raises(ObjectMissing):
        store.open("o")


def test_a_version_remembered_but_deleted_elsewhere_is_asked_for_anew(store: S3Store, place: S3Location) -> None:
    other = S3Store(place, workers=1)
    store.put("o", [b"first"])
    assert read(other, "o") == b"first"
    store.delete("o")
    with pytest.raises(ObjectMissing):
        other.open("o")
    store.put("o", [b"second"])
    assert read(other, "o") == b"second"
    other.close()


def test_a_loser_takes_its_own_version_away(store: S3Store, place: S3Location, stranger: Minio) -> None:
    store.put("o", [b"first"])
    with pytest.raises(ObjectExists):
        S3Store(place, workers=1).put("o", [b"later"])
    assert len(versions(stranger, place)) == 1


def test_a_loser_that_cannot_take_its_version_away_has_changed_nothing(
    store: S3Store, faulty: S3Store, proxy: FaultProxy
) -> None:
    store.put("o", [b"first"])
    armed = proxy.arm(Fault.INTERNAL_ERROR, picks=of_object("DELETE"))
    with pytest.raises(ObjectExists):
        faulty.put("o", [b"later"])
    assert armed.struck == 1
    for reader in (store, faulty):
        assert read(reader, "o") == b"first"


def test_sixteen_writers_with_a_store_each_have_one_winner(place: S3Location, stranger: Minio) -> None:
    stores = [S3Store(place, workers=1) for _ in range(16)]
    for turn in range(8):
        assert len(race(list(stores), f"race-{turn}", writers=16)) == 1
    assert len(versions(stranger, place)) == 8


@pytest.mark.parametrize("fault", [Fault.RESET_AFTER, Fault.ERROR_AFTER, Fault.LOST_OBJECT, Fault.INTERNAL_ERROR])
def test_an_ambiguous_put_ends_with_one_version(
    place: S3Location, faulty: S3Store, proxy: FaultProxy, stranger: Minio, fault: Fault
) -> None:
    armed = proxy.arm(fault, picks=of_object("PUT"))
    RetryingStore(faulty, sleep=lambda _: None).put("o", [b"mine"])
    assert armed.struck == 1
    assert len(versions(stranger, place)) == 1


def test_a_lost_object_and_an_unconfirmed_one_are_not_acknowledged(
    store: S3Store, faulty: S3Store, proxy: FaultProxy
) -> None:
    proxy.arm(Fault.LOST_OBJECT, picks=of_object("PUT"))
    with pytest.raises(StoreLied):
        faulty.put("o", [b"mine"])
    with pytest.raises(ObjectMissing):
        store.stat("o")
    proxy.arm(Fault.INTERNAL_ERROR, picks=lambda request: "versions" in request.path)
    with pytest.raises(StoreUnavailable):
        faulty.put("o", [b"mine"])


def test_a_listing_of_versions_that_is_behind_makes_nothing_missing(
    store: S3Store, place: S3Location, faulty: S3Store, proxy: FaultProxy
) -> None:
    armed = proxy.arm(Fault.STALE_LIST, times=100, picks=lambda request: "versions" in request.path)
    nothing = b"<ListVersionsResult><Name>b</Name><IsTruncated>false</IsTruncated></ListVersionsResult>"
    armed.stale[f"/{place.bucket}"] = (200, {"Content-Type": "application/xml"}, nothing)
    store.put("o", [b"there"])
    for verb in (faulty.stat, faulty.open):
        with pytest.raises(StoreUnavailable):
            verb("o")
    with pytest.raises(StoreLied):
        faulty.put("p", [b"x"])
    with pytest.raises(ObjectMissing):
        faulty.stat("never")


def test_a_server_that_refuses_the_condition_is_written_to_without_it(faulty: S3Store, proxy: FaultProxy) -> None:
    armed = proxy.arm(Fault.UNKNOWN_HEADER, times=100, picks=lambda request: "If-None-Match" in request.headers)
    for name in ("o", "p"):
        faulty.put(name, [b"x"])
    assert armed.struck == 1


def test_suspended_versioning_is_refused(place: S3Location, stranger: Minio) -> None:
    stranger.set_bucket_versioning(place.bucket, VersioningConfig(SUSPENDED))
    store = S3Store(place, workers=1)
    with pytest.raises(StoreRefused):
        store.put("o", [b"x"])
    stranger.set_bucket_versioning(place.bucket, VersioningConfig(ENABLED))
    store.put("o", [b"x"])  # a refusal is not remembered


def test_without_versions_small_objects_are_created_under_a_condition(ceph_endpoint: str) -> None:
    place = location(ceph_endpoint, f"n-{secrets.token_hex(8)}")
    create_bucket(place, versioned=False)
    stores = [S3Store(place, workers=1) for _ in range(8)]
    # the server's own condition covers small objects alone, so the store as a whole does not promise it
    assert stores[0].capabilities.create_only is CreateOnly.CHECKED
    for turn in range(8):
        assert len(race(list(stores), f"race-{turn}", writers=8)) == 1


def test_an_object_under_lock_is_not_deleted_and_stays_readable(place: S3Location) -> None:
    locked = dataclasses.replace(place, bucket=f"l-{secrets.token_hex(8)}")
    client = connect(locked, workers=1)
    client.make_bucket(locked.bucket, object_lock=True)
    store = S3Store(locked, workers=1)
    version = store.put("o", [b"kept"]).version
    client.enable_object_legal_hold(locked.bucket, "x/o", version)
    with pytest.raises(StorageError) as refusal:
        store.delete("o")
    assert isinstance(refusal.value, StoreRefused)
    assert read(S3Store(locked, workers=1), "o") == b"kept"
