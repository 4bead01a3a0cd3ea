"""What is asked for most often is answered straight: as the framework answers it, and nothing else is."""

from collections.abc import Iterator

import httpx
import pytest

from api.dicomweb.often import OFTEN
from api.giving import AT_ONCE, answered
from api.streamed import Streamed
from repository.access.principal import PrincipalKind
from tests.api.served import Served
from tests.builders.staff import Staff

VARYING = frozenset({"date", "x-request-id", "content-type"})  # a boundary is new each time


@pytest.fixture
def paths(served: Served) -> list[str]:
    """Of one instance: it, its first frame, its metadata, and a search for its study."""
    (facts, *_) = [
        each.description.dicom
        for each in served.archive.catalogue.holdings(served.takeover.number)
        if each.description.dicom is not None
    ]
    study = f"/dicomweb/studies/{facts.study_instance_uid}"
    instance = f"{study}/series/{facts.series_instance_uid}/instances/{facts.sop_instance_uid}"
    found = [instance, f"{instance}/frames/1", f"{instance}/metadata"]
    return [*found, f"/dicomweb/studies?StudyInstanceUID={facts.study_instance_uid}"]


def scope_of(path: str, method: str = "GET") -> dict[str, object]:
    before, _, query = path.partition("?")
    return {"type": "http", "method": method, "path": before, "query_string": query.encode()}


def straight(path: str) -> bool:
    return any(each.found(scope_of(path)) is not None for each in OFTEN)


def by_the_framework(path: str) -> str:
    """The same question, left to the framework: with the parameter that says what Accept says."""
    return f"{path}{'&' if '?' in path else '?'}accept=*/*"


def test_the_straight_way_and_the_framework_answer_alike(served: Served, paths: list[str]) -> None:
    with served.client() as client:
        for path in paths:
            assert straight(path)
            assert not straight(by_the_framework(path))
            for method in ("GET", "HEAD"):
                one, other = (client.request(method, each) for each in (path, by_the_framework(path)))
                assert one.status_code == other.status_code == 200
                assert told(one) == told(other)
                assert b"--edm-" in one.content or one.content == other.content


def told(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in VARYING}


def test_nobody_comes_in_by_the_straight_way_who_does_not_by_the_other(served: Served, paths: list[str]) -> None:
    stranger = Staff(kind=PrincipalKind.ADMINISTRATOR)
    for client in (served.client(None), served.client(purpose=None), served.client(stranger)):
        with client:
            for path in paths:
                one, other = client.get(path), client.get(by_the_framework(path))
                assert one.status_code == other.status_code
                assert (one.status_code == 200) == ("?" in path and client.headers.get("authorization") is not None
                    and "edm-purpose" in client.headers)  # fmt: skip


@pytest.mark.parametrize("uid", ["1" * 65, "ż", "1 2", "1\n"])
def test_what_is_no_uid_is_left_to_the_framework(uid: str) -> None:
    assert not straight(f"/dicomweb/studies/1.2/series/1.3/instances/{uid}")
    assert straight("/dicomweb/studies/1.2/series/1.3/instances/1.4")


@pytest.mark.parametrize("query", ["accept=a", "%61ccept=a", "limit=1&a%63cept=a"])
def test_a_search_that_may_say_accept_is_left_to_the_framework(query: str) -> None:
    assert not straight(f"/dicomweb/studies?{query}")
    assert straight("/dicomweb/studies?PatientName=Nowak%5EJan&limit=1")


def pieces(count: int, closed: list[bool]) -> Iterator[bytes]:
    try:
        for _ in range(count):
            yield b"x" * (AT_ONCE // 4)
    finally:
        closed.append(True)


def test_what_is_small_is_opened_to_its_end_before_the_answer_begins() -> None:
    closed: list[bool] = []
    answer = answered(pieces(4, closed), 206, headers={"ETag": '"a"'})
    assert (answer.status_code, len(bytes(answer.body)), answer.headers["etag"]) == (206, AT_ONCE, '"a"')
    assert answer.headers["content-length"] == str(AT_ONCE)
    assert closed


def test_what_is_large_is_streamed_and_its_source_is_let_go_of() -> None:
    closed: list[bool] = []
    answer = answered(pieces(40, closed), headers={})
    assert isinstance(answer, Streamed)
    assert not closed
    answer._pieces.close()
    assert closed


def test_a_fault_in_what_is_small_is_an_error_and_no_answer() -> None:
    def faulty() -> Iterator[bytes]:
        yield b"x"
        raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        answered(faulty(), headers={})
