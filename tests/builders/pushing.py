"""Somebody who pushes into an open takeover, and images to push."""

from collections.abc import Sequence
from datetime import timedelta

from repository.access.permission import Grantee, GranteeKind
from repository.access.principal import Assurance, Identification, Method, Organisation, Principal, PrincipalKind
from repository.clock import now
from repository.domain.describing import Identifier
from repository.domain.identifiers import PROVIDER_OID
from repository.domain.takeover import Handover, Producer, Takeover
from repository.runtime import Archive
from repository.transfer.offering import Offer, Outcome, offered
from repository.transfer.opening import admitted_to, open_transfer
from repository.transfer.transfers import Transfers
from tests.builders.dicom import data_set, part10

CLINIC = Identifier(PROVIDER_OID, "000000190353")
CLINIC_AS_PEER = Grantee(GranteeKind.ORGANISATION, CLINIC, "Przychodnia")


def pacs(organisation: Identifier | None = CLINIC, *, name: str = "PACS_KLINIKI", minutes: int = 60) -> Principal:
    """A peer of the closing provider, identified for the next `minutes`."""
    at = now() - timedelta(minutes=1)
    return Principal(
        kind=PrincipalKind.SYSTEM,
        id=name,
        organisation=Organisation(organisation, "Przychodnia") if organisation else None,
        identification=Identification(Method.AE_TITLE, Assurance.LOW, name, at, at + timedelta(minutes=minutes)),
    )


def opened_for_clinic(archive: Archive, **declared: int) -> Takeover:
    handover = Handover(producer=Producer(name="Przychodnia Zdrowie"), declared_counts=declared)
    return open_transfer(archive, handover, peers=[CLINIC_AS_PEER])


def image(seed: int = 0, *, instance: int = 1, study: int = 1, pixels: bytes = b"") -> bytes:
    """A CT image as a file; `pixels` in place of its own make another one under the same identifiers."""
    found = data_set(seed, instance=instance, study=study)
    if pixels:
        found.PixelData = pixels
    return part10(found)


def large_image(seed: int = 0, *, instance: int = 1, size: int = 5 << 20) -> bytes:
    """A CT image of `size` bytes of pixels."""
    found = data_set(seed, instance=instance)
    found.Rows, found.Columns = 1024, size // 2048
    found.PixelData = bytes(range(256)) * (size // 256)
    return part10(found)


def pushed(archive: Archive, transfers: Transfers, *contents: bytes, who: Principal | None = None) -> list[Outcome]:
    """What became of `contents`, pushed at one time."""
    depositor = admitted_to(archive, who or pacs(), door="test")
    return transfers.submit(depositor, offers_of(archive, contents)).result(60)


def offers_of(archive: Archive, contents: Sequence[bytes]) -> list[Offer]:
    return [offered(each, home=archive.settings.home, path=f"{place}.dcm") for place, each in enumerate(contents)]
