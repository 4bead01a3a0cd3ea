"""One object of a GiB over HTTP: how long until its first byte, and what ten at one time cost in memory."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from statistics import median

from benchmarks.data import one_file
from benchmarks.http_sides import Side, kept, ours
from benchmarks.measuring import Row, memory_of, spread

SIZE, ROUNDS, AT_ONCE = 1 << 30, 15, 10


def large_over_http(folder: Path) -> list[Row]:
    source = folder / "source"
    source.mkdir(parents=True)
    one_file(source / "large.bin", size=SIZE)
    archive = kept(folder, source)
    path = f"/v1/holdings/{archive.takeover}/1"
    with ours(archive.home, archive.doctor) as side:
        first = _first_bytes(side, path)
        with memory_of(side.pid) as memory, ThreadPoolExecutor(AT_ONCE) as clients:
            began = time.perf_counter()
            sizes = list(clients.map(lambda _: _whole(side, path), range(AT_ONCE)))
            seconds = time.perf_counter() - began
    if sizes != [SIZE] * AT_ONCE:
        raise RuntimeError(f"not whole: {sizes}")
    return [*_first(first), _memory(memory.rest, memory.peak, seconds)]


def _first(seconds: Sequence[float]) -> list[Row]:
    told = f"{median(seconds) * 1e3:.1f} ms ({spread([*seconds])})"
    return [Row("first byte of an object of 1 GiB", told, "–", "–", "< 50 ms")]


def _memory(before: float, peak: float, seconds: float) -> Row:
    speed = f"{AT_ONCE * SIZE / seconds / 1e6:.0f} MB/s in all"
    return Row(f"{AT_ONCE} × 1 GiB at one time: the server's memory at its peak", f"{peak:.0f} MB, {speed}",
        f"before it {before:.0f} MB", "–", "< 500 MB")  # fmt: skip


def _first_bytes(side: Side, path: str) -> list[float]:
    """Seconds from a request to the first byte of its body, on a connection of its own; then the client goes away."""
    found = []
    for _ in range(ROUNDS + 1):
        with closing(side.line()) as line:
            line.connect()
            began = time.perf_counter()
            line.request("GET", path, headers=dict(side.headers))
            answer = line.getresponse()
            if answer.status != 200 or not answer.read(1):
                raise RuntimeError(f"{answer.status} for {path}")
            found.append(time.perf_counter() - began)
            answer.close()
    return found[1:]


def _whole(side: Side, path: str) -> int:
    with closing(side.line()) as line:
        return side.get(line, path)
