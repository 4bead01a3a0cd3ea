"""Rounds, medians and the machine's facts."""

import gc
import os
import platform
import re
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what was measured against what; `ratio` in words of the aim."""

    what: str
    ours: str
    other: str
    ratio: str
    aim: str


def timed(work: Callable[[], object]) -> float:
    """Wall seconds of one run, with the disk at rest before it."""
    os.sync()
    gc.collect()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def median(values: list[float]) -> float:
    return statistics.median(values)


def spread(values: list[float]) -> str:
    """The middle half of what was measured, in milliseconds."""
    low, _, high = statistics.quantiles(values, n=4)
    return f"{low * 1e3:.2f} to {high * 1e3:.2f}"


def machine() -> str:
    """Processor, cores, memory, kernel, Python: what a figure means nothing without."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"Linux {platform.release()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores of {cpu}, {memory:.0f} GiB, {system}"


@dataclass(slots=True)
class Memory:
    """`rest` and `peak`, in MB."""

    rest: float
    peak: float


@contextmanager
def memory_of(pid: int) -> Iterator[Memory]:
    """Meanwhile, ten times a second, what a server and all processes that it started take of the machine's memory: of
    what several share, as they do the program, each has its part (Pss)."""
    found, over = Memory(rest := _memory_mb(pid), rest), Event()

    def look() -> None:
        while not over.wait(0.1):
            found.peak = max(found.peak, _memory_mb(pid))

    looking = Thread(target=look)
    looking.start()
    try:
        yield found
    finally:
        over.set()
        looking.join()


def _memory_mb(pid: int) -> float:
    place, found = Path(f"/proc/{pid}"), 0.0
    with suppress(OSError):  # one of them may end now
        told = re.search(r"^Pss: +(\d+) kB", (place / "smaps_rollup").read_text(), re.MULTILINE)
        found += int(told[1]) * 1024 / 1e6 if told else 0.0
        for task in (place / "task").glob("*/children"):
            found += sum(_memory_mb(int(each)) for each in task.read_text().split())
    return found
