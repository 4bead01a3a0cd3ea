"""The HTTP door beside Orthanc with its DICOMweb plug-in: the same data, the same requests, in turns, in one run.

Ours is `edm-archive serve`, one process for each processor, with all its protections: a session for each request, the
decision, an account of each reading that is committed before the first byte, bytes opened and hashed as they go out.
Orthanc is Debian's with its default settings: nobody signs in, nothing is encrypted, nothing accounted for. The client
is the same one.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.http_images import write_studies
from benchmarks.http_large import large_over_http
from benchmarks.http_pushing import pushing
from benchmarks.http_searching import searching
from benchmarks.http_sides import Kept, Side, kept, ours, theirs
from benchmarks.measuring import Row
from repository.runtime import open_archive
from tests.peers import orthanc

ROUNDS, AT_ONCE = 5, 8
CODINGS = {"identity": "", "gzip, deflate": ", as browsers ask"}
LARGE, SMALL, OTHERS = 100, 1000, 100  # images of a study of 512 KiB each, of a series of 8 KiB each; further studies
AS_STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*'
FRAMES = 'multipart/related; type="application/octet-stream"'
JSON = "application/dicom+json"


@dataclass(frozen=True)
class Case:
    """`paths`, below the root of DICOMweb, are asked for in each round by `clients` at one time. Each answer has at
    least `least` bytes, or it is not what was asked for. With `content`, bytes in all, it is told in MB/s."""

    what: str
    paths: Sequence[str]
    accept: str
    aim: str
    clients: int = 1
    least: int = 0
    content: int = 0
    coding: str = "identity"


@dataclass(frozen=True)
class Study:
    uid: str
    series: str
    instances: tuple[str, ...]

    @property
    def in_series(self) -> str:
        return f"/studies/{self.uid}/series/{self.series}"


def http(folder: Path) -> list[Row]:
    """Everything that the door is measured by. Without Orthanc, ours alone, which is printed."""
    beside = folder / "beside"
    beside.mkdir()
    return [*_beside(beside), *large_over_http(folder / "large"), *searching(folder / "searching")]


def _beside(folder: Path) -> Iterator[Row]:
    source = folder / "source"
    write_studies(source / "large", studies=1, count=LARGE, size=512 << 10)
    write_studies(source / "small", studies=1, count=SMALL, size=8 << 10)
    write_studies(source / "others", studies=OTHERS, count=1, size=2 << 10)
    archive = kept(folder, source)
    with ExitStack() as stack:
        sides = [stack.enter_context(ours(archive.home, archive.doctor, archive.clinic))]
        if reason := orthanc.missing():
            print(f"without a server beside it: {reason}", file=sys.stderr)
        else:
            sides.append(stack.enter_context(theirs(folder / "orthanc", source)))
        for case in cases(archive):
            print(f"  {case.what} …", file=sys.stderr, flush=True)
            yield _row(case, sides)
        yield from pushing(sides, rounds=ROUNDS)


def cases(archive: Kept) -> Iterator[Case]:
    """Every question twice: as programs ask that want bytes as they are, and as browsers and most clients ask, which
    take gzip. Orthanc then compresses all that it gives out, images too; ours gives out metadata so."""
    large, small = _study(archive, LARGE), _study(archive, SMALL)
    for coding, words in CODINGS.items():
        for each in _questions(large, small):
            yield replace(each, what=f"{each.what}{words}", coding=coding, least=0 if words else each.least)


def _questions(large: Study, small: Study) -> Iterator[Case]:
    each = [f"{large.in_series}/instances/{uid}" for uid in large.instances[:40]]
    frames = [f"{path}/frames/1" for path in each]
    whole, pieces = LARGE * (512 << 10), SMALL * (8 << 10)
    study = [f"/studies/{large.uid}"]
    yield Case(f"WADO-RS, study of {LARGE} × 512 KiB", study, AS_STORED, "≥ 1×", content=whole, least=whole - (1 << 20))
    yield Case(f"WADO-RS, study of {SMALL:,} × 8 KiB", [f"/studies/{small.uid}"], AS_STORED, "–", content=pieces)
    for clients in (1, AT_ONCE):
        at_once = f", {clients} clients" if clients > 1 else ""
        yield Case(f"instances of 512 KiB{at_once}", each, AS_STORED, "≥ 3×", clients, least=500_000)
        yield Case(f"frames of 512 KiB{at_once}", frames, FRAMES, "≥ 3×", clients, least=500_000)
    yield Case(f"QIDO-RS, {OTHERS} studies", [f"/studies?limit={OTHERS}"] * 5, JSON, "≥ 2×", least=OTHERS * 300)
    one = [f"/studies?StudyInstanceUID={large.uid}"] * 20
    yield Case("QIDO-RS, one study by its UID", one, JSON, "≥ 2×", least=300)
    yield Case(f"QIDO-RS, one study by its UID, {AT_ONCE} clients", one, JSON, "≥ 2×", AT_ONCE, least=300)
    described = [f"{small.in_series}/metadata"]
    yield Case(f"metadata of a series of {SMALL:,}", described, JSON, "≥ 3×", least=SMALL * 500)


def _row(case: Case, sides: Sequence[Side]) -> Row:
    """Medians of rounds in turns, each side first in every other round, after one that is not counted."""
    times: list[list[float]] = [[] for _ in sides]
    for turn in range(ROUNDS + 1):
        for place in range(len(sides)) if turn % 2 else reversed(range(len(sides))):
            seconds = _once(case, sides[place])
            if turn:
                times[place].append(seconds)
    middle = [median(each) for each in times]
    told = [_told(case, seconds) for seconds in middle]
    if len(sides) == 1:
        return Row(case.what, told[0], "no Orthanc here", "–", case.aim)
    return Row(case.what, told[0], f"Orthanc {told[1]}", f"{middle[1] / middle[0]:.1f}×", case.aim)


def _told(case: Case, seconds: float) -> str:
    if case.content:
        return f"{case.content / seconds / 1e6:.0f} MB/s"
    if len(case.paths) == 1:
        return f"{seconds * 1e3:.0f} ms"
    return f"{len(case.paths) / seconds:.0f} /s"


def _once(case: Case, side: Side) -> float:
    """Seconds of one round. Raises `RuntimeError` for an answer that is too short."""
    shares = [case.paths[number :: case.clients] for number in range(case.clients)]
    with ThreadPoolExecutor(case.clients) as clients:
        began = time.perf_counter()
        list(clients.map(partial(_share, case, side), shares))
        return time.perf_counter() - began


def _share(case: Case, side: Side, paths: Sequence[str]) -> None:
    with closing(side.line()) as line:
        for path in paths:
            size = side.get(line, side.root + path, Accept=case.accept, Accept_Encoding=case.coding)
            if size < case.least:
                raise RuntimeError(f"{side.name}: only {size} bytes for {path}")


def _study(archive: Kept, images: int) -> Study:
    """The study of so many images."""
    with open_archive(archive.home) as opened:
        number = opened.catalogue.takeover(archive.takeover).number
        found: dict[tuple[str, str], list[str]] = {}
        for each in opened.catalogue.holdings(number):
            if (image := each.description.dicom) is not None:
                place = image.study_instance_uid, image.series_instance_uid
                found.setdefault(place, []).append(image.sop_instance_uid)
    return next(Study(*place, tuple(uids)) for place, uids in found.items() if len(uids) == images)
