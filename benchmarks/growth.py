"""Packages of 25,000 and 100,000 files: is time linear, is memory flat?"""

import shutil
from pathlib import Path

from benchmarks.data import ct_folder
from benchmarks.large import measured
from benchmarks.measuring import Row

SIZES = (25_000, 100_000)


def growth(folder: Path, *, sizes: tuple[int, ...] = SIZES) -> list[Row]:
    """Each size in a process of its own."""
    rows, first = [], 0.0
    for files in sizes:
        place = folder / f"growth{files}"
        ct_folder(place / "source", files=files, size=2 << 10, patients=files // 250)
        intake, checked, peak = measured(place)
        each = intake / files * 1e3
        first = first or each
        rows.append(
            Row(
                f"{files:,} files of 2 KiB: taking over",
                f"{intake:.0f} s ({each:.2f} ms a file), verified in {checked:.0f} s, {peak:.0f} MB",
                f"{first:.2f} ms a file at {sizes[0]:,}",
                f"{each / first:.2f}× per file",
                "linear, < 300 MB",
            )
        )
        shutil.rmtree(place)
    return rows
