"""An archive whose DICOM door is open, and peers of it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

from pydicom import Dataset, dcmread
from pynetdicom import AE, build_role
from pynetdicom.association import Association

from dicom_gateway.listening import Gateway
from dicom_gateway.protocol.wire import Patience
from dicom_gateway.settings import DEFAULT_TITLE, GatewaySettings
from repository.access.permission import Grantee, GranteeKind
from repository.access.principal import Organisation
from repository.access.purpose import Purpose
from repository.domain.describing import Identifier
from repository.domain.takeover import Handover, Takeover
from repository.intake import Order, receive
from repository.peers.peer import Peer, Service
from repository.peers.registering import register
from repository.rendering.pool import Pool
from repository.runtime import Archive, open_archive
from repository.samples.building import build_sample
from repository.transfer.opening import open_transfer
from tests.builders.access import OURS
from tests.builders.dicom import data_set, part10
from tests.builders.homes import new_home
from tests.builders.staff import custodian_of

CT, VERIFICATION = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.1"
EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
PATIENT = Patience(acse=60, dimse=60, idle=60, network=60)
CUSTODIAN = Peer(
    ae_title="PACS",
    organisation=Organisation(OURS, "Nasza Przychodnia"),
    services=frozenset(Service),
    purpose=Purpose.CUSTODY,
    addresses=("127.0.0.0/8",),
)
"""A PACS; where a sample was taken over, of whoever has it in custody, so that it may read all of it."""


@dataclass
class Door:
    """`sample`: what was taken over; `open_one`: receives from `peer`."""

    archive: Archive
    port: int
    package: Path
    sample: Takeover | None
    open_one: Takeover
    peer: Peer
    gateway: Gateway | None = None

    def associated(
        self, *contexts: str, title: str = CUSTODIAN.ae_title, called: str = DEFAULT_TITLE, syntaxes: object = None
    ) -> Association:
        """An association of pynetdicom's that asks for these classes; whether it was accepted is for it to say."""
        entity = AE(ae_title=title)
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 60
        for each in contexts:
            entity.add_requested_context(each, syntaxes or [EXPLICIT, IMPLICIT])  # type: ignore[arg-type]
        return entity.associate("127.0.0.1", self.port, ae_title=called)

    def getting(self, *classes: str, model: str, syntax: str = EXPLICIT) -> Association:
        """One that asks for `model`, and offers to be the SCP of the storage `classes`, as for C-GET."""
        entity = AE(ae_title=CUSTODIAN.ae_title)
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 60
        entity.add_requested_context(model, [EXPLICIT, IMPLICIT])
        for each in classes:
            entity.add_requested_context(each, [syntax])
        roles = [build_role(each, scp_role=True) for each in classes]
        return entity.associate("127.0.0.1", self.port, ae_title=DEFAULT_TITLE, ext_neg=roles)


@contextmanager
def opened(
    folder: Path,
    *,
    patients: int = 0,
    images: int = 4,
    files: Sequence[bytes] = (),
    pool: Pool | None = None,
    catalogue: str = "",
    **settings: object,
) -> Iterator[Door]:
    """With `patients`, a sample package of so many is taken over beforehand; with `files`, one of these."""
    home = new_home(folder, catalogue=catalogue)
    package = folder / "package"
    with open_archive(home) as archive:
        sample = None
        if patients:
            build_sample(package, patients=patients, images=images)
        if files:
            package.mkdir()
            for number, content in enumerate(files):
                (package / f"{number}.dcm").write_bytes(content)
        if patients or files:
            sample = receive(archive, Order(package), progress=lambda _: None)
        house = Organisation(custodian_of(archive), "Następca") if sample else CUSTODIAN.organisation
        peer = register(archive, replace(CUSTODIAN, organisation=house))
        known = Grantee(GranteeKind.SYSTEM, Identifier("", CUSTODIAN.ae_title))
        live = open_transfer(archive, Handover(), peers=[known])
        chosen = GatewaySettings(
            **({"port": 0, "grace": 5, "patience": PATIENT, "peer_associations": 10_000} | settings)
        )  # type: ignore[arg-type]
        with Gateway(archive, chosen, pool=pool) as gateway:
            yield Door(archive, gateway.port, package, sample, live, peer, gateway)


def named(peer: Peer, title: str, **more: object) -> Peer:
    """Another peer like that one."""
    return replace(peer, ae_title=title, **more)  # type: ignore[arg-type]


def status_of(answer: Dataset) -> int:
    """The status of a response; -1 where none came."""
    return int(answer.Status) if "Status" in answer else -1


def an_image(seed: int = 1, **more: object) -> Dataset:
    """A CT image as pynetdicom sends one."""
    return dcmread(BytesIO(part10(data_set(seed, **more))))  # type: ignore[arg-type]
