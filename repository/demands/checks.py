"""What a demand must say to be accepted (R463-8.2): each fault names its rule, so that a requester can correct it.

Who asks and what for is judged by the very rules that decide readings (`repository/access/rules`), the rest by the
rules here. Nothing is told of a patient: whether the archive knows the person is a matter of entitlement.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from repository.access.decision import explain
from repository.access.facts import Facts
from repository.access.identity import names
from repository.access.purpose import legal_bases
from repository.access.request import AccessRequest
from repository.access.rules import rules_in_force
from repository.access.subject import Operation, Scope, Subject
from repository.catalogue.errors import TakeoverAmbiguous, TakeoverUnknown
from repository.demands.order import Demand, DemandOrder
from repository.runtime import Archive
from storage.errors import Text

VERSION = "demands-2026-11-01"
ERROR = "error"

_OF_REQUEST = {  # reasons that follow from the message alone → where in it
    "IDENT_INCOMPLETE": "requester",
    "PURPOSE_MISSING": "purpose",
    "BASIS_MISSING": "basis",
    "REASON_MISSING": "reason",
}
_TEXTS = {
    "IDENT_INCOMPLETE": Text(
        en="The requester is not identified as the rules want.",
        pl="Zamawiający nie jest w pełni zidentyfikowany.",
    ),
    "PURPOSE_MISSING": Text(en="The purpose is missing.", pl="Brak celu."),
    "BASIS_MISSING": Text(
        en="The legal basis is missing, or it is not one that the requester may invoke.",
        pl="Brak podstawy prawnej albo zamawiający nie może się na nią powołać.",
    ),
    "REASON_MISSING": Text(en="The reason in words is missing.", pl="Brak uzasadnienia."),
    "PATIENT_MISSING": Text(
        en="The patient's identifier is missing, or it names nobody.",
        pl="Brak identyfikatora pacjenta albo nie wskazuje on nikogo.",
    ),
    "SCOPE_UNUSABLE": Text(
        en="The scope cannot be used: a day is not YYYYMMDD, the last comes before the first, or a part is empty.",
        pl="Zakres jest niewłaściwy: data nie ma postaci RRRRMMDD, koniec poprzedza początek lub część jest pusta.",
    ),
    "BASIS_UNKNOWN": Text(en="The legal basis is not a known one.", pl="Podstawa prawna jest nieznana."),
    "PROVIDER_UNKNOWN": Text(
        en="Neither the takeover nor the provider is known here.",
        pl="Ani przejęcie, ani usługodawca nie są tu znane.",
    ),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One error or omission: `path` in the message, `rule` and the version of the rules that it is from."""

    code: str
    severity: str
    path: str
    message: Text
    rule: str
    rules: str


@dataclass(frozen=True, slots=True)
class Checked:
    """Either `faults`, or the id of the `takeover` that the demand is about."""

    faults: tuple[Fault, ...]
    takeover: str = ""


def checked(archive: Archive, demand: Demand) -> Checked:
    """What is wrong with the message, in the order of its parts; else what it is about."""
    takeover = _takeover(archive, demand.order)
    faults = (*_of_access(demand), *_of_message(demand.order, known=bool(takeover)))
    return Checked(faults) if faults else Checked((), takeover)


def _of_access(demand: Demand) -> Iterator[Fault]:
    """Refusing rules of access that hold whatever the facts; the requester is judged as of the submission."""
    order, rules = demand.order, rules_in_force(demand.submitted_at)
    request = AccessRequest(
        principal=order.requester, purpose=order.purpose, operation=Operation.EXPORT, subject=Subject(takeover=""),
        at=demand.submitted_at, door="demand", basis=order.basis, reason=order.reason, evidence=demand.id,
    )  # fmt: skip
    nothing = Facts(protected=None, custody=None, permissions=None, relations=None)
    told = explain(request, nothing, rules=rules)
    seen = set[str]()
    for rule in rules.refusing:
        if rule.reason not in _OF_REQUEST or rule.reason in seen or rule.id not in told:
            continue
        if all(answer == "holds" for answer in told[rule.id].values()):
            seen.add(rule.reason)
            yield _fault(rule.reason, _OF_REQUEST[rule.reason], rule=rule.id, rules=rules.version)


def _of_message(order: DemandOrder, *, known: bool) -> Iterator[Fault]:
    if not names(order.patient):
        yield _fault("PATIENT_MISSING", "patient", rule="patient-named")
    if not _usable(order.scope):
        yield _fault("SCOPE_UNUSABLE", "scope", rule="scope-usable")
    if order.basis and order.basis not in legal_bases():
        yield _fault("BASIS_UNKNOWN", "basis", rule="basis-known")
    if not known:
        yield _fault("PROVIDER_UNKNOWN", "takeover" if order.takeover else "provider", rule="provider-known")


def _fault(code: str, path: str, *, rule: str, rules: str = VERSION) -> Fault:
    return Fault(code, ERROR, path, _TEXTS[code], rule, rules)


def _usable(scope: Scope) -> bool:
    days = [day for day in (scope.first_day, scope.last_day) if day]
    parts = (*scope.classes, *scope.studies, *scope.specialties, *(each.extension for each in scope.documents))
    parts = (*parts, *(each.extension for each in scope.events))
    return (
        all(len(day) == 8 and day.isascii() and day.isdigit() for day in days)
        and days == sorted(days)
        and all(part.strip() for part in parts)
    )


def _takeover(archive: Archive, order: DemandOrder) -> str:
    """The takeover that is meant, empty where none is known. Of several from one provider it is the newest, whomever
    it keeps something of: a receipt tells nothing of a patient, and verification finds the one that is meant."""
    of_provider: list[str] | None = None
    if order.provider is not None:
        of_provider = takeovers_of_provider(archive, order)
    if order.takeover:
        known = _known(archive, order.takeover)
        return known if of_provider is None or known in of_provider else ""
    return of_provider[-1] if of_provider else ""


def takeovers_of_provider(archive: Archive, order: DemandOrder) -> list[str]:
    """Ids of the takeovers from the provider that the order names, the oldest first."""
    return archive.catalogue.demands.takeovers_of(order.provider) if order.provider and names(order.provider) else []


def _known(archive: Archive, wanted: str) -> str:
    """Whole ids only: a message that names the beginning of one names none."""
    try:
        return wanted if archive.catalogue.takeover(wanted).id == wanted else ""
    except (TakeoverUnknown, TakeoverAmbiguous):
        return ""
