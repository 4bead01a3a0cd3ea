"""A request with a key whose process is surely gone is done, or told, at once; of every other one the time has to
pass."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from repository.catalogue.catalogue import Catalogue
from repository.catalogue.doing import BY, Written
from repository.catalogue.request_tables import request_once
from repository.catalogue.requests_once import AT_WORK, KEPT, LOST, Known, RequestsOnce, key_of
from repository.catalogue.text import packed, unpacked
from tests.builders.deeds import maker
from tests.peers.named import Named, another, gone, with_part
from tests.repository.catalogue.keyed import Clock

KEY = key_of("ada", "k")


def begun_by(requests: RequestsOnce, name: str, *, written: bool = False) -> Written:
    """`name` has begun it, and has written something of it; what."""
    assert requests.begin(KEY, "asked") is None
    made = wrote(requests) if written else Written()
    is_by(requests, name)
    return made


def wrote(requests: RequestsOnce) -> Written:
    catalogue = Catalogue(requests._room)
    with requests.doing(KEY):
        return Written(
            deeds=[each.number for each in catalogue.journal.write([maker("person", {"what": "invited"})])],
            jobs=[catalogue.jobs.enqueue("verify", "x", key="a").id],
        )


def is_by(requests: RequestsOnce, name: str) -> None:
    mine = request_once.c.key == KEY
    with requests._room.writing() as connection:
        answer = unpacked(connection.execute(select(request_once.c.answer).where(mine)).scalar_one())
        assert answer[BY]
        connection.execute(update(request_once).where(mine).values(answer=packed({**answer, BY: name})))


def status(known: Known | None) -> int | None:
    return None if known is None else known.status


def test_nothing_of_it_was_written_and_it_is_done_at_once_by_one(requests: RequestsOnce) -> None:
    begun_by(requests, gone())
    with ThreadPoolExecutor(8) as pool:
        told = [status(each) for each in pool.map(lambda _: requests.begin(KEY, "asked"), range(16))]
    assert (told.count(None), told.count(0)) == (1, 15)


def test_something_was_written_and_is_told_at_once_to_one(requests: RequestsOnce) -> None:
    made = begun_by(requests, gone(), written=True)
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: requests.begin(KEY, "asked"), range(16)))
    (lost,) = (each for each in told if each is not None and each.status == LOST)
    assert lost.written == made
    assert [status(each) for each in told].count(0) == 15
    requests.end(KEY, 201, {"body": "{}"})
    assert requests.begin(KEY, "asked") == Known("asked", 201, {"body": "{}"})


def test_what_whoever_goes_on_writes_is_told_with_what_was(requests: RequestsOnce) -> None:
    made = begun_by(requests, gone(), written=True)
    assert status(requests.begin(KEY, "asked")) == LOST
    more = wrote(requests)
    is_by(requests, gone())
    known = requests.begin(KEY, "asked")
    assert known is not None
    assert (known.status, known.written) == (LOST, Written([*made.deeds, *more.deeds], made.jobs))


def test_another_request_with_the_same_key_takes_nothing(requests: RequestsOnce) -> None:
    begun_by(requests, gone(), written=True)
    for _ in range(2):
        other = requests.begin(KEY, "other")
        assert other is not None
        assert (other.asked, other.status) == ("asked", LOST)
    assert status(requests.begin(KEY, "asked")) == LOST


@pytest.mark.parametrize("late", [False, True], ids=["known-to-be-gone", "its-time-is-over"])
def test_what_nobody_could_answer_is_left_as_it_was_for_the_same_day(
    requests: RequestsOnce, clock: Clock, late: bool
) -> None:
    begun_by(requests, gone() if not late else "elsewhere", written=True)
    began = clock.now
    clock.now += AT_WORK + timedelta(hours=1) if late else timedelta(seconds=1)
    for _ in range(3):
        known = requests.begin(KEY, "asked")
        assert known is not None
        assert known.status == LOST
        assert status(requests.begin(KEY, "asked")) == 0
        requests.leave(KEY, known)
    clock.now = began + KEPT + timedelta(seconds=1)
    assert requests.begin(KEY, "asked") is None


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("state", [lambda _: None, Named.stop], ids=["at-work", "stopped"])
def test_whoever_lives_is_not_overtaken(requests: RequestsOnce, state: Callable[[Named], None], written: bool) -> None:
    with another() as process:
        begun_by(requests, process.name, written=written)
        state(process)
        assert status(requests.begin(KEY, "asked")) == 0
        process.die()
        assert status(requests.begin(KEY, "asked")) == (LOST if written else None)


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("place", [0, 4, 5, 6])
def test_in_doubt_the_time_has_to_pass(requests: RequestsOnce, clock: Clock, place: int, written: bool) -> None:
    begun_by(requests, with_part(gone(), place, "elsewhere"), written=written)
    clock.now += AT_WORK - timedelta(seconds=1)
    assert status(requests.begin(KEY, "asked")) == 0
    clock.now += timedelta(seconds=2)
    assert status(requests.begin(KEY, "asked")) == (LOST if written else None)


def test_what_an_earlier_release_began_says_of_nobody_that_he_is_gone(requests: RequestsOnce, clock: Clock) -> None:
    made = begun_by(requests, "", written=True)
    with requests._room.writing() as connection:
        connection.execute(update(request_once).values(answer=packed(made.body())))
    assert status(requests.begin(KEY, "asked")) == 0
    clock.now += AT_WORK + timedelta(seconds=1)
    known = requests.begin(KEY, "asked")
    assert known is not None
    assert known.written == made
