"""Who may write down what others may read. Nobody else is told more than that it is not theirs to give."""

from repository.access.errors import SecondPersonNeeded
from repository.access.identity import same
from repository.access.principal import Principal, PrincipalKind
from repository.access.subject import Subject
from repository.consents.errors import NotYoursToGive
from repository.domain.describing import Identifier
from repository.runtime import Archive


def require_administrator(who: Principal) -> Principal:
    """Raises `NotYoursToGive` for anybody but an administrator."""
    if who.kind is not PrincipalKind.ADMINISTRATOR:
        raise NotYoursToGive
    return who


def require_giver(archive: Archive, who: Principal, takeover: str) -> Principal:
    """An administrator, or a medical worker of whoever has `takeover` (an id) in custody now. Raises
    `NotYoursToGive`."""
    if who.kind is PrincipalKind.ADMINISTRATOR:
        return who
    history = archive.catalogue.entitling.custody_of(takeover) if takeover else ()
    ours = who.organisation is not None and bool(history) and same(history[-1].custodian, who.organisation.identifier)
    if who.kind is not PrincipalKind.MEDICAL_WORKER or not ours:
        raise NotYoursToGive
    return who


def require_relator(
    archive: Archive,
    who: Principal,
    patient: Identifier | None,
    *,
    takeover: str,
    person: Identifier | None = None,
) -> Principal:
    """Who may write of `patient`, and is not `person`. Raises `NotYoursToGive`, `SecondPersonNeeded`.

    A relation counts in every takeover, so a worker writes only of patients that the custodian has: in `takeover`, an
    id, and not of one under special protection, for whom the answer is as for one who is not there.
    """
    by = require_giver(archive, who, takeover)
    if same(person, by.identifier):
        raise SecondPersonNeeded
    if by.kind is PrincipalKind.ADMINISTRATOR:
        return by
    desk = archive.catalogue.entitling
    if not takeover or patient is None:
        raise NotYoursToGive
    if not desk.patients_among(archive.catalogue.takeover(takeover).number, [patient]):
        raise NotYoursToGive
    if desk.facts(by, Subject(takeover=takeover, patient_identifiers=(patient,))).protected is not False:
        raise NotYoursToGive
    return by
