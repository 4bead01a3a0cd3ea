"""What is wrong with the archive is not the peer's fault: it is told to try again, and what it was told is so."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from dicom_gateway.listening import Gateway
from dicom_gateway.protocol.commands import C_STORE_RQ, COMPLETED, ERROR_COMMENT, FAILED, STATUS, Command
from dicom_gateway.protocol.negotiating import request
from dicom_gateway.protocol.pdus import ASSOCIATE_RJ
from dicom_gateway.settings import GatewaySettings
from repository.catalogue import engine
from repository.catalogue.catalogue import open_catalogue
from repository.domain.takeover import State
from repository.intake import statement_of
from repository.peers.registering import register
from repository.runtime import Archive, assembled, open_archive, secret_of, store_at
from repository.settings import Settings, read_home
from repository.transfer.closing import close_transfer
from repository.upkeep.checking import Level
from repository.upkeep.verifying import VerifyOrder, verify
from storage.errors import StorageError, StoreFull, StoreReadOnly, StoreUnavailable
from storage.keys.record_keys import PREFIX as KEYS
from storage.keys.ring import KeyRing
from storage.objects.port import Bytes, ObjectStore, StoredObject
from tests.builders.faulty_stores import Countdown, CrashingStore
from tests.builders.homes import assert_no_orphans
from tests.dicom_gateway.destinations import Manner, destination
from tests.dicom_gateway.gateways import PATIENT, Door, named, opened
from tests.dicom_gateway.raw import (
    Raw,
    an_instance,
    asking,
    echo,
    files_held,
    getting,
    good,
    line,
    moving,
    stored_answer,
    storing,
)
from tests.faults.mounts import disk

LARGE = 5 << 20  # bytes of an image that waits on the disk as it comes


class Failing(CrashingStore):
    """A store that raises `error`, once there is one, for each name that begins so."""

    def __init__(self, inner: ObjectStore) -> None:
        super().__init__(inner, Countdown())
        self.error: StorageError | None = None
        self.prefix = ""

    def put(self, key: str, parts: Iterable[Bytes]) -> StoredObject:
        if self.error is not None and key.startswith(self.prefix):
            raise self.error
        return super().put(key, parts)


@dataclass
class Behind:
    """A door, and the store behind it."""

    archive: Archive
    port: int
    store: Failing


@contextmanager
def reopened(settings: Settings) -> Iterator[Behind]:
    """The archive again, by another process as it were, with a store that can fail."""
    home = read_home(settings.home)
    ring = KeyRing.load(settings.ring_path, secret=secret_of(settings))
    store, catalogue = Failing(store_at(home, settings)), open_catalogue(home.catalogue)
    archive = assembled(home, settings, store=store, ring=ring, catalogue=catalogue)
    try:
        with Gateway(archive, GatewaySettings(port=0, grace=5, patience=PATIENT)) as gateway:
            yield Behind(archive, gateway.port, store)
    finally:
        archive.vault.close()
        catalogue.close()
        store.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of an archive that receives."""
    with opened(tmp_path) as door:
        return door.archive.settings


def holdings(archive: Archive) -> int:
    return sum(archive.catalogue.counts(each.number).holdings for each in archive.catalogue.takeovers())


def assert_whole(settings: Settings, *, count: int) -> None:
    """What failed left objects that nobody knows, if anything; closing takes them away."""
    with open_archive(settings) as archive:
        assert holdings(archive) == count
        for each in archive.catalogue.takeovers():
            if each.state is State.RECEIVING:
                close_transfer(archive, each)
                assert_no_orphans(archive, each)
        assert list(archive.log.audit()) == []
        assert list(verify(archive, VerifyOrder(level=Level.OPENED), progress=lambda _: None).findings) == []


@pytest.mark.parametrize("error", [StoreFull(), StoreReadOnly(), StoreUnavailable(reason="a test")])
@pytest.mark.parametrize("prefix", [KEYS, "takeovers/"])
def test_a_store_that_does_not_take_it_is_out_of_resources(
    settings: Settings, error: StorageError, prefix: str
) -> None:
    with reopened(settings) as behind, line(behind.port) as peer:
        behind.store.error, behind.store.prefix = error, prefix
        peer.send(storing(an_instance(1)))
        found = peer.command()
        assert found is not None
        assert (found.number(STATUS), found.text(ERROR_COMMENT)) == (0xA700, error.code)
        behind.store.error = None
        peer.send(storing(an_instance(1)))
        assert peer.status() == 0
        assert peer.released()
    assert_whole(settings, count=1)


def test_a_disk_that_is_full_is_out_of_resources_until_there_is_room(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", size="48m") as small:
        with opened(small.path) as door:
            taken = full_of(door)
            small.remount("size=200m")
            with line(door) as peer:
                for each in range(taken, taken + 3):
                    peer.send(storing(an_instance(each, size=LARGE)))
                    assert peer.status() == 0
                assert peer.released()
            assert files_held(small.path / "home" / "spool") == 0
            settings = door.archive.settings
        assert_whole(settings, count=taken + 3)


def full_of(door: Door) -> int:
    """How many images were taken before there was no room; those that come then are told of, each."""
    with line(door) as peer:
        for number in range(20):
            peer.send(storing(an_instance(number, size=LARGE)))
            if (status := peer.status()) != 0:
                break
        assert status == 0xA700
        peer.send(storing(an_instance(number, size=LARGE)))
        assert peer.status() == 0xA700
        peer.send(echo())
        assert peer.status() == 0
        assert peer.released()
    assert number > 1
    return number


@contextmanager
def locked(archive: Archive) -> Iterator[None]:
    """Another process writes, and goes on and on."""
    with closing(sqlite3.connect(archive.catalogue.place, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def spoilt(archive: Archive) -> Iterator[None]:
    """All of the catalogue's file is noise; then it is brought back from a copy."""
    archive.catalogue._room.close()
    file = Path(archive.catalogue.place)
    whole = file.read_bytes()
    file.write_bytes(b"\xa5" * len(whole))
    yield
    archive.catalogue._room.close()
    for rest in file.parent.glob(f"{file.name}-*"):
        rest.unlink()
    file.write_bytes(whole)


@pytest.mark.parametrize("trouble", [locked, spoilt])
def test_a_catalogue_that_does_not_answer_is_out_of_resources(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, trouble: Callable[[Archive], AbstractContextManager[None]]
) -> None:
    kept = [each for each in engine._PRAGMAS if "busy_timeout" not in each]
    monkeypatch.setattr(engine, "_PRAGMAS", (*kept, "PRAGMA busy_timeout=50"))
    with reopened(settings) as behind, line(behind.port) as peer:
        with trouble(behind.archive):
            for _ in range(2):
                peer.send(storing(an_instance(1)))
                assert peer.status() == 0xA700
        peer.send(storing(an_instance(1)))
        assert peer.status() == 0
        assert peer.released()
    assert_whole(settings, count=1)


def test_nobody_is_let_in_while_it_cannot_be_told_who_calls(settings: Settings) -> None:
    with reopened(settings) as behind:
        with spoilt(behind.archive), line(behind.port, associated=False) as peer:
            peer.send(request(asking()))
            assert peer.rest() == [(ASSOCIATE_RJ, bytes((0, 2, 3, 1)))]
        assert good(behind.port)


def without_keys(settings: Settings) -> None:
    """Nothing in the store opens any more."""
    with open_archive(settings) as archive:
        for each in list(archive.store.list(KEYS)):
            archive.store.delete(each.key)


def test_a_patient_whose_key_is_gone_is_not_added_to(settings: Settings) -> None:
    with reopened(settings) as behind, line(behind.port) as peer:
        peer.send(storing(an_instance(1)))
        assert peer.status() == 0
    without_keys(settings)
    with reopened(settings) as behind, line(behind.port) as peer:
        peer.send(storing(an_instance(1, instance=2)))
        assert peer.status() == 0xA700
        peer.send(storing(an_instance(2)))  # somebody else's
        assert peer.status() == 0
        assert peer.released()
        assert holdings(behind.archive) == 2


def final(peer: Raw) -> tuple[Command, int]:
    """The last response, and how many images were given before it."""
    given = 0
    while (found := peer.command()) is not None:
        if found.field == C_STORE_RQ:
            given += 1
            peer.send(stored_answer(found))
        elif found.number(STATUS) != 0xFF00:
            return found, given
    raise AssertionError("the association ended")


def a_study(archive: Archive) -> tuple[str, list[int]]:
    """One of the sample, and where in its pack its images lie."""
    takeover = archive.catalogue.takeovers()[0]
    held = [each for each in archive.catalogue.holdings(takeover.number) if each.description.dicom is not None]
    study = held[0].description.dicom.study_instance_uid  # type: ignore[union-attr]
    own = [each for each in held if each.description.dicom.study_instance_uid == study]  # type: ignore[union-attr]
    return study, [each.ordinal for each in own]


@pytest.mark.parametrize("service", ["C-GET", "C-MOVE"])
@pytest.mark.parametrize("which", [0, 1, -1])
def test_an_image_that_is_damaged_is_told_of_and_the_others_come(tmp_path: Path, service: str, which: int) -> None:
    with opened(tmp_path, patients=1) as door:
        study, ordinals = a_study(door.archive)
        damage(door.archive, ordinals[which])
        with destination(Manner.GOOD) as to:
            register(door.archive, named(door.peer, "DALEKI", host="127.0.0.1", port=to.port))
            with line(door) as peer:
                peer.send(getting(study) if service == "C-GET" else moving(study, "DALEKI"))
                found, given = final(peer)
                assert found.number(STATUS) == 0xB000
                assert (found.number(COMPLETED), found.number(FAILED)) == (len(ordinals) - 1, 1)
                assert (given or len(to.came)) == len(ordinals) - 1
                peer.send(echo())
                assert peer.status() == 0
                assert peer.released()


def damage(archive: Archive, ordinal: int) -> None:
    takeover = archive.catalogue.takeovers()[0]
    holding = next(each for each in archive.catalogue.holdings(takeover.number) if each.ordinal == ordinal)
    packs = {pack.object_id: pack for pack in archive.catalogue.packs(takeover.number)}
    place = holding.location
    file = next(archive.settings.home.rglob(Path(packs[place.object_id].key).name))
    file.chmod(0o600)
    content = bytearray(file.read_bytes())
    content[place.offset + place.length // 2] ^= 1
    file.write_bytes(content)


def test_images_whose_key_is_gone_are_told_of_as_failed(tmp_path: Path) -> None:
    with opened(tmp_path, patients=1) as door:
        settings = door.archive.settings
        study, ordinals = a_study(door.archive)
    without_keys(settings)
    with reopened(settings) as behind, line(behind.port) as peer:
        peer.send(getting(study))
        found, given = final(peer)
        assert (found.number(STATUS), found.number(FAILED), given) == (0xA702, len(ordinals), 0)
        assert peer.released()


def test_other_bytes_under_one_uid_are_kept_beside_and_the_statement_tells_of_it(settings: Settings) -> None:
    first, other = an_instance(1), an_instance(1)
    other.PixelData = bytes(128)
    with reopened(settings) as behind:
        with line(behind.port) as peer:
            for each in (first, first, other, other, first):
                peer.send(storing(each))
                assert peer.status() == 0
            assert peer.released()
        archive = behind.archive
        takeover = close_transfer(archive, archive.catalogue.takeovers()[-1])
        held = list(archive.catalogue.holdings(takeover.number))
        items = {each.ordinal: each for each in archive.catalogue.items(takeover.number)}
        assert len(held) == 2
        assert [items[each.ordinal].conflicts_with for each in held] == [0, held[0].ordinal]
        statement = statement_of(archive, takeover)
        assert (statement.tally.holdings, statement.tally.balances) == (2, True)
        assert statement.tally.conflicting == 1
    assert_whole(settings, count=2)
