"""No image is in clear on a disk: as it comes, waits, is kept and goes out; nor where any of that fails."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dicom_gateway.protocol.commands import C_STORE_RQ, COMPLETED, STATUS
from dicom_gateway.protocol.pdus import abort
from repository.access.principal import Organisation
from repository.intake import Order, receive
from repository.peers.registering import register
from repository.transfer.offering import FOLDER
from tests.builders.dicom import part10
from tests.builders.staff import custodian_of
from tests.dicom_gateway.destinations import Manner, destination
from tests.dicom_gateway.gateways import CT, Door, named, opened
from tests.dicom_gateway.markers import MARKER, assert_nowhere, marked
from tests.dicom_gateway.raw import Raw, echo, getting, line, moving, stored_answer, storing
from tests.dicom_gateway.remaining import files_held, none_left

LARGE = 6 << 20  # bytes: more than is held in memory


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files would be."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_the_look_would_find_what_is_in_clear(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(10_000) + MARKER)
    with pytest.raises(AssertionError):
        assert_nowhere(tmp_path)
    with (tmp_path / "file").open("rb"):
        (tmp_path / "file").unlink()
        (tmp_path / "other").write_bytes(b"")
        with pytest.raises(AssertionError):
            assert_nowhere(tmp_path)


def goes_on(peer: Raw, rest: bytes) -> None:
    peer.send(rest)
    assert peer.status() == 0


def aborts(peer: Raw, _rest: bytes) -> None:
    peer.send(abort())


def vanishes(peer: Raw, _rest: bytes) -> None:
    peer.vanish()


def breaks(peer: Raw, _rest: bytes) -> None:
    peer.send(echo())  # amid its data set
    peer.rest()


@pytest.mark.parametrize("then", [goes_on, aborts, vanishes, breaks], ids=lambda each: each.__name__)
@pytest.mark.parametrize("size", [1 << 15, LARGE])
def test_what_comes_is_in_clear_nowhere(
    tmp_path: Path, elsewhere: Path, then: Callable[[Raw, bytes], None], size: int
) -> None:
    with opened(tmp_path) as door:
        spool = door.archive.settings.home / FOLDER
        whole = storing(marked(1, size=size))
        cut = len(whole) - (1 << 14) - 6
        cut = max(each for each in _starts(whole) if each <= cut)
        with line(door) as peer:
            peer.send(whole[:cut])
            if size == LARGE:
                assert waiting(spool)
            assert_nowhere(door.archive.settings.home, elsewhere)
            then(peer, whole[cut:])
        assert none_left()
        assert files_held(spool) == 0
        assert_nowhere(door.archive.settings.home, elsewhere)


def _starts(content: bytes) -> list[int]:
    """Of PDUs."""
    at, found = 0, []
    while at < len(content):
        found.append(at)
        at += 6 + int.from_bytes(content[at + 2 : at + 6])
    return found


def waiting(spool: Path) -> bool:
    """Until something waits there, without a name."""
    from threading import Event

    for _ in range(600):
        if files_held(spool):
            return True
        Event().wait(0.05)
    return False


@pytest.mark.parametrize("size", [1 << 15, LARGE])
def test_what_goes_out_is_in_clear_nowhere(tmp_path: Path, elsewhere: Path, size: int) -> None:
    with opened(tmp_path) as door:
        made = marked(2, size=size, kind=CT)
        house = taken_over(door, part10(made))
        study = str(made.StudyInstanceUID)
        with line(door, title="CZYTA") as peer:
            peer.send(getting(study))
            found = peer.command()
            assert found is not None
            assert found.field == C_STORE_RQ
            assert_nowhere(door.archive.settings.home, elsewhere)
            peer.send(stored_answer(found))
            assert peer.status() == 0
            peer.send(getting(study))
            peer.command()  # and goes in the midst
        with destination(Manner.WAITING) as to, line(door, title="CZYTA") as peer:
            register(door.archive, named(door.peer, "DALEKI", host="127.0.0.1", port=to.port, organisation=house))
            peer.send(moving(study, "DALEKI"))
            assert to.first.wait(60)
            assert_nowhere(door.archive.settings.home, elsewhere)
            to.may.set()
            while (final := peer.command()) is not None and final.number(STATUS) == 0xFF00:
                pass
            assert final is not None
            assert (final.number(STATUS), final.number(COMPLETED)) == (0, 1)
        assert none_left()
        assert_nowhere(door.archive.settings.home, elsewhere)


def taken_over(door: Door, content: bytes) -> Organisation:
    """In a package that is then gone; its custodian, of whom `CZYTA` is a system."""
    package = door.archive.settings.home.parent / "handed-over"
    package.mkdir()
    (package / "image.dcm").write_bytes(content)
    receive(door.archive, Order(package), progress=lambda _: None)
    (package / "image.dcm").unlink()
    house = Organisation(custodian_of(door.archive), "Następca")
    register(door.archive, named(door.peer, "CZYTA", organisation=house))
    return house
