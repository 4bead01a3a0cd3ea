"""Archives behind a door whose parts fail, and what must hold of them afterwards."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dicom_gateway.listening import Gateway
from dicom_gateway.protocol.commands import C_STORE_RQ, STATUS, Command
from dicom_gateway.settings import GatewaySettings
from repository.catalogue.catalogue import open_catalogue
from repository.domain.takeover import State
from repository.runtime import Archive, assembled, open_archive, secret_of, store_at
from repository.settings import Settings, read_home
from repository.transfer.closing import close_transfer
from repository.upkeep.checking import Level
from repository.upkeep.verifying import VerifyOrder, verify
from storage.errors import StorageError
from storage.keys.record_keys import PREFIX as KEYS
from storage.keys.ring import KeyRing
from storage.objects.port import Bytes, ObjectStore, StoredObject
from tests.builders.faulty_stores import Countdown, CrashingStore
from tests.builders.homes import assert_no_orphans
from tests.dicom_gateway.gateways import PATIENT
from tests.dicom_gateway.raw import (
    Raw,
    stored_answer,
)


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


def without_keys(settings: Settings) -> None:
    """Nothing in the store opens any more."""
    with open_archive(settings) as archive:
        for each in list(archive.store.list(KEYS)):
            archive.store.delete(each.key)


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
