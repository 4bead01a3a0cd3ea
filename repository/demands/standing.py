"""Who may do what with a demand. For whoever may not, there is no such demand.

staff       administrators; medical workers of the archive, and of whoever has the takeover in custody now
the archive a process of it, for what comes due by itself
preparer    such a medical worker who is not the requester in person (R463-5, steps 5 and 6)
requester   the principal of the order, and whoever acts for the same organisation
"""

from collections.abc import Collection

from repository.access.identity import same
from repository.access.principal import Principal, PrincipalKind
from repository.demands.errors import DemandUnknown
from repository.demands.moving import demand_of, found
from repository.demands.order import Demand
from repository.domain.demand import DemandState
from repository.runtime import Archive


def for_staff(archive: Archive, demand_id: str, who: Principal) -> Demand:
    """The demand, for staff. Raises `DemandUnknown`."""
    demand = found(archive, demand_id)
    return _allowed(demand, allowed=is_staff(archive, demand, who))


def for_preparer(archive: Archive, demand_id: str, who: Principal) -> Demand:
    """The demand, for a medical worker on the side of the record. Raises `DemandUnknown`."""
    demand = found(archive, demand_id)
    return _allowed(demand, allowed=_keeps(archive, demand, who) and not _in_person(demand, who))


def for_requester(archive: Archive, demand_id: str, who: Principal) -> Demand:
    """The demand, for its requester. Raises `DemandUnknown`."""
    demand = found(archive, demand_id)
    return _allowed(demand, allowed=is_requester(demand, who))


def for_either(archive: Archive, demand_id: str, who: Principal) -> Demand:
    """The demand, for its requester and for staff. Raises `DemandUnknown`."""
    demand = found(archive, demand_id)
    return _allowed(demand, allowed=_may_see(archive, demand, who))


def for_answer(archive: Archive, demand_id: str, who: Principal) -> Demand:
    """The demand, for its requester, for staff, and for the archive itself. Raises `DemandUnknown`."""
    demand = found(archive, demand_id)
    return _allowed(demand, allowed=is_archive(archive, who) or _may_see(archive, demand, who))


def listed(
    archive: Archive, who: Principal, *, states: Collection[DemandState] = (), takeover: str = ""
) -> list[Demand]:
    """Demands in these states (none named: in any) that `who` may see: all of one's own, and those that one serves."""
    rows = archive.catalogue.demands.demands(states, takeover=takeover)
    return [demand for demand in map(demand_of, rows) if _may_see(archive, demand, who)]


def is_staff(archive: Archive, demand: Demand, who: Principal) -> bool:
    return who.kind is PrincipalKind.ADMINISTRATOR or _keeps(archive, demand, who)


def is_archive(archive: Archive, who: Principal) -> bool:
    """A process of this archive (`opening.archive_itself`), as which nobody signs in."""
    house = who.organisation
    return who.kind is PrincipalKind.ARCHIVE and house is not None and same(house.identifier, archive.identifier)


def is_requester(demand: Demand, who: Principal) -> bool:
    """The same account, or another of the same organisation."""
    asked = demand.order.requester
    if who.id.strip() and (who.kind, who.id) == (asked.kind, asked.id):
        return True
    mine, theirs = who.organisation, asked.organisation
    return mine is not None and theirs is not None and same(mine.identifier, theirs.identifier)


def _may_see(archive: Archive, demand: Demand, who: Principal) -> bool:
    return is_requester(demand, who) or is_staff(archive, demand, who)


def _keeps(archive: Archive, demand: Demand, who: Principal) -> bool:
    """A medical worker of the archive, or of the custodian at this instant."""
    if who.kind is not PrincipalKind.MEDICAL_WORKER or who.organisation is None:
        return False
    house, now = who.organisation.identifier, archive.clock()
    if same(house, archive.identifier):
        return True
    history = archive.catalogue.entitling.custody_of(demand.takeover) if demand.takeover else ()
    return any(
        same(each.custodian, house) and each.since <= now and (each.until is None or now < each.until)
        for each in history
    )


def _in_person(demand: Demand, who: Principal) -> bool:
    """The requester's own account, or another account of the same person."""
    asked = demand.order.requester
    licence = who.npwz.strip() == asked.npwz.strip() != ""
    return who.id == asked.id or licence or same(who.identifier, asked.identifier)


def _allowed(demand: Demand, *, allowed: bool) -> Demand:
    if not allowed:
        raise DemandUnknown
    return demand
