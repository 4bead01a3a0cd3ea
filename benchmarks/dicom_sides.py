"""DICOM servers on the same data, each as its operators start it: ours (`edm-archive serve`, one gateway process for
each processor), Debian's Orthanc, as it comes and with SyncStorageArea off, and DCMTK's `dcmqrscp`.

Of the last two two run: as they come, and with TCP_NODELAY=1, which DCMTK's network code reads from the environment of
client and server. Orthanc 1.10 has no setting for SQLite's `synchronous`.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from dicom_gateway.settings import DEFAULT_TITLE
from repository.access.permission import Grantee, GranteeKind
from repository.access.principal import Organisation
from repository.access.purpose import Purpose
from repository.domain.describing import Identifier
from repository.domain.takeover import Handover, Producer
from repository.entitlement import give_custody
from repository.peers.peer import Peer, Service
from repository.peers.registering import register
from repository.runtime import Archive, open_archive
from repository.settings import Settings
from repository.transfer.opening import open_transfer
from tests.builders.access import OURS
from tests.builders.homes import environment_of, new_home
from tests.peers import dcmtk, orthanc
from tests.peers.dcmtk import Client, Listening, Ran
from tests.peers.processes import free_port

TITLE, DESTINATION, FAST_DESTINATION = "BENCH", "TARGET", "FASTTARGET"
NODELAY = {"TCP_NODELAY": "1"}
US, ORTHANC, UNSAFE, DCMQRSCP = "ours", "Orthanc", "Orthanc, SyncStorageArea off", "dcmqrscp"
_ANYBODY = {"DicomAlwaysAllowFind": True, "DicomAlwaysAllowGet": True, "DicomAlwaysAllowMove": True}


def scaled(count: int, *, least: int = 1) -> int:
    """As many as EDM_BENCH_SCALE says, of 1 by default."""
    return max(least, round(count * float(os.environ.get("EDM_BENCH_SCALE", "1"))))


@dataclass(frozen=True)
class Side:
    """A server that knows BENCH, and sends to `to` for C-MOVE. `quick`: with TCP_NODELAY=1 on both sides."""

    name: str
    title: str
    port: int
    pid: int
    to: str
    quick: bool

    def client(self) -> Client:
        return Client(self.port, self.title, TITLE, environment=NODELAY if self.quick else {})

    def run(self, program: str, *words: object, files: Sequence[Path] = ()) -> Ran:
        """Raises `RuntimeError` if it fails."""
        ran = self.client().run(program, *words, files=files, seconds=900)
        if ran.code:
            raise RuntimeError(f"{self.name}: {program}: {ran.code}: {ran.told[-2000:]}")
        return ran

    def store(self, folder: Path) -> None:
        """Every file of `folder` is kept, sent over one association."""
        self.run("storescu", "+sd", files=[folder])


@dataclass(frozen=True)
class Field:
    """All sides, by whether TCP_NODELAY is set; ours is in both, and the same one."""

    stock: Sequence[Side]
    quick: Sequence[Side]


@contextlib.contextmanager
def field(folder: Path) -> Iterator[Field]:
    """All servers that can be started here, empty; what cannot is printed."""
    slow, fast = free_port(), free_port()
    targets = {DESTINATION: slow, FAST_DESTINATION: fast}
    home = new_home(folder)
    with open_archive(home) as archive:
        known(archive, targets)
    with ExitStack() as stack:
        stack.enter_context(target(folder / "slow", DESTINATION, slow, {}))
        stack.enter_context(target(folder / "fast", FAST_DESTINATION, fast, NODELAY))
        port, pid = stack.enter_context(ours(home))
        sides = {quick: [Side(US, DEFAULT_TITLE, port, pid, _to(quick=quick), quick)] for quick in (False, True)}
        for quick, found in sides.items():
            found += _others(stack, folder / ("quick" if quick else "stock"), targets, quick=quick)
        yield Field(sides[False], sides[True])


def _to(*, quick: bool) -> str:
    return FAST_DESTINATION if quick else DESTINATION


def _others(stack: ExitStack, folder: Path, targets: Mapping[str, int], *, quick: bool) -> Iterator[Side]:
    folder.mkdir()
    environment = NODELAY if quick else {}
    if reason := orthanc.missing():
        print(f"without Orthanc: {reason}", file=sys.stderr)
    else:
        for name, more in {ORTHANC: {}, UNSAFE: {"SyncStorageArea": False}}.items():
            place = folder / name.replace(" ", "-").replace(",", "")
            modalities = {each: {"AET": each, "Host": "127.0.0.1", "Port": port} for each, port in targets.items()}
            asks = {TITLE: {"AET": TITLE, "Host": "127.0.0.1", "Port": 11112, "AllowGet": True}}
            settings = {**_ANYBODY, **more, "DicomModalities": modalities | asks}
            with _environment(environment):
                running = stack.enter_context(orthanc.serving(place, **settings))
            port = int(json.loads((place / "orthanc.json").read_text())["DicomPort"])
            yield Side(name, "ORTHANC", port, running.pid, _to(quick=quick), quick)
    if reason := dcmtk.missing():
        print(f"without dcmqrscp: {reason}", file=sys.stderr)
        return
    server = stack.enter_context(
        dcmtk.dcmqrscp(folder / "dcmqrscp", "DCMTK", "+B", peers=targets, environment=environment)
    )
    yield Side(DCMQRSCP, "DCMTK", server.port, server.pid, _to(quick=quick), quick)


@contextlib.contextmanager
def _environment(more: Mapping[str, str]) -> Iterator[None]:
    """For what is started in the block."""
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def target(folder: Path, title: str, port: int, environment: Mapping[str, str]) -> Iterator[Listening]:
    """A storescp that takes all and keeps nothing: where everything is moved to."""
    with dcmtk.storescp(folder, title, "--ignore", "--fork", port=port, environment=environment) as server:
        yield server


def known(archive: Archive, targets: Mapping[str, int]) -> None:
    """BENCH may do everything; it pushes into an open takeover, of which its organisation has custody."""
    bench = Peer(
        ae_title=TITLE, organisation=Organisation(OURS, "Pomiar"), services=frozenset(Service), purpose=Purpose.CUSTODY,
        addresses=("127.0.0.0/8",),
    )  # fmt: skip
    register(archive, bench)
    for title, port in targets.items():
        register(archive, Peer(
            ae_title=title, organisation=bench.organisation, services=frozenset(), purpose=Purpose.CUSTODY,
            host="127.0.0.1", port=port,
        ))  # fmt: skip
    who = Grantee(GranteeKind.SYSTEM, Identifier("", TITLE))
    opened = open_transfer(archive, Handover(producer=Producer(name="Bench")), peers=[who])
    give_custody(archive, opened.id, OURS, name="Pomiar")


@contextlib.contextmanager
def ours(home: Settings) -> Iterator[tuple[int, int]]:
    """Port and process id of `edm-archive serve` as operators start it; it is stopped as they stop it."""
    port, web = free_port(), free_port()
    named = {"DICOM_LISTEN": f"127.0.0.1:{port}", "HTTP_LISTEN": f"127.0.0.1:{web}", "DICOM_PROCESSES": "auto"}
    told = environment_of(home, **named)
    program = Path(sys.executable).with_name("edm-archive")
    log = home.home.parent / "serve.log"
    with log.open("wb") as output:
        running = subprocess.Popen(
            [program, "serve"], env=os.environ | told, stdout=subprocess.PIPE, stderr=output
        )  # fmt: skip
    try:
        if running.stdout is None or not running.stdout.readline():
            raise RuntimeError(f"the server does not start: {log.read_text(errors='replace')[-2000:]}")
        yield port, running.pid
    finally:
        running.send_signal(signal.SIGTERM)
        try:
            running.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            running.kill()
            running.communicate()
