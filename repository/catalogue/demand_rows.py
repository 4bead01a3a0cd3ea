"""The rows that follow from the deeds of a demand: `demand`, `demand-step`, `demand-confirmation`.

Bodies (the constraints of the tables decide whether they may be):

    demand               {"demand", "order": {…}, "requester_key", "message_id", "content_sha256"}
    demand-step          {"demand", "position", "from", "to", "by", "detail": {…, "takeover" where it is accepted}}
    demand-confirmation  {"demand", "place", "position", "by"}
"""

from sqlalchemy import Connection, update

from repository.catalogue.bulk import insert
from repository.catalogue.demand_tables import demand, demand_confirmation, demand_now, demand_step
from repository.catalogue.errors import CatalogueConflict
from repository.catalogue.text import fit, key, packed
from repository.domain.deed import Deed
from repository.domain.demand import NOWHERE, DemandState, Place


def keyed(text: str) -> str:
    """A requester or a message id as it is found by."""
    return fit(key(text))


def demand_submitted(connection: Connection, deed: Deed) -> None:
    body, state = deed.body, DemandState.SUBMITTED.value
    row = (
        body["demand"], keyed(body["requester_key"]), keyed(body["message_id"]), body["content_sha256"], deed.at,
        deed.number, packed(body["order"]),
    )  # fmt: skip
    insert(connection, demand, [row])
    insert(connection, demand_step, [(body["demand"], 1, None, NOWHERE, state, deed.at, deed.number, None, None)])
    insert(connection, demand_now, [(body["demand"], 1, state, deed.at, "")])


def demand_moved(connection: Connection, deed: Deed) -> None:
    body, position = deed.body, deed.body["position"]
    ends = body["to"] == DemandState.CONFIRMED
    places = (Place.SIM.value, Place.PROVIDER.value) if ends else (None, None)
    row = (body["demand"], position, position - 1, body["from"], body["to"], deed.at, deed.number, *places)
    insert(connection, demand_step, [row])
    there = (demand_now.c.demand == body["demand"]) & (demand_now.c.position == position - 1)
    values = {"position": position, "state": body["to"], "since": deed.at}
    if "takeover" in body["detail"]:
        values["takeover"] = body["detail"]["takeover"]
    if connection.execute(update(demand_now).where(there).values(**values)).rowcount != 1:
        raise CatalogueConflict(reason="demand_now")


def demand_confirmed(connection: Connection, deed: Deed) -> None:
    body = deed.body
    row = (
        body["demand"], body["place"], body["position"], DemandState.RECEIVED.value, deed.at, deed.number,
    )  # fmt: skip
    insert(connection, demand_confirmation, [row])
