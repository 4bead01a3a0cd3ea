"""Consents, objections and grants: one noun, because they say the same thing and differ in who says it.

A consent (zgoda) or an objection (sprzeciw) is the patient's, or the statutory representative's; a grant is the
custodian's. What was recorded is never changed: a change is a new edition, a withdrawal is an end with an instant, and
so what was in force at any instant of the past can be computed again (R463-10.1.4).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from repository.access.purpose import Purpose
from repository.access.subject import Scope
from repository.domain.describing import Identifier


class PermissionKind(StrEnum):
    CONSENT = "consent"
    OBJECTION = "objection"
    GRANT = "grant"


class GranteeKind(StrEnum):
    PERSON = "person"  # a worker by NPWZ, a person by PESEL
    ORGANISATION = "organisation"
    SYSTEM = "system"  # a peer, by its id in this archive (root empty)
    ANYBODY = "anybody"  # of the kind that the rules allow


@dataclass(frozen=True, slots=True)
class Grantee:
    kind: GranteeKind
    identifier: Identifier | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Grantor:
    """Who said so. `capacity`: patient, representative, custodian, administrator, court."""

    capacity: str
    name: str
    identifier: Identifier | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One edition. In force while `valid_from <= t < valid_to` (None: open) and not ended before t.

    `patient` None (grants alone): all patients of `takeover`. `takeover` empty: wherever the patient is found by a
    national identifier. `recorded_at`: when the archive learnt it; `ended_at`: withdrawn, revoked or replaced then.
    `evidence` names where the statement can be seen: a document id, a message id, a file's digest.
    """

    id: str
    edition: int = 1
    kind: PermissionKind
    takeover: str = ""
    patient: Identifier | None = None
    grantor: Grantor
    grantee: Grantee
    scope: Scope = field(default_factory=Scope)
    purposes: frozenset[Purpose] = frozenset()  # empty: none; it must be said
    valid_from: datetime
    valid_to: datetime | None = None
    evidence: str = ""
    recorded_at: datetime
    ended_at: datetime | None = None
    end_reason: str = ""  # withdrawn, revoked, replaced

    def in_force(self, at: datetime) -> bool:
        return (
            self.valid_from <= at
            and self.recorded_at <= at
            and (self.valid_to is None or at < self.valid_to)
            and (self.ended_at is None or at < self.ended_at)
        )


def in_force(permissions: Iterable[Permission], at: datetime) -> Iterator[Permission]:
    """Those that were in force at `at`, by what the archive knew then."""
    return (each for each in permissions if each.in_force(at))
