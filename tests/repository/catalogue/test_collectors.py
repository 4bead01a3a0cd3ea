"""Cursors of audit collectors, on both engines."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from repository.catalogue.collectors import Collectors
from repository.catalogue.engine import Room, existing, read_url


@pytest.fixture
def collectors(fresh: Callable[[], str]) -> Iterator[Collectors]:
    room = Room(existing(read_url(fresh())))
    yield Collectors(room)
    room.close()


def test_a_collector_that_nobody_knows_is_at_the_beginning(collectors: Collectors) -> None:
    assert collectors.cursor("nobody") == 0
    assert collectors.collectors() == []


def test_a_cursor_moves_on_and_never_back(collectors: Collectors) -> None:
    for number, at in ((7, 7), (5, 7), (7, 7), (2**40, 2**40), (1, 2**40)):
        collectors.move("one", number)
        assert collectors.cursor("one") == at
    assert collectors.cursor("two") == 0


def test_a_failure_is_told_until_something_arrives_again(collectors: Collectors) -> None:
    collectors.move("one", 3)
    collectors.failed("one", "ACT-001")
    collectors.failed("two\u241b\x00", "ACT-002")
    one, two = collectors.collectors()
    assert (one.last_sent, one.failure) == (3, "ACT-001")
    assert one.sent_at
    assert one.failed_at
    assert (two.name, two.last_sent, two.sent_at, two.failure) == ("two\u241b\x00", 0, "", "ACT-002")
    collectors.move("one", 3)
    assert collectors.collectors()[0].failure == ""
    assert collectors.collectors()[0].failed_at == one.failed_at


def test_of_many_that_move_one_cursor_at_once_the_furthest_counts(collectors: Collectors) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: collectors.move("one", number), range(1, 41)))
    assert collectors.cursor("one") == 40
