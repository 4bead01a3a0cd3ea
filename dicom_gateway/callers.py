"""Who calls: AE titles, address and certificate → a registered peer, or a rejection (PS3.8 Table 9-21)."""

from collections.abc import Collection
from dataclasses import dataclass

from dicom_gateway.identifying import Noted, noted
from dicom_gateway.protocol.negotiating import APPLICATION, Asked
from dicom_gateway.rejecting import Rejected, Why
from dicom_gateway.settings import GatewaySettings
from repository.access.principal import Principal
from repository.domain.takeover import Takeover
from repository.opening import Errand
from repository.peers.peer import Peer, Service
from repository.peers.registering import registered
from repository.peers.titles import title_of
from repository.runtime import Archive

DOOR = "dicom"


@dataclass(frozen=True, slots=True)
class Caller:
    """A peer in an association. `takeover`: the one whose AE title was called; None for the archive's own. `user`: whom
    it says that it speaks for."""

    peer: Peer
    principal: Principal
    takeover: Takeover | None
    user: Noted

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
        return within(self.peer, None if self.takeover is None else {self.takeover.id})


def within(peer: Peer, takeovers: Collection[str] | None) -> frozenset[str] | None:
    """Those of `takeovers` (ids; None: all) of which the peer may be told."""
    own, asked = frozenset(peer.takeovers), None if takeovers is None else frozenset(takeovers)
    if not own:
        return asked
    return own if asked is None else own & asked


def caller_of(
    archive: Archive, settings: GatewaySettings, what: Asked, *, address: str, certificate: str = ""
) -> Caller:
    """Whoever asks for an association. Raises `Rejected`, and what the catalogue raises."""
    if what.application != APPLICATION:
        raise Rejected(Why.APPLICATION)
    peer = registered(archive, what.calling) if what.calling else None
    if peer is None:
        raise Rejected(Why.NOT_REGISTERED)
    if not peer.may_call_from(address):
        raise Rejected(Why.OTHER_ADDRESS)
    if peer.certificate not in ("", certificate):
        raise Rejected(Why.OTHER_CERTIFICATE)
    takeover = None if what.called == settings.ae_title else _called(archive, peer, what.called)
    user, shown = noted(what.identity), certificate if peer.certificate else ""
    principal = peer.principal(address=address, certificate=shown, user=user.evidence, at=archive.clock())
    return Caller(peer, principal, takeover, user)


def _called(archive: Archive, peer: Peer, title: str) -> Takeover:
    takeover = next((each for each in archive.catalogue.takeovers() if title_of(each) == title), None)
    if takeover is None:
        raise Rejected(Why.CALLED)
    if peer.takeovers and takeover.id not in peer.takeovers:
        raise Rejected(Why.NOT_ITS_TAKEOVER)
    return takeover
