"""Whole archives in a folder for tests, and what must hold of a takeover however often it was cut off."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from repository.clock import Clock, now
from repository.domain.takeover import FINAL, STORED, Disposition, Takeover
from repository.evidence import proof
from repository.evidence.signing import opened
from repository.intake import protocol_of, statement_of
from repository.runtime import Archive, create_archive, open_archive
from repository.settings import Settings
from repository.takeover.concluding import PURPOSE
from repository.takeover.sealing import folder_of
from storage.keys.protection import by_key_file, new_key_file
from storage.keys.ring import write_private
from storage.sealing.pack import SealedMember
from tests.builders.catalogues import place_empty_catalogue
from tests.builders.cda import clinical_document
from tests.builders.warrants import EVERY


def new_home(folder: Path, *, store: str = "", catalogue: str = "", broker: str = "", workers: int = 2) -> Settings:
    """A new archive in `folder`/home, opened by the key file beside it."""
    key_file = folder / "key"
    write_private(key_file, new_key_file())
    settings = Settings(home=folder / "home", key_file=key_file, broker=broker, workers=workers)
    if not catalogue:
        place_empty_catalogue(settings.home)
    create_archive(settings, protection=by_key_file(key_file.read_bytes()), store=store, catalogue=catalogue)
    return settings


@contextmanager
def at_home(settings: Settings, *, clock: Clock = now) -> Iterator[Archive]:
    with open_archive(settings, clock=clock) as archive:
        yield archive


def environment_of(settings: Settings, **more: object) -> dict[str, str]:
    """The variables that lead another process to the same archive."""
    named: dict[str, object] = {"HOME": settings.home, "KEY_FILE": settings.key_file, "BROKER": settings.broker}
    named |= {"WORKERS": settings.workers, **more}
    return {f"EDM_ARCHIVE_{name}": str(value) for name, value in named.items() if value}


def plain_package(folder: Path, *, files: int, size: int = 600, copies: int = 0) -> Path:
    """A bare package of `files` small files, no two alike, and `copies` of the first ones."""
    folder.mkdir(parents=True)
    for number in range(files + copies):
        (folder / f"{number:05d}.bin").write_bytes(_content(number % files, size))
    return folder


def clinic_package(folder: Path, *, patients: int, others: int = 0) -> Path:
    """A bare package with one document for each patient, each in a pack of its own, and files of nobody."""
    plain_package(folder / "other", files=others, size=200)
    for number in range(patients):
        (folder / f"document-{number:04d}.xml").write_bytes(clinical_document(number))
    return folder


def _content(number: int, size: int) -> bytes:
    seed = hashlib.sha256(b"%d" % number).digest()
    return (seed * (size // 32 + 1))[:size]


def assert_whole(archive: Archive, takeover: Takeover, package: Path, *, prove_every: int = 1) -> None:
    """The takeover is concluded, and all that it promises is so, bit for bit; nothing else lies in the store.

    Every file is compared; of large packages only each `prove_every`th holding is proved, the log audited as a whole.
    """
    assert takeover.state in FINAL
    catalogue = archive.catalogue
    items = list(catalogue.items(takeover.number))
    assert len({item.ordinal for item in items}) == len(items)
    assert not [item for item in items if item.disposition is Disposition.PENDING]
    statement = statement_of(archive, takeover)
    assert statement.tally.balances
    assert protocol_statement(archive, takeover)["tally"]["holdings"] == statement.tally.holdings
    _assert_bytes(archive, takeover, package, prove_every=prove_every)
    _assert_logged(archive, takeover)
    assert_no_orphans(archive, takeover)


def protocol_statement(archive: Archive, takeover: Takeover) -> Any:
    """What the signed protocol says of the items."""
    value = opened(protocol_of(archive, takeover), purpose=PURPOSE, public_key=archive.ring.signing_public_key())
    return value["statement"]


def _assert_bytes(archive: Archive, takeover: Takeover, package: Path, *, prove_every: int) -> None:
    holdings = {holding.ordinal: holding for holding in archive.catalogue.holdings(takeover.number)}
    packs = {pack.object_id: pack for pack in archive.catalogue.packs(takeover.number)}
    for item in archive.catalogue.items(takeover.number):
        if item.disposition not in STORED | {Disposition.DUPLICATE}:
            continue
        holding = holdings[item.duplicate_of or item.ordinal]
        place = holding.location
        member = SealedMember(place.offset, place.length, holding.sealed_sha256)
        content = b"".join(archive.vault.open(packs[place.object_id].key, member, warrant=EVERY))
        assert content == (package / item.path).read_bytes()
        if not item.duplicate_of and item.ordinal % prove_every == 0:
            index = archive.catalogue.index_of(takeover.number, item.ordinal)
            proved = archive.log.prove_record(holding.record, index)
            proof.check(BytesIO(content), proved, [archive.log_key])


def _assert_logged(archive: Archive, takeover: Takeover) -> None:
    events = archive.catalogue.events(takeover.number)
    assert [event.kind for event in events] == ["capture", "validation", "ingestion end"]
    assert (
        archive.catalogue.log_size()
        == sum(
            archive.catalogue.counts(each.number).holdings + len(archive.catalogue.events(each.number))
            for each in archive.catalogue.takeovers()
        )
        + archive.catalogue.journal.size()
    )
    assert list(archive.log.audit()) == []


def assert_no_orphans(archive: Archive, takeover: Takeover) -> None:
    known = {pack.key: pack.size for pack in archive.catalogue.packs(takeover.number)}
    there = {held.key: held.size for held in archive.store.list(folder_of(takeover.id) + "/")}
    assert there == known
