"""kill -9 of `edm-archive serve` while peers send: what was acknowledged is kept and proven, and nothing is half there.

Nor is anything in clear on a disk, neither then nor while it came.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from pydicom import Dataset

from dicom_gateway.listening import Gateway
from dicom_gateway.settings import GatewaySettings
from repository.domain.takeover import Disposition, State
from repository.intake import statement_of
from repository.runtime import Archive
from repository.settings import Settings
from repository.takeover.sealing import place_of
from repository.transfer.closing import close_transfer
from repository.upkeep.checking import Level
from repository.upkeep.verifying import VerifyOrder, verify
from tests.builders.homes import assert_no_orphans, at_home
from tests.builders.warrants import EVERY
from tests.dicom_gateway.gateways import PATIENT, opened
from tests.dicom_gateway.markers import MARKER, assert_nowhere, marked
from tests.dicom_gateway.raw import LONGEST, Raw, encoded, line, storing
from tests.peers.forked import Forked, serve
from tests.peers.processes import free_port

ASSOCIATIONS, EACH = 3, 8
LARGE = 5 << 20  # bytes of an image that waits on the disk as it comes: every sixth one


@dataclass
class Sent:
    """Of several associations: what was acknowledged; `enough`: so many were."""

    wanted: int
    acknowledged: list[Dataset] = field(default_factory=list)
    refused: list[int | None] = field(default_factory=list)
    enough: threading.Event = field(default_factory=threading.Event)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def note(self, made: Dataset) -> None:
        with self._turn:
            self.acknowledged.append(made)
            if len(self.acknowledged) >= self.wanted:
                self.enough.set()


def images(association: int) -> Iterator[Dataset]:
    """Of four patients in turn, whom all associations bring."""
    for number in range(EACH):
        size = LARGE if number % 6 == 5 else 1 << 15
        yield marked(number % 4, instance=association * EACH + number + 1, size=size)


def send(port: int, association: int, sent: Sent) -> None:
    with suppress(OSError, AssertionError), line(port) as peer:
        for made in images(association):
            peer.send(storing(made))
            if (status := peer.status()) != 0:
                sent.refused.append(status)
                return
            sent.note(made)
        peer.released()


@contextmanager
def served(settings: Settings, folder: Path) -> Iterator[tuple[Forked, int]]:
    """`edm-archive serve` with its DICOM door open, and the port of that; killed at the end."""
    http, dicom = (f"127.0.0.1:{free_port()}" for _ in range(2))
    folder.mkdir(exist_ok=True)
    beside = {"TMPDIR": str(folder)}
    with serve(settings, HTTP_LISTEN=http, DICOM_LISTEN=dicom, alone=True, beside=beside) as process:
        try:
            yield process, int(dicom.rpartition(":")[2])
        finally:
            kill(process)


def kill(process: Forked) -> None:
    """It, and those that answer for it: all at once, as when a machine stops."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)
    for _ in range(600):
        if not group(process):
            return
        threading.Event().wait(0.05)
    raise AssertionError("some of them go on")


def group(process: Forked) -> list[int]:
    """It, if it still runs, and those that it has started."""
    found = []
    for each in Path("/proc").iterdir():
        with suppress(OSError):
            if each.name.isdecimal():
                state, _, leader = (each / "stat").read_text().rpartition(")")[2].split()[:3]
                if state != "Z" and int(leader) == process.pid:
                    found.append(int(each.name))
    return found


@pytest.fixture
def folder() -> Iterator[Path]:
    """For temporary files; of a short name, since sockets are made there."""
    with TemporaryDirectory(prefix="edm") as made:
        yield Path(made)


def content_of(archive: Archive) -> dict[str, bytes]:
    """What is kept, opened, by instance."""
    takeover = archive.catalogue.takeovers()[0]
    found = {}
    for each in archive.catalogue.holdings(takeover.number):
        assert each.description.dicom is not None
        content = b"".join(archive.vault.open(*place_of(takeover, each), warrant=EVERY))
        found[each.description.dicom.sop_instance_uid] = content
    return found


@pytest.mark.parametrize("wanted", [1, 15])
def test_what_was_acknowledged_before_kill_is_kept_and_proven_and_all_may_be_sent_again(
    tmp_path: Path, folder: Path, wanted: int
) -> None:
    with opened(tmp_path) as door:
        settings = door.archive.settings
    sent = Sent(wanted)
    with served(settings, folder) as (process, port):
        peers = [threading.Thread(target=send, args=(port, each, sent)) for each in range(ASSOCIATIONS)]
        for each in peers:
            each.start()
        assert sent.enough.wait(LONGEST), sent.refused
        kill(process)
        for each in peers:
            each.join(LONGEST)
    assert_nowhere(settings.home, folder)
    every = {str(made.SOPInstanceUID): made for each in range(ASSOCIATIONS) for made in images(each)}
    with at_home(settings) as archive:
        kept = content_of(archive)
        assert {str(each.SOPInstanceUID) for each in sent.acknowledged} <= kept.keys()
        for uid, content in kept.items():
            assert content.endswith(encoded(every[uid])), "half of it is there"
        assert list(archive.log.audit()) == []
        assert_proven(archive)
    assert_all_may_be_sent_again(settings, folder, every)


def assert_proven(archive: Archive) -> None:
    """All that is known opens and is proven; what was stored and never known of lies there until the takeover is
    closed."""
    found = verify(archive, VerifyOrder(level=Level.OPENED), progress=lambda _: None).findings
    assert {each.code for each in found} <= {"VFY-STRAY"}


def assert_all_may_be_sent_again(settings: Settings, folder: Path, every: dict[str, Dataset]) -> None:
    again = Sent(len(every))
    with at_home(settings) as archive:
        with Gateway(archive, GatewaySettings(port=0, patience=PATIENT)) as gateway:
            for each in range(ASSOCIATIONS):
                send(gateway.port, each, again)
        assert len(again.acknowledged) == len(every)
        takeover = close_transfer(archive, archive.catalogue.takeovers()[0])
        statement = statement_of(archive, takeover)
        assert (statement.tally.holdings, statement.tally.balances, takeover.state) == (
            len(every), True, State.ACCEPTED,
        )  # fmt: skip
        lots = {each.disposition for each in archive.catalogue.items(takeover.number)}
        assert lots <= {Disposition.KEPT, Disposition.DUPLICATE}
        assert_no_orphans(archive, takeover)
        assert list(verify(archive, VerifyOrder(level=Level.OPENED), progress=lambda _: None).findings) == []
    assert_nowhere(settings.home, folder)


def test_killed_amid_an_image_nothing_of_it_is_anywhere(tmp_path: Path, folder: Path) -> None:
    with opened(tmp_path) as door:
        settings = door.archive.settings
    with served(settings, folder) as (process, port), line(port) as peer:
        peer.send(storing(marked(1, size=1 << 15)))
        assert peer.status() == 0
        whole = storing(marked(1, instance=2, size=3 * LARGE))
        peer.send(whole[: -(1 << 16)])  # more than the system holds for a connection: most of it was read
        assert len(group(process)) > 1
        for each in group(process):
            assert_nowhere(settings.home, folder, pid=each)
        kill(process)
        assert isinstance(peer, Raw)
        assert MARKER not in process.complained.read_bytes()
    assert_nowhere(settings.home, folder)
    assert not list((settings.home / "spool").iterdir())
    with at_home(settings) as archive:
        assert len(content_of(archive)) == 1
        assert_proven(archive)
