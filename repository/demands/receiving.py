"""Steps 8 and 9: the requester receives exactly what was frozen, and confirms it in SIM and with the provider."""

from hmac import compare_digest

from repository.access.principal import Principal
from repository.catalogue.errors import CatalogueConflict
from repository.clock import instant
from repository.demands.errors import ContentDiffers, DemandMoved, WrongState
from repository.demands.messages import principal_body
from repository.demands.moving import found, move, require
from repository.demands.order import Demand
from repository.demands.preparing import frozen_content
from repository.demands.standing import for_either, for_requester
from repository.domain.demand import DemandState, Place
from repository.journal import note
from repository.runtime import Archive

KIND = "demand-confirmation"


def receive(archive: Archive, demand_id: str, *, content_sha256: str, by: Principal) -> Demand:
    """The requester has received what hashes to `content_sha256` (hex), which is what was frozen.

    Raises `ContentDiffers` for anything else, and the demand then stays sent; `WrongState`, `DemandMoved`, and
    `DemandUnknown` where `by` is neither the requester nor of the requester's organisation.
    """
    demand = for_requester(archive, demand_id, by)
    require(demand, DemandState.RECEIVED)
    _content, digest = frozen_content(archive, demand_id)
    if not compare_digest(digest.encode(), content_sha256.strip().lower().encode()):
        raise ContentDiffers(demand=demand_id)
    return move(archive, demand, DemandState.RECEIVED, by=by, detail={"content_sha256": digest})


def confirm(archive: Archive, demand_id: str, *, place: Place, by: Principal) -> Demand:
    """The receipt is confirmed at `place`. With both places confirmed the demand is; one alone leaves it received.

    A confirmation that is there already changes nothing, and takes up what a crash between the two left undone.
    Both are the requester's to give: step 9 has him confirm in SIM and in the provider's system (R463-5). The second
    may as well be recorded by staff, for the archive stands in for a provider that has closed (R463-6.3), in whose
    system the requester may have no account; nobody but the requester confirms in SIM. Raises `WrongState` for what was
    not received, `DemandUnknown` for whoever may not confirm.
    """
    may = for_either if place is Place.PROVIDER else for_requester
    demand = may(archive, demand_id, by)
    if place not in archive.catalogue.demands.confirmations(demand_id):
        require(demand, DemandState.CONFIRMED)
        _confirmed(archive, demand, place, by)
    return _completed(archive, demand_id, by)


def _confirmed(archive: Archive, demand: Demand, place: Place, by: Principal) -> None:
    body = {
        "demand": demand.id,
        "place": place.value,
        "position": demand.position,
        "by": principal_body(by),
    }
    try:
        note(archive, KIND, body, outcome=place.value, at=instant(archive.clock()))
    except CatalogueConflict:
        if place not in archive.catalogue.demands.confirmations(demand.id):
            raise


def _completed(archive: Archive, demand_id: str, by: Principal) -> Demand:
    """Confirmed if both places are. Of two who see that at once one makes the move, and the other finds it made."""
    demand = found(archive, demand_id)
    both = len(archive.catalogue.demands.confirmations(demand_id)) == len(Place)
    if not both or demand.state is not DemandState.RECEIVED:
        return demand
    try:
        return move(archive, demand, DemandState.CONFIRMED, by=by)
    except (DemandMoved, WrongState):
        return found(archive, demand_id)
