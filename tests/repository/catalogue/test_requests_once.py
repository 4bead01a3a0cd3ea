"""Requests with a key are done once: by one of many who begin at once, and by nobody who died at it for ever."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from repository.catalogue.catalogue import Catalogue
from repository.catalogue.requests_once import AT_WORK, KEPT, RequestsOnce, key_of


class Clock:
    now = datetime(2026, 11, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def requests(catalogue: Catalogue, clock: Clock) -> RequestsOnce:
    return RequestsOnce(catalogue._room, now=clock)


def test_of_many_that_begin_at_once_one_does_it(requests: RequestsOnce) -> None:
    key = key_of("ada", "k")
    with ThreadPoolExecutor(8) as pool:
        known = list(pool.map(lambda _: requests.begin(key, "asked"), range(16)))
    assert known.count(None) == 1
    assert {each.status for each in known if each is not None} == {0}


def test_the_answer_is_given_again_for_a_day(requests: RequestsOnce, clock: Clock) -> None:
    key = key_of("ada", "k")
    assert requests.begin(key, "asked") is None
    requests.end(key, 202, {"body": "{}"})
    clock.now += KEPT - timedelta(seconds=1)
    known = requests.begin(key, "other")
    assert known is not None
    assert (known.asked, known.status, known.answer) == ("asked", 202, {"body": "{}"})
    clock.now += timedelta(seconds=2)
    assert requests.begin(key, "other") is None


def test_whoever_died_at_it_does_not_hold_it_for_ever(requests: RequestsOnce, clock: Clock) -> None:
    key = key_of("ada", "k")
    assert requests.begin(key, "asked") is None
    clock.now += AT_WORK + timedelta(seconds=1)
    assert requests.begin(key, "asked") is None


def test_what_came_to_nothing_may_be_sent_again(requests: RequestsOnce) -> None:
    key = key_of("ada", "k")
    assert requests.begin(key, "asked") is None
    requests.forget(key)
    assert requests.begin(key, "asked") is None


def test_keys_are_a_callers_own_and_are_not_kept() -> None:
    assert key_of("ada", "k") != key_of("eve", "k")
    assert key_of("ada", "bk") != key_of("adab", "k")
    assert "ada" not in key_of("ada", "k")
