"""S3 through a faulty network: nothing is acknowledged that is not there, no fault counts as absence, retries mend."""

import dataclasses
import io
import random
import secrets
import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from storage.errors import ObjectExists, ObjectMissing, StorageError, StoreLied, StoreRefused, StoreUnavailable
from storage.objects.port import ObjectStore, StoredObject
from storage.objects.retrying import Patience, RetryingStore
from storage.objects.s3 import S3Location, S3Store, create_bucket
from tests.storage.objects.conftest import location
from tests.storage.objects.fault_proxy import Fault, FaultProxy, Request

SMALL = random.Random(5).randbytes(200_000)
LARGE = random.Random(6).randbytes(17 * 1024 * 1024)

NOT_FORWARDED = [Fault.INTERNAL_ERROR, Fault.SLOW_DOWN, Fault.STALL_BEFORE, Fault.RESET_BEFORE, Fault.GATEWAY_NOT_FOUND]
FORWARDED = [Fault.STALL_AFTER, Fault.RESET_AFTER, Fault.ERROR_AFTER]
IN_BODY = [Fault.TRUNCATED, Fault.RESET_IN_BODY]


@pytest.fixture
def proxy(rclone_endpoint: str) -> Iterator[FaultProxy]:
    with FaultProxy(rclone_endpoint) as proxy:
        yield proxy


@pytest.fixture
def place(proxy: FaultProxy, rclone_endpoint: str, request: pytest.FixtureRequest) -> S3Location:
    """A new bucket, through the proxy. Where the test stalls an answer, it is waited for one second only."""
    bucket = f"b-{secrets.token_hex(8)}"
    create_bucket(location(rclone_endpoint, bucket), versioned=False)
    stalls = "STALL" in request.node.name
    return dataclasses.replace(location(proxy.endpoint, bucket), read_seconds=1.0 if stalls else 60.0)


@pytest.fixture
def direct(place: S3Location, rclone_endpoint: str) -> Iterator[S3Store]:
    """The same bucket without the proxy: what is really there."""
    store = S3Store(dataclasses.replace(place, endpoint=rclone_endpoint, read_seconds=60.0), workers=2)
    yield store
    store.close()


@pytest.fixture
def store(place: S3Location) -> Iterator[S3Store]:
    store = S3Store(place, workers=2)
    assert store.capabilities.versions is False  # what the bucket honours is asked before any fault is armed
    yield store
    store.close()


@pytest.fixture
def retrying(store: S3Store) -> RetryingStore:
    return RetryingStore(store, patience=Patience(attempts=4), sleep=lambda _: None)


def read(store: ObjectStore, key: str) -> bytes:
    taken = io.BytesIO()
    with store.open(key) as reader:
        while piece := reader.read(70_000):
            taken.write(piece)
    return taken.getvalue()


def of_object(method: str) -> Callable[[Request], bool]:
    return lambda request: request.method == method and request.path.partition("?")[0].endswith("/o")


def a_listing(request: Request) -> bool:
    return request.method == "GET" and "list-type=2" in request.path


@pytest.mark.parametrize("fault", [*NOT_FORWARDED, *FORWARDED])
def test_a_put_that_met_a_fault_is_not_acknowledged(
    store: S3Store, direct: S3Store, proxy: FaultProxy, fault: Fault
) -> None:
    armed = proxy.arm(fault, picks=of_object("PUT"))
    with pytest.raises(StoreUnavailable):
        store.put("o", [SMALL])
    assert armed.struck == 1
    there = [found.size for found in direct.list()]
    assert there == ([len(SMALL)] if fault in FORWARDED else [])


@pytest.mark.parametrize("fault", [*NOT_FORWARDED, *FORWARDED])
def test_a_put_is_tried_again_until_it_is_there_once(
    retrying: RetryingStore, direct: S3Store, proxy: FaultProxy, fault: Fault
) -> None:
    armed = proxy.arm(fault, times=2, picks=of_object("PUT"))
    assert retrying.put("o", [SMALL[:9], SMALL[9:]]) == StoredObject(key="o", size=len(SMALL))
    assert armed.struck == (1 if fault in FORWARDED else 2)  # the second attempt finds the first one's object
    assert read(direct, "o") == SMALL
    with pytest.raises(ObjectExists):
        retrying.put("o", [SMALL])  # nothing was ambiguous this time


def test_a_name_taken_by_another_is_not_taken_for_our_own_after_a_fault(
    retrying: RetryingStore, direct: S3Store, proxy: FaultProxy
) -> None:
    direct.put("o", [SMALL[::-1]])
    armed = proxy.arm(Fault.INTERNAL_ERROR, picks=of_object("HEAD"))
    with pytest.raises(ObjectExists):
        retrying.put("o", [SMALL])
    assert armed.struck == 1
    assert read(direct, "o") == SMALL[::-1]


def test_a_200_that_lost_the_object_is_a_lie(store: S3Store, proxy: FaultProxy) -> None:
    proxy.arm(Fault.LOST_OBJECT, picks=of_object("PUT"))
    with pytest.raises(StoreLied):
        store.put("o", [SMALL])
    with pytest.raises(ObjectMissing):
        store.stat("o")


def test_a_200_that_lost_the_object_is_made_good_by_a_retry(
    retrying: RetryingStore, direct: S3Store, proxy: FaultProxy
) -> None:
    armed = proxy.arm(Fault.LOST_OBJECT, times=3, picks=of_object("PUT"))
    retrying.put("o", [SMALL])
    assert armed.struck == 3
    assert read(direct, "o") == SMALL


def test_a_store_that_goes_on_lying_is_told_of(retrying: RetryingStore, proxy: FaultProxy) -> None:
    proxy.arm(Fault.LOST_OBJECT, times=100, picks=of_object("PUT"))
    with pytest.raises(StoreLied):
        retrying.put("o", [SMALL])


@pytest.mark.parametrize("fault", [*NOT_FORWARDED, Fault.RESET_AFTER])
@pytest.mark.parametrize("step", ["uploads=", "partNumber=2", "uploadId="])
def test_a_large_put_survives_a_fault_at_each_step(
    retrying: RetryingStore, direct: S3Store, proxy: FaultProxy, fault: Fault, step: str
) -> None:
    armed = proxy.arm(fault, picks=lambda request: request.method in {"POST", "PUT"} and step in request.path)
    retrying.put("o", [LARGE])
    assert armed.struck == 1
    assert read(direct, "o") == LARGE
    assert len(list(direct.list())) == 1


def test_a_failed_large_put_is_aborted(store: S3Store, direct: S3Store, proxy: FaultProxy) -> None:
    proxy.arm(Fault.INTERNAL_ERROR, picks=lambda request: "partNumber=2" in request.path)
    with pytest.raises(StoreUnavailable):
        store.put("o", [LARGE])
    assert [request.method for request in proxy.requests if "uploadId=" in request.path][-1] == "DELETE"
    assert list(direct.list()) == []


@pytest.mark.parametrize("fault", NOT_FORWARDED)
@pytest.mark.parametrize("verb", ["stat", "open", "list", "delete"])
def test_no_fault_is_taken_for_absence(
    store: S3Store, direct: S3Store, proxy: FaultProxy, verb: str, fault: Fault
) -> None:
    direct.put("o", [SMALL])
    armed = proxy.arm(fault, times=100)
    verbs: dict[str, Callable[[], object]] = {
        "stat": lambda: store.stat("o"),
        "open": lambda: read(store, "o"),
        "list": lambda: list(store.list()),
        "delete": lambda: store.delete("o"),
    }
    with pytest.raises(StoreUnavailable):
        verbs[verb]()
    assert armed.struck >= 1
    assert direct.stat("o").size == len(SMALL)


@pytest.mark.parametrize("fault", IN_BODY)
def test_a_short_body_is_a_fault_and_not_the_end(
    store: S3Store, direct: S3Store, proxy: FaultProxy, fault: Fault
) -> None:
    direct.put("o", [SMALL])
    for offset, length in ((0, None), (1000, 150_000)):
        armed = proxy.arm(fault, picks=of_object("GET"))
        with store.open("o", offset=offset, length=length) as reader, pytest.raises(StoreUnavailable):
            reader.read()
        assert armed.struck == 1


@pytest.mark.parametrize("fault", [*NOT_FORWARDED, *IN_BODY, Fault.RESET_AFTER])
def test_a_reader_goes_on_at_the_byte_it_had_reached(
    retrying: RetryingStore, direct: S3Store, proxy: FaultProxy, fault: Fault
) -> None:
    direct.put("o", [SMALL])
    armed = proxy.arm(fault, times=3, picks=of_object("GET"))
    with retrying.open("o", offset=3, length=190_000) as reader:
        assert b"".join(iter(lambda: reader.read(4_099), b"")) == SMALL[3:190_003]
    assert armed.struck == 3
    assert read(retrying, "o") == SMALL


@pytest.mark.parametrize("fault", [*NOT_FORWARDED, Fault.RESET_AFTER, *IN_BODY])
def test_every_other_verb_is_mended_by_retries(
    retrying: RetryingStore, direct: S3Store, proxy: FaultProxy, fault: Fault
) -> None:
    for name in ("a", "o"):
        direct.put(name, [SMALL])
    armed = proxy.arm(fault, times=2, picks=a_listing)
    assert [found.key for found in retrying.list()] == ["a", "o"]
    assert armed.struck == 2
    if fault not in IN_BODY:  # neither answer has a body
        armed = proxy.arm(fault, times=2, picks=of_object("HEAD"))
        assert retrying.stat("o").size == len(SMALL)
        assert armed.struck == 2
        armed = proxy.arm(fault, times=2, picks=of_object("DELETE"))
        retrying.delete("o")
        assert armed.struck == 2
        assert [found.key for found in direct.list()] == ["a"]


def test_a_stale_listing_makes_nothing_missing(store: S3Store, direct: S3Store, proxy: FaultProxy) -> None:
    direct.put("a", [b"x"])
    armed = proxy.arm(Fault.STALE_LIST, times=100, picks=a_listing)
    path = f"/{direct._bucket._name}"
    listing = Request("GET", f"{path}?list-type=2", {}, b"")
    stale = b"<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated></ListBucketResult>"
    assert armed.picks(listing)
    armed.stale[path] = (200, {"Content-Type": "application/xml"}, stale)
    store.put("o", [SMALL])
    assert list(store.list()) == []
    assert armed.struck == 1
    assert store.stat("o").size == len(SMALL)
    assert read(store, "o") == SMALL
    with pytest.raises(ObjectExists):
        store.put("o", [SMALL])


def test_a_gateway_that_answers_everything_with_404_hides_no_object(
    retrying: RetryingStore, direct: S3Store, proxy: FaultProxy
) -> None:
    direct.put("o", [SMALL])
    proxy.arm(Fault.GATEWAY_NOT_FOUND, times=1000)
    with pytest.raises(StorageError) as fault:
        retrying.stat("o")
    assert not isinstance(fault.value, ObjectMissing)


def test_an_upload_from_a_one_shot_iterator_is_not_tried_again(
    retrying: RetryingStore, direct: S3Store, proxy: FaultProxy
) -> None:
    armed = proxy.arm(Fault.INTERNAL_ERROR, times=5, picks=of_object("PUT"))
    with pytest.raises(StoreUnavailable):
        retrying.put("o", iter([SMALL]))
    assert armed.struck == 1
    assert list(direct.list()) == []


def test_a_server_that_refuses_the_condition_is_written_to_without_it(place: S3Location, proxy: FaultProxy) -> None:
    armed = proxy.arm(Fault.UNKNOWN_HEADER, times=100, picks=lambda request: "If-None-Match" in request.headers)
    store = S3Store(place, workers=1)
    store.put("o", [SMALL])
    assert armed.struck == 1
    with pytest.raises(ObjectExists):
        store.put("o", [SMALL])
    store.close()


def test_a_large_put_takes_the_same_memory_whatever_its_size(direct: S3Store) -> None:
    block = bytes(1 << 20)
    tracemalloc.start()
    try:
        direct.put("o", (block for _ in range(130)))
        assert tracemalloc.get_traced_memory()[1] < 80 * (1 << 20)
    finally:
        tracemalloc.stop()


def test_a_missing_bucket_and_a_wrong_key_are_refusals_and_no_absence(place: S3Location) -> None:
    for wrong in (
        dataclasses.replace(place, bucket="b-that-is-not-there"),
        dataclasses.replace(place, secret_key="wrong"),
        dataclasses.replace(place, access_key="wrong"),
    ):
        store = S3Store(wrong, workers=1)
        for verb in (store.stat, store.open, store.delete, lambda name, store=store: list(store.list(name))):
            with pytest.raises(StoreRefused):
                verb("o")
        with pytest.raises(StoreRefused):
            store.put("o", [b"x"])
        store.close()


def test_a_server_that_is_not_there_is_unavailable(place: S3Location) -> None:
    store = S3Store(dataclasses.replace(place, endpoint="127.0.0.1:1"), workers=1)
    with pytest.raises(StoreUnavailable):
        store.stat("o")
    store.close()
