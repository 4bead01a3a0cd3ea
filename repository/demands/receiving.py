"""Steps 8 and 9: the requester receives exactly what was frozen, and confirms it in SIM and with the provider."""

from hmac import compare_digest

from repository.access.bodies import moment
from repository.access.principal import Principal
from repository.catalogue.errors import CatalogueConflict
from repository.demands.errors import ContentDiffers, DemandMoved, WrongState
from repository.demands.messages import principal_body
from repository.demands.moving import found, move, require
from repository.demands.order import Demand
from repository.demands.preparing import frozen
from repository.domain.demand import DemandState, Place
from repository.journal import note
from repository.runtime import Archive

KIND = "demand-confirmation"


def receive(archive: Archive, demand_id: str, *, content_sha256: str, by: Principal | None = None) -> Demand:
    """The requester has received what hashes to `content_sha256` (hex), which is what was frozen.

    Raises `ContentDiffers` for anything else, and the demand then stays sent; `WrongState`, `DemandMoved`.
    """
    demand = found(archive, demand_id)
    require(demand, DemandState.RECEIVED)
    _content, digest = frozen(archive, demand_id)
    if not compare_digest(digest.encode(), content_sha256.strip().lower().encode()):
        raise ContentDiffers(demand=demand_id)
    return move(archive, demand, DemandState.RECEIVED, by=by, detail={"content_sha256": digest})


def confirm(archive: Archive, demand_id: str, *, place: Place, by: Principal | None = None) -> Demand:
    """The receipt is confirmed at `place`. With both places confirmed the demand is; one alone leaves it received.

    A confirmation that is there already changes nothing, and takes up what a crash between the two left undone.
    Raises `WrongState` for what was not received.
    """
    demand = found(archive, demand_id)
    if place not in archive.catalogue.demands.confirmations(demand_id):
        require(demand, DemandState.CONFIRMED)
        _confirmed(archive, demand, place, by)
    return _completed(archive, demand_id, by)


def _confirmed(archive: Archive, demand: Demand, place: Place, by: Principal | None) -> None:
    body = {
        "demand": demand.id,
        "place": place.value,
        "position": demand.position,
        "by": None if by is None else principal_body(by),
    }
    try:
        note(archive, KIND, body, outcome=place.value, at=moment(archive.clock()))
    except CatalogueConflict:
        if place not in archive.catalogue.demands.confirmations(demand.id):
            raise


def _completed(archive: Archive, demand_id: str, by: Principal | None) -> Demand:
    """Confirmed if both places are. Of two who see that at once one makes the move, and the other finds it made."""
    demand = found(archive, demand_id)
    both = len(archive.catalogue.demands.confirmations(demand_id)) == len(Place)
    if not both or demand.state is not DemandState.RECEIVED:
        return demand
    try:
        return move(archive, demand, DemandState.CONFIRMED, by=by)
    except (DemandMoved, WrongState):
        return found(archive, demand_id)
