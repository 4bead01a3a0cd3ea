"""Debian's Orthanc 1.10 and storage commitment, in both directions: it asks us, and we ask it."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dicom_gateway.committing import ask
from dicom_gateway.settings import GatewaySettings
from repository.catalogue.commitments import CommitmentState
from repository.commitment.wishing import prepared
from repository.jobs.embedded import Embedded
from repository.peers.peer import Peer
from repository.peers.registering import register, remove
from repository.takeover.sealing import object_of
from tests.builders.dicom import data_set, part10
from tests.dicom_gateway.gateways import CUSTODIAN, PATIENT, Door, opened
from tests.dicom_gateway.test_retrieving import images_of
from tests.peers import orthanc
from tests.peers.needed import needed
from tests.peers.orthanc import Orthanc

pytestmark = pytest.mark.peers
TITLE, US, DEADLINE = CUSTODIAN.ae_title, "edm", 60.0


@contextmanager
def beside(door: Door, folder: Path) -> Iterator[tuple[Orthanc, Peer]]:
    """Orthanc, which knows the door and is known to it."""
    needed(orthanc.missing())
    known = {"DicomAet": TITLE, "DicomModalities": {US: {"AET": "EDM-ARCHIVE", "Host": "127.0.0.1", "Port": door.port}}}
    with orthanc.serving(folder / "orthanc", **known) as running:
        port = int(json.loads((folder / "orthanc" / "orthanc.json").read_text())["DicomPort"])
        remove(door.archive, TITLE)
        yield running, register(door.archive, replace(door.peer, host="127.0.0.1", port=port))


def sent_for_commitment(server: Orthanc, ids: list[str]) -> Any:
    """What Orthanc knows of its transaction, once it knows anything, after it has sent these of its images."""
    with server.client() as client:
        said = {"Resources": ids, "StorageCommitment": True, "Synchronous": True, "Timeout": 60}
        answer = client.post(f"/modalities/{US}/store", json=said)
        assert answer.status_code == 200, (answer.text, server.log.read_text()[-2000:])
        return answer.json()["StorageCommitmentTransactionUID"]


def heard(server: Orthanc, transaction: str) -> Any:
    until = time.monotonic() + DEADLINE
    with server.client() as client:
        while time.monotonic() < until:
            found = client.get(f"/storage-commitment/{transaction}").raise_for_status().json()
            if found["Status"] != "Pending":
                return found
            time.sleep(0.1)
    pytest.fail(f"no report: {server.log.read_text()[-2000:]}")


def test_orthanc_is_told_what_is_kept(tmp_path: Path) -> None:
    with opened(tmp_path) as door, beside(door, tmp_path) as (server, _):
        ids = [server.store(part10(data_set(3, instance=each))) for each in (1, 2, 3)]
        transaction = sent_for_commitment(server, ids)
        with Embedded(door.archive, every=0.2):
            found = heard(server, transaction)
        assert (found["Status"], found["Failures"], len(found["Success"])) == ("Success", [], 3)
        (known,) = door.archive.catalogue.commitments.listing()
        assert known.transaction == transaction


def test_orthanc_is_told_what_was_lost(tmp_path: Path) -> None:
    with opened(tmp_path) as door, beside(door, tmp_path) as (server, _):
        transaction = sent_for_commitment(server, [server.store(part10(data_set(4)))])
        (kept,) = door.archive.catalogue.holdings(door.open_one.number)
        (door.archive.settings.home / "objects" / object_of(door.open_one, kept)).unlink()
        with Embedded(door.archive, every=0.2):
            found = heard(server, transaction)
        assert found["Status"] == "Failure"
        assert [int(each["FailureReason"]) for each in found["Failures"]] == [0x0110]


def test_orthanc_says_what_it_keeps_of_what_it_was_given(tmp_path: Path) -> None:
    with opened(tmp_path, patients=1, images=3) as door, beside(door, tmp_path) as (server, peer):
        assert door.sample is not None
        images = images_of(door)
        for each in images[1:]:
            server.store(each.read_bytes())
        wanted = prepared(door.archive, peer, door.sample, door="test")
        sent = list(ask(door.archive, peer, wanted, settings=GatewaySettings(patience=PATIENT)))
        assert [each.state for each in sent] == [CommitmentState.SENT]
        until = time.monotonic() + DEADLINE
        while time.monotonic() < until:
            (known,) = door.archive.catalogue.commitments.listing()
            if known.state is CommitmentState.ANSWERED:
                break
            time.sleep(0.1)
        assert known.state is CommitmentState.ANSWERED, server.log.read_text()[-2000:]
        assert (len(known.instances), [reason for _, reason in known.failed]) == (len(images), [0x0112])
