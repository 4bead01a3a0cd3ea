"""Asking for accounts is itself an attempt: it is decided, and has its account, before anything is shown."""

from dataclasses import dataclass
from datetime import date

from repository.access.principal import Principal, PrincipalKind
from repository.access.purpose import Purpose
from repository.access.subject import Operation, Subject
from repository.accounting.fhir_dates import interval
from repository.catalogue.errors import TakeoverAmbiguous, TakeoverUnknown
from repository.journal import complete_up_to, publish
from repository.opening import Errand, ask, nothing_there
from repository.reports.errors import JournalBusy, PeriodWrong
from repository.reports.naming import Whose, patients_named
from repository.runtime import Archive

_TRIES = 5
THEMSELVES = frozenset({PrincipalKind.PATIENT, PrincipalKind.REPRESENTATIVE, PrincipalKind.PERSON})


def errand_of(principal: Principal, *, door: str) -> Errand:
    """What for: to see to one's own, or to see to others' doings."""
    purpose = Purpose.PATIENT_REQUEST if principal.kind in THEMSELVES else Purpose.AUDIT
    return Errand(principal=principal, purpose=purpose, door=door)


def ask_generally(archive: Archive, errand: Errand) -> None:
    """The errand may see accounts. Raises `AccessRefused`."""
    ask(archive, errand.request(archive, Operation.ACCOUNTS, Subject(takeover="")))


def ask_of_takeover(archive: Archive, errand: Errand, wanted: str) -> str:
    """The id of the takeover that `wanted` is, or begins; the errand may see its accounts. Raises `AccessRefused`,
    also where there is none."""
    try:
        takeover = archive.catalogue.takeover(wanted.lower()).id
    except (TakeoverUnknown, TakeoverAmbiguous):
        raise nothing_there(archive, errand, Operation.ACCOUNTS) from None
    ask(archive, errand.request(archive, Operation.ACCOUNTS, Subject(takeover=takeover)))
    return takeover


def ask_of_patient(archive: Archive, errand: Errand, wanted: str) -> tuple[Whose, ...]:
    """The patients that `wanted` names (`naming.patients_named`); the errand may see the accounts of each of them.

    Raises `AccessRefused`, whether nobody is named so or somebody else may see them, and `PatientNotNamed`.
    """
    found = patients_named(archive, wanted)
    if not found:
        raise nothing_there(archive, errand, Operation.ACCOUNTS)
    for each in found:
        ask(archive, errand.request(archive, Operation.ACCOUNTS, each.subject), patient_name=each.name)
    return found


@dataclass(frozen=True, slots=True)
class Period:
    """Days in Poland (YYYY-MM-DD), both included, empty where open. Raises `PeriodWrong`."""

    first_day: str = ""
    last_day: str = ""

    def __post_init__(self) -> None:
        for each in (self.first_day, self.last_day):
            _checked(each)
        if self.first_day and self.last_day and self.first_day > self.last_day:
            raise PeriodWrong(reason=f"{self.first_day} > {self.last_day}")

    @property
    def at_from(self) -> str:
        """The first moment in it, as accounts write moments."""
        return interval(self.first_day)[0] if self.first_day else ""

    @property
    def at_to(self) -> str:
        """The first moment after it."""
        return interval(self.last_day)[1] if self.last_day else ""

    def as_json(self) -> dict[str, str]:
        return {"first_day": self.first_day, "last_day": self.last_day}


def _checked(day: str) -> None:
    try:
        said = date.fromisoformat(day).isoformat() if day else ""
        if said:
            interval(said)
    except ValueError:
        raise PeriodWrong(reason="YYYY-MM-DD") from None
    if said != day:
        raise PeriodWrong(reason="YYYY-MM-DD")


@dataclass(frozen=True, slots=True)
class Complete:
    """Every deed from 1 to `number` is under `checkpoint` (a signed note), which is over `size` entries."""

    number: int
    size: int
    checkpoint: str

    def as_json(self) -> dict[str, str | int]:
        return {"number": self.number, "checkpoint_size": self.size, "checkpoint": self.checkpoint}


def completed(archive: Archive) -> Complete:
    """All that was accounted for before the call is in the store and under the checkpoint. Raises as `publish`, and
    `JournalBusy`."""
    publish(archive)
    for _ in range(_TRIES):
        (number, size), newest = complete_up_to(archive), archive.log.latest()
        if newest is not None and newest.size == size:
            return Complete(number, size, newest.note.decode())
    raise JournalBusy
