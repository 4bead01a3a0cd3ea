"""Threads that write to the journal at once share a transaction; each is told of its own deeds, and of nobody else's.

Where several have to wait for one, a transaction that writes is held open until they do: so it does not depend on the
machine how they meet.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from repository.catalogue.catalogue import Catalogue
from repository.catalogue.errors import CatalogueBusy, CatalogueConflict, CatalogueUnavailable
from repository.catalogue.grouping import Queue, Turn
from repository.catalogue.log import take_sequencer
from repository.domain.deed import Deed
from tests.builders.deeds import account, maker, permission
from tests.repository.waiting import eventually

pytestmark = pytest.mark.requirement("R463-10.1.2")
READERS = 8
PATIENCE = 60.0


def waiting(queue: Queue[Any, Any]) -> int:
    with queue._changed:
        return len(queue._waiting)


@contextmanager
def commits(catalogue: Catalogue) -> Iterator[list[int]]:
    """A list with one number: how many transactions have ended with a commit."""
    counted = [0]

    def one(_connection: object) -> None:
        counted[0] += 1

    event.listen(catalogue._room.engine, "commit", one)
    try:
        yield counted
    finally:
        event.remove(catalogue._room.engine, "commit", one)


@contextmanager
def at_once(catalogue: Catalogue, jobs: list[list[Callable[[int], Deed]]]) -> Iterator[list["Future[list[Deed]]"]]:
    """`jobs`, each written by a thread of its own, all of which wait for the same transaction; written on leaving."""
    queue = catalogue.journal._queue
    with ThreadPoolExecutor(len(jobs)) as pool:
        with catalogue._room.writing() as connection:
            take_sequencer(connection)
            futures = []
            for place, job in enumerate(jobs):
                futures.append(pool.submit(catalogue.journal.write, job))
                assert eventually(lambda place=place: waiting(queue) == place + 1)  # type: ignore[misc]
        yield futures


def test_eight_readers_share_one_commit_and_each_gets_its_own_account(catalogue: Catalogue) -> None:
    jobs = [[maker("account", account(ordinal=place))] * (1 + place % 2) for place in range(READERS)]
    with commits(catalogue) as counted, at_once(catalogue, jobs) as futures:
        written = [future.result(PATIENCE) for future in futures]
    assert counted == [2]  # the one that they waited for, and theirs
    assert [[deed.body["ordinal"] for deed in each] for each in written] == [
        [place] * (1 + place % 2) for place in range(READERS)
    ]
    numbers = [deed.number for each in written for deed in each]
    assert numbers == list(range(1, len(numbers) + 1))  # in the order in which they came, without a gap
    assert list(catalogue.journal.deeds()) == [deed for each in written for deed in each]


def test_what_one_cannot_write_keeps_nobody_else_from_writing(catalogue: Catalogue) -> None:
    catalogue.journal.write([maker("permission", permission("p"))])

    def never(_number: int) -> Deed:
        raise ZeroDivisionError

    good = [[maker("account", account(ordinal=place))] for place in range(3)]
    conflicting = [maker("account", account(ordinal=77)), maker("permission", permission("p"))]
    with at_once(catalogue, [good[0], conflicting, good[1], [never], good[2]]) as futures:
        said = [future.exception(PATIENCE) for future in futures]
    assert [type(each) for each in said] == [type(None), CatalogueConflict, type(None), ZeroDivisionError, type(None)]
    assert [(deed.number, deed.body.get("ordinal")) for deed in catalogue.journal.deeds(after=1)] == [
        (2, 0),
        (3, 1),
        (4, 2),
    ]
    assert [futures[place].result()[0].number for place in (0, 2, 4)] == [2, 3, 4]
    assert list(catalogue.unheld()) == []


def test_a_commit_that_fails_is_told_to_all_and_tried_by_nobody_again(catalogue: Catalogue) -> None:
    commits_seen = [0]

    def fail(_connection: object) -> None:
        commits_seen[0] += 1
        if commits_seen[0] == 2:  # theirs, after the one that they waited for
            raise CatalogueConflict(reason="at the commit")

    jobs = [[maker("account", account(ordinal=place))] for place in range(3)]
    event.listen(catalogue._room.engine, "commit", fail)
    try:
        with at_once(catalogue, jobs) as futures:
            said = [future.exception(PATIENCE) for future in futures]
    finally:
        event.remove(catalogue._room.engine, "commit", fail)
    assert [type(each) for each in said] == [CatalogueConflict] * 3
    assert commits_seen == [2]
    assert catalogue.journal.size() == 0
    assert [deed.number for deed in catalogue.journal.write(jobs[0])] == [1]


def test_who_got_a_number_finds_it_in_the_journal_and_gets_a_greater_one_next(catalogue: Catalogue) -> None:
    def work(place: int) -> list[int]:
        numbers = []
        for step in range(12):
            (deed,) = catalogue.journal.write([maker("account", account(ordinal=place * 100 + step))])
            assert catalogue.journal.size() >= deed.number
            numbers.append(deed.number)
        return numbers

    with ThreadPoolExecutor(READERS) as pool:
        every = list(pool.map(work, range(READERS)))
    assert all(numbers == sorted(numbers) for numbers in every)
    assert sorted(number for numbers in every for number in numbers) == list(range(1, READERS * 12 + 1))
    assert list(catalogue.unheld()) == []


class Written:
    """What a `Queue` writes to: things of one transaction, and what it is told to do wrong."""

    def __init__(self) -> None:
        self.kept: list[int] = []
        self.turns: list[int] = []
        self.before: BaseException | None = None
        self.hold = threading.Event()
        self.hold.set()

    def __call__(self, turn: Turn[int, str]) -> None:
        self.hold.wait(PATIENCE)
        if self.before is not None:
            raise self.before
        things = turn.take()
        self.turns.append(len(things))
        if any(thing < 0 for thing in things):
            raise CatalogueConflict(reason="negative")
        self.kept += things
        turn.settle([str(thing) for thing in things])


@given(
    jobs=st.lists(st.lists(st.integers(-1, 50), max_size=7), max_size=10),
    most=st.integers(1, 8),
)
@settings(max_examples=40, deadline=None)
def test_whatever_comes_together_each_is_told_of_its_own(jobs: list[list[int]], most: int) -> None:
    book = Written()
    queue: Queue[int, str] = Queue(book, most=most)
    if not jobs:
        return
    with ThreadPoolExecutor(len(jobs)) as pool:
        book.hold.clear()
        futures = [pool.submit(queue.add, job) for job in jobs]
        assert eventually(lambda: waiting(queue) == len(jobs))
        book.hold.set()
        for job, future in zip(jobs, futures, strict=True):
            if any(thing < 0 for thing in job):
                assert isinstance(future.exception(PATIENCE), CatalogueConflict)
            else:
                assert future.result(PATIENCE) == [str(thing) for thing in job]
    kept = [thing for job in jobs if all(thing >= 0 for thing in job) for thing in job]
    assert sorted(book.kept) == sorted(kept)
    assert all(size <= most or size in {len(job) for job in jobs} for size in book.turns)
    assert queue._writing is False
    assert queue._waiting == []


def test_a_database_that_is_busy_is_told_to_those_who_waited_for_it() -> None:
    book = Written()
    book.before = CatalogueBusy(reason="held")
    queue: Queue[int, str] = Queue(book, most=100)
    with ThreadPoolExecutor(READERS) as pool:
        book.hold.clear()
        futures = [pool.submit(queue.add, [place]) for place in range(READERS)]
        assert eventually(lambda: waiting(queue) == READERS)
        book.hold.set()
        assert {type(future.exception(PATIENCE)) for future in futures} == {CatalogueBusy}
    assert book.turns == []
    book.before = None
    assert queue.add([5]) == ["5"]


def test_an_interruption_is_the_writers_own_and_leaves_nobody_waiting() -> None:
    book = Written()
    book.before = KeyboardInterrupt()
    queue: Queue[int, str] = Queue(book, most=100)
    outcomes: list[BaseException] = []

    def write() -> None:
        try:
            queue.add([1])
        except BaseException as error:  # noqa: BLE001  what came is what is looked at
            outcomes.append(error)

    book.hold.clear()
    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert eventually(lambda: waiting(queue) == len(threads))
    book.hold.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(outcomes) == len(threads)
    assert {KeyboardInterrupt} <= {type(each) for each in outcomes} <= {KeyboardInterrupt, CatalogueUnavailable}
    book.before = None
    assert queue.add([5]) == ["5"]


def test_a_thread_that_is_interrupted_when_its_time_to_write_has_come_keeps_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def write(turn: Turn[int, int]) -> None:
        turn.settle(turn.take())

    queue, joined = Queue[int, int](write, most=9), Queue._joined

    def interrupted(self: Queue[int, int], mine: Any) -> bool:
        joined(self, mine)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Queue, "_joined", interrupted)
        with pytest.raises(KeyboardInterrupt):
            queue.add([1])
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(queue.add, [2]).result(PATIENCE) == [2]
    assert waiting(queue) == 0
