"""Who calls: AE titles, address and certificate → a registered peer, or a rejection (PS3.8 Table 9-21).

A peer that is not registered, calls from elsewhere or shows another certificate is told the same: its calling AE title
is not recognised.
"""

from dataclasses import dataclass

from dicom_gateway.protocol.negotiating import APPLICATION, Asked
from dicom_gateway.settings import GatewaySettings, title_of
from repository.access.principal import Principal
from repository.domain.takeover import Takeover
from repository.opening import Errand
from repository.peers.peer import Peer, Service
from repository.peers.registering import registered
from repository.runtime import Archive

DOOR = "dicom"


APPLICATION_UNKNOWN, CALLING_UNKNOWN, CALLED_UNKNOWN = (1, 1, 2), (1, 1, 3), (1, 1, 7)
VERSION_UNKNOWN = (1, 2, 2)
TRY_LATER, TOO_MANY = (2, 3, 1), (2, 3, 2)
"""Result, source and reason of A-ASSOCIATE-RJ."""


class Rejected(Exception):
    """Internal signal: no association, and the words for it."""

    def __init__(self, words: tuple[int, int, int]) -> None:
        super().__init__("rejected")
        self.words = words


@dataclass(frozen=True, slots=True)
class Caller:
    """A peer in an association. `takeover`: the one whose AE title was called; None for the archive's own."""

    peer: Peer
    principal: Principal
    takeover: Takeover | None

    def may(self, service: Service) -> bool:
        return service in self.peer.services

    @property
    def errand(self) -> Errand:
        return Errand(
            principal=self.principal, purpose=self.peer.purpose, door=DOOR, basis=self.peer.basis, manner="electronic"
        )

    @property
    def within(self) -> frozenset[str] | None:
        """Ids of the takeovers that it asks about; None: all that it may see."""
        known = frozenset(self.peer.takeovers) or None
        if self.takeover is None:
            return known
        own = frozenset({self.takeover.id})
        return own if known is None else own & known


def caller_of(
    archive: Archive, settings: GatewaySettings, what: Asked, *, address: str, certificate: str = ""
) -> Caller:
    """Whoever asks for an association. Raises `Rejected`, and what the catalogue raises."""
    if what.application != APPLICATION:
        raise Rejected(APPLICATION_UNKNOWN)
    peer = registered(archive, what.calling) if what.calling else None
    if peer is None or not peer.may_call_from(address) or peer.certificate not in ("", certificate):
        raise Rejected(CALLING_UNKNOWN)
    takeover = None
    if what.called != settings.ae_title:
        takeover = next((each for each in archive.catalogue.takeovers() if title_of(each) == what.called), None)
        if takeover is None or (peer.takeovers and takeover.id not in peer.takeovers):
            raise Rejected(CALLED_UNKNOWN)
    shown = certificate if peer.certificate else ""
    return Caller(peer, peer.principal(address=address, certificate=shown, at=archive.clock()), takeover)
