"""The log under everything at once: growth, crashes at every write, several signers, two catalogues.

What must hold after each step: every checkpoint in the store is signed, and is a beginning of the one sequence of
entries; every entry that `publish` acknowledged is provable.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from repository.evidence.checkpoint import Checkpoint
from repository.evidence.errors import LogError
from repository.evidence.merkle import included, leaf_hash, root
from repository.evidence.tiles import CHECKPOINTS, checkpoint_size
from storage.errors import StoreUnavailable
from tests.repository.evidence.ledger import SIGNER, Faulty, Ledger, a_log, made

PORTIONS = st.one_of(st.integers(0, 5), st.integers(250, 260), st.integers(0, 700))


def checkpoints(store):
    for key in store.held(CHECKPOINTS):
        found = Checkpoint.opened(store.content(key), [SIGNER.verifier])
        assert found.size == checkpoint_size(key)
        yield found


class LogMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.store, self.ledger = Faulty(), Ledger()
        self.logs = [a_log(self.store, self.ledger) for _ in range(2)]
        self.acknowledged = 0
        self.roots = {}
        self.made = 0

    def grow(self, count):
        self.ledger.all += made(count, start=self.made)
        self.made += count

    def publish(self, signer):
        size = len(self.ledger.all)
        found = self.logs[signer].publish()
        assert found.size >= size
        self.acknowledged = max(self.acknowledged, found.size)

    @rule(count=PORTIONS)
    def append(self, count):
        self.grow(count)

    @rule(signer=st.integers(0, 1))
    def publish_now(self, signer):
        self.publish(signer)

    @rule(signer=st.integers(0, 1), writes=st.integers(0, 12), effect=st.booleans())
    def crash(self, signer, writes, effect):
        self.store.left, self.store.effect = writes, effect
        try:
            self.publish(signer)
        except StoreUnavailable:
            self.logs[signer] = a_log(self.store, self.ledger)
        finally:
            self.store.left, self.store.effect = None, False

    @rule(signer=st.integers(0, 1), at=st.integers(1, 8), count=PORTIONS)
    def another_signer_meanwhile(self, signer, at, count):
        def other():
            self.grow(count)
            self.publish(1 - signer)

        self.store.meanwhile = {self.store.writes + at: other}
        self.publish(signer)
        self.store.meanwhile = {}

    @rule(signer=st.integers(0, 1), at=st.integers(1, 8), writes=st.integers(0, 8), effect=st.booleans())
    def another_signer_crashes_meanwhile(self, signer, at, writes, effect):
        def other():
            self.grow(3)
            self.store.left, self.store.effect = writes, effect
            try:
                self.publish(1 - signer)
            except StoreUnavailable:
                self.logs[1 - signer] = a_log(self.store, self.ledger)
            finally:
                self.store.left, self.store.effect = None, False

        self.store.meanwhile = {self.store.writes + at: other}
        self.publish(signer)
        self.store.meanwhile = {}

    @precondition(lambda self: self.ledger.noted)
    @rule()
    def forget_the_note(self):
        self.ledger.noted = None

    @invariant()
    def no_two_checkpoints_contradict_each_other(self):
        for found in checkpoints(self.store):
            if found.size not in self.roots:
                self.roots[found.size] = root([leaf_hash(one) for one in self.ledger.all[: found.size]])
            assert found.root == self.roots[found.size]

    @invariant()
    def what_was_acknowledged_is_provable(self):
        if not self.acknowledged:
            return
        log = a_log(self.store, self.ledger)
        latest = log.latest()
        assert latest.size >= self.acknowledged
        for index in {0, self.acknowledged // 3, self.acknowledged - 1}:
            path = log.prove(index)
            leaf = leaf_hash(self.ledger.all[index])
            assert included(leaf, path, index=index, size=latest.size, tree=latest.root)

    def teardown(self):
        self.publish(0)
        self.no_two_checkpoints_contradict_each_other()
        assert list(self.logs[1].audit()) == []
        assert list(self.logs[1].sequenced()) == self.ledger.all


TestLogMachine = LogMachine.TestCase
TestLogMachine.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)


@given(
    shared=st.integers(0, 600),
    ours=st.integers(1, 600),
    theirs=st.integers(1, 600),
    at=st.integers(1, 12),
)
@settings(max_examples=60, deadline=None)
def test_two_catalogues_that_parted_ways_never_get_two_checkpoints_signed(shared, ours, theirs, at):
    """A copy of the archive was started from a backup while the first one still runs, against the same store."""
    store, one = Faulty(), Ledger(made(shared))
    a_log(store, one).publish()
    two = Ledger(one.all)
    two.noted = one.noted
    one.all += made(ours, salt="ours")
    two.all += made(theirs, salt="theirs")
    outcome = {}

    def attempt(name, ledger):
        try:
            a_log(store, ledger).publish()
            outcome[name] = "signed"
        except LogError:
            outcome[name] = "refused"

    store.meanwhile = {store.writes + at: lambda: attempt("two", two)}
    attempt("one", one)
    store.meanwhile = {}
    if "two" not in outcome:
        attempt("two", two)
    assert list(outcome.values()).count("signed") <= 1
    signed = list(checkpoints(store))
    assert any(
        all(found.root == root([leaf_hash(entry) for entry in ledger.all[: found.size]]) for found in signed)
        for ledger in (one, two)
    )


@pytest.mark.parametrize("effect", [False, True])
@pytest.mark.parametrize(("before", "fresh"), [(0, 1), (0, 700), (255, 2), (256, 256), (600, 500), (65530, 10)])
def test_a_crash_at_any_write_is_taken_up_by_the_next_run(before, fresh, effect):
    whole, old, writes = Faulty(), Ledger(made(before)), 0
    if before:
        a_log(whole, old).publish()
    while True:
        store, ledger = whole.copy(), Ledger(old.all + made(fresh, salt="fresh"))
        ledger.noted = old.noted
        store.left, store.effect = writes, effect
        try:
            a_log(store, ledger).publish()
            break
        except StoreUnavailable:
            writes += 1
        store.left = None
        assert a_log(store, ledger).publish().root == root([leaf_hash(one) for one in ledger.all])
        if before < 1000:
            assert list(a_log(store, ledger).audit()) == []
    assert writes >= 4
