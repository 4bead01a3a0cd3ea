"""A DICOM door as operators run it: `edm-archive serve` as a process, peers by `edm-archive peer add`, with or without
TLS. In the archive is a study of some CT images; `PACS` of its custodian may do everything, and pushes into an open
takeover, of which that has custody too."""

import hashlib
import os
import ssl
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from pydicom import dcmread

from dicom_gateway.settings import DEFAULT_TITLE
from repository.runtime import open_archive
from repository.settings import from_environment
from tests.builders.certificates import Authority, Pair
from tests.cli.office import BOSS, Office
from tests.cli.running import command
from tests.peers.dcmtk import Client, Tls
from tests.peers.processes import ended, free_port
from tests.peers.tunnel import into_tls, out_of_tls

PACS, IMAGES = "PACS", 6


@dataclass(frozen=True)
class Site:
    """`pair`: what PACS and its friends show, where the door speaks TLS. `pushed`: the id of the open takeover."""

    office: Office
    port: int
    http: str
    authority: Authority | None
    pair: Pair | None
    pushed: str
    log: Path

    @property
    def folder(self) -> Path:
        return self.office.machine.folder

    @property
    def tls(self) -> Tls | None:
        return Tls(self.pair, self.authority.file) if self.authority and self.pair else None

    def client(self, calling: str = PACS, *, port: int = 0) -> Client:
        """DCMTK's programs, as `calling`."""
        return Client(port or self.port, DEFAULT_TITLE, calling, None if port else self.tls)

    @contextmanager
    def client_in_clear(self, calling: str = PACS) -> Iterator[Client]:
        """The same for programs that speak no TLS: through a tunnel where the door does."""
        if self.tls is None:
            yield self.client(calling)
            return
        with into_tls(self.port, self._context(ssl.Purpose.SERVER_AUTH)) as port:
            yield self.client(calling, port=port)

    @contextmanager
    def port_for(self, port: int) -> Iterator[int]:
        """Where the archive reaches a server that listens at `port` and speaks no TLS."""
        if self.tls is None:
            yield port
            return
        with out_of_tls(port, self._context(ssl.Purpose.CLIENT_AUTH)) as own:
            yield own

    def add(self, title: str, *, port: int = 0, services: tuple[str, ...] = ("find", "move", "get", "store")) -> None:
        """A peer of the custodian's is registered, which listens at `port` if it has one."""
        boss, keeper = self.office.as_(BOSS), self.office.keeper
        words = ["--organisation", f"ORGANISATION:{keeper.root}^{keeper.extension}", "--name", "NZOZ"]
        words += ["--purpose", "custody", "--address", "127.0.0.0/8"]
        words += [word for each in services for word in ("--service", each)]
        if port:
            words += ["--host", "127.0.0.1", "--port", str(port)]
        if self.pair is not None:
            words += ["--certificate", fingerprint(self.pair), *(["--tls"] if port else [])]
        boss.json("peer", "add", *words, title)

    def remove(self, title: str) -> None:
        self.office.as_(BOSS).json("peer", "remove", title)

    @contextmanager
    def peer(self, title: str, *, port: int = 0, services: tuple[str, ...] = ("find", "move", "get")) -> Iterator[None]:
        """Registered while the block runs."""
        self.add(title, port=port, services=services)
        try:
            yield
        finally:
            self.remove(title)

    def echo(self, title: str) -> float:
        """Milliseconds, as `edm-archive peer echo` tells."""
        machine = self.office.as_(BOSS)
        machine.more |= {
            "EDM_ARCHIVE_DICOM_LISTEN": f"127.0.0.1:{self.port}",
            **_tls_settings(self.authority, self.pair),
        }
        return float(machine.json("peer", "echo", title)["milliseconds"])

    @property
    def images(self) -> list[bytes]:
        """The files of the study."""
        found = [each.read_bytes() for each in sorted((self.folder / "study").rglob("*")) if each.is_file()]
        return [each for each in found if each[128:132] == b"DICM"]

    @property
    def study(self) -> str:
        return str(dcmread(BytesIO(self.images[0]), stop_before_pixels=True).StudyInstanceUID)

    def whole(self) -> dict[str, bytes]:
        """The data sets of the study by the UIDs of their instances."""
        return by_uid(self.images)

    def held(self) -> int:
        """How many instances were pushed."""
        with open_archive(from_environment(self.office.machine.environment)) as archive:
            return archive.catalogue.counts(archive.catalogue.takeover(self.pushed).number).holdings

    def _context(self, purpose: ssl.Purpose) -> ssl.SSLContext:
        assert self.authority is not None
        assert self.pair is not None
        made = ssl.create_default_context(purpose, cafile=str(self.authority.file))
        made.load_cert_chain(self.pair.certificate, self.pair.key)
        if purpose is ssl.Purpose.CLIENT_AUTH:
            made.verify_mode = ssl.CERT_REQUIRED  # as a careful PACS: we show ours as well
        return made


def fingerprint(pair: Pair) -> str:
    """SHA-256 of the certificate, as `openssl x509 -fingerprint -sha256` tells it."""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pair.certificate.read_text())).hexdigest()


@contextmanager
def opened_site(office: Office, *, tls: bool) -> Iterator[Site]:
    """The door of an office, which is nobody else's; PACS is known to it, and pushes into an open takeover."""
    folder, port, http = office.machine.folder, free_port(), free_port()
    authority = Authority(folder) if tls else None
    server, pair = (authority.sign("gateway"), authority.sign("pacs")) if authority else (None, None)
    told = {"EDM_ARCHIVE_DICOM_LISTEN": f"127.0.0.1:{port}", "EDM_ARCHIVE_HTTP_LISTEN": f"127.0.0.1:{http}"}
    told |= _tls_settings(authority, server)
    boss = office.as_(BOSS)
    boss.done("takeover", "receive", boss.sample("study", "--patients", 1, "--images", IMAGES, "--seed", 7))
    pushing = ("--producer-name", "Przychodnia", "--peer", f"SYSTEM:{PACS}", "--peer", "SYSTEM:ORTHANC")
    pushed = str(boss.json("takeover", "open", *pushing)["id"])
    for each in boss.json("takeover", "list")["takeovers"]:
        keeper = f"{office.keeper.root}^{office.keeper.extension}"
        boss.done("custody", "give", each["id"], "--custodian", keeper, "--name", "NZOZ")
    log = folder / "serve.log"
    with log.open("wb") as output:
        environment = office.machine.child_environment() | told
        running = subprocess.Popen(command("serve"), env=environment, stdout=subprocess.PIPE, stderr=output)
    with ended(running, within=60):
        assert running.stdout is not None
        assert running.stdout.readline(), log.read_text()[-2000:]
        site = Site(office, port, f"http://127.0.0.1:{http}", authority, pair, pushed, log)
        site.add(PACS)
        yield site


def _tls_settings(authority: Authority | None, pair: Pair | None) -> dict[str, str]:
    if authority is None or pair is None:
        return {}
    named = {"CERTIFICATE": pair.certificate, "KEY": pair.key, "CA": authority.file}
    return {f"EDM_ARCHIVE_DICOM_{name}": os.fspath(value) for name, value in named.items()}


def data_set_of(content: bytes) -> bytes:
    """The bytes of a file after its meta information (PS3.10 7.1)."""
    meta = dcmread(BytesIO(content), stop_before_pixels=True).file_meta
    return content[144 + meta.FileMetaInformationGroupLength :]


def by_uid(files: Iterable[bytes]) -> dict[str, bytes]:
    """Data sets by the UIDs of their instances, no two of which are of one instance."""
    found = [(str(dcmread(BytesIO(each), stop_before_pixels=True).SOPInstanceUID), data_set_of(each)) for each in files]
    assert len(dict(found)) == len(found)
    return dict(found)
