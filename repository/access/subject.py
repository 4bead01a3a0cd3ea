"""What is asked for, as far as a decision needs to know it, and the parts that a permission may be limited to."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from repository.access.identity import may_be, names, names_here
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
        return self == _WHOLE

    def covers(self, subject: Subject, *, everywhere: bool = False) -> bool:
        """Whether the subject is known to lie inside. `everywhere`: in any takeover, so that documents and events
        without a root are not told apart, and lie outside."""
        # What is quick to compare comes first, here and in `touches`: a patient may have many parts.
        named = names if everywhere else names_here
        document = subject.document
        return (
            (not self.classes or (subject.class_code != "" and subject.class_code in self.classes))
            and (not self.studies or (subject.study != "" and subject.study in self.studies))
            and (not self.specialties or (subject.specialty != "" and subject.specialty in self.specialties))
            and (not (self.first_day or self.last_day) or self._covers_day(subject.date))
            and (not self.documents or (document is not None and document in self.documents and named(document)))
            and (not self.events or any(each in self.events and named(each) for each in subject.events))
        )

    def touches(self, subject: Subject) -> bool:
        """Whether a subject may lie inside for all that is known: how a prohibition reads its scope."""
        return (
            (not self.classes or not subject.class_code or subject.class_code in self.classes)
            and (not self.studies or not subject.study or subject.study in self.studies)
            and (not self.specialties or not subject.specialty or subject.specialty in self.specialties)
            and (not self._days_known(subject.date) or self._within_days(subject.date))
            and (not self.documents or subject.document is None or _any_may_be((subject.document,), self.documents))
            and (not self.events or not subject.events or _any_may_be(subject.events, self.events))
        )

    def _covers_day(self, day: str) -> bool:
        return self._days_known(day) and self._within_days(day)

    def _within_days(self, day: str) -> bool:
        return self.first_day <= day and (not self.last_day or day <= self.last_day)

    def _days_known(self, day: str) -> bool:
        return (
            _is_day(day)
            and (not self.first_day or _is_day(self.first_day))
            and (not self.last_day or _is_day(self.last_day))
        )


_WHOLE = Scope()


@lru_cache(maxsize=4096)  # half the cost of many parts: three days to look at for each, and the same ones again
def _is_day(text: str) -> bool:
    return len(text) == 8 and text.isascii() and text.isdigit()


def _any_may_be(found: tuple[Identifier, ...], named: tuple[Identifier, ...]) -> bool:
    """Some of both may be the same. What has no number may be any of those that are named, of which there are some."""
    for mine in found:
        extension = mine.extension.strip()
        if not extension:
            return True
        for each in named:
            if each.extension.strip() == extension and may_be(mine, each):
                return True
    return False
