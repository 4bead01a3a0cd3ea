"""Peers registered and removed: each a deed, in force from the next association on."""

import re
from dataclasses import replace
from ipaddress import ip_network

from repository.access.principal import Principal
from repository.catalogue.peering import PEER
from repository.clock import instant
from repository.entitlement import by_body, end_leave
from repository.journal import note
from repository.peers.errors import PeerKnown, PeerUnfit, PeerUnknown
from repository.peers.peer import Peer, body_of, peer_of
from repository.runtime import Archive
from storage.ids import new_id

_OPEN_END = "9999-12-31T23:59:59.999999Z"
_TITLE = re.compile(r"[\x20-\x5b\x5d-\x7e]{1,16}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def register(archive: Archive, peer: Peer, *, by: Principal | None = None) -> Peer:
    """The peer may call from now on. Raises `PeerUnfit`, `PeerKnown`."""
    _refuse_unfit(peer)
    if registered(archive, peer.ae_title) is not None:
        raise PeerKnown(ae_title=peer.ae_title)
    made = replace(peer, id=str(new_id()))
    since = instant(archive.clock())
    body = {
        "id": made.id, "person": made.ae_title, "takeover": "", "given_by": by.id if by else "", "since": since,
        "until": _OPEN_END, "peer": body_of(made), **by_body(by),
    }  # fmt: skip
    note(archive, PEER, body, outcome="registered", at=since)
    return made


def remove(archive: Archive, ae_title: str, *, by: Principal | None = None) -> Peer:
    """The peer may not call any more; who it was stays in the journal. Raises `PeerUnknown`."""
    found = registered(archive, ae_title)
    if found is None:
        raise PeerUnknown(ae_title=ae_title)
    end_leave(archive, found.id, by=by)
    return found


def registered(archive: Archive, ae_title: str) -> Peer | None:
    """The peer of that AE title, as things stand now."""
    for row in archive.catalogue.peering.lasting(ae_title, at=archive.clock()):
        return peer_of(row.body["peer"], id=row.id)
    return None


def peers(archive: Archive) -> list[Peer]:
    """All that are registered now, by AE title."""
    rows = archive.catalogue.peering.lasting(at=archive.clock())
    return sorted((peer_of(row.body["peer"], id=row.id) for row in rows), key=lambda each: each.ae_title)


def _refuse_unfit(peer: Peer) -> None:
    if not _TITLE.fullmatch(peer.ae_title) or peer.ae_title != peer.ae_title.strip():
        raise PeerUnfit(reason="its AE title")
    if not 0 <= peer.port <= 0xFFFF:
        raise PeerUnfit(reason="its port")
    if peer.certificate and not _DIGEST.fullmatch(peer.certificate):
        raise PeerUnfit(reason="its certificate is not a SHA-256 in hex")
    try:
        for each in peer.addresses:
            ip_network(each)
    except ValueError:
        raise PeerUnfit(reason="an address") from None
