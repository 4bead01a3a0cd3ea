"""What bears on a decision besides the request: gathered by whoever asks for one, judged by the rules alone.

A fact that could not be gathered is None, and a rule that needs it refuses.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from repository.access.permission import Permission
from repository.domain.describing import Identifier


class RelationKind(StrEnum):
    """What a person is to a patient (UPP art. 26(1)-(2), SIOZ art. 35(1)(3))."""

    STATUTORY_REPRESENTATIVE = "statutory-representative"
    AUTHORISED = "authorised"  # by the patient, in life
    CLOSE = "close"  # osoba bliska, art. 3(1)(2)
    PRIMARY_CARE = "primary-care"  # POZ physician, nurse or midwife, by NPWZ: SIOZ art. 35(1)(3)


@dataclass(frozen=True, slots=True)
class Relation:
    """`person` is to `patient` what `kind` says, from `since` until `until` (None: open; for a representative it may
    have ended with the patient's death, and then gives a right of its own: art. 26(2))."""

    kind: RelationKind
    person: Identifier
    patient: Identifier
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AfterDeath:
    """What was recorded about a patient who has died. `objected`: the patient in life, or another close person, objects
    to access by close persons (art. 26(2)); `overridden_for`: persons whom a court has let in (art. 26(2b))."""

    died_on: str  # YYYY-MM-DD
    objected: bool = False
    overridden_for: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True)
class Custody:
    """Who has a takeover in custody: `custodian` from `since` until `until` (None: still)."""

    custodian: Identifier
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Authorisation:
    """A recorded authorisation by the controller (UPP art. 24(2)) for one person to open content: of `takeover`, or
    of all (empty), for a purpose that it names in words."""

    id: str
    person: str  # Principal.id
    takeover: str
    given_by: str  # Principal.id of another person
    reason: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Approval:
    """A second person lets somebody open one protected record for a time (R463-10.2): of `patient` in `takeover`, or,
    where no takeover is named, of whoever has `identifier`. One that names neither is for nothing."""

    id: str
    approver: str  # Principal.id
    requester: str  # Principal.id
    since: datetime
    until: datetime
    takeover: str = ""
    patient: int = 0  # the number in the takeover; 0 is the takeover as a whole, and no patient of it
    identifier: Identifier | None = None


@dataclass(frozen=True, slots=True)
class Lifting:
    """Somebody has asked that the flag of a special protection be lifted, which another person may do until then. No
    decision looks at it: the protection lasts."""

    id: str
    flag: str
    asked_by: str  # Principal.id
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`protected`: the patient or the provider is under special protection. `permissions`: those that may concern the
    patient and the principal, in force or not; any tuple, or a `PermissionIndex` where they are many. `after_death`:
    None is a patient of whose death nothing is recorded, and `death_known` False that it could not be asked."""

    protected: bool | None
    custody: tuple[Custody, ...] | None
    permissions: tuple[Permission, ...] | None
    relations: tuple[Relation, ...] | None
    after_death: AfterDeath | None = None
    authorisations: tuple[Authorisation, ...] | None = ()
    approvals: tuple[Approval, ...] | None = ()
    death_known: bool = True
