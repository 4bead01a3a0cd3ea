"""What `doctor`, `peer list` and `takeover show` tell of the DICOM door."""

import time
from datetime import UTC, datetime
from typing import Any

from dicom_gateway.measures import Measures
from repository.clock import now
from repository.measuring import FRESH, snapshots, told
from repository.peers.titles import title_of
from repository.runtime import open_archive
from repository.settings import from_environment
from tests.cli.office import BOSS, Office
from tests.cli.running import Machine
from tests.repository.waiting import eventually


def of_the_door(machine: Machine) -> list[dict[str, Any]]:
    checks = machine.json("doctor")["checks"]
    return [each for each in checks if each["name"] == "DICOM door"]


def test_doctor_tells_of_processes_that_run_and_of_those_that_are_silent(machine: Machine) -> None:
    assert of_the_door(machine) == []
    long_ago = datetime.fromtimestamp(time.time() - FRESH - 60, UTC)
    measures = Measures(limit=200)
    with (
        told(machine.home, "dicom-1", measures.families, clock=now, every=60),
        told(machine.home, "dicom-2", measures.families, clock=lambda: long_ago, every=60),
    ):
        assert eventually(lambda: len(snapshots(machine.home)) == 2)
        silent, live = of_the_door(machine)
    assert (silent["state"], live["state"]) == ("warning", "ok")
    assert "dicom-2" in silent["detail"]
    assert live["detail"] == "processes: 1, associations now: 0"


def test_a_peer_is_listed_with_its_last_call(office: Office) -> None:
    boss = office.as_(BOSS)
    boss.json("peer", "add", "PACS_9", "--organisation", "RPWDL:000000190353", "--name", "NZOZ", "--service", "find",
        "--purpose", "custody")  # fmt: skip
    measures = Measures(limit=200)
    with measures.association("PACS_9", at=datetime(2026, 11, 22, 6, 30, tzinfo=UTC)):
        pass
    with told(office.machine.home, "dicom-1", measures.families, clock=now, every=60):
        assert eventually(lambda: len(snapshots(office.machine.home)) == 1)
        (listed,) = (each for each in boss.json("peer", "list")["peers"] if each["ae_title"] == "PACS_9")
        assert "2026-11-22T06:30:00" in boss.done("peer", "list").stdout.replace("\n", "")
    assert listed["last_seen"] == "2026-11-22T06:30:00.000000Z"


def test_a_takeover_is_shown_with_its_ae_title(office: Office) -> None:
    with open_archive(from_environment(office.machine.environment)) as archive:
        takeover = archive.catalogue.takeovers()[0]
    told_of = office.machine.json("takeover", "show", takeover.id)
    assert told_of["ae_title"] == title_of(takeover)
    assert title_of(takeover) in office.machine.done("takeover", "show", takeover.id).stdout
