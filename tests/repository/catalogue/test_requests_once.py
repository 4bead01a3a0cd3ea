"""Requests with a key are done once: by one of many who begin at once, and by nobody who died at it for ever."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from repository.catalogue.catalogue import Catalogue
from repository.catalogue.doing import Written, current
from repository.catalogue.requests_once import AT_WORK, KEPT, LOST, RequestsOnce, key_of
from tests.builders.deeds import account, maker
from tests.repository.catalogue.keyed import Clock


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


def status_of(requests: RequestsOnce, key: str) -> int | None:
    known = requests.begin(key, "asked")
    return None if known is None else known.status


def something(catalogue: Catalogue) -> None:
    """A transaction of its own."""
    catalogue.requests.forget("none")


def test_what_was_written_before_somebody_died_is_not_done_again_for_a_day(
    catalogue: Catalogue, requests: RequestsOnce, clock: Clock
) -> None:
    key = key_of("ada", "k")
    assert requests.begin(key, "asked") is None
    with requests.doing(key):
        something(catalogue)
    assert status_of(requests, key) == 0  # whoever is at it may live
    clock.now += AT_WORK - timedelta(seconds=1)
    assert status_of(requests, key) == 0
    clock.now += timedelta(seconds=2)
    assert status_of(requests, key) == LOST
    clock.now += KEPT + timedelta(seconds=1)
    assert status_of(requests, key) is None


def test_what_was_rolled_back_is_done_again(catalogue: Catalogue, requests: RequestsOnce, clock: Clock) -> None:
    key = key_of("ada", "k")
    assert requests.begin(key, "asked") is None
    with pytest.raises(ZeroDivisionError), requests.doing(key), catalogue._room.writing():
        raise ZeroDivisionError
    clock.now += AT_WORK + timedelta(seconds=1)
    assert status_of(requests, key) is None


def test_an_answer_takes_the_place_of_the_mark(catalogue: Catalogue, requests: RequestsOnce, clock: Clock) -> None:
    key = key_of("ada", "k")
    requests.begin(key, "asked")
    with requests.doing(key):
        something(catalogue)
    requests.end(key, 201, {"body": "{}"})
    with requests.doing(key):  # a straggler
        something(catalogue)
    clock.now += AT_WORK + timedelta(seconds=1)
    assert status_of(requests, key) == 201


def test_a_deed_that_another_thread_writes_marks_the_request_of_whoever_wanted_it(
    catalogue: Catalogue, requests: RequestsOnce, clock: Clock
) -> None:
    """Threads share a transaction: here this one, which has no key, writes what another one wants, that has one."""
    key = key_of("ada", "k")
    requests.begin(key, "asked")
    with requests.doing(key):
        mine = current()
    (deed,) = catalogue.journal._queue.add([(maker("person", {"what": "invited"}), mine)])
    clock.now += AT_WORK + timedelta(seconds=1)
    known = requests.begin(key, "asked")
    assert known is not None
    assert (known.status, known.written) == (LOST, Written(deeds=[deed.number]))


def test_what_was_made_of_it_is_known_in_order(catalogue: Catalogue, requests: RequestsOnce, clock: Clock) -> None:
    key = key_of("ada", "k")
    requests.begin(key, "asked")
    catalogue.jobs.enqueue("verify", "x", key="there already")
    with requests.doing(key):
        deeds = catalogue.journal.write([maker("person", {"what": "invited"}), maker("person", {"what": "invited"})])
        catalogue.journal.write([maker("account", account())])
        catalogue.jobs.enqueue("verify", "x", key="there already")
        jobs = [catalogue.jobs.enqueue("verify", "x", key=each).id for each in ("a", "b")]
        deeds += catalogue.journal.write([maker("person", {"what": "invited"})])
    clock.now += AT_WORK + timedelta(seconds=1)
    known = requests.begin(key, "asked")
    assert known is not None
    assert known.written == Written(deeds=[each.number for each in deeds], jobs=jobs)
    assert catalogue.journal.numbered(known.written.deeds) == deeds


def test_who_only_looked_has_done_nothing(catalogue: Catalogue, requests: RequestsOnce, clock: Clock) -> None:
    key = key_of("ada", "k")
    requests.begin(key, "asked")
    with requests.doing(key):
        catalogue.journal.write([maker("account", account())])
    clock.now += AT_WORK + timedelta(seconds=1)
    assert status_of(requests, key) is None


def test_what_is_given_up_is_known_at_once_by_what_was_made(catalogue: Catalogue, requests: RequestsOnce) -> None:
    key = key_of("ada", "k")
    requests.begin(key, "asked")
    with requests.doing(key):
        something(catalogue)
    requests.give_up(key)
    assert status_of(requests, key) is None  # nothing that anybody could tell
    with requests.doing(key):
        catalogue.journal.write([maker("person", {"what": "invited"})])
    assert status_of(requests, key) == 0
    requests.give_up(key)
    assert status_of(requests, key) == LOST
    requests.end(key, 201, {"body": "{}"})
    assert status_of(requests, key) == 201


def test_what_came_to_nothing_may_be_sent_again(requests: RequestsOnce) -> None:
    key = key_of("ada", "k")
    assert requests.begin(key, "asked") is None
    requests.forget(key)
    assert requests.begin(key, "asked") is None


def test_keys_are_a_callers_own_and_are_not_kept() -> None:
    assert key_of("ada", "k") != key_of("eve", "k")
    assert key_of("ada", "bk") != key_of("adab", "k")
    assert "ada" not in key_of("ada", "k")
