"""Facts that bear on a whole search, and the parts of the archive that they open or shut."""

from dataclasses import dataclass

from repository.access.facts import AfterDeath, Approval, Authorisation, Custody, Relation
from repository.access.permission import Permission
from repository.access.subject import Scope, Subject
from repository.domain.describing import Identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFacts:
    """All that bears on a search of one principal, whatever it may find. None: it could not be gathered.

    `custody`: (takeover, who has it). `permissions`: consents and grants that may name the principal, and every
    objection. `relations`: the principal's. `deaths`: of the patients whom these and its own record are about, by any
    identifier of theirs. `approvals`: those that say which record they are about.
    """

    custody: tuple[tuple[str, Custody], ...] | None
    permissions: tuple[Permission, ...] | None
    relations: tuple[Relation, ...] | None
    deaths: tuple[tuple[Identifier, AfterDeath], ...] | None = ()
    authorisations: tuple[Authorisation, ...] | None = ()
    approvals: tuple[Approval, ...] | None = ()
    protection_known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Subjects for which all of this is so: in `takeover` (empty: any), of a patient who is known by all of `patients`
    and none of `without`, within each of `scopes`, written by `author` (None: anybody)."""

    takeover: str = ""
    patients: frozenset[Identifier] = frozenset()
    without: frozenset[Identifier] = frozenset()
    scopes: tuple[Scope, ...] = ()
    author: Identifier | None = None

    def holds(self, subject: Subject) -> bool:
        known = frozenset(subject.patient_identifiers)
        return (
            self.takeover in {"", subject.takeover}
            and self.patients <= known
            and not self.without & known
            and self.author in {None, subject.author}
            and all(scope.covers(subject) for scope in self.scopes)
        )

    def within(self, other: "Part") -> "Part | None":
        """What is in both; None where nothing can be."""
        if self.takeover != other.takeover and self.takeover and other.takeover:
            return None
        if self.author != other.author and self.author and other.author:
            return None
        return Part(
            takeover=self.takeover or other.takeover,
            patients=self.patients | other.patients,
            without=self.without | other.without,
            scopes=(*self.scopes, *(each for each in other.scopes if each not in self.scopes)),
            author=self.author or other.author,
        )


@dataclass(frozen=True, slots=True)
class Objected:
    """What may lie inside of `scope`, of the patient in `takeover` (empty: in any), or (None) of all of `takeover`."""

    takeover: str
    patient: Identifier | None
    scope: Scope

    def holds(self, subject: Subject) -> bool:
        here = self.takeover in {"", subject.takeover}
        return here and self.patient in {None, *subject.patient_identifiers} and self.scope.touches(subject)
