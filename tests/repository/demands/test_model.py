"""Legal and illegal calls in any order against a small model: what the model forbids is refused and changes nothing."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from repository.catalogue.catalogue import scratch_catalogue
from repository.demand_times import TIMES
from repository.demands.errors import DemandUnknown, WrongState
from repository.demands.expiring import expire_due
from repository.demands.moving import found
from repository.demands.preparing import frozen, prepare
from repository.demands.progress import progress
from repository.demands.receiving import confirm, receive
from repository.demands.signing import send, sign, to_be_signed
from repository.demands.submitting import ErrorList, accept_or_reject, submit
from repository.demands.verifying import forward, queue, verify
from repository.domain.demand import DemandState, Place
from tests.builders.access import AT, administrator, identification, worker
from tests.builders.homes import at_home, new_home
from tests.repository.demands.conftest import filled
from tests.repository.demands.making import (
    TAKEOVER,
    Ticking,
    archivist,
    order,
    permitting,
    refusing,
    requester,
    signature,
    trusting,
)

S = DemandState
ANY = st.integers(0, 5)


class Demands(RuleBasedStateMachine):
    """`states`: demand → where the model has it; `placed`: its confirmations; `wrong`: whether it lacks something."""

    def __init__(self) -> None:
        super().__init__()
        self.kept, self.clock = ExitStack(), Ticking()
        folder = Path(self.kept.enter_context(tempfile.TemporaryDirectory()))
        self.archive = self.kept.enter_context(at_home(trusting(new_home(folder)), clock=self.clock))
        filled(self.archive)
        self.folder = folder
        self.states: dict[str, S] = {}
        self.since: dict[str, timedelta] = {}
        self.placed: dict[str, set[Place]] = {}
        self.wrong: dict[str, bool] = {}
        self.answered: dict[str, S] = {}

    def teardown(self) -> None:
        self.kept.close()

    def chosen(self, which: int) -> str:
        return list(self.states)[which % len(self.states)]

    def attempt(self, name: str, wanted: set[S], to: S, call: Callable[[], object]) -> None:
        """The call succeeds exactly from `wanted`, and leads to `to`."""
        if self.states[name] in wanted:
            call()
            self.states[name], self.since[name] = to, self.clock.ahead
        else:
            with pytest.raises((WrongState, DemandUnknown)):  # what was not accepted is in nobody's custody
                call()

    @initialize()
    def first(self) -> None:
        self.submit(wrong=False)

    @rule(wrong=st.booleans())
    def submit(self, *, wrong: bool) -> None:
        known = identification(until=AT + timedelta(days=3650))  # of people whose identity does not lapse on the way
        asker = worker(id="requester-1", identification=known)
        wanted = order(requester=asker, purpose=None) if wrong else order(requester=asker)
        name = submit(self.archive, wanted).id
        assert submit(self.archive, wanted).id == name
        assert name not in self.states
        self.states[name], self.since[name] = S.SUBMITTED, self.clock.ahead
        self.placed[name], self.wrong[name] = set(), wrong

    @rule(which=ANY)
    def accept(self, which: int) -> None:
        name = self.chosen(which)
        if name in self.answered:
            assert isinstance(accept_or_reject(self.archive, name, by=administrator()), ErrorList) is self.wrong[name]
            return
        to = S.REJECTED if self.wrong[name] else S.ACCEPTED
        self.attempt(name, {S.SUBMITTED}, to, lambda: accept_or_reject(self.archive, name, by=administrator()))
        if self.states[name] is to:
            self.answered[name] = to

    @rule(which=ANY, permits=st.sampled_from([True, True, True, False]))
    def verify(self, which: int, *, permits: bool) -> None:
        name, to = self.chosen(which), S.VERIFIED if permits else S.REFUSED
        decide = permitting if permits else refusing
        self.attempt(
            name, {S.ACCEPTED, S.VERIFYING}, to, lambda: verify(self.archive, name, decide=decide, by=administrator())
        )

    @rule(which=ANY)
    def verification_fails(self, which: int) -> None:
        def down(_: object) -> object:
            raise OSError("down")

        name = self.chosen(which)
        if self.states[name] in {S.ACCEPTED, S.VERIFYING}:
            with pytest.raises(OSError, match="down"):
                verify(self.archive, name, decide=down, by=administrator())  # type: ignore[arg-type]
            if self.states[name] is S.ACCEPTED:
                self.states[name], self.since[name] = S.VERIFYING, self.clock.ahead

    @rule(which=ANY)
    def forward(self, which: int) -> None:
        name = self.chosen(which)
        self.attempt(name, {S.VERIFIED}, S.FORWARDED, lambda: forward(self.archive, name, by=administrator()))

    @rule(which=ANY)
    def prepare(self, which: int) -> None:
        name, holdings = self.chosen(which), [(TAKEOVER, 1)]
        deed = lambda: prepare(self.archive, name, worker=archivist(), holdings=holdings, decide=permitting)  # noqa: E731
        self.attempt(name, {S.FORWARDED}, S.PREPARED, deed)

    @rule(which=ANY)
    def sign(self, which: int) -> None:
        name = self.chosen(which)
        text = b""
        if self.states[name] is S.PREPARED:
            text = to_be_signed(self.archive, name, worker=archivist())
        deed = lambda: sign(self.archive, name, worker=archivist(), signature=signature(text))  # noqa: E731
        self.attempt(name, {S.PREPARED}, S.SIGNED, deed)

    @rule(which=ANY)
    def send(self, which: int) -> None:
        name = self.chosen(which)
        self.attempt(name, {S.SIGNED}, S.SENT, lambda: send(self.archive, name, by=administrator(), decide=permitting))

    @rule(which=ANY)
    def receive(self, which: int) -> None:
        name = self.chosen(which)
        digest = frozen(self.archive, name, by=administrator())[1] if self.states[name] is S.SENT else "0" * 64
        self.attempt(
            name, {S.SENT}, S.RECEIVED, lambda: receive(self.archive, name, content_sha256=digest, by=requester())
        )

    @rule(which=ANY, place=st.sampled_from(Place))
    def confirm(self, which: int, place: Place) -> None:
        name = self.chosen(which)
        if place in self.placed[name]:
            assert confirm(self.archive, name, place=place, by=requester()).state is self.states[name]
            return
        before = self.since[name]
        to = S.CONFIRMED if self.placed[name] else S.RECEIVED
        self.attempt(name, {S.RECEIVED}, to, lambda: confirm(self.archive, name, place=place, by=requester()))
        if to is S.RECEIVED:
            self.since[name] = before
        if self.states[name] in {S.RECEIVED, S.CONFIRMED}:
            self.placed[name].add(place)

    @rule(which=ANY)
    def all_the_way(self, which: int) -> None:
        """So that deep states are reached; each call is legal in its turn, or refused."""
        for step in (
            self.accept,
            self.verify_permitting,
            self.forward,
            self.prepare,
            self.sign,
            self.send,
            self.receive,
        ):
            step(which)

    def verify_permitting(self, which: int) -> None:
        self.verify(which, permits=True)

    @rule(days=st.sampled_from([2, 8]))
    def time_passes(self, days: int) -> None:
        self.clock.later(timedelta(days=days))
        due = {
            name
            for name, state in self.states.items()
            if state in TIMES and self.clock.ahead - self.since[name] >= TIMES[state]
        }
        assert {demand.id for demand in expire_due(self.archive, self.clock(), by=administrator())} == due
        self.states |= dict.fromkeys(due, S.EXPIRED)

    @invariant()
    def every_demand_stands_where_the_model_has_it(self) -> None:
        rows = {row.id: row.state for row in self.archive.catalogue.demands.demands()}
        assert rows == self.states
        waiting = {demand.id for demand in queue(self.archive, by=administrator())}
        assert waiting == {name for name, state in self.states.items() if state is S.FORWARDED}
        for name, state in self.states.items():
            assert progress(self.archive, name)[-1].state is state


class TestModel(Demands.TestCase):  # type: ignore[valid-type, misc]
    settings = settings(max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))


def test_what_is_replayed_from_the_journal_is_the_same(tmp_path: Path) -> None:
    """The rows are made again from the deeds alone, on tables without their history."""
    from repository.catalogue.demand_tables import demand, demand_confirmation, demand_now, demand_step
    from tests.repository.demands.making import brought_to

    with at_home(trusting(new_home(tmp_path)), clock=Ticking()) as archive:
        filled(archive)
        for state in S:
            if state not in {S.VERIFYING, S.REFUSED, S.REJECTED, S.EXPIRED}:
                brought_to(archive, state)
        accept_or_reject(archive, submit(archive, order(purpose=None)).id, by=administrator())
        verify(archive, brought_to(archive, S.ACCEPTED).id, decide=refusing, by=administrator())
        again = scratch_catalogue(tmp_path / "again.sqlite")
        again.journal.restore(list(archive.catalogue.journal.deeds()))
        for table in (demand, demand_step, demand_confirmation, demand_now):
            rows = []
            for room in (archive.catalogue._room, again._room):
                with room.reading() as connection:
                    rows.append(connection.execute(table.select().order_by(*table.primary_key.columns)).all())
            assert rows[0] == rows[1]
            assert rows[0]
        again.close()
        assert all(found(archive, row.id).id == row.id for row in archive.catalogue.demands.demands())
