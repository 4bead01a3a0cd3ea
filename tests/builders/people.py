"""People with accounts, for tests: invited, accepted, and with a device that shows their codes."""

import base64
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from repository.access.principal import PrincipalKind
from repository.people import inviting, signing_in, totp
from repository.people.sessions import Session
from repository.runtime import Archive
from storage.keys import passwords

PASSWORD = "trzy koty na płocie"


@dataclass
class Clock:
    """A clock that goes on only when it is told to."""

    now: datetime = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass
class Someone:
    """An account and what its owner knows and has."""

    name: str
    account: str
    password: str
    secret: bytes


@dataclass
class House:
    """An archive with its clock; what is noted is kept in `deeds`."""

    archive: Archive
    clock: Clock
    deeds: list[dict[str, Any]] = field(default_factory=list)

    def note(self, kind: str, body: dict[str, Any]) -> None:
        assert kind == "person"
        self.deeds.append(body)

    def told(self) -> Counter[str]:
        return Counter(deed["what"] for deed in self.deeds)

    def someone(
        self, name: str = "a.nowak", *, kind: PrincipalKind = PrincipalKind.MEDICAL_WORKER, codes: bool = True
    ) -> Someone:
        made = inviting.invite(
            self.archive, kind=kind, given_name="Ada", surname="Nowak", by="test", role="radiolog", note=self.note
        )
        done = inviting.accept(self.archive, made.code, name=name, password=PASSWORD, totp=codes, note=self.note)
        return Someone(name, made.account, PASSWORD, secret_of(done.otpauth) if codes else b"")

    def code(self, who: Someone, *, steps: int = 0) -> str:
        return totp.code_at(who.secret, totp.step_at(self.clock.now) + steps) if who.secret else ""

    def sign_in(self, who: Someone, *, password: str = "", code: str | None = None) -> Session:
        """Half a minute later, when the device shows another code."""
        self.clock.pass_(seconds=30)
        shown = self.code(who) if code is None else code
        return signing_in.sign_in(self.archive, who.name, password or who.password, totp=shown, note=self.note)


def secret_of(uri: str) -> bytes:
    """What an authenticator reads from the URI."""
    text = parse_qs(urlsplit(uri).query)["secret"][0]
    return base64.b32decode(text + "=" * (-len(text) % 8))


def cheap_argon2(patch: pytest.MonkeyPatch) -> None:
    """Argon2id at the least cost that RFC 9106 §3.1 allows."""
    patch.setattr(passwords, "COST", passwords.Cost(1, 8, 1))
