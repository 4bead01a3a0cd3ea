"""`edm-archive serve` whose HTTP door has several processes: by all of them come images of one takeover at one time."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier

import httpx
import pytest

from api.multipart.writing import Part, content_type, new_boundary, written
from repository.domain.takeover import Handover, Producer
from repository.runtime import open_archive
from repository.settings import Settings
from repository.transfer.opening import open_transfer
from tests.api.dicomweb.pushing import CLERK, PEER
from tests.api.test_serving import children
from tests.builders.deposited import assert_all_there
from tests.builders.homes import new_home
from tests.builders.pushing import image
from tests.builders.staff import session_of
from tests.peers.forked import Forked, serve
from tests.peers.plain_http import PLAIN
from tests.peers.processes import free_port
from tests.repository.waiting import eventually

CLIENTS, OWN, SAME = 6, 8, 4
"""Each client pushes images of its own, two at a time, and the same ones as all others, with one of its own each."""


@dataclass(frozen=True)
class Serving:
    home: Settings
    token: str
    process: Forked
    url: str

    def client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/dicom+json"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False, verify=PLAIN)


@pytest.fixture
def receiving(tmp_path: Path) -> Iterator[Serving]:
    home, port = new_home(tmp_path), free_port()
    with open_archive(home) as archive:
        open_transfer(archive, Handover(producer=Producer(name="Przychodnia")), peers=[PEER])
        token = session_of(archive, CLERK, name="clerk").token
    with serve(home, HTTP_LISTEN=f"127.0.0.1:{port}", HTTP_PROCESSES=2) as process:
        yield Serving(home, token, process, f"http://127.0.0.1:{port}")


def pushed(client: httpx.Client, *contents: bytes) -> int:
    boundary = new_boundary()
    body = b"".join(written((Part([each], {"Content-Type": "application/dicom"}) for each in contents), boundary))
    headers = {"Content-Type": content_type(boundary, of="application/dicom")}
    return client.post("/dicomweb/studies", content=body, headers=headers).status_code


def connections(process: int) -> int:
    """How many connections the process has that somebody talks over."""
    there = {
        line.split()[9] for line in Path(f"/proc/{process}/net/tcp").read_text().splitlines()[1:]
        if line.split()[3] == "01"
    }  # fmt: skip
    held = [str(file.readlink()) for file in Path(f"/proc/{process}/fd").iterdir()]
    return sum(name.startswith("socket:[") and name[8:-1] in there for name in held)


def both_answer(receiving: Serving, clients: list[httpx.Client]) -> bool:
    """Whether each process has a connection of `clients`; the last one comes anew where one has none."""
    if all(client.get("/v1/ready").status_code == 200 for client in clients):
        if all(connections(each) for each in children(receiving.process.pid)):
            return True
        clients.pop().close()
        clients.insert(0, receiving.client())
    return False


def test_clients_of_both_processes_push_into_one_takeover(receiving: Serving) -> None:
    assert eventually(lambda: len(children(receiving.process.pid)) == 2)
    clients = [receiving.client() for _ in range(CLIENTS)]
    try:
        assert any(both_answer(receiving, clients) for _ in range(30))
        start = Barrier(CLIENTS)

        def push(place: int) -> list[int]:
            mine = [image(number % 3, study=place + 2, instance=number) for number in range(1, OWN + 1)]
            same = [image(number % 3, instance=number) for number in range(1, SAME + 1)]
            start.wait(30)
            told = [pushed(clients[place], *pair) for pair in zip(mine, same, strict=False)]
            return told + [pushed(clients[place], *mine[at : at + 2]) for at in range(SAME, OWN, 2)]

        with ThreadPoolExecutor(CLIENTS) as pool:
            told = list(pool.map(push, range(CLIENTS)))
        assert told == [[200] * (SAME + (OWN - SAME) // 2)] * CLIENTS
    finally:
        for client in clients:
            client.close()
    receiving.process.send_signal(signal.SIGTERM)
    assert receiving.process.wait(60) == 0
    assert_all_there(receiving.home, of=CLIENTS, own=OWN, same=SAME)
