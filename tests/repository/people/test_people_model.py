"""Accounts against a model of a few lines: whatever happens in whatever order, only what should open does."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, precondition, rule

from repository.access.principal import PrincipalKind
from repository.catalogue.people_rows import PersonState
from repository.people import totp
from repository.people.errors import SessionOver, SignInRefused
from repository.people.keeping import people, revoke
from repository.people.sessions import Session, sign_out, who
from repository.people.signing_in import change_password, sign_in
from repository.runtime import Archive
from tests.builders.homes import at_home, new_home
from tests.builders.people import PASSWORD, Clock, House, cheap_argon2

WAITS = (30, 60, 120, 240, 480, 900)  # seconds
PASSWORDS = (PASSWORD, "cztery psy pod mostem", "sześć jeży w lesie")


@dataclass
class Model:
    password: str = PASSWORD
    failures: int = 0
    locked_until: datetime | None = None
    last_step: int = 0
    revoked: bool = False
    lasting: dict[str, tuple[Session, datetime, datetime]] = field(default_factory=dict)  # (it, begun, touched)

    def counts(self, now: datetime) -> bool:
        """Whether a try is looked at; it is counted as failed until it succeeds."""
        if self.revoked or (self.locked_until and now < self.locked_until):
            return False
        self.failures += 1
        beyond = self.failures - 5
        self.locked_until = now + timedelta(seconds=WAITS[min(beyond, 5)]) if beyond >= 0 else None
        return True

    def succeeds(self, now: datetime, password: str, step: int) -> bool:
        near = abs(step - totp.step_at(now)) <= 1
        if not (self.counts(now) and password == self.password and near and step > self.last_step):
            return False
        self.failures, self.locked_until, self.last_step = 0, None, step
        return True


class Accounts(RuleBasedStateMachine):
    sessions: Bundle[Session] = Bundle("sessions")

    def __init__(self) -> None:
        super().__init__()
        self.kept = ExitStack()
        self.model = Model()

    @initialize()
    def found(self) -> None:
        patch = pytest.MonkeyPatch()
        self.kept.callback(patch.undo)
        cheap_argon2(patch)
        folder = Path(self.kept.enter_context(TemporaryDirectory()))
        self.clock = Clock()
        self.archive: Archive = self.kept.enter_context(at_home(new_home(folder), clock=self.clock))
        self.house = House(self.archive, self.clock)
        self.someone = self.house.someone(kind=PrincipalKind.ADMINISTRATOR)

    def teardown(self) -> None:
        self.kept.close()

    @rule(target=sessions, password=st.sampled_from((*PASSWORDS[:1] * 4, *PASSWORDS)), away=st.integers(-2, 2))
    def signs_in(self, password: str, away: int) -> object:
        step = totp.step_at(self.clock.now) + away
        code = self.house.code(self.someone, steps=away)
        if not self.model.succeeds(self.clock.now, password, step):
            with pytest.raises(SignInRefused):
                sign_in(self.archive, "a.nowak", password, totp=code)
            return multiple()
        session = sign_in(self.archive, "a.nowak", password, totp=code)
        self.model.lasting[session.id] = (session, self.clock.now, self.clock.now)
        return session

    @rule(old=st.sampled_from((*PASSWORDS[:1] * 2, *PASSWORDS)), new=st.sampled_from(PASSWORDS))
    def changes_the_password(self, old: str, new: str) -> None:
        code, step = self.house.code(self.someone), totp.step_at(self.clock.now)
        if self.model.succeeds(self.clock.now, old, step):
            change_password(self.archive, "a.nowak", old, new=new, totp=code)
            self.model.password = new
            self.model.lasting.clear()
        else:
            with pytest.raises(SignInRefused):
                change_password(self.archive, "a.nowak", old, new=new, totp=code)

    @rule(seconds=st.sampled_from((1, 29, 30, 60, 120, 900, 1799, 1800, 6 * 3600, 12 * 3600)))
    def time_passes(self, seconds: int) -> None:
        self.clock.pass_(seconds=seconds)

    @rule(session=sessions)
    def uses(self, session: Session) -> None:
        if not self._lasts(session):
            with pytest.raises(SessionOver):
                who(self.archive, session.token)
            return
        assert who(self.archive, session.token).id == self.someone.account
        held, begun, touched = self.model.lasting[session.id]
        if self.clock.now - touched >= timedelta(minutes=1):
            self.model.lasting[session.id] = (held, begun, self.clock.now)

    @rule(session=sessions)
    def signs_out(self, session: Session) -> None:
        if self._lasts(session):
            assert sign_out(self.archive, session.token) == session.id
        else:
            with pytest.raises(SessionOver):
                sign_out(self.archive, session.token)
        self.model.lasting.pop(session.id, None)

    @precondition(lambda self: self.model.lasting)
    @rule()
    def is_revoked(self) -> None:
        revoke(self.archive, "a.nowak", by="boss")
        self.model.revoked = True
        self.model.lasting.clear()

    @invariant()
    def is_told_as_it_is(self) -> None:
        if not hasattr(self, "archive"):
            return
        (found,) = people(self.archive)
        waits = self.model.locked_until is not None and self.clock.now < self.model.locked_until
        told = PersonState.REVOKED if self.model.revoked else PersonState.LOCKED if waits else PersonState.ACTIVE
        assert found.state is told

    def _lasts(self, session: Session) -> bool:
        if session.id not in self.model.lasting:
            return False
        _, begun, touched = self.model.lasting[session.id]
        return self.clock.now < min(begun + timedelta(hours=12), touched + timedelta(minutes=30))


TestAccounts = Accounts.TestCase
TestAccounts.settings = settings(max_examples=14, stateful_step_count=25, deadline=None)
