"""What administrators do about special protection and about each other: flags lifted, approvals, authorisations."""

from datetime import datetime, timedelta

from repository.access.errors import AccessRefused, AuthorisationUnfit, NothingToEnd
from repository.access.facts import Approval, Authorisation
from repository.access.principal import Principal, PrincipalKind
from repository.catalogue.errors import CatalogueConflict
from repository.catalogue.people_rows import Person, PersonState
from repository.domain.deed import Deed
from repository.domain.describing import Identifier
from repository.entitlement import approve, authorise, end_leave, unprotect
from repository.people.keeping import account_named
from repository.runtime import Archive
from repository.stewarding.standing import require_administrator


def lift(archive: Archive, by: Principal, flag: str) -> Deed:
    """The flag is lifted; others over the same person stay. Raises `NotYoursToGive`, and `AccessRefused` where there is
    none that lasts."""
    require_administrator(by)
    try:
        return unprotect(archive, flag, by=by)
    except CatalogueConflict:
        raise AccessRefused from None


def let_open(
    archive: Archive,
    by: Principal,
    requester: str,
    *,
    minutes: int,
    takeover: str = "",
    patient: int = 0,
    identifier: Identifier | None = None,
) -> tuple[Approval, Person]:
    """As the second person, `by` lets the account (name or id) `requester` open one protected record for a time:
    `takeover` is an id. Raises `NotYoursToGive`, `PersonUnknown`, `SecondPersonNeeded`, `ApprovalOfNothing`."""
    require_administrator(by)
    whom, now = account_named(archive, requester), archive.clock()
    until = now + timedelta(minutes=minutes)
    asked = Approval("", by.id, whom.account, now, until, takeover=takeover, patient=patient, identifier=identifier)
    return approve(archive, asked, by=by), whom


def let_repair(
    archive: Archive, by: Principal, name: str, *, reason: str, until: datetime, takeover: str
) -> tuple[Authorisation, Person]:
    """The administrator of that name or account id may open content until then (UPP art. 24(2)): of `takeover` (an id),
    or of all. Raises `NotYoursToGive`, `AuthorisationUnfit`, `SecondPersonNeeded`."""
    require_administrator(by)
    known = archive.catalogue.people.person(name)
    if known is None or known.kind is not PrincipalKind.ADMINISTRATOR or known.state is not PersonState.ACTIVE:
        raise AuthorisationUnfit
    asked = Authorisation("", known.account, takeover, by.id, reason.strip(), archive.clock(), until)
    return authorise(archive, asked, by=by), known


def end_repair(archive: Archive, by: Principal, id: str) -> Deed:  # noqa: A002
    """The authorisation ends now. Raises `NotYoursToGive`, `NothingToEnd`."""
    require_administrator(by)
    known = archive.catalogue.entitling.authorisation(id)
    if known is None or known.until <= archive.clock():
        raise NothingToEnd
    return end_leave(archive, id, by=by)
