"""An archive to be harmed, and what a verification says of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from repository.domain.holding import Holding, StoredPack
from repository.domain.takeover import Takeover
from repository.samples.building import build_sample
from repository.upkeep.checking import Level
from repository.upkeep.verifying import VerifyOrder, VerifyReport, verify
from storage.objects.port import ObjectStore
from tests.builders.archives_at_rest import AtRest, at_rest, bare_package
from tests.builders.cda import clinical_document
from tests.builders.dicom import data_set, part10

EXISTS, SEALED, OPENED = Level.EXISTS, Level.SEALED, Level.OPENED
EVERY_LEVEL = (EXISTS, SEALED, OPENED)
Findings = set[tuple[str, str]]


def one_takeover(folder: Path) -> AtRest:
    """A damaged sample."""
    archive = at_rest(folder / "archive")
    archive.receive(build_sample(folder / "sample", patients=2, images=2, damage=True).folder)
    return archive


def two_takeovers(folder: Path) -> AtRest:
    """A damaged sample, and a bare package with a conflict, a duplicate, a patient without items and opaque files."""
    archive = one_takeover(folder)
    image = data_set(7)
    files = {
        "a.dcm": part10(image),
        "b.dcm": part10(data_set(7, instance=2)),
        "c.dcm": part10(image) + b"\0\0",
        "copy.dcm": part10(data_set(7, instance=2)),
        "d.xml": clinical_document(8, version=2, study_uid="1.2.3.4", signed=True),
        "e.xml": clinical_document(9),
        "note.txt": b"a note",
        "unknown.bin": bytes(range(256)) * 90,
        "metadata/patients.csv": b"local_id,family_name\nP-1,Nieobecny\n",
    }
    archive.receive(bare_package(folder / "bare", files))
    return archive


@dataclass(frozen=True, slots=True)
class Place:
    """A stored object with what the catalogue says of it."""

    takeover: Takeover
    pack: StoredPack
    holdings: tuple[Holding, ...]

    @property
    def name(self) -> str:
        return f"{self.takeover.id}/object/{self.pack.object_id}"

    def item(self, at: int) -> str:
        return f"{self.takeover.id}/{self.holdings[at].ordinal}"


def places(archive: AtRest) -> list[Place]:
    """Every stored object, by takeover and name."""
    with archive.open() as opened:
        known = opened.catalogue
        held = {takeover.number: list(known.holdings(takeover.number)) for takeover in known.takeovers()}
        return [
            Place(takeover, pack, tuple(h for h in held[takeover.number] if h.location.object_id == pack.object_id))
            for takeover in known.takeovers()
            for pack in known.packs(takeover.number)
        ]


def rich(archive: AtRest) -> Place:
    """An object of a patient with at least three members."""
    return next(place for place in places(archive) if place.pack.patient and len(place.holdings) >= 3)


def closing(archive: AtRest) -> Place:
    """The object that ends the first takeover."""
    return [place for place in places(archive) if not place.holdings and place.takeover.number == 1][-1]


def report(archive: AtRest, level: Level, *, store: ObjectStore | None = None, **order: object) -> VerifyReport:
    with archive.open(store=store) as opened:
        return verify(opened, VerifyOrder(level=level, **order), progress=lambda _: None)  # type: ignore[arg-type]


def found(archive: AtRest, level: Level, *, store: ObjectStore | None = None) -> Findings:
    """(code, subject) of everything that a verification says."""
    return {(each.code, each.subject) for each in report(archive, level, store=store).findings}


@contextmanager
def undone(archive: AtRest, *keys: str) -> Iterator[None]:
    """The objects under `keys` are afterwards what they are now."""
    before = {key: archive.store.content(key) for key in keys}
    try:
        yield
    finally:
        for key, content in before.items():
            archive.store.overwrite(key, content)
