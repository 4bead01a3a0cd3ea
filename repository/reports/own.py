"""The patient's own access, and that of whoever stands for a patient, as journeys with accounts (R463-10.1.1).

Each list asks once about each record of the patient, which has one account; what is in a record that may be known of is
then decided on the facts of that moment. Where there is no record the attempt has its account all the same, and the
answer is as for one that is refused: nothing.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

from repository.access.account import Account, account_of_attempt
from repository.access.decision import Decision, decide
from repository.access.facts import Facts
from repository.access.permission import Permission
from repository.access.principal import Principal
from repository.access.purpose import Purpose
from repository.access.request import AccessRequest
from repository.access.rules import rules_in_force
from repository.access.subject import Operation
from repository.domain.describing import Identifier
from repository.opening import Errand, accounted, decided, nothing_there
from repository.reports.asking import Period
from repository.reports.patient_view import Own, own_accounts, own_consents, own_documentation
from repository.runtime import Archive

T = TypeVar("T")


class Asking:
    """Decides for one list: the first request about a record has its account, durable, and those that follow about the
    same record are decided on the same facts."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._facts: dict[tuple[str, int], Facts] = {}

    def __call__(self, request: AccessRequest) -> Decision:
        about = request.subject.takeover, request.subject.patient
        if about in self._facts:
            return decide(request, self._facts[about], rules=rules_in_force(request.at))
        decision = decided(self._archive, request)
        desk = self._archive.catalogue
        name = desk.entitling.patient_name(desk.takeover(about[0]).number, about[1])
        accounted(self._archive, account_of_attempt(request, decision, patient_name=name))
        self._facts[about] = desk.entitling.facts(request.principal, request.subject, at=request.at)
        return decision

    @property
    def asked(self) -> bool:
        return bool(self._facts)


def my_documentation(
    archive: Archive, principal: Principal, *, door: str, patient: Identifier | None = None
) -> Iterator[Own]:
    """Documents and studies that may be known of. `patient`: for whom `principal` stands; without it, himself."""

    def found(decide: Asking) -> Iterator[Own]:
        return own_documentation(archive, principal, decide=decide, door=door, patient=patient)

    yield from _accounted(archive, principal, found, door=door, operation=Operation.SEARCH)


def my_permissions(
    archive: Archive, principal: Principal, *, door: str, patient: Identifier | None = None
) -> Iterator[Permission]:
    """Every edition of every consent, objection and grant about the patient, as recorded."""

    def found(decide: Asking) -> Iterator[Permission]:
        return iter(own_consents(archive, principal, decide=decide, door=door, patient=patient))

    yield from _accounted(archive, principal, found, door=door, operation=Operation.SEARCH)


def my_accounts(
    archive: Archive, principal: Principal, *, door: str, patient: Identifier | None = None, period: Period
) -> Iterator[Account]:
    """Who has looked, by number."""

    def found(decide: Asking) -> Iterator[Account]:
        return own_accounts(archive, principal, decide=decide, door=door, patient=patient, period=period)

    yield from _accounted(archive, principal, found, door=door, operation=Operation.ACCOUNTS)


def _accounted(
    archive: Archive,
    principal: Principal,
    found: Callable[[Asking], Iterator[T]],
    *,
    door: str,
    operation: Operation,
) -> Iterator[T]:
    asking = Asking(archive)
    yield from found(asking)
    if not asking.asked:
        errand = Errand(principal=principal, purpose=Purpose.PATIENT_REQUEST, door=door)
        nothing_there(archive, errand, operation)
