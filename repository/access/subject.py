"""What is asked for, as far as a decision needs to know it, and the parts that a permission may be limited to."""

from dataclasses import dataclass
from enum import StrEnum

from repository.domain.describing import Identifier


class Operation(StrEnum):
    """What is to be done with the subject."""

    SEARCH = "search"  # learn that it exists, and its attributes
    READ = "read"  # get its bytes
    EXPORT = "export"  # carry it to another system (C-MOVE, a hand-over)
    ACCOUNTS = "accounts"  # see who has looked
    UPKEEP = "upkeep"  # open it to check, re-wrap or describe it; nothing leaves the archive


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One holding, or all of a patient, or all of a takeover.

    `patient` 0: what concerns the takeover as a whole. `patient_identifiers`: those that the catalogue knows of that
    patient. An empty attribute is one that is not known, and it never satisfies a limit. `date` is YYYYMMDD.
    """

    takeover: str
    patient: int = 0
    patient_identifiers: tuple[Identifier, ...] = ()
    ordinal: int = 0
    document: Identifier | None = None
    class_code: str = ""
    events: tuple[Identifier, ...] = ()
    date: str = ""
    specialty: str = ""
    study: str = ""
    author: Identifier | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The part of a record that a permission is about; with no limit, all of it (R463-10.1.4: whole or part).

    A subject is inside if it meets every limit that is set; `first_day` and `last_day` (YYYYMMDD) are both included.
    """

    documents: tuple[Identifier, ...] = ()
    classes: tuple[str, ...] = ()
    events: tuple[Identifier, ...] = ()
    studies: tuple[str, ...] = ()
    specialties: tuple[str, ...] = ()
    first_day: str = ""
    last_day: str = ""

    @property
    def whole(self) -> bool:
        return self == Scope()

    def covers(self, subject: Subject) -> bool:
        if self.whole:
            return True
        return (
            (not self.documents or subject.document in self.documents)
            and (not self.classes or (subject.class_code != "" and subject.class_code in self.classes))
            and (not self.events or any(event in self.events for event in subject.events))
            and (not self.studies or (subject.study != "" and subject.study in self.studies))
            and (not self.specialties or (subject.specialty != "" and subject.specialty in self.specialties))
            and self._covers_day(subject.date)
        )

    def _covers_day(self, day: str) -> bool:
        if not (self.first_day or self.last_day):
            return True
        known = len(day) == 8 and day.isdecimal()
        return known and self.first_day <= day and (not self.last_day or day <= self.last_day)

    def touches(self, subject: Subject) -> bool:
        """Whether a subject may lie inside for all that is known: how a prohibition reads its scope."""
        return (
            (not self.documents or subject.document is None or subject.document in self.documents)
            and (not self.classes or not subject.class_code or subject.class_code in self.classes)
            and (not self.events or not subject.events or any(event in self.events for event in subject.events))
            and (not self.studies or not subject.study or subject.study in self.studies)
            and (not self.specialties or not subject.specialty or subject.specialty in self.specialties)
            and (len(subject.date) != 8 or not subject.date.isdecimal() or self._covers_day(subject.date))
        )
