"""The DICOM door beside Debian's Orthanc and DCMTK's `dcmqrscp`: the same images and clients, in turns, in one run.

Ours is `edm-archive serve`, one gateway process for each processor, with all its protections: a registered peer, the
decision and an account for each question and each retrieval, sealing, digests, catalogue and log, on disk before the
answer. The others stand open, encrypt nothing, account for nothing.
EDM_BENCH_SCALE=0.05 measures a twentieth of it all.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

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
    with _in_memory(folder) as sent, field(folder) as sides:
        found = list(finding(sides, sent))
        yield from storing(sides, sent)
        yield from retrieving(sides, sent)
        yield from found


@contextmanager
def _in_memory(folder: Path) -> Iterator[Path]:
    """Where what is sent lies until it was: not beside the servers' data. Files that are written and removed there by
    the thousand are written to the disk with whatever a server syncs, and ext4 goes round the numbers of removed files
    for minutes: making a file took 0.1 to 0.6 ms in place of 0.01, for each server in its own measure."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(prefix="edm-bench-", dir=memory if memory.is_dir() else folder) as sent:
        yield Path(sent)
