"""Two servers on the same data: ours as a process of its own (`edm-archive serve`), and Debian's Orthanc beside it."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from repository.access.purpose import Purpose
from repository.domain.takeover import Handover, Producer
from repository.intake import Order, receive
from repository.runtime import open_archive
from repository.settings import Settings
from repository.transfer.opening import open_transfer
from tests.builders.homes import environment_of, new_home
from tests.builders.pushing import CLINIC, CLINIC_AS_PEER
from tests.builders.staff import Staff, session_of
from tests.peers import orthanc
from tests.peers.processes import free_port

PIECE = 1 << 20
_PATIENCE = 60.0
_MOST = "1000000"  # requests a minute: the limit is there and is never met


@dataclass(frozen=True)
class Side:
    """A DICOMweb server: `root` its path; `headers` sign in for readings, `pushing` for STOW-RS."""

    name: str
    url: str
    root: str
    pid: int
    headers: Mapping[str, str] = field(default_factory=dict)
    pushing: Mapping[str, str] = field(default_factory=dict)

    def line(self) -> HTTPConnection:
        """A connection that is kept between requests."""
        return HTTPConnection(urlsplit(self.url).netloc, timeout=300)

    def get(self, line: HTTPConnection, path: str, **headers: str) -> int:
        """The bytes of the answer's body, all of which were read. Raises `RuntimeError` if it is not 200."""
        line.request("GET", path, headers={**self.headers, **{k.replace("_", "-"): v for k, v in headers.items()}})
        answer = line.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"{self.name}: {answer.status} for {path}: {answer.read(500)!r}")
        return drained(answer.readinto)

    def post(self, line: HTTPConnection, body: bytes, media_type: str) -> None:
        """The instances in `body` are kept. Raises `RuntimeError` if not all are."""
        said = {**self.pushing, "Content-Type": media_type, "Accept": "application/dicom+json"}
        line.request("POST", f"{self.root}/studies", body=body, headers=said)
        answer = line.getresponse()
        told = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{self.name}: {answer.status}: {told[:500]!r}")


def drained(readinto: object) -> int:
    """How many bytes came until the end."""
    total, buffer = 0, bytearray(PIECE)
    while part := readinto(buffer):  # type: ignore[operator]
        total += part
    return total


@dataclass(frozen=True)
class Kept:
    """An archive that has taken over a folder: `doctor` may read it, `clinic` may push into an open takeover."""

    home: Settings
    takeover: str
    doctor: Mapping[str, str]
    clinic: Mapping[str, str]


def kept(folder: Path, source: Path) -> Kept:
    home = new_home(folder)
    with open_archive(home) as archive:
        takeover = receive(archive, Order(source), progress=lambda _: None)
        doctor = session_of(archive, Staff(), name="doctor").token
        open_transfer(archive, Handover(producer=Producer(name="Bench")), peers=[CLINIC_AS_PEER])
        clinic = session_of(archive, Staff(house=CLINIC), name="clinic").token
    return Kept(home, takeover.id, signed(doctor, Purpose.TREATMENT), signed(clinic, None))


def signed(token: str, purpose: Purpose | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} | ({"EDM-Purpose": purpose.value} if purpose else {})


@contextlib.contextmanager
def ours(home: Settings, headers: Mapping[str, str], pushing: Mapping[str, str] | None = None) -> Iterator[Side]:
    """`edm-archive serve` as operators start it, one process for each processor; it is stopped as they stop it."""
    port = free_port()
    named = {"HTTP_LISTEN": f"127.0.0.1:{port}", "HTTP_RATE": _MOST, "HTTP_PROCESSES": "auto"}
    environment = os.environ | environment_of(home, **named)
    program = Path(sys.executable).with_name("edm-archive")
    with (home.home.parent / "serve.log").open("wb") as log:
        running = subprocess.Popen([program, "serve"], env=environment, stdout=log, stderr=log)
    try:
        _wait(port, running, home.home.parent / "serve.log")
        yield Side("ours", f"http://127.0.0.1:{port}", "/dicomweb", running.pid, headers, pushing or {})
    finally:
        running.send_signal(signal.SIGTERM)
        try:
            running.wait(60)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


@contextlib.contextmanager
def theirs(folder: Path, source: Path) -> Iterator[Side]:
    """Orthanc with its default settings, which has stored every file of `source`."""
    with orthanc.serving(folder) as running:
        for path in sorted(source.rglob("*.dcm")):
            running.store(path.read_bytes())
        yield Side("Orthanc", running.url, orthanc.ROOT, running.pid)


def _wait(port: int, running: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and running.poll() is None:
        line = HTTPConnection("127.0.0.1", port, timeout=5)
        with contextlib.suppress(OSError), contextlib.closing(line):
            line.request("GET", "/v1/ready")
            if line.getresponse().status == 200:
                return
        time.sleep(0.05)
    raise RuntimeError(f"the server does not start: {log.read_text(errors='replace')[-2000:]}")
