"""The DICOM door beside Debian's Orthanc and DCMTK's `dcmqrscp`: the same images and clients, in turns, in one run.

Ours is `edm-archive serve`, one gateway process, with all its protections: a registered peer, the decision and an
account for each question and each retrieval, sealing, digests, catalogue and log, on disk before the answer. The others
stand open, encrypt nothing, account for nothing. EDM_BENCH_SCALE=0.05 measures a twentieth of it all.
"""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.dicom_finding import among_a_million, finding
from benchmarks.dicom_memory import memory
from benchmarks.dicom_retrieving import retrieving
from benchmarks.dicom_sides import field
from benchmarks.dicom_storing import storing
from benchmarks.measuring import Row


def dicom(folder: Path) -> list[Row]:
    """Everything that the door is measured by. Without the others, ours alone, which is printed."""
    return [*_beside(folder / "beside"), *among_a_million(folder / "million"), *memory(folder / "memory")]


def _beside(folder: Path) -> Iterator[Row]:
    """C-FIND first, when each server has the same and little."""
    folder.mkdir()
    with field(folder) as sides:
        found = list(finding(sides, folder))
        yield from storing(sides, folder)
        yield from retrieving(sides, folder)
        yield from found
