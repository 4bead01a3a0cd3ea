"""Peers that ask for storage commitment and hear of it, by pynetdicom's own AE."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from pydicom import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.events import Event

from dicom_gateway.contexts import COMMITMENT
from dicom_gateway.reporting import report_due
from dicom_gateway.services.committing import WELL_KNOWN
from dicom_gateway.settings import GatewaySettings
from repository.catalogue.jobs import JobState
from repository.jobs.draining import drain
from repository.peers.registering import register, remove
from repository.runtime import Archive
from tests.dicom_gateway.gateways import CT, CUSTODIAN, PATIENT, Door, an_image
from tests.repository.waiting import eventually

MISSING = "1.2.3.4.5.6.7.8"


def asking_for(*instances: tuple[str, str], transaction: str = "") -> Dataset:
    made = Dataset()
    made.TransactionUID = transaction or generate_uid()
    made.ReferencedSOPSequence = [referenced(*each) for each in instances]
    return made


def referenced(sop_class: str, uid: str, reason: int | None = None) -> Dataset:
    made = Dataset()
    made.ReferencedSOPClassUID, made.ReferencedSOPInstanceUID = sop_class, uid
    if reason is not None:
        made.FailureReason = reason
    return made


def asked(
    door: Door, what: Dataset | None, *, action: int = 1, instance: str = WELL_KNOWN, called: str = "EDM-ARCHIVE"
) -> Dataset:
    """The response to an N-ACTION."""
    association = door.associated(COMMITMENT, called=called)
    assert association.is_established
    answer, _ = association.send_n_action(what, action, COMMITMENT, instance)
    association.release()
    return answer


def stored(door: Door, *seeds: int) -> list[tuple[str, str]]:
    """Class and UID of images that the peer has sent."""
    association = door.associated(CT)
    images = [an_image(each) for each in seeds]
    assert [association.send_c_store(each).Status for each in images] == [0] * len(images)
    association.release()
    return [(str(each.SOPClassUID), str(each.SOPInstanceUID)) for each in images]


@dataclass
class Heard:
    """What a peer was told, and how it answers: each time with the next of `statuses`, 0000 when there is none."""

    statuses: list[int] = field(default_factory=list)
    reports: list[tuple[int, Dataset]] = field(default_factory=list)
    roles: list[tuple[bool, bool]] = field(default_factory=list)
    callers: list[str] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)

    def hear(self, event: Event) -> tuple[int, None]:
        self.reports.append((event.event_type, event.event_information))
        self.callers.append(str(event.assoc.requestor.ae_title))
        self.came.set()
        return (self.statuses.pop(0) if self.statuses else 0x0000), None

    def requested(self, event: Event) -> None:
        for role in event.assoc.requestor.role_selection.values():
            self.roles.append((bool(role.scu_role), bool(role.scp_role)))


@contextmanager
def listening(heard: Heard, *, port: int = 0, title: str = CUSTODIAN.ae_title) -> Iterator[int]:
    """The peer, where it hears reports."""
    entity = AE(ae_title=title)
    entity.add_supported_context(COMMITMENT, scu_role=False, scp_role=True)
    handlers = [(evt.EVT_N_EVENT_REPORT, heard.hear), (evt.EVT_REQUESTED, heard.requested)]
    server = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()


def at_port(archive: Archive, port: int) -> None:
    """The peer is registered where it listens."""
    remove(archive, CUSTODIAN.ae_title)
    register(archive, replace(CUSTODIAN, host="127.0.0.1", port=port))


def looked_and_reported(archive: Archive, **settings: int) -> None:
    """Every transaction was looked into, and its report tried, by us or by the door itself."""
    drain(archive, owner="test")
    report_due(archive, GatewaySettings(patience=PATIENT, **settings), owner="test")  # type: ignore[arg-type]
    assert eventually(lambda: not archive.catalogue.jobs.jobs(state=JobState.LEASED)), "the door is at it"


def reported(
    event: tuple[int, Dataset],
) -> tuple[int, str, Sequence[tuple[str, str]], Sequence[tuple[str, str, int]]]:
    """Type, transaction, what is committed to, and what is not with its reason."""
    kind, what = event
    good = [
        (str(each.ReferencedSOPClassUID), str(each.ReferencedSOPInstanceUID))
        for each in what.get("ReferencedSOPSequence", ())
    ]
    bad = [
        (str(each.ReferencedSOPClassUID), str(each.ReferencedSOPInstanceUID), int(each.FailureReason))
        for each in what.get("FailedSOPSequence", ())
    ]
    return kind, str(what.TransactionUID), good, bad


def reporting_back(door: Door, what: Dataset, kind: int, *, role: bool = True) -> Dataset:
    """The response to an N-EVENT-REPORT of the peer, as the SCP of the class, or without saying that it is."""
    from pynetdicom import build_role

    entity = AE(ae_title=CUSTODIAN.ae_title)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 60
    entity.add_requested_context(COMMITMENT)
    roles = [build_role(COMMITMENT, scp_role=True)] if role else []
    association: Association = entity.associate("127.0.0.1", door.port, ae_title="EDM-ARCHIVE", ext_neg=roles)
    assert association.is_established
    answer, _ = association.send_n_event_report(what, kind, COMMITMENT, WELL_KNOWN)
    association.release()
    return answer
