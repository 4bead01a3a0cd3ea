"""Peers as rows of leave: what the journal says of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, select

from repository.catalogue.desk import Desk
from repository.catalogue.journal_tables import leave
from repository.catalogue.prepared import Prepared
from repository.catalogue.text import unpacked
from repository.clock import instant

PEER = "peer"  # kind of the deed that registers one


@dataclass(frozen=True, slots=True)
class PeerRow:
    id: str
    body: dict[str, Any]


def _lasting() -> Select[Any]:
    there = leave.c
    lasts = (there.kind == PEER, there.since <= bindparam("now"), there.until > bindparam("now"))
    return select(there.id, there.body).where(*lasts).order_by(there.since)


_ALL = Prepared(_lasting())
_TITLED = Prepared(_lasting().where(leave.c.person == bindparam("title")))  # asked for each association


class Peering(Desk):
    def lasting(self, ae_title: str = "", *, at: datetime) -> Sequence[PeerRow]:
        """Those of that AE title, or all, that are registered at that moment; by the order of their deeds."""
        values = {"now": instant(at), "title": ae_title} if ae_title else {"now": instant(at)}
        with self._room.reading() as connection:
            rows = (_TITLED if ae_title else _ALL).all(connection, values)
        return [PeerRow(row.id, unpacked(row.body)) for row in rows]
