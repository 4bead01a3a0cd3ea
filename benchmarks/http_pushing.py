"""STOW-RS: new images in every round, into an open takeover of ours and into Orthanc."""

import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import count
from statistics import median

from api.multipart.writing import Part, content_type, new_boundary, written
from benchmarks.http_images import images
from benchmarks.http_sides import Side
from benchmarks.measuring import Row

_STUDIES = count(1)


@dataclass(frozen=True)
class Push:
    what: str
    images: int
    size: int
    each: int  # images of one request
    clients: int = 1


PUSHES = (
    Push("STOW-RS, 200 × 512 KiB, 50 a request", 200, 512 << 10, 50),
    Push("STOW-RS, 100 × 512 KiB, 1 a request, 8 clients", 100, 512 << 10, 1, 8),
    Push("STOW-RS, 500 × 8 KiB, 100 a request", 500, 8 << 10, 100),
    Push("STOW-RS, 200 × 8 KiB, 1 a request", 200, 8 << 10, 1),
    Push("STOW-RS, 400 × 8 KiB, 1 a request, 8 clients", 400, 8 << 10, 1, 8),
)


def pushing(sides: Sequence[Side], *, rounds: int) -> Iterator[Row]:
    """Medians of rounds in turns, after one that is not counted; both are sent the same images."""
    for push in PUSHES:
        print(f"  {push.what} …", file=sys.stderr, flush=True)
        times: list[list[float]] = [[] for _ in sides]
        for turn in range(rounds + 1):
            bodies = list(_bodies(push))
            for place in range(len(sides)) if turn % 2 else reversed(range(len(sides))):
                seconds = _once(push, sides[place], bodies)
                if turn:
                    times[place].append(seconds)
        speeds = [push.images / median(each) for each in times]
        told = [f"{speed:.0f} /s, {speed * push.size / 1e6:.1f} MB/s" for speed in speeds]
        if len(sides) == 1:
            yield Row(push.what, told[0], "no Orthanc here", "–", "≥ 2×")
        else:
            yield Row(push.what, told[0], f"Orthanc {told[1]}", f"{speeds[0] / speeds[1]:.1f}×", "≥ 2×")


def _once(push: Push, side: Side, bodies: Sequence[tuple[str, bytes]]) -> float:
    shares = [bodies[number :: push.clients] for number in range(push.clients)]
    with ThreadPoolExecutor(push.clients) as clients:
        began = time.perf_counter()
        list(clients.map(partial(_share, side), shares))
        return time.perf_counter() - began


def _share(side: Side, bodies: Sequence[tuple[str, bytes]]) -> None:
    with closing(side.line()) as line:
        for media_type, body in bodies:
            side.post(line, body, media_type)


def _bodies(push: Push) -> Iterator[tuple[str, bytes]]:
    """Requests with images of a study that was never sent."""
    sent = list(images("stow", next(_STUDIES), count=push.images, size=push.size))
    for start in range(0, push.images, push.each):
        boundary = new_boundary()
        parts = (Part([image], {"Content-Type": "application/dicom"}) for image in sent[start : start + push.each])
        yield content_type(boundary, of="application/dicom"), b"".join(written(parts, boundary))
