"""C-STORE: new images in every round, by DCMTK's storescu as it comes, and with TCP_NODELAY=1 on both sides."""

import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median

from benchmarks.dicom_questions import uid_of
from benchmarks.dicom_sides import DCMQRSCP, ORTHANC, UNSAFE, US, Field, Side, scaled
from benchmarks.http_images import images
from benchmarks.measuring import Row, timed

ROUNDS, AT_ONCE, RUNS = 3, 8, 20
_STUDIES = count(1)


@dataclass(frozen=True)
class Load:
    """`few`: how many the others are sent where each takes them 50 ms and more; told per object. `aims` by side."""

    what: str
    images: int
    size: int
    few: int
    aims: Mapping[str, str]
    quick: bool = False


LARGE, SMALL = 512 << 10, 8 << 10
_OF_LARGE, _OF_SMALL = "400 × 512 KiB", "2,000 × 8 KiB"
_STOCK, _NODELAY = "stock storescu", "TCP_NODELAY=1"
LOADS = (
    Load(f"{_OF_LARGE}, {_STOCK}", 400, LARGE, 40, {ORTHANC: "≥ 20×", UNSAFE: "≥ 20×"}),
    Load(f"{_OF_SMALL}, {_STOCK}", 2000, SMALL, 40, {ORTHANC: "≥ 80×"}),
    Load(f"{_OF_LARGE}, {_NODELAY}", 400, LARGE, 400, {ORTHANC: "≥ 2.5×", DCMQRSCP: "≥ 1×"}, quick=True),
    Load(f"{_OF_SMALL}, {_NODELAY}", 2000, SMALL, 1000, {ORTHANC: "≥ 2×", DCMQRSCP: "≥ 1×"}, quick=True),
)


def storing(sides: Field, folder: Path) -> Iterator[Row]:
    for load in LOADS:
        print(f"  C-STORE, {load.what} …", file=sys.stderr, flush=True)
        yield from rows_of(f"C-STORE, {load.what}", _measured(sides, load, folder), load.size, load.aims)
    yield from _at_once(sides, folder)
    yield _stalls(sides.stock[0], folder)


def _measured(sides: Field, load: Load, folder: Path) -> dict[str, float]:
    """Seconds for one object: medians of rounds in turns, after one of a few that is not counted."""
    taking = sides.quick if load.quick else sides.stock
    for side in taking:
        side.store(_files(folder, scaled(10), load.size))
    times: dict[str, list[float]] = {each.name: [] for each in taking}
    for turn in range(ROUNDS):
        for side in taking if turn % 2 else taking[::-1]:
            number = scaled(load.images if side.name == US else load.few, least=10)
            place = _files(folder, number, load.size)
            times[side.name].append(timed(partial(side.store, place)) / number)
            shutil.rmtree(place)
    return {name: median(each) for name, each in times.items()}


def rows_of(what: str, seconds: Mapping[str, float], size: int, aims: Mapping[str, str]) -> Iterator[Row]:
    own = seconds[US]
    others = {name: each for name, each in seconds.items() if name != US}
    if not others:
        yield Row(what, told(own, size), "nothing beside it here", "–", "–")
    for name, each in others.items():
        yield Row(what, told(own, size), f"{name}: {told(each, size)}", f"{each / own:.1f}×", aims.get(name, "–"))


def told(seconds: float, size: int) -> str:
    """For one object of `size` bytes."""
    return f"{seconds * 1e3:.2f} ms each, {size / seconds / 1e6:.0f} MB/s"


def _at_once(sides: Field, folder: Path) -> Iterator[Row]:
    """Eight associations at one time, each with an eighth, beside one with all. dcmqrscp refuses some of what comes so:
    its index is a file that is locked."""
    taking = [each for each in sides.quick if each.name != DCMQRSCP]
    what = f"C-STORE, {AT_ONCE} associations, 400 × 512 KiB in all, TCP_NODELAY=1"
    print(f"  {what} …", file=sys.stderr, flush=True)
    number = scaled(400, least=AT_ONCE) // AT_ONCE
    times: dict[str, list[float]] = {each.name: [] for each in taking}
    alone: list[float] = []
    for turn in range(ROUNDS + 1):
        for side in taking if turn % 2 else taking[::-1]:
            seconds = _by(AT_ONCE, side, folder, number) / (number * AT_ONCE)
            if turn:
                times[side.name].append(seconds)
        seconds = _by(1, taking[0], folder, number * AT_ONCE) / (number * AT_ONCE)
        if turn:
            alone.append(seconds)
    found = {name: median(each) for name, each in times.items()}
    one = median(alone)
    yield Row(what, told(found[US], LARGE), f"ours, one: {told(one, LARGE)}", f"{one / found[US]:.2f}×", "≥ 1.5×")
    yield from rows_of(what, found, LARGE, {})


def _by(clients: int, side: Side, folder: Path, number: int) -> float:
    """Seconds until `clients`, started at one time, have each sent `number` images of its own."""
    places = [_files(folder, number, LARGE) for _ in range(clients)]
    with ThreadPoolExecutor(clients) as senders:
        seconds = timed(lambda: list(senders.map(side.store, places)))
    for each in places:
        shutil.rmtree(each)
    return seconds


def _stalls(side: Side, folder: Path) -> Row:
    what = f"C-STORE, 400 × 512 KiB, stock storescu, {RUNS} runs: the slowest"
    print(f"  {what} …", file=sys.stderr, flush=True)
    times = []
    for _ in range(RUNS):
        place = _files(folder, scaled(400, least=10), LARGE)
        began = time.perf_counter()
        side.store(place)
        times.append(time.perf_counter() - began)
        shutil.rmtree(place)
    middle, worst = median(times), max(times)
    return Row(what, f"{worst:.2f} s", f"ours, the median: {middle:.2f} s", f"{worst / middle:.2f}×", "≤ 2×")


def _files(folder: Path, number: int, size: int) -> Path:
    """A folder with `number` images of a study that was never sent."""
    study = next(_STUDIES)
    place = folder / f"sent-{study}"
    place.mkdir()
    for index, content in enumerate(images("dicom", study, count=number, size=size)):
        (place / f"{index:05}.dcm").write_bytes(content)
    return place


def one_study(folder: Path, number: int, size: int, sides: Sequence[Side]) -> str:
    """The UID of a study of `number` images that every side has been sent."""
    place = _files(folder, number, size)
    for side in sides:
        side.store(place)
    found = uid_of(next(place.iterdir()))
    shutil.rmtree(place)
    return found
