"""Accounts and sessions as values, and the rows that keep them."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row

from repository.access.principal import Organisation, PrincipalKind
from repository.clock import instant
from repository.domain.describing import Identifier


class PersonState(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    LOCKED = "locked"  # active, and waiting after too many failures: told, never stored
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An account. `account` is its id for ever, `name` what its owner signs in with, empty until that is chosen.

    `invitation_until`, `locked_until`: UTC with microseconds and Z, empty where there is none. `totp` is sealed.
    """

    account: str
    name: str = ""
    kind: PrincipalKind
    given_name: str = field(default="", repr=False)
    surname: str = field(default="", repr=False)
    role: str = ""
    npwz: str = field(default="", repr=False)
    identifier: Identifier | None = field(default=None, repr=False)
    organisation: Organisation | None = None
    state: PersonState = PersonState.PENDING
    invitation_until: str = ""
    invited_at: str = ""
    invited_by: str = ""
    accepted_at: str = ""
    revoked_at: str = ""
    revoked_by: str = ""
    locked_until: str = ""
    password: str = field(default="", repr=False)
    totp: bytes | None = field(default=None, repr=False)
    generation: int = 0

    @property
    def shown(self) -> str:
        """How it is shown to people: by its name, or by its account's id until there is one."""
        return self.name or self.account

    def at(self, moment: datetime) -> "Person":
        """The same, `LOCKED` if it has to wait at that moment."""
        if self.state is PersonState.ACTIVE and self.locked_until > instant(moment):
            return replace(self, state=PersonState.LOCKED)
        return replace(self, locked_until="")


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try that was counted. `person` is None for a name without an active account; `open` is False while the account
    has to wait; `locks` says that it has to wait from now on, unless this try succeeds."""

    person: Person | None
    open: bool
    locks: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """`token` is the SHA-256 of the token; `ended_at` is empty while it lasts. Times as in `Person`."""

    id: str
    account: str
    token: bytes = field(repr=False)
    assurance: str
    opened_at: str
    until: str
    idle_seconds: int
    touched_at: str
    ended_at: str = ""
    ended_by: str = ""


_PLAIN = (
    "account", "given_name", "surname", "role", "npwz", "invitation_until", "invited_at", "invited_by", "accepted_at",
    "revoked_at", "revoked_by", "password", "generation",
)  # fmt: skip


def row_of(whose: Person) -> dict[str, Any]:
    known, house = whose.identifier, whose.organisation
    return {name: getattr(whose, name) for name in _PLAIN} | {
        "name": whose.name or None,
        "kind": whose.kind.value,
        "state": whose.state.value,
        "totp": whose.totp,
        "identifier_root": known.root if known else None,
        "identifier_extension": known.extension if known else None,
        "organisation_root": house.identifier.root if house else None,
        "organisation_extension": house.identifier.extension if house else None,
        "organisation_name": house.name if house else "",
        "organisation_role": house.role if house else "",
    }


def person_of(row: Row[*tuple[Any, ...]]) -> Person:
    values: dict[str, Any] = {name: getattr(row, name) for name in _PLAIN}
    house = _identifier(row.organisation_root, row.organisation_extension)
    return Person(
        **values,
        name=row.name or "",
        kind=PrincipalKind(row.kind),
        state=PersonState(row.state),
        identifier=_identifier(row.identifier_root, row.identifier_extension),
        organisation=Organisation(house, row.organisation_name, row.organisation_role) if house else None,
        totp=None if row.totp is None else bytes(row.totp),
        locked_until=row.locked_until or "",
    )


def _identifier(root: str | None, extension: str | None) -> Identifier | None:
    return None if root is None or extension is None else Identifier(root, extension)


def session_row(opened: SessionRow) -> dict[str, Any]:
    return {name: getattr(opened, name) for name in SessionRow.__slots__}


def session_of(row: Row[*tuple[Any, ...]], *, prefix: str = "") -> SessionRow:
    values = {name: getattr(row, prefix + name) for name in SessionRow.__slots__}
    return SessionRow(**values | {"token": bytes(values["token"])})
