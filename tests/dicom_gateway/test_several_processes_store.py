"""`edm-archive serve` whose DICOM door has several processes: images of one takeover come by all of them together."""

import signal
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest
from pynetdicom import AE
from pynetdicom.association import Association

from repository.access.permission import Grantee, GranteeKind
from repository.domain.describing import Identifier
from repository.domain.takeover import Handover
from repository.peers.registering import register
from repository.runtime import open_archive
from repository.settings import Settings
from repository.transfer.opening import open_transfer
from tests.builders.deposited import assert_all_there
from tests.builders.homes import new_home
from tests.dicom_gateway.gateways import CT, CUSTODIAN, EXPLICIT, an_image, status_of
from tests.dicom_gateway.test_processes import below, served
from tests.repository.waiting import eventually

ASSOCIATIONS, OWN, SAME = 6, 8, 4
"""Each association stores images of its own, and the same ones as all others."""


@pytest.fixture
def receiving(tmp_path: Path) -> Settings:
    found = new_home(tmp_path)
    with open_archive(found) as archive:
        register(archive, replace(CUSTODIAN))
        open_transfer(archive, Handover(), peers=[Grantee(GranteeKind.SYSTEM, Identifier("", CUSTODIAN.ae_title))])
    return found


def associated(port: int) -> Association:
    entity = AE(ae_title=CUSTODIAN.ae_title)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 60
    entity.add_requested_context(CT, [EXPLICIT])
    association = entity.associate("127.0.0.1", port, ae_title="EDM-ARCHIVE")
    assert association.is_established
    return association


class Gate(threading.Event):
    """Of pynetdicom's own reader, which stands `here` until `open`, whoever tells it to go on before."""

    def __init__(self) -> None:
        super().__init__()
        self.here, self._opened = threading.Event(), False

    def wait(self, timeout: float | None = None) -> bool:
        self.here.set()
        return super().wait(timeout)

    def set(self) -> None:
        if self._opened:
            super().set()

    def open(self) -> None:
        self._opened = True
        self.set()


def hold(association: Association) -> Gate:
    """Whoever stores reads the answers. pynetdicom's own reader is to wait meanwhile, but looks whether it has to, and
    reads, in two steps: with many threads at work it took one answer in some hundred for a request, and lost it."""
    association._reactor_checkpoint = gate = Gate()
    assert gate.here.wait(60)
    return gate


def connections(pid: int, port: int) -> Sequence[int]:
    """How many associations each process below `pid` has at the port, of those that have any."""
    inodes = {
        line.split()[9] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "01"
    }  # fmt: skip
    found = []
    for child in [child for one in below(pid) for child in below(one)]:
        held = {str(file.readlink()) for file in Path(f"/proc/{child}/fd").iterdir()}
        found.append(sum(f"socket:[{inode}]" in held for inode in inodes))
    return [each for each in found if each]


def test_associations_of_both_processes_store_into_one_takeover(receiving: Settings) -> None:
    with served(receiving, DICOM_PROCESSES=2) as (process, _, port):
        assert eventually(lambda: len([child for one in below(process.pid) for child in below(one)]) >= 2)
        associations = [associated(port) for _ in range(ASSOCIATIONS)]
        for _ in range(30):  # the system shares them out by chance
            if len(connections(process.pid, port)) == 2:
                break
            associations[0].release()
            associations = [*associations[1:], associated(port)]
        assert len(connections(process.pid, port)) == 2
        start = Barrier(ASSOCIATIONS)

        gates = [hold(each) for each in associations]

        def store(place: int) -> list[int]:
            mine = [an_image(number % 3, study=place + 2, instance=number) for number in range(1, OWN + 1)]
            same = [an_image(number % 3, instance=number) for number in range(1, SAME + 1)]
            start.wait(60)
            mixed = [each for pair in zip(mine, same, strict=False) for each in pair] + mine[SAME:]
            return [status_of(associations[place].send_c_store(each)) for each in mixed]

        with ThreadPoolExecutor(ASSOCIATIONS) as pool:
            told = list(pool.map(store, range(ASSOCIATIONS)))
        assert told == [[0x0000] * (OWN + SAME)] * ASSOCIATIONS
        for each, gate in zip(associations, gates, strict=True):
            gate.open()
            each.release()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert_all_there(receiving, of=ASSOCIATIONS, own=OWN, same=SAME)
