"""The lease of a process of this machine that is surely gone is over; every other one lasts for its time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from repository.catalogue.catalogue import Catalogue
from repository.catalogue.errors import LeaseLost
from repository.catalogue.jobs import WORN_OUT, Job, Jobs, JobState
from repository.liveness import new_name
from tests.peers.named import Named, another, gone, with_part

DAY = 86_400.0
NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def jobs(catalogue: Catalogue) -> Jobs:
    """At one instant for ever: no lease runs out."""
    return Jobs(catalogue._room, now=lambda: NOW)


def held_by(jobs: Jobs, owner: str, *, key: str = "x", attempts: int = 5) -> Job:
    jobs.enqueue("note", "x", key=key, attempts=attempts)
    held = jobs.lease({"note"}, owner=owner, seconds=DAY, key=key)
    assert held is not None
    return held


def test_the_job_of_a_process_that_was_killed_is_taken_at_once(jobs: Jobs) -> None:
    with another() as process:
        held = held_by(jobs, process.name)
        assert jobs.lease({"note"}, owner="me", seconds=DAY) is None
        process.die()
        taken = jobs.lease({"note"}, owner="me", seconds=DAY)
    assert taken is not None
    assert (taken.id, taken.owner, taken.generation, taken.attempts) == (held.id, "me", held.generation + 1, 2)
    with pytest.raises(LeaseLost):
        jobs.renew(held, seconds=DAY)


@pytest.mark.parametrize("state", [lambda _: None, Named.stop], ids=["at-work", "stopped"])
def test_whoever_lives_is_not_overtaken(jobs: Jobs, state: Callable[[Named], None]) -> None:
    with another() as process:
        held = held_by(jobs, process.name)
        state(process)
        assert jobs.lease({"note"}, owner=new_name(), seconds=DAY) is None
        assert jobs.lease({"note"}, owner=new_name(), seconds=DAY, key=held.key) is None
        assert jobs.job(held.id) == held


def test_another_thread_of_the_same_process_is_not_overtaken(jobs: Jobs) -> None:
    held = held_by(jobs, new_name())
    assert jobs.lease({"note"}, owner=new_name(), seconds=DAY) is None
    assert jobs.job(held.id) == held


@pytest.mark.parametrize("place", [0, 4, 5, 6])
def test_in_doubt_the_time_runs(jobs: Jobs, place: int) -> None:
    held = held_by(jobs, with_part(gone(), place, "elsewhere"))
    assert jobs.lease({"note"}, owner="me", seconds=DAY) is None
    assert jobs.job(held.id) == held


def test_only_what_was_asked_for_is_taken(jobs: Jobs) -> None:
    name = gone()
    first, second = held_by(jobs, name, key="first"), held_by(jobs, with_part(name, 2, "0"), key="second")
    assert jobs.lease({"other"}, owner="me", seconds=DAY) is None
    taken = jobs.lease({"note"}, owner="me", seconds=DAY, key="second")
    assert taken is not None
    assert taken.id == second.id
    assert jobs.job(first.id) == first


def test_of_many_who_ask_at_once_one_takes_it(jobs: Jobs) -> None:
    held = held_by(jobs, gone())
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: jobs.lease({"note"}, owner=new_name(), seconds=DAY), range(16)))
    assert [each.generation for each in taken if each is not None] == [held.generation + 1]


def test_one_whose_workers_all_were_killed_is_given_up(jobs: Jobs) -> None:
    held = held_by(jobs, gone(), attempts=1)
    assert jobs.lease({"note"}, owner="me", seconds=DAY) is None
    ended = jobs.job(held.id)
    assert ended is not None
    assert (ended.state, ended.code) == (JobState.FAILED, WORN_OUT)


def test_what_was_ended_by_somebody_who_died_then_stays_ended(jobs: Jobs) -> None:
    held = held_by(jobs, gone())
    done = jobs.finish(held, {"said": "x"})
    assert jobs.lease({"note"}, owner="me", seconds=DAY) is None
    assert jobs.job(held.id) == done
