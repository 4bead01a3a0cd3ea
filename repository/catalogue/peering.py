"""Peers as rows of leave: what the journal says of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from repository.catalogue.desk import Desk
from repository.catalogue.journal_tables import leave
from repository.catalogue.text import unpacked
from repository.clock import instant

PEER = "peer"  # kind of the deed that registers one


@dataclass(frozen=True, slots=True)
class PeerRow:
    id: str
    body: dict[str, Any]


class Peering(Desk):
    def lasting(self, ae_title: str = "", *, at: datetime) -> Sequence[PeerRow]:
        """Those of that AE title, or all, that are registered at that moment; by the order of their deeds."""
        there, now = leave.c, instant(at)
        wanted = select(there.id, there.body).where(there.kind == PEER, there.since <= now, there.until > now)
        if ae_title:
            wanted = wanted.where(there.person == ae_title)
        with self._room.reading() as connection:
            return [PeerRow(row.id, unpacked(row.body)) for row in connection.execute(wanted.order_by(there.since))]
