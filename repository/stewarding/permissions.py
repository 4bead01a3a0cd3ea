"""Consents, objections and grants as journeys, for every door: who may is asked first, and what is shown is accounted
for. A permission is a consent, an objection or a grant; `grant` says which of both shelves is meant.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from repository.access.errors import PermissionUnknown
from repository.access.permission import Grantor, Permission, PermissionKind
from repository.access.principal import Principal, PrincipalKind
from repository.consents.errors import NotYoursToGive
from repository.domain.deed import Deed
from repository.domain.describing import Identifier
from repository.entitlement import withdraw
from repository.runtime import Archive
from repository.stewarding.showing import Showing
from repository.stewarding.standing import require_giver


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a permission, and why: withdrawn, revoked."""

    id: str
    at: str
    reason: str


def held(archive: Archive, who: Principal, id: str, *, grant: bool, door: str) -> Permission:  # noqa: A002
    """The last edition of a permission that `who` may change.

    Raises `PermissionUnknown`, whether there is none, or it is not for `who`, or (for workers) about somebody under
    special protection: from outside there is no telling which.
    """
    known = archive.catalogue.entitling.permission(id)
    if known is None or (known.kind is PermissionKind.GRANT) is not grant:
        raise PermissionUnknown
    try:
        by = require_giver(archive, who, known.takeover)
    except NotYoursToGive:
        raise PermissionUnknown from None
    showing = Showing(archive, by, takeover=known.takeover, door=door)
    if by.kind is not PrincipalKind.ADMINISTRATOR and not showing.is_open(known.patient):
        raise PermissionUnknown
    return known


def shown(archive: Archive, who: Principal, id: str, *, grant: bool, door: str) -> Permission:  # noqa: A002
    """The last edition, once it is accounted for that it was asked for. Raises `PermissionUnknown`, also for whoever
    may not see it."""
    try:
        known = held(archive, who, id, grant=grant, door=door)
    except PermissionUnknown:
        Showing(archive, who, takeover="", door=door).nothing()
        raise
    showing = Showing(archive, who, takeover=known.takeover, door=door)
    if not showing.permissions([known], patient=known.patient):
        raise PermissionUnknown
    return known


def editions(archive: Archive, who: Principal, id: str, *, grant: bool, door: str) -> list[Permission]:  # noqa: A002
    """Every edition, the last one last; accounted for. Raises as `shown`."""
    known = shown(archive, who, id, grant=grant, door=door)
    whose = [known.patient] if known.patient is not None else []
    every = archive.catalogue.entitling.permissions(patients=whose, takeover=known.takeover, kind=known.kind.value)
    return sorted((each for each in every if each.id == id), key=lambda each: each.edition)


def listed(
    archive: Archive, who: Principal, *, patient: Identifier | None, takeover: str, grant: bool, door: str
) -> list[Permission]:
    """Every edition, ended ones too, of permissions about the patient, or bound to the takeover (an id): of those about
    somebody under special protection only what `who` was let in to. Raises `NotYoursToGive`."""
    by = require_giver(archive, who, takeover)
    known = archive.catalogue.entitling.permissions(
        patients=[] if patient is None else [patient], takeover=takeover, kind="grant" if grant else ""
    )
    wanted = (each for each in known if (each.kind is PermissionKind.GRANT) is grant)
    return Showing(archive, by, takeover=takeover, door=door).permissions(wanted, patient=patient)


def end(
    archive: Archive,
    who: Principal,
    id: str,  # noqa: A002
    *,
    grant: bool,
    door: str,
    edition: int | None = None,
) -> Ended:
    """The permission ends now. Raises `PermissionUnknown`, and `CatalogueConflict` where `edition` is said and is not
    the last one any more."""
    held(archive, who, id, grant=grant, door=door)
    reason = "revoked" if grant else "withdrawn"
    deed: Deed = withdraw(archive, id, reason=reason, by=who, edition=edition)
    return Ended(id, deed.at, reason)


def grantor_of(who: Principal) -> Grantor:
    """Who gives a grant: whoever writes it down, for the custodian or as an administrator."""
    capacity = "administrator" if who.kind is PrincipalKind.ADMINISTRATOR else "custodian"
    organisation = who.organisation.identifier if who.organisation else None
    return Grantor(capacity, f"{who.given_name} {who.surname}".strip(), organisation)


def as_of(permissions: Iterable[Permission], at: datetime) -> list[Permission]:
    """Of each permission the edition that was the last one at `at`, with the end that it had by then: what the archive
    knew at that instant (R463-10.1.4). `in_force(at)` says whether it counted."""
    last: dict[str, Permission] = {}
    for each in sorted(permissions, key=lambda each: each.edition):
        if each.recorded_at <= at:
            ended = each.ended_at is not None and each.ended_at <= at
            last[each.id] = each if ended else replace(each, ended_at=None, end_reason="")
    return list(last.values())
