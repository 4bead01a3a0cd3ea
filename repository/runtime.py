"""Where the parts are put together: settings in, an `Archive` out. The doors receive it and nothing else."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from repository.catalogue.catalogue import Catalogue, create_catalogue, open_catalogue
from repository.catalogue.errors import CatalogueExists
from repository.clock import Clock, now
from repository.domain.describing import Identifier
from repository.errors import HomeDamaged, HomeExists, SecretMissing
from repository.evidence.checkpoint import origin_of
from repository.evidence.log import EvidenceLog
from repository.evidence.note import Signer
from repository.settings import FILE, Home, Settings, located, read_home, write_home
from storage.errors import KeyFileMissing, KeyRingExists, KeyRingMissing
from storage.ids import new_id
from storage.keys.protection import Protection
from storage.keys.record_keys import RecordKeys
from storage.keys.ring import KeyRing, read_private
from storage.objects.port import ObjectStore
from storage.objects.registry import create_store, open_store
from storage.vault import Vault
from storage.warrants import Ledger, Openings

OPENINGS = "openings"  # the folder of the ledgers, in the home


@dataclass(frozen=True, slots=True)
class Archive:
    """An open archive."""

    id: uuid.UUID
    settings: Settings
    store: ObjectStore
    ring: KeyRing
    vault: Vault
    catalogue: Catalogue
    log: EvidenceLog
    clock: Clock

    @property
    def identifier(self) -> Identifier:
        """The archive as an organisation, above all as a custodian: its UUID as an OID (ITU-T X.667)."""
        return Identifier("2.25", str(self.id.int))

    @property
    def log_key(self) -> str:
        """The public key of the log in the form that `proof check` takes (C2SP signed note)."""
        return str(self.log.verifiers[0])


@contextmanager
def open_archive(settings: Settings, *, secret: bytes | None = None, clock: Clock = now) -> Iterator[Archive]:
    """The archive at `settings.home`, closed at the end. `secret`: a passphrase where no file gives one."""
    home = read_home(settings.home)
    ring = KeyRing.load(settings.ring_path, secret=secret or secret_of(settings))
    if ring.archive != home.archive:
        raise HomeDamaged(path=str(settings.ring_path), reason="it is the key ring of another archive")
    store = store_at(home, settings)
    try:
        catalogue = open_catalogue(home.catalogue, now=clock)
        try:
            if catalogue.archive().get("id") != home.archive.hex:
                raise HomeDamaged(path=catalogue.place, reason="it is the catalogue of another archive")
            archive = assembled(home, settings, store=store, ring=ring, catalogue=catalogue, clock=clock)
            try:
                yield archive
            finally:
                archive.vault.close()
        finally:
            catalogue.close()
    finally:
        store.close()


def create_archive(
    settings: Settings, *, protection: Protection, store: str = "", catalogue: str = "", versioned: bool = True
) -> Home:
    """A new archive: store, catalogue, key ring, home file, in this order; the last makes it one.

    What fails may be tried again: a store or an empty catalogue that is there is used, and a key ring is made only when
    both are. Raises `HomeExists`, `KeyRingExists` and what the store and the catalogue raise.
    """
    if (settings.home / FILE).exists():
        raise HomeExists(home=str(settings.home))
    if settings.ring_path.exists():
        raise KeyRingExists(path=str(settings.ring_path))
    archive = new_id()
    home = located(settings.home, archive=archive, store=store, catalogue=catalogue)
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    access, secret = s3_keys(settings)
    create_store(home.store, versioned=versioned, access_key=access, secret_key=secret)
    made = _unused_catalogue(home.catalogue)
    try:
        KeyRing.create(settings.ring_path, archive=archive, protection=protection)
        made.set_archive(archive.hex)
    finally:
        made.close()
    return write_home(settings.home, archive=archive, store=store, catalogue=catalogue)


def _unused_catalogue(url: str) -> Catalogue:
    """A catalogue that belongs to no archive: a new one, or what an interrupted `create_archive` left."""
    try:
        return create_catalogue(url)
    except CatalogueExists:
        left = open_catalogue(url)
        if not left.archive():
            return left
        left.close()
        raise


def assembled(
    home: Home, settings: Settings, *, store: ObjectStore, ring: KeyRing, catalogue: Catalogue, clock: Clock = now
) -> Archive:
    """The parts as one archive."""
    vault = fresh_vault(store, ring, openings=Ledger(settings.home / OPENINGS))
    origin = origin_of(home.archive.hex)
    log = EvidenceLog(store, Signer(origin, ring.signing_seed()), origin=origin, entries=LogSource(catalogue))
    return Archive(home.archive, settings, store, ring, vault, catalogue, log, clock)


def fresh_vault(store: ObjectStore, ring: KeyRing, *, openings: Openings | None = None) -> Vault:
    """The sealed objects of the ring's archive, with no key in memory: what it opens, it opens by what is stored."""
    return Vault(store, RecordKeys(store, ring, archive=ring.archive), archive=ring.archive, openings=openings)


def store_at(home: Home, settings: Settings) -> ObjectStore:
    access, secret = s3_keys(settings)
    return open_store(home.store, workers=settings.workers + 2, access_key=access, secret_key=secret)


def s3_keys(settings: Settings) -> tuple[str, str]:
    """Access key and secret of the S3 store; empty for a folder."""
    if settings.s3_secret_key_file is None:
        return settings.s3_access_key, ""
    return settings.s3_access_key, _secret(settings.s3_secret_key_file).decode().strip()


def secret_of(settings: Settings) -> bytes:
    """What opens the key ring, from the file that the settings name. Raises `SecretMissing`, `KeyRingExposed`."""
    file: Path | None = settings.key_file or settings.passphrase_file
    if file is None:
        raise SecretMissing
    content = _secret(file)
    return content if settings.key_file else content.rstrip(b"\r\n")


def _secret(file: Path) -> bytes:
    try:
        return read_private(file)
    except KeyRingMissing as error:
        raise KeyFileMissing(path=str(file)) from error


@dataclass(frozen=True, slots=True)
class LogSource:
    """The catalogue as the log's source of entries."""

    catalogue: Catalogue

    def size(self) -> int:
        return self.catalogue.log_size()

    def entries(self, start: int, stop: int) -> list[bytes]:
        return self.catalogue.entries(start, stop)

    def last_checkpoint(self) -> bytes | None:
        return self.catalogue.last_checkpoint()

    def note_checkpoint(self, size: int, root: bytes, note: bytes) -> None:
        self.catalogue.note_checkpoint(size, root, note)
