"""A peer as a value."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Any

from repository.access.bodies import identifier_body, identifier_of
from repository.access.principal import (
    Assurance,
    Identification,
    Method,
    Organisation,
    Principal,
    PrincipalKind,
)
from repository.access.purpose import Purpose


class Service(StrEnum):
    """What a peer may ask for; C-ECHO is anybody's who is registered."""

    STORE = "store"
    FIND = "find"
    MOVE = "move"
    GET = "get"
    COMMITMENT = "commitment"
    INVENTORY = "inventory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """`host`, `port`: where it listens, for what is sent to it; `tls`: with TLS. `addresses`: networks that it may call
    from; none: from its `host`, where that is an address. `certificate`: SHA-256 of the TLS certificate that it must
    show, in hex; empty: none is asked for. `takeovers`: ids of those that it may see; none: all that its organisation
    may. `id`: of the deed that registered it."""

    ae_title: str
    organisation: Organisation
    services: frozenset[Service]
    purpose: Purpose
    basis: str = ""
    host: str = ""
    port: int = 0
    tls: bool = False
    addresses: tuple[str, ...] = ()
    certificate: str = ""
    takeovers: tuple[str, ...] = ()
    id: str = ""

    def may_call_from(self, address: str) -> bool:
        """Fails closed: a peer of which no address is known calls from nowhere."""
        try:
            here = ip_address(address.partition("%")[0])
            mapped = getattr(here, "ipv4_mapped", None)
            return any((mapped or here) in ip_network(each) for each in self.addresses or (self.host,))
        except ValueError:
            return False

    def principal(self, *, address: str, certificate: str, at: datetime, user: str = "") -> Principal:
        """Whoever calls as this peer. An AE title and an address are little evidence; a certificate is more. `user`:
        evidence of whom the peer says that it speaks for, which adds nothing to what it may."""
        method, assurance = Method.AE_TITLE, Assurance.LOW
        evidence = f"ae-title:{self.ae_title}@{address}"
        if certificate:
            method, assurance, evidence = Method.MUTUAL_TLS, Assurance.SUBSTANTIAL, f"certificate:{certificate}"
        evidence = f"{evidence};{user}" if user else evidence
        return Principal(
            kind=PrincipalKind.SYSTEM,
            id=self.ae_title,
            surname=self.ae_title,
            organisation=self.organisation,
            identification=Identification(method, assurance, evidence, at, at + timedelta(hours=24)),
        )


def body_of(peer: Peer) -> dict[str, Any]:
    """As a deed has it."""
    return {
        "ae_title": peer.ae_title,
        "organisation": {
            "identifier": identifier_body(peer.organisation.identifier),
            "name": peer.organisation.name,
            "role": peer.organisation.role,
        },
        "services": sorted(each.value for each in peer.services),
        "purpose": peer.purpose.value,
        "basis": peer.basis,
        "host": peer.host,
        "port": peer.port,
        "tls": peer.tls,
        "addresses": list(peer.addresses),
        "certificate": peer.certificate,
        "takeovers": list(peer.takeovers),
    }


def peer_of(body: Mapping[str, Any], *, id: str) -> Peer:  # noqa: A002  the domain calls it id everywhere
    """The peer that a deed registered."""
    organisation = body["organisation"]
    identifier = identifier_of(organisation["identifier"])
    if identifier is None:
        raise ValueError("internal: a peer's organisation without an identifier")
    return Peer(
        ae_title=body["ae_title"],
        organisation=Organisation(identifier, organisation["name"], organisation["role"]),
        services=frozenset(Service(each) for each in body["services"]),
        purpose=Purpose(body["purpose"]),
        basis=body["basis"],
        host=body["host"],
        port=body["port"],
        tls=body["tls"],
        addresses=tuple(body["addresses"]),
        certificate=body["certificate"],
        takeovers=tuple(body["takeovers"]),
        id=id,
    )
