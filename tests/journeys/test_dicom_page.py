"""`docs/dicom.md`, done as it says: the door opened, a peer registered, DCMTK at it, in clear and with TLS."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from repository.clock import now
from tests.architecture.sources import ROOT
from tests.builders.certificates import Authority
from tests.builders.dicom import data_set, part10
from tests.builders.pages import Block, below
from tests.cli.office import BOSS, Office, opened_office
from tests.cli.running import Machine, command
from tests.journeys.dicom_site import by_uid
from tests.journeys.following import Follower, Value, settings_of
from tests.peers import dcmtk
from tests.peers.dcmtk import Listening, Ran, storescp
from tests.peers.needed import needed
from tests.peers.processes import ended, free_port

pytestmark = pytest.mark.peers
PAGE = ROOT / "docs" / "dicom.md"
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DOOR, REGISTER, SEND, ASK = "Open the door", "Register a peer", "Send", "Ask and retrieve"


@pytest.fixture(autouse=True, scope="module")
def installed() -> None:
    needed(dcmtk.missing())


@dataclass
class Hospital:
    """Where PACS1 stands: `work` is the folder of whoever types."""

    machine: Machine
    takeover: str
    binding: str = ""
    port: int = field(default_factory=free_port)
    listening: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        folder, authority = self.machine.folder, Authority(self.machine.folder)
        self.work = folder / "work"
        self.work.mkdir()
        server, pacs = authority.sign("gateway"), authority.sign("pacs1")
        (folder / "image.dcm").write_bytes(part10(data_set(5)))
        values: dict[str, Value] = {
            "0.0.0.0:11112": f"127.0.0.1:{self.port}", "archive.example": "127.0.0.1", "11112": str(self.port),
            "10.1.2.3": "127.0.0.1", "104": str(self.listening), "10.1.2.0/24": "127.0.0.0/8",
            "/etc/edm-archive/dicom.pem": str(server.certificate), "/etc/edm-archive/dicom.key": str(server.key),
            "/etc/edm-archive/peers-ca.pem": str(authority.file), "archive-ca.pem": str(authority.file),
            "pacs1.pem": str(pacs.certificate), "pacs1.key": str(pacs.key), "image.dcm": str(folder / "image.dcm"),
            "StudyInstanceUID=1.2.3": f"StudyInstanceUID={self.first.StudyInstanceUID}",
            "PatientName=KOWALSK*": f"PatientName={str(self.first.PatientName)[:3].upper()}*",
            "TAKEOVER": lambda: self.takeover, "EDM-ARCHIVE": "EDM-ARCHIVE", "BINDING": lambda: self.binding,
            "2027-01-31": (now() + timedelta(days=9)).date().isoformat(),
        }  # fmt: skip
        settings = settings_of(folder) | self.machine.environment
        self.follower = Follower(values, settings | {"EDM_ARCHIVE_HTTP_LISTEN": f"127.0.0.1:{free_port()}"})

    @property
    def study(self) -> list[bytes]:
        """The files of one study of the archive."""
        images = [each.read_bytes() for each in sorted((self.machine.folder / "package").rglob("*.dcm"))]
        return [each for each in images if _read(each).StudyInstanceUID == _read(images[0]).StudyInstanceUID]

    @property
    def first(self) -> Dataset:
        return _read(self.study[0])

    def does(self, block: Block) -> dict[str, Ran]:
        """What each line of it came to; all of them end well."""
        return {line: self._line(line) for line in block.lines}

    def _line(self, line: str) -> Ran:
        if line.startswith("edm-archive "):
            shown = self.follower.run(line).stdout
            if line.startswith("edm-archive takeover open "):
                self.takeover = shown.split()[1].rstrip(";")
            if line.startswith("edm-archive takeover bind "):
                (self.binding,) = set(_ID.findall(shown)) - {self.takeover}
            return Ran(0, shown)
        ran = subprocess.run(
            self.follower.words(line), cwd=self.work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
            check=False,
        )  # fmt: skip
        told = ran.stdout.decode(errors="replace")
        assert ran.returncode == 0, f"{line}\n{told}"
        return Ran(ran.returncode, told)

    @contextmanager
    def door(self, block: Block) -> Iterator[None]:
        """Opened as the block says, with what it exports."""
        *exports, serve = block.lines
        for line in exports:
            self.follower.export(line)
        log = self.machine.folder / "serve.log"
        with log.open("wb") as output:
            words = self.follower.words(serve)[1:]
            environment = self.follower.environment()
            running = subprocess.Popen(command(*words), env=environment, stdout=subprocess.PIPE, stderr=output)
        with ended(running, within=60):
            assert running.stdout is not None
            assert running.stdout.readline(), log.read_text()[-2000:]
            yield

    @contextmanager
    def listener(self) -> Iterator[Listening]:
        """PACS1, where it is registered."""
        with storescp(self.machine.folder / "kept", "PACS1", port=self.listening) as found:
            yield found


def _read(content: bytes) -> Dataset:
    return dcmread(BytesIO(content), stop_before_pixels=True)


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return opened_office(Machine(tmp_path_factory.mktemp("founded")))


@pytest.fixture
def hospital(founded: Office, tmp_path: Path) -> Hospital:
    office = founded.copy(tmp_path)
    return Hospital(office.as_(BOSS), office.takeover)


def test_a_peer_is_registered_asks_sends_and_is_sent_to_as_the_page_says(hospital: Hospital) -> None:
    whole = by_uid(hospital.study)
    _, clear = below(PAGE, DOOR)
    peer, custody = below(PAGE, REGISTER)
    send, *_ = below(PAGE, SEND)
    (ask,) = below(PAGE, ASK)
    with hospital.door(clear), hospital.listener() as listening:
        registered = hospital.does(peer)
        assert "PACS1" in registered["edm-archive peer list"].told
        hospital.does(custody)
        sent = hospital.does(send)
        assert "Its own AE title: EDM-" in next(iter(sent.values())).told
        assert "accepted without exception" in sent["edm-archive takeover close TAKEOVER"].told
        found, moved, got = hospital.does(ask).values()
        assert hospital.first.StudyInstanceUID in found.told
        assert by_uid(each.read_bytes() for each in listening.files) == whole, moved.told
        assert by_uid(each.read_bytes() for each in hospital.work.iterdir()) == whole, got.told


def test_a_peer_shows_its_certificate_as_the_page_says(hospital: Hospital) -> None:
    (tls, _), (peer, _), (send, certified, _) = below(PAGE, DOOR), below(PAGE, REGISTER), below(PAGE, SEND)
    opened, *_, closed = send.lines
    with hospital.door(tls), hospital.listener():
        hospital.does(peer)
        hospital.does(Block(SEND, (opened,)))
        hospital.does(certified)
        (ended,) = hospital.does(Block(SEND, (closed,))).values()
    assert "1 images" in ended.told


def test_who_may_push_is_bound_and_unbound_as_the_page_says(hospital: Hospital) -> None:
    _, clear = below(PAGE, DOOR)
    peer, _ = below(PAGE, REGISTER)
    send, _, bindings = below(PAGE, SEND)
    opened, _, store, closed = send.lines
    bound, *rest = bindings.lines
    with hospital.door(clear), hospital.listener():
        hospital.does(peer)
        hospital.does(Block(SEND, (opened,)))
        (given,) = hospital.does(Block(SEND, (bound,))).values()
        assert hospital.binding in given.told
        told = hospital.does(Block(SEND, tuple(rest)))
        assert hospital.binding in told["edm-archive takeover show TAKEOVER"].told
        hospital.does(Block(SEND, (store, closed)))  # by the binding that it was opened with
