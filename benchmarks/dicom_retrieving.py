"""C-MOVE and C-GET of one study: movescu to a storescp that keeps nothing, getscu that keeps nothing."""

import re
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.dicom_sides import ORTHANC, UNSAFE, US, Field, Side, scaled
from benchmarks.dicom_storing import LARGE, one_study, rows_of
from benchmarks.measuring import Row, timed
from tests.peers.dcmtk import Ran

ROUNDS, IMAGES, FEW = 3, 100, 20
AIMS = {ORTHANC: "≥ 1×", UNSAFE: "–"}
WORDS = {"getscu": ("--ignore",), "movescu": ()}


def retrieving(sides: Field, folder: Path) -> Iterator[Row]:
    """Of sides that send an image in 40 ms and more, a smaller study is asked for; told per object."""
    for quick in (False, True):
        taking = sides.quick if quick else sides.stock
        many, few = (scaled(each, least=5) for each in (IMAGES, IMAGES if quick else FEW))
        uids = {each: one_study(folder, each, LARGE, taking) for each in {many, few}}
        for program, service in (("movescu", "C-MOVE"), ("getscu", "C-GET")):
            what = f"{service}, {IMAGES} × 512 KiB, {'TCP_NODELAY=1' if quick else f'stock {program}'}"
            print(f"  {what} …", file=sys.stderr, flush=True)
            times: dict[str, list[float]] = {each.name: [] for each in taking}
            for turn in range(ROUNDS + 1):
                for side in taking if turn % 2 else taking[::-1]:
                    number = many if side.name == US else few
                    if not turn:
                        _must_be_whole(program, side, uids[number], number)
                        continue
                    seconds = timed(partial(_once, program, side, uids[number]))
                    times[side.name].append(seconds / number)
            yield from rows_of(what, {name: median(each) for name, each in times.items()}, LARGE, AIMS)


def _once(program: str, side: Side, uid: str, *words: str) -> Ran:
    to = ("-aem", side.to) if program == "movescu" else ()
    where = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={uid}")
    return side.run(program, "-S", *to, *WORDS[program], *words, *where)


def _must_be_whole(program: str, side: Side, uid: str, number: int) -> None:
    """Raises `RuntimeError` if fewer come than there are: what is measured afterwards would mean nothing."""
    said = _once(program, side, uid, "-d").told
    completed = [int(each) for each in re.findall(r"Completed\s*Suboperations\s*:\s*(\d+)", said)]
    if not completed or completed[-1] != number:
        raise RuntimeError(f"{side.name}: {program}: {completed[-1:]} of {number}: {said[-1500:]}")
