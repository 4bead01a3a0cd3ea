"""`edm-archive serve` with both doors: each has processes of its own, that are started again, and end together."""

import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from pynetdicom import AE

from repository.access.permission import Grantee, GranteeKind
from repository.domain.describing import Identifier
from repository.domain.takeover import Handover
from repository.measuring import snapshots
from repository.peers.registering import register
from repository.runtime import open_archive
from repository.settings import Settings
from repository.transfer.opening import open_transfer
from storage.keys.ring import write_private
from tests.builders.homes import environment_of, new_home
from tests.cli.running import clean_environment
from tests.dicom_gateway.gateways import CT, CUSTODIAN, VERIFICATION, an_image, status_of
from tests.peers.forked import Forked, forked, serve
from tests.peers.plain_http import PLAIN
from tests.peers.processes import free_port
from tests.repository.waiting import eventually

TOKEN = "measures-for-prometheus-0123456789"


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """An archive whose peer PACS may push into an open takeover."""
    found = new_home(tmp_path)
    with open_archive(found) as archive:
        register(archive, replace(CUSTODIAN))
        open_transfer(archive, Handover(), peers=[Grantee(GranteeKind.SYSTEM, Identifier("", CUSTODIAN.ae_title))])
    write_private(found.home / "metrics.token", TOKEN.encode())
    return found


@contextmanager
def served(home: Settings, **more: Any) -> Iterator[tuple[Forked, int, int]]:
    """`serve` in a process of its own, and the ports of HTTP and DICOM."""
    http, dicom = free_port(), free_port()
    with serve(home, HTTP_LISTEN=f"127.0.0.1:{http}", DICOM_LISTEN=f"127.0.0.1:{dicom}", **more) as process:
        yield process, http, dicom


def below(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def answering(pid: int, port: int) -> list[int]:
    """Processes below `pid` that listen at the port."""
    found = []
    inodes = {
        line.split()[9] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
    }  # fmt: skip
    for each in [child for one in below(pid) for child in below(one)]:
        try:
            held = [str(file.readlink()) for file in Path(f"/proc/{each}/fd").iterdir()]
        except OSError:
            continue
        if any(match[1] in inodes for name in held if (match := re.fullmatch(r"socket:\[(\d+)\]", name))):
            found.append(each)
    return found


def echoed(port: int) -> bool:
    entity = AE(ae_title="PACS")
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 60
    entity.add_requested_context(VERIFICATION)
    association = entity.associate("127.0.0.1", port, ae_title="EDM-ARCHIVE")
    try:
        return bool(association.is_established and association.send_c_echo().Status == 0x0000)
    finally:
        association.release()


def measured(http: int) -> str:
    answer = httpx.get(
        f"http://127.0.0.1:{http}/v1/metrics",
        headers={"Authorization": f"Bearer {TOKEN}"},
        trust_env=False,
        verify=PLAIN,
        timeout=30,
    )
    assert answer.status_code == 200
    return answer.text


def test_both_doors_answer_by_processes_that_are_started_again_and_end_together(home: Settings) -> None:
    with served(home, DICOM_PROCESSES=2) as (process, http, dicom):
        before = answering(process.pid, dicom)
        assert len(before) == 2
        assert len(answering(process.pid, http)) == 1
        assert not set(before) & set(answering(process.pid, http))
        assert all(echoed(dicom) for _ in range(6))
        os.kill(before[0], signal.SIGKILL)
        assert eventually(lambda: len(set(answering(process.pid, dicom)) - {before[0]}) == 2)
        assert all(echoed(dicom) for _ in range(6))
        assert (
            httpx.get(f"http://127.0.0.1:{http}/v1/ready", trust_env=False, verify=PLAIN, timeout=30).status_code == 200
        )
        assert eventually(lambda: {each.name for each in snapshots(home.home)} == {"dicom-1", "dicom-2"})
        text = measured(http)
        assert 'edm_dicom_associations{process="dicom-1"}' in text
        assert 'edm_snapshot_age_seconds{process="dicom-2"}' in text
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert not any(Path(f"/proc/{each}").exists() for each in before)
        assert snapshots(home.home) == []


def test_an_association_that_runs_is_finished_when_the_doors_are_closed(home: Settings) -> None:
    """What it has begun; and the archive has what was acknowledged."""
    with served(home) as (process, _, dicom):
        entity = AE(ae_title="PACS")
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 60
        entity.add_requested_context(CT, ["1.2.840.10008.1.2.1"])
        association = entity.associate("127.0.0.1", dicom, ae_title="EDM-ARCHIVE")
        assert association.is_established
        assert status_of(association.send_c_store(an_image())) == 0x0000
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    with open_archive(home) as archive:
        (live,) = archive.catalogue.takeovers()
        assert len(list(archive.catalogue.holdings(live.number))) == 1


def test_processes_of_both_doors_end_with_the_one_that_watches_them(home: Settings) -> None:
    with served(home) as (process, http, dicom):
        left = [*answering(process.pid, dicom), *answering(process.pid, http)]
        assert len(left) == 2
        process.kill()
        process.wait(30)
        assert eventually(lambda: not any(Path(f"/proc/{each}").exists() for each in left))


@pytest.mark.parametrize(("name", "code"), [("DICOM_PDU", b"HOM-006"), ("DICOM_CERTIFICATE", b"HOM-006")])
def test_what_is_set_wrong_keeps_all_doors_shut(home: Settings, name: str, code: bytes) -> None:
    assert refused(home, **{name: "1", "DICOM_LISTEN": "127.0.0.1:0"}) == code


def test_an_address_where_somebody_listens_is_told(home: Settings) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # as another archive's door
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert refused(home, DICOM_LISTEN=f"127.0.0.1:{taken.getsockname()[1]}") == b"DCMG-001"


def refused(home: Settings, **more: object) -> bytes:
    """The code with which `serve` has ended at once."""
    told = environment_of(home, HTTP_LISTEN=f"127.0.0.1:{free_port()}", LANG="en", **more)
    with forked(["serve"], clean_environment() | told) as process:
        assert process.wait() == 2
        said = process.complained.read_bytes()
    assert b"Traceback" not in said
    found = re.search(rb"Error ([A-Z]+-\d+)", said)
    return found[1] if found else said
