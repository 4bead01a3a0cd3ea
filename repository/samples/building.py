"""`build_sample`: a synthetic hand-over package as a BagIt bag (RFC 8493) in a folder of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from repository.packages.bag_writing import write_bag
from repository.samples.contents import (
    Cast,
    SampleFile,
    Wanted,
    files,
    invent_cast,
    number_of_documents,
    number_of_files,
    total_size,
)
from repository.samples.damage import Damage, damage_after_manifest, damage_before_manifest, plan_damage
from repository.samples.errors import SampleNotWritten, SamplePlaceTaken
from repository.samples.metadata import CESSATION, metadata_files

SMALL_IMAGE = 64 * 64 * 2
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class SampleSummary:
    """What was built. `items` and `size` (bytes) are what the manifest declares, `damage` what was done besides.

    `documents` counts clinical documents, `images` DICOM instances by their identifier: the declared copies of
    `damage.duplicates` and `damage.conflicts` are among `items` only.
    """

    folder: Path
    patients: int
    documents: int
    studies: int
    images: int
    items: int
    size: int
    damage: Damage = field(default_factory=Damage)


class _Writer:
    """Writes payload files under a folder and counts them."""

    def __init__(self, folder: Path, *, total: int, progress: Progress | None) -> None:
        self.folder = folder
        self.items = 0
        self.size = 0
        self._total = total
        self._progress = progress

    def write(self, file: SampleFile) -> None:
        path = self.folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as out:
            out.writelines(file.parts)
        self.items += 1
        self.size += total_size(file.parts)
        if self._progress:
            self._progress(min(self.items, self._total), self._total)


def build_sample(
    dest: Path,
    *,
    patients: int = 3,
    images: int = 4,
    image_bytes: int = SMALL_IMAGE,
    seed: int = 1,
    damage: bool = False,
    progress: Progress | None = None,
) -> SampleSummary:
    """Build a package of `patients`, each with documents and a CT series of `images` slices, in the folder `dest`.

    The same arguments give the same bytes on every machine. With `damage`, each kind of damage is done once and
    listed in the summary. `progress` is called with files written and files in all. Raises `SamplePlaceTaken` if
    `dest` holds anything, `SampleNotWritten` if the system refuses to write.
    """
    if patients < 1 or images < 0 or image_bytes < 2:
        raise ValueError("a sample has at least one patient, no negative number of images, and two bytes an image")
    wanted = Wanted(patients=patients, images=images, image_bytes=image_bytes, seed=seed)
    try:
        _make_place(dest)
        return _build(dest, wanted, planned=plan_damage(wanted) if damage else Damage(), progress=progress)
    except OSError as fault:
        raise SampleNotWritten(path=str(dest), reason=fault.strerror or type(fault).__name__) from fault


def _make_place(dest: Path) -> None:
    if dest.exists() and (not dest.is_dir() or any(dest.iterdir())):
        raise SamplePlaceTaken(path=str(dest))
    dest.mkdir(parents=True, exist_ok=True)


def _build(dest: Path, wanted: Wanted, *, planned: Damage, progress: Progress | None) -> SampleSummary:
    cast = invent_cast(wanted)
    copies = len(planned.duplicates) + len(planned.conflicts)
    writer = _Writer(dest, total=number_of_files(wanted) + copies, progress=progress)
    for file in files(wanted, cast):
        writer.write(file)
    damage_before_manifest(dest, planned, writer.write)
    summary = _summary(dest, wanted, writer=writer, planned=planned)
    _write_metadata(dest, cast, counts=_declared_counts(summary))
    write_bag(dest, info=_bag_info(cast), algorithms=("sha256",))
    damage_after_manifest(dest, planned, writer.write)
    return summary


def _summary(dest: Path, wanted: Wanted, *, writer: _Writer, planned: Damage) -> SampleSummary:
    return SampleSummary(
        folder=dest,
        patients=wanted.patients,
        documents=number_of_documents(wanted),
        studies=wanted.patients if wanted.images else 0,
        images=wanted.patients * wanted.images,
        items=writer.items,
        size=writer.size,
        damage=planned,
    )


def _declared_counts(summary: SampleSummary) -> Mapping[str, int]:
    return {
        "items": summary.items,
        "bytes": summary.size,
        "patients": summary.patients,
        "documents": summary.documents,
        "studies": summary.studies,
        "series": summary.studies,
        "instances": summary.images,
    }


def _write_metadata(dest: Path, cast: Cast, *, counts: Mapping[str, int]) -> None:
    (dest / "metadata").mkdir()
    for path, content in metadata_files(cast, counts):
        (dest / path).write_bytes(content)


def _bag_info(cast: Cast) -> dict[str, str]:
    """No clock: the bag is dated on the day the provider closed."""
    return {
        "Source-Organization": cast.provider.name,
        "External-Identifier": cast.provider.rpwdl_book,
        "Bagging-Date": CESSATION.isoformat(),
    }
