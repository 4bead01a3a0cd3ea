"""A process is gone, and its PostgreSQL session still does what it was sent last: whoever takes over waits for that."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from sqlalchemy import Connection, text, update

from repository.catalogue.catalogue import Catalogue, open_catalogue
from repository.catalogue.doing import BY, MARKED
from repository.catalogue.jobs import JobState
from repository.catalogue.request_tables import request_once
from repository.catalogue.requests_once import LOST, key_of
from repository.catalogue.tables import job
from repository.catalogue.text import packed
from tests.peers.named import gone
from tests.repository.conftest import Databases
from tests.repository.waiting import eventually

T = TypeVar("T")
KEY = key_of("ada", "k")
WAITING = text(
    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"
)


@pytest.fixture
def catalogue(databases: Databases) -> Iterator[Catalogue]:
    with databases.one() as url:
        opened = open_catalogue(url)
        yield opened
        opened.close()


def amid(catalogue: Catalogue, last: Callable[[Connection], object], ask: Callable[[], T]) -> T:
    """What `ask` came to, which was asked while `last` was written and not committed."""
    room = catalogue._room

    def waits() -> bool:
        with room.reading() as connection:
            return bool(connection.execute(WAITING).scalar_one())

    with ThreadPoolExecutor(1) as pool:
        with room.writing() as connection:
            last(connection)
            asked = pool.submit(ask)
            assert eventually(lambda: waits() or asked.done())
            assert not asked.done()
        return asked.result()


def test_a_job_that_is_being_ended_is_not_taken(catalogue: Catalogue) -> None:
    jobs = catalogue.jobs
    jobs.enqueue("note", "x", key="x")
    assert jobs.lease({"note"}, owner=gone(), seconds=3600) is not None
    ended = update(job).values(state=JobState.DONE.value)
    taken = amid(catalogue, lambda c: c.execute(ended), lambda: jobs.lease({"note"}, owner="me", seconds=3600))
    assert taken is None
    done = jobs.find("x")
    assert done is not None
    assert (done.state, done.generation) == (JobState.DONE, 1)


def test_a_job_of_which_something_is_being_written_is_taken_after_that(catalogue: Catalogue) -> None:
    jobs = catalogue.jobs
    jobs.enqueue("note", "x", key="x")
    assert jobs.lease({"note"}, owner=gone(), seconds=3600) is not None
    written = update(job).values(done=3, total=4)
    taken = amid(catalogue, lambda c: c.execute(written), lambda: jobs.lease({"note"}, owner="me", seconds=3600))
    assert taken is not None
    assert (taken.generation, taken.done) == (2, 3)


def test_a_request_of_which_something_is_being_written_is_not_done_again(catalogue: Catalogue) -> None:
    requests, name = catalogue.requests, gone()
    assert requests.begin(KEY, "asked") is None
    mine = update(request_once).where(request_once.c.key == KEY)
    with catalogue._room.writing() as connection:
        connection.execute(mine.values(answer=packed({BY: name})))
    written = mine.values(status=MARKED, until="2999", answer=packed({BY: name, "deeds": [7]}))
    known = amid(catalogue, lambda c: c.execute(written), lambda: requests.begin(KEY, "asked"))
    assert known is not None
    assert (known.status, known.written.deeds) == (LOST, [7])
