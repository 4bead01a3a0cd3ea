"""Jobs: one owner at a time, whatever the clocks say."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, multiple, rule

from repository.catalogue.catalogue import Catalogue, open_catalogue
from repository.catalogue.errors import LeaseLost
from repository.catalogue.jobs import WORN_OUT, Job, Jobs, JobState
from tests.repository.catalogue.conftest import Fresh


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def pass_by(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class Machine(RuleBasedStateMachine):
    """The model: for each job its generation and who was last given it. Nobody else's word may be taken."""

    leases = Bundle("leases")
    jobs: Jobs
    clock: Clock
    names = count()

    @initialize()
    def begin(self) -> None:
        self.prefix = f"run{next(self.names)}"
        self.holders: dict[int, int] = {}  # job → generation that holds it
        self.ended: set[int] = set()
        self.clock.time = datetime(2026, 1, 1, tzinfo=UTC)

    @rule(name=st.integers(0, 3), attempts=st.integers(1, 3))
    def enqueue(self, name: int, attempts: int) -> None:
        first = self.jobs.enqueue(self.prefix, "s", key=f"{self.prefix}/{name}", attempts=attempts)
        assert self.jobs.enqueue(self.prefix, "other", key=first.key).id == first.id

    @rule(seconds=st.integers(-90, 90))
    def time_passes_or_runs_backwards(self, seconds: int) -> None:
        self.clock.pass_by(seconds)

    @rule(target=leases, owner=st.sampled_from("ab"), seconds=st.integers(1, 60))
    def lease(self, owner: str, seconds: int) -> object:
        held = self.jobs.lease([self.prefix], owner=owner, seconds=seconds)
        if held is None:
            return multiple()
        assert held.id not in self.ended
        assert held.generation > self.holders.get(held.id, 0)
        assert 1 <= held.attempts <= held.attempts_most
        self.holders[held.id] = held.generation
        return held

    def _taken(self, held: Job, deed: str, *args: object, **options: object) -> bool:
        now = self.jobs.job(held.id)
        assert now is not None
        mine = now.state is JobState.LEASED and self.holders[held.id] == held.generation
        mine = mine and now.generation == held.generation
        try:
            getattr(self.jobs, deed)(held, *args, **options)
        except LeaseLost:
            assert not mine
            assert self.jobs.job(held.id) == now
            return False
        assert mine
        return True

    @rule(held=leases, seconds=st.integers(1, 60))
    def renew(self, held: Job, seconds: int) -> None:
        self._taken(held, "renew", seconds=seconds)

    @rule(held=leases)
    def progress(self, held: Job) -> None:
        self._taken(held, "progress", done=1, total=2)

    @rule(held=consumes(leases))
    def finish(self, held: Job) -> None:
        if self._taken(held, "finish", {"n": held.generation}):
            self.ended.add(held.id)
            done = self.jobs.job(held.id)
            assert done is not None
            assert (done.state, done.result) == (JobState.DONE, {"n": held.generation})

    @rule(held=leases, retry=st.none() | st.integers(0, 60))
    def fail(self, held: Job, retry: int | None) -> None:
        at = None if retry is None else self.clock.time + timedelta(seconds=retry)
        if self._taken(held, "fail", "X-1", retry_at=at):
            after = self.jobs.job(held.id)
            assert after is not None
            again = retry is not None and held.attempts < held.attempts_most
            assert after.state is (JobState.WAITING if again else JobState.FAILED)
            if not again:
                self.ended.add(held.id)


def test_a_job_has_one_owner_whatever_the_clocks_say(fresh: Fresh) -> None:
    clock = Clock()
    catalogue = open_catalogue(fresh(), now=clock)
    Machine.jobs, Machine.clock = catalogue.jobs, clock
    machine = type("Kept", (Machine,), {})
    try:
        from hypothesis.stateful import run_state_machine_as_test

        run_state_machine_as_test(machine, settings=settings(max_examples=15, stateful_step_count=20, deadline=None))
    finally:
        catalogue.close()


def test_workers_that_ask_at_once_get_different_jobs(catalogue: Catalogue) -> None:
    for name in range(12):
        catalogue.jobs.enqueue("verify", "s", key=f"{name}")

    def work(owner: int) -> list[int]:
        found = []
        while held := catalogue.jobs.lease(["verify"], owner=f"w{owner}", seconds=60):
            catalogue.jobs.finish(held, {})
            found.append(held.id)
        return found

    with ThreadPoolExecutor(4) as pool:
        done = [each for own in pool.map(work, range(4)) for each in own]
    assert len(done) == len(set(done)) == 12
    assert catalogue.jobs.jobs(state=JobState.WAITING) == []


def test_a_job_whose_workers_all_vanish_is_given_up(fresh: Fresh) -> None:
    clock = Clock()
    catalogue = open_catalogue(fresh(), now=clock)
    job = catalogue.jobs.enqueue("verify", "s", key="k", attempts=2)
    for generation in (1, 2):
        held = catalogue.jobs.lease(["verify"], owner="w", seconds=10)
        assert held is not None
        assert held.generation == generation
        assert catalogue.jobs.lease(["verify"], owner="x", seconds=10) is None
        clock.pass_by(10)
    assert catalogue.jobs.lease(["verify"], owner="x", seconds=10) is None
    ended = catalogue.jobs.job(job.id)
    assert ended is not None
    assert (ended.state, ended.code) == (JobState.FAILED, WORN_OUT)
    with pytest.raises(LeaseLost):
        catalogue.jobs.finish(held, {})
    catalogue.close()


def test_only_jobs_of_the_asked_kinds_are_leased(catalogue: Catalogue) -> None:
    catalogue.jobs.enqueue("export", "s", key="k")
    assert catalogue.jobs.lease(["verify"], owner="w", seconds=1) is None
    assert catalogue.jobs.lease([], owner="w", seconds=1) is None
    held = catalogue.jobs.lease(["verify", "export"], owner="w", seconds=1)
    assert held is not None
    assert catalogue.jobs.progress(held, done=3, total=9).done == 3
    assert [job.kind for job in catalogue.jobs.jobs()] == ["export"]
