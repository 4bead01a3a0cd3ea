"""Taking over a folder against the physical floor, and against DCMTK `storescu` into a default Orthanc."""

from pathlib import Path

from benchmarks.archive import fresh_archive
from benchmarks.data import ct_folder
from benchmarks.floor import floor
from benchmarks.measuring import Row, median, timed
from benchmarks.orthanc import orthanc_seconds
from repository.intake import Order, receive

ROUNDS = 9
CASES = (("400 CT files of 512 KiB", 400, 512 << 10, 4, "1.5×"), ("2,000 CT files of 8 KiB", 2000, 8 << 10, 20, "5×"))


def taking_over(folder: Path, *, workers: int) -> list[Row]:
    """Nothing is deleted between two rounds: for some seconds ext4 does not give out inodes of deleted files again, and
    looks past all of them for each new file, which takes a millisecond."""
    rows: list[Row] = []
    for name, files, size, patients, aim in CASES:
        source = ct_folder(folder / f"ct{files}", files=files, size=size, patients=patients)
        ours, floors = [], []
        for number in range(ROUNDS):
            floors.append(timed(lambda: floor(source, folder / f"floor{files}.{number}")))  # noqa: B023  used at once
            ours.append(_round(source, folder / f"round{files}.{number}", workers=workers))
        mine, bottom = median(ours), median(floors)
        rows.append(Row(name, f"{mine:.2f} s", f"floor {bottom:.2f} s", f"{mine / bottom:.1f}× the floor", f"≤ {aim}"))
        if theirs := orthanc_seconds(source, folder / "orthanc"):
            rows.append(Row(name, f"{mine:.2f} s", f"Orthanc {theirs:.1f} s", f"{theirs / mine:.0f}× faster", "≥ 5×"))
    return rows


def _round(source: Path, place: Path, *, workers: int) -> float:
    place.mkdir()
    with fresh_archive(place, workers=workers) as archive:
        return timed(lambda: receive(archive, Order(source), progress=lambda _: None, forking=True))
