"""kill -9 between any steps of a storage commitment: nothing is lost, and nothing is said that was not looked at."""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event

from dicom_gateway.reporting import report_due
from dicom_gateway.settings import DEFAULT_TITLE, GatewaySettings
from repository.access.permission import Grantee, GranteeKind
from repository.catalogue.commitments import Commitments, CommitmentState, Instance
from repository.catalogue.jobs import Jobs
from repository.catalogue.journal import Journal
from repository.commitment.asking import take_on
from repository.domain.describing import Identifier
from repository.domain.takeover import Handover
from repository.jobs.draining import drain
from repository.peers.registering import register
from repository.runtime import Archive
from repository.settings import Settings
from repository.transfer.opening import open_transfer
from repository.transfer.transfers import Transfers
from tests.builders.homes import at_home, new_home
from tests.builders.pushing import image, pacs, pushed
from tests.dicom_gateway.commitments import MISSING, Heard, listening, reported
from tests.dicom_gateway.gateways import CT, CUSTODIAN, PATIENT
from tests.faults.dying import Death, Grim, killed, put_together

TRANSACTION, ACKNOWLEDGED, INSTANCE = "2.25.1", "acknowledged", "instance"
LEASE = 0.5  # seconds, after which a job of a process that was killed is another's
PATIENCE = 60.0
CLASSES: Mapping[str, type] = {"rows": Commitments, "jobs": Jobs, "journal": Journal}
"""Watched as classes: a job has a catalogue of its own."""

DEATHS = [
    Death("inside the transaction", "rows", "ask", inside=True),
    Death("after the transaction", "rows", "ask", after=True),
    Death("inside its job", "jobs", "enqueue", inside=True),
    Death("after its job", "jobs", "enqueue", after=True),
    Death("after the lease", "jobs", "lease", after=True),
    Death("before the account of reading back", "journal", "write"),
    Death("after the account of reading back", "journal", "write", after=True),
    Death("before the checkpoint", "store", "put", "log/checkpoint/"),
    Death("after the outcome was noted", "journal", "write", call=2, after=True),
    Death("inside the outcome", "rows", "checked", inside=True),
    Death("after the outcome", "rows", "checked", after=True),
    Death("after the job of the report", "jobs", "enqueue", call=2, after=True),
    Death("before the end of its job", "jobs", "finish"),
    Death("before the end of the report", "rows", "reported"),
    Death("inside the end of the report", "rows", "reported", inside=True),
    Death("after the end of the report", "rows", "reported", after=True),
    Death("before the job of the report ends", "jobs", "finish", call=2),
]


def armed(settings: Settings, death: Death) -> Archive:
    watched = CLASSES.get(death.part)
    if watched is None:
        return put_together(settings, death)
    archive, grim = put_together(settings, replace(death, part="nobody")), Grim(death)
    grim.watch(watched)
    event.listen(archive.catalogue._room.engine, "commit", grim.before_commit)
    return archive


def asked(archive: Archive, folder: Path) -> None:
    """What N-ACTION does, to its acknowledgement."""
    principal = CUSTODIAN.principal(address="127.0.0.1", certificate="", at=archive.clock())
    instances = [Instance(CT, (folder / INSTANCE).read_text()), Instance(CT, MISSING)]
    take_on(archive, principal, TRANSACTION, instances=instances, title=DEFAULT_TITLE, within=None)
    (folder / ACKNOWLEDGED).touch()


def looked_and_reported(archive: Archive) -> None:
    drain(archive, owner="somebody", seconds=LEASE)
    report_due(archive, GatewaySettings(patience=PATIENT), owner="somebody", seconds=LEASE)


def committing(settings: Settings, folder: Path, death: Death) -> None:
    archive = armed(settings, death)
    asked(archive, folder)
    looked_and_reported(archive)


def with_an_image(archive: Archive, folder: Path, port: int) -> None:
    peer = Grantee(GranteeKind.SYSTEM, Identifier("", CUSTODIAN.ae_title))
    takeover = open_transfer(archive, Handover(), peers=[peer])
    register(archive, replace(CUSTODIAN, host="127.0.0.1", port=port))
    with Transfers(archive) as transfers:
        pushed(archive, transfers, image(1), who=pacs(None, name=CUSTODIAN.ae_title))
    (kept,) = archive.catalogue.holdings(takeover.number)
    assert kept.description.dicom is not None
    (folder / INSTANCE).write_text(kept.description.dicom.sop_instance_uid)


def finished(archive: Archive) -> bool:
    """Whether the peer knows, as soon as the leases of the dead have run out."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        looked_and_reported(archive)
        (known,) = archive.catalogue.commitments.listing()
        if known.state is CommitmentState.REPORTED:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("death", DEATHS, ids=str)
def test_a_transaction_that_was_acknowledged_is_looked_into_and_reported(tmp_path: Path, death: Death) -> None:
    settings, heard = new_home(tmp_path), Heard()
    with listening(heard) as port:
        with at_home(settings) as archive:
            with_an_image(archive, tmp_path, port)
        assert killed(settings, tmp_path, death, work=committing)
        with at_home(settings) as archive:
            if not (tmp_path / ACKNOWLEDGED).exists():
                asked(archive, tmp_path)  # as a peer does that was not answered
            assert finished(archive)
            deeds = [each.outcome for each in archive.catalogue.journal.deeds() if each.kind == "commitment"]
    instance = (tmp_path / INSTANCE).read_text()
    assert {str(reported(each)) for each in heard.reports} == {
        str((2, TRANSACTION, [(CT, instance)], [(CT, MISSING, 0x0112)]))
    }
    assert set(deeds) == {"in-part"}
