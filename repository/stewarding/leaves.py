"""What administrators do about special protection and about each other: flags lifted, approvals, authorisations."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from repository.access.bodies import lifting_of, read_moment
from repository.access.errors import AccessRefused, AuthorisationUnfit, NothingToEnd
from repository.access.facts import Approval, Authorisation, Lifting
from repository.access.principal import Principal, PrincipalKind
from repository.catalogue.entitling import LIFTING
from repository.catalogue.errors import CatalogueConflict
from repository.catalogue.people_rows import Person, PersonState
from repository.clock import instant
from repository.domain.deed import Deed
from repository.domain.describing import Identifier
from repository.entitlement import approve, ask_lifting, authorise, end_leave, unprotect
from repository.people.keeping import account_named
from repository.runtime import Archive
from repository.stewarding.standing import require_administrator

LASTS = timedelta(days=7)  # that a lifting waits for the second administrator


@dataclass(frozen=True, slots=True)
class Lifted:
    """How far the lifting of a flag is: `at` is None while the protection lasts and a second person is waited for."""

    asked: Lifting
    at: datetime | None


def lifted_body(known: Lifted) -> dict[str, Any]:
    asked = known.asked
    return {
        "flag": asked.flag,
        "asked_by": asked.asked_by,
        "asked_at": instant(asked.since),
        "until": instant(asked.until),
        "lifted_at": None if known.at is None else instant(known.at),
    }


def lift(archive: Archive, by: Principal, flag: str) -> Lifted:
    """The first administrator asks, and nothing is lifted; another one who says the same within `LASTS` lifts the flag.
    Others over the same person stay. Asked again by the same one, it waits as before. Raises `NotYoursToGive`, and
    `AccessRefused` where there is no such flag that lasts."""
    require_administrator(by)
    known, now = archive.catalogue.entitling.liftings(flag), archive.clock()
    if known is None:
        raise AccessRefused
    waiting = [each for each in known if now < each.until]
    others = [each for each in waiting if each.asked_by != by.id and _administers_still(archive, each.asked_by)]
    if others:
        return _lifted(archive, by, others[0])
    own = next((each for each in waiting if each.asked_by == by.id), None)
    return Lifted(own or ask_lifting(archive, Lifting("", flag, by.id, now, now + LASTS), by=by), None)


def lifted_by(archive: Archive, deed: Deed) -> Lifted:
    """How far the lifting was by this deed: that it was asked for, or that the protection ended."""
    if deed.kind == LIFTING:
        return Lifted(lifting_of(deed.body), None)
    asked = archive.catalogue.entitling.lifting(deed.body["lifting"])
    if asked is None:
        raise NothingToEnd
    return Lifted(asked, read_moment(deed.at))


def _lifted(archive: Archive, by: Principal, asked: Lifting) -> Lifted:
    try:
        return Lifted(asked, read_moment(unprotect(archive, asked.flag, by=by, asked=asked).at))
    except CatalogueConflict:  # a third one was faster
        raise AccessRefused from None


def _administers_still(archive: Archive, id: str) -> bool:  # noqa: A002
    """Whoever asked could do so now: a revoked account is no second person, nor one that a rebuilt catalogue lost."""
    known = archive.catalogue.people.person(id)
    if known is None:
        return "#" in id  # of an identity provider, which says at each request who administers
    return known.kind is PrincipalKind.ADMINISTRATOR and known.state is PersonState.ACTIVE


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
